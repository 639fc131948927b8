"""Tables of users mean the same whatever program wrote them; what is no table is refused in words."""

import json
import tracemalloc

import pytest

from settings import WorkError
from storage.user_tables import normal_name, open_user_table

ROWS = [["a b.jpg", "café"], ["c.jpg", "x, y"], ["e.jpg", "10"]]
HEADER = ("image", "label")


def read(path) -> list[list[str]]:
    return [cells for _, cells in open_user_table(path).rows()]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("sign", [",", ";", "\t", "|"])
def test_separators_encodings_and_line_ends(tmp_path, sign, line_end, encoding):
    lines = [sign.join(HEADER), *(sign.join(f'"{cell}"' for cell in row) for row in ROWS), ""]
    (tmp_path / "t.csv").write_bytes(line_end.join(lines).encode(encoding))
    table = open_user_table(tmp_path / "t.csv")
    assert table.header == HEADER and table.separator == sign
    assert list(table.rows()) == [(2, ROWS[0]), (3, ROWS[1]), (4, ROWS[2])]


@pytest.mark.parametrize(
    ("text", "header", "rows"),
    [
        ("a.jpg,1\nb.jpg,2\n", None, [["a.jpg", "1"], ["b.jpg", "2"]]),
        ("foo,bar\na.jpg,1\nb.jpg,2\n", ("foo", "bar"), [["a.jpg", "1"], ["b.jpg", "2"]]),
        ("img_1,unknown\nimg_2,1\nimg_3,2\n", None, [["img_1", "unknown"], ["img_2", "1"], ["img_3", "2"]]),
        ("sep=;\r\nimage;label\r\na.jpg;1,5\r\n", HEADER, [["a.jpg", "1,5"]]),
        ("name;x;y\na;0,5;0,7\nb;0,1;0,2\n", ("name", "x", "y"), [["a", "0,5", "0,7"], ["b", "0,1", "0,2"]]),
        ("Doe, John, MD\tcat\nRoe, Jane, MD\tdog\n", None, [["Doe, John, MD", "cat"], ["Roe, Jane, MD", "dog"]]),
        ("image,label,\na.jpg,x,\nb.jpg,y,\n", HEADER, [["a.jpg", "x"], ["b.jpg", "y"]]),
        ("image,label\na.jpg,x,\nb.jpg,y,\n", HEADER, [["a.jpg", "x"], ["b.jpg", "y"]]),
        ("'a.jpg','cat, dog'\n'b.jpg','x'\n", None, [["a.jpg", "cat, dog"], ["b.jpg", "x"]]),
        ("# made by hand\nimage,label\n\na.jpg,x\n,\n", HEADER, [["a.jpg", "x"]]),
        ("#filename,label\na.jpg,x\n#2.jpg,y\n", ("filename", "label"), [["a.jpg", "x"], ["#2.jpg", "y"]]),
        ("Labels of 2020\n\nimage,label\na.jpg,x\n", HEADER, [["a.jpg", "x"]]),
        ("1.jpg dog\n2.jpg   cat\n", None, [["1.jpg", "dog"], ["2.jpg", "cat"]]),
        ("image label\n1 a.jpg x\n2 b.jpg y\n", ("", *HEADER), [["1", "a.jpg", "x"], ["2", "b.jpg", "y"]]),
        ('"image","label"\n"1","a.jpg","x"\n"2","b.jpg","y"\n', ("", *HEADER),
         [["1", "a.jpg", "x"], ["2", "b.jpg", "y"]]),
        ("traffic light\nstop sign, red\nbus\n", None, [["traffic light"], ["stop sign, red"], ["bus"]]),
        ("file,0,1\na.jpg,1,0\nb.jpg,0,1\n", ("file", "0", "1"), [["a.jpg", "1", "0"], ["b.jpg", "0", "1"]]),
        ("x.jpg,A|B\ny.jpg,A|C\n", None, [["x.jpg", "A|B"], ["y.jpg", "A|C"]]),
        ("", None, []),
    ],
)  # fmt: skip
def test_the_form_is_decided_by_content(tmp_path, text, header, rows):
    (tmp_path / "t.csv").write_text(text)
    assert open_user_table(tmp_path / "t.csv").header == header
    assert read(tmp_path / "t.csv") == rows


@pytest.mark.parametrize(
    ("name", "text", "header", "rows"),
    [
        ("t.json", '[{"image": "a", "n": 1, "tags": ["x", "y"]}, {"n": null}, 3]', ("image", "n", "tags"),
         [["a", "1", "x|y"], ["", "", ""], []]),
        ("t.jsonl", '{"image": "a"}\n{"image": "b"}\n', ("image",), [["a"], ["b"]]),
        ("t.json", '{"a.jpg": "x", "b.jpg": 2}', None, [["a.jpg", "x"], ["b.jpg", "2"]]),
        ("t.txt", '["a.jpg", "b.jpg"]', None, [["a.jpg"], ["b.jpg"]]),
    ],
)  # fmt: skip
def test_json(tmp_path, name, text, header, rows):
    for encoding in ("utf-8", "utf-16"):
        (tmp_path / name).write_text(text, encoding=encoding)
        table = open_user_table(tmp_path / name)
        assert table.header == header and [cells for _, cells in table.rows()] == rows


@pytest.mark.parametrize(
    ("start", "words"),
    [
        (b"PK\x03\x04rest", "spreadsheet.*save it as CSV"), (b"PAR1rest", "Parquet.*to_csv"),
        (b"\xd0\xcf\x11\xe0\xa1", "Excel"), (b"\x1f\x8b\x08", "compressed"), (b"%PDF-1.7", "PDF"),
        (b"\n<!DOCTYPE html><html>", "web page"), (b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
        (bytes(range(256)), "is not text"), (b"a,b\n" * 3000 + b"\0\1", "is not text"),
        (b'[{"a": "b', "t.json is not JSON"),
        (b'{"images": [{"id": 1}]}', "expected a list of objects"),
    ],
)  # fmt: skip
def test_what_is_no_table_is_refused_in_words(tmp_path, start, words):
    (tmp_path / "t.json").write_bytes(start)
    with pytest.raises(WorkError, match=words):
        read(tmp_path / "t.json")


def test_other_encodings_are_said(tmp_path):
    (tmp_path / "t.csv").write_bytes("image,label\na.jpg,café\n".encode("cp1252"))
    assert "Windows-1252" in open_user_table(tmp_path / "t.csv").description
    (tmp_path / "t.csv").write_bytes("image\tlabel\na.jpg\tx\n".encode("utf-16"))
    assert open_user_table(tmp_path / "t.csv").description == "separated by tabs, with a header, UTF-16"


def test_names_of_columns():
    spelt = ["Image Index", "imageIndex", "image-index", "IMAGE_INDEX", " image  index "]
    assert {normal_name(name) for name in spelt} == {"image_index"}


@pytest.mark.parametrize("name", ["t.csv", "t.json"])
def test_a_long_table_needs_little_memory(tmp_path, name):
    if name == "t.csv":
        lines = (f"{number}.jpg,{number % 7}\n" for number in range(30_000))
        (tmp_path / name).write_text("image,label\n" + "".join(lines))
    else:
        entries = [{"image": f"{number}.jpg", "label": number % 7} for number in range(30_000)]
        (tmp_path / name).write_text(json.dumps(entries))
    tracemalloc.start()
    count = sum(1 for _ in open_user_table(tmp_path / name).rows())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 30_000 and peak < 2**22
