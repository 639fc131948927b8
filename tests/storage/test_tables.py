"""Tables on disk: complete after a failure, safe in a spreadsheet, and readable with all kinds of names."""

import csv

import pytest

from settings import WorkError
from storage.tables import (
    csv_line,
    csv_safe,
    drop_incomplete_line,
    open_to_append,
    original,
    printable,
    read_json,
    read_table,
    replacing,
    replacing_binary,
    write_json,
    write_table,
)


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("a b.jpg", "a b.jpg"),
        ("=1+1", "'=1+1"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@sum", "'@sum"),
        ("two\nlines", "two\\x0alines"),
        ("\t=1", "\\x09=1"),
        ("été", "été"),
        ("latin-\udce9", "latin-\\udce9"),
    ],
)
def test_a_name_as_a_cell_is_one_line_and_no_formula(text, cell):
    assert csv_safe(text) == cell
    assert printable(text) == cell.removeprefix("'")


def test_cells_come_back(tmp_path):
    rows = [("a,b", 'say "x"'), ("", "é"), ("'=1", " 2 "), ("-0.5", "+1e3"), ("-inf", "nan")]
    write_table(tmp_path / "t.csv", ("first", "second"), rows)
    assert [tuple(row.values()) for row in read_table(tmp_path / "t.csv", ("first", "second"))] == rows
    assert csv_line(("a,b", 1)) == '"a,b",1\n'
    with pytest.raises(WorkError, match=r"t\.csv has no column third"):
        read_table(tmp_path / "t.csv", ("first", "third"))
    (tmp_path / "t.csv").write_bytes(b"first\n\xff\xfe\n")
    with pytest.raises(WorkError, match="is damaged"):
        read_table(tmp_path / "t.csv")


def test_no_table_holds_a_formula_or_a_command_for_a_terminal(tmp_path):
    hostile = ["=1+1", "+x", "-x", "@sum", "\t=1", "\r=1", "\x1b]0;t\x07", "-1+cmd|' /C calc'!A0"]
    with open_to_append(tmp_path / "a.csv", ("name", "=header")) as file:
        file.write(csv_line(("=2", *hostile[:1])))
    write_table(tmp_path / "w.csv", ("name", "=header"), [(name, 1) for name in hostile])
    for row in csv.reader([*(tmp_path / "a.csv").open(), *(tmp_path / "w.csv").open()]):
        assert not any(cell.startswith(("=", "+", "@", "-", "\t", "\r")) for cell in row), row
        assert all(cell.isprintable() for cell in row)
    names = [original(row["name"]) for row in read_table(tmp_path / "w.csv")]
    assert [names[index] for index in (0, 1, 2, 3, 7)] == [hostile[index] for index in (0, 1, 2, 3, 7)]


@pytest.mark.parametrize("opened", [replacing, replacing_binary])
def test_a_file_is_replaced_when_the_block_ends_without_an_error(tmp_path, opened):
    path = tmp_path / "file"
    path.write_text("old")
    with pytest.raises(KeyError), opened(path) as file:
        file.write("new" if opened is replacing else b"new")
        raise KeyError
    assert path.read_text() == "old"
    with opened(path) as file:
        file.write("new" if opened is replacing else b"new")
        assert path.read_text() == "old"
    assert path.read_text() == "new" and list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("content", "left"),
    [
        (b"", b""),
        (b"half", b""),
        (b"a\nb\n", b"a\nb\n"),
        (b"a\nb\nhalf", b"a\nb\n"),
        (b"a\n" + b"x" * 200_000, b"a\n"),
    ],
)
def test_half_a_line_is_cut_off(tmp_path, content, left):
    (tmp_path / "t.csv").write_bytes(content)
    drop_incomplete_line(tmp_path / "t.csv")
    assert (tmp_path / "t.csv").read_bytes() == left


def test_a_table_is_continued_behind_its_last_complete_line(tmp_path):
    path = tmp_path / "t.csv"
    for row, torn in (("1,2\n", "3,"), ("5,6\n", "")):
        with open_to_append(path, ("a", "b")) as file:
            file.write(row + torn)
    assert path.read_text() == "a,b\n1,2\n5,6\n"


def test_json_that_is_missing_or_damaged_is_none(tmp_path):
    path = tmp_path / "s.json"
    assert read_json(path) is None
    write_json(path, {"é": [1, None]})
    assert read_json(path) == {"é": [1, None]}
    path.write_text('{"a": ')
    assert read_json(path) is None
    path.write_bytes(b"\xff\xfe")
    assert read_json(path) is None
