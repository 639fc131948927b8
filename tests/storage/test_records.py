"""Own files are read as they were meant, or refused with a remedy."""

import csv
import json

import pytest

from datatransformer.layout import read_classes, write_classes
from settings import WorkError
from storage.json_tables import json_table_form
from storage.json_text import MAX_DEPTH
from storage.records import Record
from storage.tables import read_json

NAMES = ("=1+1", "'=x", "''-y", "it's", "'quoted'", "-5", "forest")


class Note(Record):
    text: str


def test_names_of_classes_come_back(tmp_path):
    write_classes(tmp_path, NAMES)
    assert read_classes(tmp_path) == NAMES
    cells = [row[1] for row in csv.reader((tmp_path / "classes.csv").open())]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "@"))], "a spreadsheet runs none"


@pytest.mark.parametrize("colours", [None, [(number, 0, 0) for number in range(len(NAMES))]])
def test_classes_that_a_spreadsheet_has_sorted_are_the_same(tmp_path, colours):
    write_classes(tmp_path, NAMES, colours)
    file = tmp_path / "classes.csv"
    header, *rows = file.read_text().splitlines()
    file.write_text("\r\n".join([header, *sorted(rows, key=lambda row: row.split(",")[1])]) + "\r\n", "utf-8-sig")
    assert file.read_text("utf-8-sig").splitlines()[1:] != rows
    assert read_classes(tmp_path) == NAMES


@pytest.mark.parametrize("read", [read_json, lambda path: Note.read(path, "Make it again.")])
def test_a_file_of_a_newer_version_is_refused(tmp_path, read):
    file = tmp_path / "note.json"
    file.write_text(json.dumps({"version": 2, "text": "x"}))
    with pytest.raises(WorkError, match=r"note\.json was written by a newer SceneLab: .* is 2, .* Update SceneLab"):
        read(file)


def test_a_table_in_deep_json_is_refused_before_it_takes_all_memory(tmp_path):
    file = tmp_path / "labels.json"
    file.write_text('{"a":' * 50_000 + "1" + "}" * 50_000)
    with pytest.raises(WorkError, match=rf"labels\.json is not JSON: it has more than {MAX_DEPTH} brackets"):
        json_table_form(file)
