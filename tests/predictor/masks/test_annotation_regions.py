"""Regions of a mask become polygons that other rasterisers paint to exactly the same pixels."""

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw
from pycocotools import mask as coco_mask

from predictor.masks.annotations.brush import brush
from predictor.masks.annotations.regions import find_regions
from tests.conftest import noise


def random_mask(seed: int) -> np.ndarray:
    """Two to four classes; the first seeds with many specks and holes, others with larger regions."""
    random = np.random.default_rng(seed)
    height, width = random.integers(1, 30, 2)
    mask = random.choice(4, (height, width), p=(0.75, 0.15, 0.05, 0.05)).astype(np.uint8)
    return cv2.resize(mask, None, fx=1 + seed % 3, fy=1 + seed % 2, interpolation=cv2.INTER_NEAREST)


def pillow(polygon: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """As labelme paints: also the pixels of the outline."""
    image = Image.new("1", size[::-1])
    ImageDraw.Draw(image).polygon([tuple(point) for point in polygon.tolist()], outline=1, fill=1)
    return np.array(image)


def opencv(polygon: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """As ultralytics paints."""
    return cv2.fillPoly(np.zeros(size, np.uint8), [polygon.astype(np.int32)], 1) > 0


def pycocotools(polygon: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    return coco_mask.decode(coco_mask.frPyObjects([polygon.ravel().tolist()], *size))[..., 0] > 0


@pytest.mark.parametrize("seed", range(60))
def test_polygons_are_painted_to_the_same_mask(seed):
    mask = random_mask(seed)
    painted = {paint: np.full(mask.shape, 255, np.uint8) for paint in (pillow, opencv, pycocotools)}
    for region in find_regions(mask):
        for paint, result in painted.items():
            result[paint(region.polygon, mask.shape)] = region.label
    for result in painted.values():
        np.testing.assert_array_equal(result, mask)


@pytest.mark.parametrize("seed", range(20))
def test_outlines_boxes_and_areas(seed):
    mask, painted = random_mask(seed), np.zeros((100, 100), int)
    for region in find_regions(mask):
        left, top, width, height = region.box
        inside = pycocotools(region.outline, mask.shape)
        if region.inside is not None:
            assert region.inside.shape == (height, width)
            assert inside.sum() > region.area
            inside = np.zeros(mask.shape, bool)
            inside[top : top + height, left : left + width] = region.inside
        assert inside.sum() == region.area
        assert (mask[inside] == region.label).all()
        assert cv2.boundingRect(inside.astype(np.uint8)) == region.box
        painted[: mask.shape[0], : mask.shape[1]] += inside
    assert (painted[: mask.shape[0], : mask.shape[1]] == 1).all(), "each pixel is in one region"


def test_only_corners_are_kept_and_a_class_can_be_skipped():
    mask = np.zeros((50, 80), np.uint8)
    mask[10:20, 30:60] = 3
    regions = list(find_regions(mask, skipped=0))
    assert [region.label for region in regions] == [3]
    assert sorted(regions[0].outline.tolist()) == [[30, 10], [30, 20], [60, 10], [60, 20]]
    assert len(regions[0].polygon) == 4


def test_a_hole_in_a_hole():
    mask = np.zeros((9, 9), np.uint8)
    mask[1:8, 1:8], mask[2:7, 2:7], mask[3:6, 3:6], mask[4, 4] = 1, 0, 1, 0
    assert [region.area for region in find_regions(mask)] == [32, 16, 1, 24, 8]
    assert [region.inside is not None for region in find_regions(mask)] == [True, True, False, True, True]


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_brushes_are_read_by_the_source_of_label_studio(share):
    from datatransformer.annotations.run_lengths import brush_mask

    inside = noise(150, 131) < share * 256
    np.testing.assert_array_equal(brush_mask(brush(inside), 150, 131), inside)
