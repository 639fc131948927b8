"""The report counts the classes of the masks in each split, and warns of one that a split has not."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from datatransformer import writer
from datatransformer.masks.split_report import TITLE, class_pixels
from tests.conftest import make_data_folder

SIZE = 16


def save(root: Path, with_core: set[int]) -> Path:
    """Ten images with masks of three classes; the third one, core, is in some of them only."""
    for number in range(10):
        mask = np.zeros((SIZE, SIZE), np.uint8)
        mask[4:12, 4:12] = 1
        if number in with_core:
            mask[6:8, 6:8] = 2
        for folder, picture in (("images", np.full((SIZE, SIZE, 3), number, np.uint8)), ("masks", mask)):
            (root / folder).mkdir(parents=True, exist_ok=True)
            Image.fromarray(picture).save(root / folder / f"{number}.png")
    (root / "names.txt").write_text("bg\nrim\ncore\n")
    (root / "val.txt").write_text("3.png\n4.png\n")
    return root


def transform(root: Path) -> dict:
    data = make_data_folder(
        root / "data", source="masks", raw_images=root / "images", raw_masks=root / "masks",
        class_names=root / "names.txt", val_list=root / "val.txt",
    )  # fmt: skip
    assert not (data / "mask_pixels.csv").exists()
    return json.loads((data / "report.json").read_text())


def classes_of(report: dict) -> dict[str, list[int]]:
    (rows,) = (table["rows"] for table in report["tables"] if table["title"] == TITLE)
    return {row["class"]: list(row.values())[1:] for row in rows}


def test_a_class_only_in_validation(tmp_path):
    report = transform(save(tmp_path, with_core={3}))
    assert any(
        "No training mask has a pixel of core (1 validation mask has), so it cannot be learnt" in line
        for line in report["warnings"]
    )
    counted = {"bg": [8, 8 * 192, 2, 2 * 192], "rim": [8, 8 * 64, 2, 2 * 64 - 4], "core": [0, 0, 1, 4]}
    assert classes_of(report) == counted


def test_a_class_only_in_training(tmp_path):
    report = transform(save(tmp_path, with_core={1, 7}))
    assert any("No validation mask has a pixel of core (2 training masks have)" in line for line in report["warnings"])
    assert classes_of(report)["core"] == [2, 8, 0, 0]


def test_a_class_in_both_is_no_warning(tmp_path):
    report = transform(save(tmp_path, with_core={1, 3}))
    assert report["warnings"] == [] and classes_of(report)["core"] == [1, 4, 1, 4]


def test_an_interrupted_run_counts_all_masks_once(tmp_path, monkeypatch):
    root = save(tmp_path, with_core={3})
    place = writer.Writer._place_one
    calls = []

    def interrupted(self, *arguments):
        calls.append(1)
        if len(calls) > 6:
            raise KeyboardInterrupt
        return place(self, *arguments)

    monkeypatch.setattr(writer.Writer, "_place_one", interrupted)
    with pytest.raises(KeyboardInterrupt):
        transform(root)
    monkeypatch.undo()
    assert classes_of(transform(root))["bg"] == [8, 8 * 192, 2, 2 * 192]


def test_class_pixels():
    assert class_pixels(np.array([[0, 0, 255], [7, 0, 255]], np.uint8)) == {0: 3, 7: 1, 255: 2}
