"""Shapes are drawn as pycocotools and labelme draw them; damaged ones are refused in words."""

import numpy as np
import pytest
from pycocotools import mask as pycoco

from datatransformer.annotations.run_lengths import brush_mask, coco_mask, row_mask
from datatransformer.annotations.shapes import Shape, drawn_mask
from datatransformer.pictures.images import UnreadableImage
from tests.datatransformer.brushes import packed


def drawn(kind, data, size=(20, 10), **options):
    return drawn_mask([Shape("a", kind, data)], {"a": 1}, size, 0, **options)


@pytest.mark.parametrize("seed", range(5))
def test_polygons_are_those_of_pycocotools_but_for_their_edges(seed):
    random = np.random.default_rng(seed)
    angles = np.sort(random.random(9)) * 2 * np.pi
    radii = 60 + 35 * random.random(9)
    ring = np.stack([100 + radii * np.cos(angles), 90 + radii * np.sin(angles)], axis=1).ravel().tolist()
    expected = pycoco.decode(pycoco.frPyObjects([ring], 180, 200))[..., 0]
    ours = drawn("rings", [ring], (200, 180))
    assert (ours != expected).sum() <= 0.005 * expected.sum()


def test_neighbours_share_no_pixel():
    left, right = [0, 0, 7.5, 0, 7.5, 10, 0, 10], [7.5, 0, 20, 0, 20, 10, 7.5, 10]
    both = drawn("rings", [left]) + drawn("rings", [right])
    assert (both == 1).all()


def test_shapes_beyond_the_edge_are_cut_off_and_a_crossing_ring_has_a_hole():
    assert (drawn("rings", [[-5, -5, 30, -5, 30, 30, -5, 30]]) == 1).all()
    assert drawn("rings", [[30, 2, 40, 2, 40, 8]]).sum() == 0
    twice = [0, 0, 20, 0, 20, 10, 0, 10, 0, 0, 5, 2, 15, 2, 15, 8, 5, 8, 5, 2]
    assert drawn("rings", [twice])[5, [2, 10, 18]].tolist() == [1, 0, 1]


def test_fractions():
    assert (drawn("rings", [[0, 0, 0.5, 0, 0.5, 1, 0, 1]], fractions=True)[:, :10] == 1).all()


@pytest.mark.parametrize(
    ("kind", "data", "problem"),
    [
        ("rings", [[1, 2, 3, 4]], "at least 3 points"),
        ("rings", [[0, 0, 1e9, 0, 5, 5]], "far outside the image"),
        ("rings", [[0, 0, float("nan"), 0, 5, 5]], "no number"),
        ("rings", 3, "damaged"),
        ("row runs", [0, 0, 30, 5, [150]], "do not fit"),
        ("bitmap", [0, 0, "no picture"], "damaged mask"),
        ("coco runs", {"size": [10, 20]}, "without counts"),
        ("coco runs", {"size": [5, 5], "counts": [25]}, "the annotated image has"),
        ("brush", [1, 2, 3], "damaged run lengths of a brush"),
    ],
)
def test_damaged_shapes(kind, data, problem):
    with pytest.raises(UnreadableImage, match=problem):
        drawn(kind, data)


@pytest.mark.parametrize("seed", range(6))
def test_run_lengths(seed):
    """Of random masks, fine and coarse, from one to some hundred pixels wide."""
    random = np.random.default_rng(seed)
    height, width = random.integers(1, 40, 2)
    fine = random.random((height, width)) < 0.5
    for inside in (fine, np.kron(fine, np.ones((6, 5))) > 0, np.zeros_like(fine), np.ones_like(fine)):
        size = inside.shape
        encoded = pycoco.encode(np.asfortranarray(inside.astype(np.uint8)))["counts"].decode()
        np.testing.assert_array_equal(coco_mask({"size": list(size), "counts": encoded}, *size), inside)
        np.testing.assert_array_equal(brush_mask(packed(inside), *size), inside)
        edges = np.flatnonzero(np.diff(np.concatenate([[0], inside.ravel(), [1 - inside.ravel()[-1]]])))
        counts = np.diff([0, *edges])
        np.testing.assert_array_equal(row_mask(counts.tolist(), *size), inside)


@pytest.mark.parametrize("cut", [0, 1, 5, 20])
def test_run_lengths_that_are_cut_off(cut):
    inside = np.kron(np.random.default_rng(0).random((8, 8)) < 0.5, np.ones((4, 4))) > 0
    with pytest.raises(UnreadableImage):
        brush_mask(packed(inside)[:cut], 32, 32)
    text = pycoco.encode(np.asfortranarray(inside.astype(np.uint8)))["counts"].decode()
    with pytest.raises(UnreadableImage):
        coco_mask({"size": [32, 32], "counts": text[:cut]}, 32, 32)
