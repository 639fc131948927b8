"""The files of a mask have its classes, its colours and its legend, and are read back for the evaluation."""

import cv2
import numpy as np
import pytest

from config import PredictorConfig
from plots.palette import colour_mask, overlay_mask
from predictor.masks.files import MaskFiles, SegmentedImage
from tests.conftest import noise, settings_of

CLASSES = ("sky", "=road", "tree")
COLOURS = ((0, 0, 255), None, (0, 255, 0))


@pytest.fixture
def segmented() -> SegmentedImage:
    return SegmentedImage(
        "a/b.jpg", noise(60, 80, 3), np.repeat([[0, 0, 2, 0]], 15, axis=0).repeat(4, 0).repeat(20, 1).astype(np.uint8)
    )


def mask_files(tmp_path, *flags) -> MaskFiles:
    return MaskFiles(settings_of(PredictorConfig, "--output", tmp_path / "p.csv", *flags), CLASSES, COLOURS)


def test_all_kinds_of_files_and_the_row(segmented, tmp_path):
    files = mask_files(tmp_path, "--mask-files", "index,colour,overlay")
    assert files.columns == ["height", "width", "share sky", "share =road", "share tree"]
    assert files.add(segmented) == [60, 80, "0.750000", "0.000000", "0.250000"]
    read = {
        kind: cv2.imread(str(tmp_path / f"p.{kind}" / "a" / "b.jpg.png"), cv2.IMREAD_COLOR_RGB)
        for kind in ("masks", "colours", "overlays")
    }
    np.testing.assert_array_equal(read["masks"][..., 0], segmented.mask)
    np.testing.assert_array_equal(read["colours"], colour_mask(segmented.mask, files.colours))
    overlay = overlay_mask(segmented.image, segmented.mask, files.colours)
    np.testing.assert_array_equal(read["overlays"][:60], overlay)
    assert len(read["overlays"]) > 60, "a legend below"


def test_only_the_chosen_kinds_are_written(segmented, tmp_path):
    mask_files(tmp_path, "--mask-files", "colour").add(segmented)
    assert [path.name for path in tmp_path.iterdir()] == ["p.colours"]


def test_the_evaluation_needs_class_indices(tmp_path):
    assert mask_files(tmp_path, "--mask-files", "overlay", "--evaluate", "data").kinds == ["index", "overlay"]
