"""Label files of every usual shape mean the same."""

import json

import pytest

from datatransformer import label_file
from datatransformer.label_file import LabelEntry, label_files, read_class_names, read_labels
from datatransformer.listing import Rejected
from settings import WorkError

PAIRS = [("a b.jpg", "1"), ("c,d.jpg", "x y"), ("e.jpg", "10")]


def pairs(path) -> list[tuple[str, str]]:
    labelled, rejected = read(path)
    assert not rejected
    return [(entry.image, entry.label) for entry in labelled]


def read(path) -> tuple[list[LabelEntry], list[Rejected]]:
    entries = list(read_labels(path))
    return tuple([entry for entry in entries if isinstance(entry, kind)] for kind in (LabelEntry, Rejected))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("plain.csv", 'a b.jpg,1\n"c,d.jpg",x y\ne.jpg,10\n'),
        ("header.csv", 'image,label\na b.jpg,1\n"c,d.jpg",x y\ne.jpg,10\n'),
        ("other_columns.csv", 'nr,class,filename\n1,1,a b.jpg\n2,x y,"c,d.jpg"\n3,10,e.jpg\n'),
        ("tabs.tsv", "a b.jpg\t1\r\nc,d.jpg\tx y\r\n\r\ne.jpg\t10"),
        ("excel.csv", "\ufeffimage;label\na b.jpg;1\nc,d.jpg;x y\ne.jpg;10\n"),
    ],
)
def test_tables(tmp_path, name, text):
    (tmp_path / name).write_text(text, encoding="utf-8")
    assert pairs(tmp_path / name) == PAIRS


def test_lines_of_name_and_label(tmp_path):
    (tmp_path / "labels.txt").write_text("a b.jpg 1\n  e.jpg   10  \n")
    assert pairs(tmp_path / "labels.txt") == [("a b.jpg", "1"), ("e.jpg", "10")]


def test_the_json_of_ai_challenger(tmp_path):
    (tmp_path / "labels.json").write_text(
        json.dumps([{"image_id": image, "label_id": label} for image, label in PAIRS])
    )
    assert pairs(tmp_path / "labels.json") == PAIRS


def test_entries_of_the_wrong_shape_are_listed(tmp_path):
    (tmp_path / "l.csv").write_text("a.jpg,1\nb.jpg\nc.jpg,2,3\nd.jpg,\n")
    labelled, rejected = read(tmp_path / "l.csv")
    assert [entry.image for entry in labelled] == ["a.jpg"]
    assert [source.rsplit(":", 1)[1] for source, _ in rejected] == ["2", "3", "4"]
    (tmp_path / "l.json").write_text('[{"image_id": "a.jpg", "label_id": 0}, {"image_id": "b.jpg"}, 3]')
    labelled, rejected = read(tmp_path / "l.json")
    assert len(labelled) == 1 and labelled[0].label == "0" and len(rejected) == 2


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("one.csv", b"a.jpg\nb.jpg\n", "no line holds"),
        ("empty.csv", b"", "no line holds"),
        ("object.json", b'{"a.jpg": 1}', "expected a list of objects"),
        ("torn.json", b'[{"image_id": "a', "not JSON"),
        ("latin.csv", b"caf\xe9.jpg,1\n", "not text in UTF-8"),
    ],
)
def test_a_file_of_another_kind_is_an_error(tmp_path, name, content, expected):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(WorkError, match=expected):
        read(tmp_path / name)


def test_class_names(tmp_path):
    path = tmp_path / "classes.csv"
    path.write_text("label,name\n0,airport\n10,beach\n2,city\n")
    assert read_class_names(path) == {"0": "airport", "10": "beach", "2": "city"}
    path.write_text("0,airport\n1,airport\n")
    with pytest.raises(WorkError, match="each of them once"):
        read_class_names(path)


def test_label_files_are_found_by_a_quick_look(tmp_path):
    """Tables whose first entries name images of the folder, with or without suffix; other tables and texts are not."""
    images = tmp_path / "photos"
    images.mkdir()
    for number in range(5):
        (images / f"{number}.jpg").touch()
    tables = {
        "with_suffix.csv": "image,label\n" + "".join(f"{number}.jpg,a\n" for number in range(5)),
        "without.tsv": "".join(f"{number}\ta\n" for number in range(5)),
        "list.json": json.dumps([{"image_id": f"{number}.jpg", "label_id": "a"} for number in range(5)]),
        "windows.csv": "".join(f".\\{number}.jpg,a\n" for number in range(5)),
    }
    others = {
        "classes.csv": "label,name\n0,beach\n1,city\n",
        "elsewhere.csv": "".join(f"../photos/{number}.jpg,a\n" for number in range(5)),
        "odd.csv": "".join(f"{'x' * 300}{number}.jpg,a\n" for number in range(5)),
        "empty.csv": "",
        "object.json": "{}",
        "readme.txt": "0.jpg a\n",
    }
    for name, content in (tables | others).items():
        (tmp_path / name).write_text(content)
    (tmp_path / "folder.csv").mkdir()
    assert label_files(tmp_path, images) == sorted(tmp_path / name for name in tables)
    assert label_files(tmp_path / "nowhere", images) == []


def test_a_large_json_file_is_not_read_for_a_quick_look(tmp_path, monkeypatch):
    (tmp_path / "0.jpg").touch()
    (tmp_path / "l.json").write_text('[{"image_id": "0.jpg", "label_id": 1}]')
    assert label_files(tmp_path, tmp_path) == [tmp_path / "l.json"]
    monkeypatch.setattr(label_file, "MAX_JSON", 10)
    assert label_files(tmp_path, tmp_path) == []
