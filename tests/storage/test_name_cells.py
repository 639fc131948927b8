"""A cell of a table means one name, and a name that reads as the cell of another is refused by every command."""

import csv
import itertools
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from config import CheckFolderConfig, ClassifierConfig
from datatransformer.manifest import read_manifest
from predictor.image_names import names_that_meet
from predictor.images import find_images
from predictor.output import Output
from predictor.reading import ImageReader
from predictor.writing import _warn_of_names_that_meet
from scenelab.check_folder import check_folder
from settings import SettingError
from storage.name_cells import name_of_cell, on_any_disk, told_apart, why_refused
from storage.tables import csv_safe, write_table
from tests.conftest import make_data_folder, settings_of, write_image
from training.start import _run_folder

TAKEN = [
    "two\nlines", "\x1b]0;me\x07", "bell\x7f", "turned\u202egnp", "caf\udce9", "=x", "-1", "@a", "'quoted'", "a\\b",
    "\\", "\\\n", "\\x", "x0a", "n" * 251, "\\xe9", "\\u00e9", "\ufeffa", "\x80", "A|b", "#a", "\u00e9", "''",
]  # fmt: skip
REFUSED = [
    "two\\x0alines", "\\x1b]0;me\\x07", "turned\\u202egnp", "caf\\udce9", "'=x", "''@a", "'-1", "a\\x5cb", "\\x27",
]  # fmt: skip


def test_no_two_names_share_a_cell():
    pieces = ["\n", "\udcff", "\\", "\\x0a", "\\x5c", "\\x27", "'", "=", "x0a", "/", "\u202e", "u202e", "a"]
    names = {"".join(parts) for count in (1, 2, 3, 4) for parts in itertools.product(pieces, repeat=count)}
    cells: dict[str, str] = {}
    for name in names:
        cell = csv_safe(told_apart(name) if why_refused(name) else name)
        assert cells.setdefault(cell, name) == name
        assert csv_safe(cell) == cell, "cells are the same when they are written again"
        assert why_refused(name) or name_of_cell(cell) == name
    assert len(cells) == len(names) and any(map(why_refused, names))


@pytest.mark.parametrize("name", TAKEN + REFUSED)
def test_every_command_takes_and_refuses_the_same_names(name, tmp_path):
    """As the name of an image and as that of a folder of a class."""
    for place in (f"a/{name}.png", f"{name}/1.png", "a/1.png", "a/2.png", "b/1.png", "b/2.png", f"{name}/2.png"):
        write_image(tmp_path / "raw" / place, shade=len(place))
    is_refused = name in REFUSED
    everything = names_of(tmp_path / "raw")
    expected = sorted(place for place in everything if is_refused and name in place)
    cells = [csv_safe(told_apart(place)) for place in expected]

    listed = list(find_images(str(tmp_path / "raw")))
    assert len(listed) == 7 and sorted(csv_safe(image.name) for image in listed if image.refused) == cells
    assert all(image.refused or image.name in everything for image in listed)
    reasons: dict[str, str] = {}
    read = [image.name for batch in ImageReader(listed, reasons.__setitem__, 1).batches(len, 4) for image in batch]
    assert len(read) == 7 - len(expected) and sorted(map(csv_safe, reasons)) == cells

    data = make_data_folder(tmp_path / "data", raw_images=tmp_path / "raw")
    with (data / "rejected.csv").open(newline="", encoding="utf-8") as file:
        rejected = {row["source"].partition("/raw/")[2]: row["reason"] for row in csv.DictReader(file)}
    assert sorted(rejected) == cells and set(rejected.values()) == set(reasons.values())
    with (data / "manifest.csv").open(newline="", encoding="utf-8") as file:
        sources = [row["source"].partition("/raw/")[2] for row in csv.DictReader(file)]
    assert sorted(map(name_of_cell, sources)) == sorted({*everything} - {*expected})
    assert not any(image.refused for image in find_images(str(data))), "the names in a data folder are taken"

    checked = check_folder([], settings_of(CheckFolderConfig, "--folder", tmp_path / "raw"))["rejected_files"]
    assert sorted(row["file"].partition("/raw/")[2] for row in checked) == cells


def test_our_tables_label_the_images_that_they_name(tmp_path):
    """A table with the names as predictions have them is a table of labels. Masks have the names of their images."""
    names = [f"{name}.png" for name in (*TAKEN, *REFUSED)]
    for number, name in enumerate(names):
        write_image(tmp_path / "raw" / name, shade=number)
    table, images = tmp_path / "p.csv", find_images(str(tmp_path / "raw"))
    write_table(table, ("image", "class_1"), [(csv_safe(image.name), "ab"[n % 2]) for n, image in enumerate(images)])
    data = make_data_folder(tmp_path / "data", raw_images=tmp_path / "raw", raw_labels=table)
    sources = [row.source.partition("/raw/")[2] for row in read_manifest(data)]
    assert sorted(map(name_of_cell, sources)) == sorted(f"{name}.png" for name in TAKEN)


def test_labels_in_tables(tmp_path):
    """A control character in a label is kept apart from its escape in letters, which is refused."""
    labels = ["a\x01b", "a\\x01b", "'=x", "=x"]
    for number in range(12):
        write_image(tmp_path / "raw" / f"{number}.png", shade=number)
    with (tmp_path / "labels.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("image", "label"), *((f"{n}.png", labels[n % 4]) for n in range(12))])
    data = make_data_folder(tmp_path / "data", raw_images=tmp_path / "raw", raw_labels=tmp_path / "labels.csv")
    assert sorted({row.class_name for row in read_manifest(data)}) == ["'=x", "=x", "a\\x01b"]
    with (data / "rejected.csv").open(newline="", encoding="utf-8") as file:
        reasons = {Path(row["source"]).name: row["reason"] for row in csv.DictReader(file)}
    assert sorted(reasons) == ["1.png", "5.png", "9.png"] and "its label holds \\x01 in letters" in reasons["1.png"]


def test_masks_of_odd_names(tmp_path):
    for number, name in enumerate((*TAKEN, *REFUSED)):
        write_image(tmp_path / "raw" / "images" / f"{name}.png", shade=number)
        (tmp_path / "raw" / "masks").mkdir(exist_ok=True)
        Image.fromarray(np.eye(20, dtype=np.uint8)[:16]).save(tmp_path / "raw" / "masks" / f"{name}.png")
    data = make_data_folder(
        tmp_path / "data", raw_images=tmp_path / "raw" / "images", raw_masks=tmp_path / "raw" / "masks"
    )
    sources = [row.source.rpartition("/images/")[2] for row in read_manifest(data)]
    assert sorted(map(name_of_cell, sources)) == sorted(f"{name}.png" for name in TAKEN)


def test_names_that_a_disk_may_take_for_one(tmp_path, caplog):
    """In a data folder they have names of their own; where predictions have files, the names are known."""
    alike = ["Beach.png", "beach.png", "caf\u00e9.png", "cafe\u0301.png", "CAFE\u0301.png"]
    for number, name in enumerate(["other.png", *alike]):
        for folder in ("a", "A", "\u00e9", "e\u0301"):
            write_image(tmp_path / "raw" / folder / name, shade=number)
    data = make_data_folder(tmp_path / "data", raw_images=tmp_path / "raw")
    places = [row.image for row in read_manifest(data)]
    assert len(places) == 24 == len({on_any_disk(place.partition("/")[2]) for place in places})
    names = [image.name for image in find_images(str(tmp_path / "raw" / "a"))]
    assert names_that_meet(lambda: names) in (["Beach.png", "beach.png"], sorted(alike[2:]))
    _warn_of_names_that_meet(Output(tmp_path / "p.csv", ()), lambda: find_images(str(tmp_path / "raw" / "a")))
    (message,) = [record.getMessage() for record in caplog.records if "differ only" in record.getMessage()]
    assert (
        any(f"{first} and " in message for first in ("Beach.png", "CAFE\u0301.png, cafe\u0301.png"))
        and "p.csv" in message
    )
    assert names_that_meet(lambda: ["a.png", "b.png"]) == [] == names_that_meet(lambda: ["a.png"])


def names_of(folder: Path) -> list[str]:
    return [
        os.path.relpath(os.path.join(parent, file), folder) for parent, _, files in os.walk(folder) for file in files
    ]


@pytest.mark.parametrize("name", REFUSED)
def test_runs_have_no_such_names(name, tmp_path):
    with pytest.raises(SettingError, match=r"name = .*(without a slash|begins with .*; rename it)"):
        _run_folder(settings_of(ClassifierConfig, "--runs", tmp_path, f"--name={name}"), "small")
