"""Label tables of every usual shape mean the same."""

import json

import pytest

from datatransformer.listing import Rejected
from datatransformer.tables import label_search
from datatransformer.tables.columns import GivenColumns
from datatransformer.tables.label_file import open_label_table
from datatransformer.tables.label_search import label_files, tables_of_splits
from datatransformer.tables.label_table import LabelEntry
from settings import SettingError, WorkError

PAIRS = [("a b.jpg", "1"), ("c,d.jpg", "x y"), ("e.jpg", "10")]


def no_file(name: str) -> bool:
    return False


def read(path, **options) -> tuple[list[LabelEntry], list[Rejected]]:
    entries = list(open_label_table(path, no_file, **options).entries())
    return tuple([entry for entry in entries if isinstance(entry, kind)] for kind in (LabelEntry, Rejected))


def pairs(path) -> list[tuple[str, str]]:
    labelled, rejected = read(path)
    assert not rejected
    return [(entry.image, *entry.labels) for entry in labelled]


def table(tmp_path, *lines: str, name: str = "labels.csv"):
    (tmp_path / name).write_text("".join(f"{line}\n" for line in lines))
    return tmp_path / name


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("plain.csv", 'a b.jpg,1\n"c,d.jpg",x y\ne.jpg,10\n'),
        ("header.csv", 'image,label\na b.jpg,1\n"c,d.jpg",x y\ne.jpg,10\n'),
        ("other_columns.csv", 'nr,class,filename\n1,1,a b.jpg\n2,x y,"c,d.jpg"\n3,10,e.jpg\n'),
        ("tabs.tsv", "a b.jpg\t1\r\nc,d.jpg\tx y\r\n\r\ne.jpg\t10"),
        ("excel.csv", "\ufeffimage;label\na b.jpg;1\nc,d.jpg;x y\ne.jpg;10\n"),
        ("swapped.csv", '1,a b.jpg\nx y,"c,d.jpg"\n10,e.jpg\n'),
        ("pandas.csv", ',filepath,dx\n0,a b.jpg,1\n1,"c,d.jpg",x y\n2,e.jpg,10\n'),
        ("dogs.csv", 'id;breed\na b.jpg;1\n"c,d.jpg";x y\ne.jpg;10\n'),
        ("lines.json", "".join(json.dumps({"file": image, "species": label}) + "\n" for image, label in PAIRS)),
        ("object.json", json.dumps(dict(PAIRS))),
        ("pairs.json", json.dumps(PAIRS)),
    ],
)
def test_tables(tmp_path, name, text):
    (tmp_path / name).write_text(text, encoding="utf-8")
    assert pairs(tmp_path / name) == PAIRS


def test_lines_of_name_and_label(tmp_path):
    assert pairs(table(tmp_path, "a b.jpg 1", "  e.jpg   10  ", "f.jpg 2")) == [
        ("a b.jpg", "1"), ("e.jpg", "10"), ("f.jpg", "2"),
    ]  # fmt: skip


def test_the_json_of_ai_challenger(tmp_path):
    content = json.dumps([{"image_id": image, "label_id": label} for image, label in PAIRS])
    assert pairs(table(tmp_path, content, name="labels.json")) == PAIRS


def test_entries_of_the_wrong_shape_are_listed(tmp_path):
    labelled, rejected = read(table(tmp_path, "a.jpg,1", "b.jpg", "c.jpg,2,3", "d.jpg,", ",4", "e.jpg,nan"))
    assert [(entry.image, entry.labels) for entry in labelled] == [("a.jpg", ("1",)), ("d.jpg", ()), ("e.jpg", ())]
    assert [source.rsplit(":", 1)[1] for source, _ in rejected] == ["2", "3", "5"]
    labelled, rejected = read(
        table(tmp_path, '[{"image_id": "a.jpg", "label_id": 0}, {"image_id": "b"}, 3]', name="l.json")
    )
    assert [entry.labels for entry in labelled] == [("0",), ()] and len(rejected) == 1
    _, rejected = read(table(tmp_path, "image,label", '"a.jpg,x', "b.jpg,y", 'c.jpg,"z"', "d.jpg,x", "e.jpg,x"))
    assert len(rejected) == 1 and "a.jpg,x" in rejected[0].reason


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("one.csv", b"a.jpg\nb.jpg\n", "no line holds"),
        ("empty.csv", b"", "no line holds"),
        ("coco.json", b'{"images": [{"id": 1}], "annotations": []}', "expected a list of objects.*--source coco"),
        ("torn.json", b'[{"image_id": "a', "not JSON"),
        ("table.xlsx", b"PK\x03\x04", "save it as CSV"),
    ],
)
def test_a_file_of_another_kind_is_an_error(tmp_path, name, content, expected):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(WorkError, match=expected):
        read(tmp_path / name)


def labels_of(path, **options) -> list[tuple[str, ...]]:
    return [entry.labels for entry in read(path, **options)[0]]


def test_numbers_with_decimals_are_whole(tmp_path):
    path = table(tmp_path, "image,level", "a,3.0", "b,10.0", "c,3")
    assert labels_of(path) == [("3",), ("10",), ("3",)]
    assert "3.0 is read as 3" in " ".join(open_label_table(path, no_file).notes)
    assert labels_of(table(tmp_path, "image,level", "a,3.0", "b,3.5")) == [("3.0",), ("3.5",)]


def test_spellings(tmp_path):
    path = table(tmp_path, "image,label", "a,traffic  light", "b,traffic light", "c,Cat", "d,cat", "e,cat")
    assert labels_of(path) == [("traffic light",), ("traffic light",), ("Cat",), ("cat",), ("cat",)]
    assert "Cat (1), cat (2) differ in upper and lower case" in " ".join(open_label_table(path, no_file).warnings)


@pytest.mark.parametrize(
    ("header", "cells", "expected"),
    [
        ("Image Index,Finding Labels", ["A|B", "No Finding"], [("A", "B"), ("No Finding",)]),
        ("image,label", ["beach; sea", "beach"], [("beach", "sea"), ("beach",)]),
        ("image,label", ['"a, b"', "a", "b"], [("a", "b"), ("a",), ("b",)]),
        ("image,tags", ["haze primary", "clear primary", ""], [("haze", "primary"), ("clear", "primary"), ()]),
        ("image,labels", ["\"['a', 'b']\"", "\"['a']\""], [("a", "b"), ("a",)]),
    ],
)
def test_several_labels_in_a_cell(tmp_path, header, cells, expected):
    path = table(tmp_path, header, *(f"{number}.jpg,{cell}" for number, cell in enumerate(cells)))
    assert labels_of(path, several=True) == expected
    if header != "image,tags":
        with pytest.raises(SettingError, match="--labels several"):
            read(path)


def test_a_comma_in_a_name_is_no_separator(tmp_path):
    path = table(tmp_path, "image,label", 'a,"tench, Tinca tinca"', 'b,"shark, white"')
    assert labels_of(path) == [("tench, Tinca tinca",), ("shark, white",)]
    path = table(tmp_path, "image,label", 'a,"bear, brown"', "b,bear")
    assert labels_of(path) == [("bear, brown",), ("bear",)]
    assert "--labels several" in " ".join(open_label_table(path, no_file).warnings)


def test_one_column_per_class(tmp_path):
    path = table(tmp_path, "filename, cat, dog, cow", "a.jpg, 1, 0, 0", "b.jpg, 0, 1.0, 0", "c.jpg, 0, True, False")
    opened = open_label_table(path, no_file)
    assert labels_of(path) == [("cat",), ("dog",), ("dog",)] and opened.class_order() == ["cat", "dog", "cow"]
    path = table(tmp_path, "filename,cat,dog", "a.jpg,1,0", "b.jpg,1,1", "c.jpg,0,0")
    assert labels_of(path, several=True) == [("cat",), ("cat", "dog"), ()]
    with pytest.raises(
        SettingError, match=r"1 has several labels \(line 3\) and 1 has none \(line 4\).*--labels several"
    ):
        read(path)
    path = table(tmp_path, "filename,cat,dog", "a.jpg,1,-1", "b.jpg,-1,1")
    assert labels_of(path) == [("cat",), ("dog",)]


def test_boxes_are_said_not_to_count(tmp_path):
    path = table(tmp_path, "filename,class,xmin,ymin,xmax,ymax", "a.jpg,cat,1,2,3,4", "b.jpg,dog,1,2,3,4")
    opened = open_label_table(path, no_file)
    assert labels_of(path) == [("cat",), ("dog",)] and "columns of objects" in opened.warnings[0]


SPLITS = [
    ("split", ["Train", "valid", "test", "train2017"], ["train", "val", "test", "train"]),
    ("subset", ["training", "validation", "testing", "training"], ["train", "val", "test", "train"]),
    ("set", ["train", "test", "train", "test"], ["", "test", "", "test"]),
    ("is_valid", ["False", "True", "False", "False"], ["train", "val", "train", "train"]),
    ("is_train", ["1", "0", "1", "1"], ["train", "val", "train", "train"]),
    ("partition", ["0", "1", "2", "0"], ["train", "val", "test", "train"]),
    ("train,test", ["1,0", "0,1", "1,0", "1,0"], ["", "test", "", ""]),
    ("Usage", ["Training", "PublicTest", "PrivateTest", "Training"], ["train", "val", "test", "train"]),
    ("fold", ["0", "1", "2", "3"], ["", "", "", ""]),
    ("usage", ["A", "B", "A", "B"], ["", "", "", ""]),
    ("set", ["A1", "A1", "A1", "A1"], ["", "", "", ""]),
    ("split", ["train", "train", "train", "train"], ["", "", "", ""]),
]


@pytest.mark.parametrize(("column", "cells", "expected"), SPLITS)
def test_a_split_column(tmp_path, column, cells, expected):
    path = table(tmp_path, f"image,label,{column}", *(f"{n}.jpg,{n % 2},{cell}" for n, cell in enumerate(cells)))
    assert [entry.split for entry in read(path)[0]] == expected
    said = f"the columns {column.replace(',', ' and ')}" if "," in column else f"the column {column}"
    assert said in " ".join(open_label_table(path, no_file).notes)
    assert {entry.split for entry in read(path, use_split=False)[0]} == {""}


def test_a_split_column_by_setting(tmp_path):
    path = table(tmp_path, "image,label,fold", *(f"{number}.jpg,x,{number % 3}" for number in range(6)))
    given = GivenColumns(split="fold")
    assert [entry.split for entry in read(path, given=given)[0]] == ["val", "train", "train"] * 2
    with pytest.raises(SettingError, match=r"split_column = 'label'.*its cells are x"):
        read(path, given=GivenColumns(split="label"))
    path = table(tmp_path, "image,label,split", "a,x,train", "b,y,val", "c,y,holdout")
    with pytest.raises(SettingError, match=r"split_column.*holdout in the column split is neither"):
        read(path)


def test_a_class_may_be_called_train(tmp_path):
    path = table(tmp_path, "filename,car,train,bus", "a,1,0,0", "b,0,1,0", "c,0,0,1")
    assert labels_of(path) == [("car",), ("train",), ("bus",)]


def test_label_tables_are_found_by_a_quick_look(tmp_path):
    """Tables whose first entries name images of the folder, with or without suffix; other tables and texts are not."""
    images = tmp_path / "photos"
    (images / "images").mkdir(parents=True)
    for number in range(5):
        (images / f"{number}.jpg").touch()
        (images / "images" / f"in_{number}.jpg").touch()
    numbers = range(5)
    tables = {
        "with_suffix.csv": "image,label\n" + "".join(f"{number}.jpg,a\n" for number in numbers),
        "without.tsv": "".join(f"{number}\ta\n" for number in numbers),
        "list.json": json.dumps([{"image_id": f"{number}.jpg", "label_id": "a"} for number in numbers]),
        "windows.csv": "".join(f".\\{number}.jpg,a\n" for number in numbers),
        "lines.txt": "".join(f"{number}.jpg a\n" for number in numbers),
        "of_folder.csv": "image,label\n" + "".join(f"in_{number}.jpg,a\n" for number in numbers),
        "elsewhere.csv": "label,path\n" + "".join(f"a,/home/me/{number}.png\n" for number in numbers),
        "dx.csv": "id,dx,diagnosis\n" + "".join(f"{number},{number % 2},{number % 3}\n" for number in numbers),
    }
    others = {
        "classes.csv": "label,name\n0,beach\n1,city\n",
        "outside.csv": "".join(f"../photos/{number}.jpg,a\n" for number in numbers),
        "odd.csv": "".join(f"{'x' * 300}{number}.jpg,a\n" for number in numbers),
        "empty.csv": "",
        "object.json": "{}",
        "readme.txt": "About the photos\nThey were made\n",
        "val.txt": "0.jpg\n1.jpg\n",
        "pairs.txt": "".join(f"{number}.jpg {number}.jpg\n" for number in numbers),
        "yolo.txt": "0 0.5 0.5 0.1 0.1\n1 0.5 0.5 0.2 0.2\n",
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
    monkeypatch.setattr(label_search, "MAX_JSON", 10)
    assert label_files(tmp_path, tmp_path) == []


def test_a_table_in_each_split_folder(tmp_path):
    for folder in ("train", "valid", "test", "other"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "0.jpg").touch()
        (tmp_path / folder / "_classes.csv").write_text("filename, cat, dog\n0.jpg, 1, 0\n")
    found = tables_of_splits(tmp_path)
    assert {path.parent.name: split for path, split in found.items()} == {
        "train": "train",
        "valid": "val",
        "test": "test",
    }
