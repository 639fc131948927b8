"""The strip beneath an overlay names the classes that are in the mask, and nothing else."""

import numpy as np
import pytest

from plots.legend import MAX_CLASSES, MAX_LETTERS, MIN_LETTERS, add_legend, letter_height
from plots.palette import colour_mask, overlay_mask, palette

NAMES = ("sky", "a building", "Straße Ωμέγα дорога", "tab\tname $x$", "=cmd", "车")
COLOURS = palette([None] * len(NAMES))


def image_and_mask(height: int, width: int, *classes: int) -> tuple[np.ndarray, np.ndarray]:
    mask = np.resize(np.array(classes, np.uint8), (height, width))
    return np.full((height, width, 3), 90, np.uint8), mask


def strip(height: int, width: int, *classes: int) -> np.ndarray:
    image, mask = image_and_mask(height, width, *classes)
    shown = add_legend(image, mask, NAMES, COLOURS)
    assert shown.shape[1:] == (width, 3) and shown.dtype == np.uint8
    np.testing.assert_array_equal(shown[:height], image)
    return shown[height:]


def swatches(image: np.ndarray) -> set[int]:
    return {index for index, colour in enumerate(COLOURS) if (image == colour).all(axis=-1).any()}


@pytest.mark.parametrize("classes", [(0,), (0, 2, 255), (1, 3, 4, 5), (0, 1, 2, 3, 4, 5)])
def test_swatches_of_the_classes_that_occur(classes):
    assert swatches(strip(90, 240, *classes)) == set(classes) - {255}


def test_each_swatch_has_a_name_beside_it():
    of_one, of_another = strip(90, 240, 0), strip(90, 240, 1)
    letters = of_one[:, 20:].min(axis=-1) < 100
    assert letters.any() and (of_another[:, 20:].min(axis=-1) < 100).sum() > letters.sum(), "a longer name"


def test_rows_as_the_width_asks():
    heights = [len(strip(90, width, 0, 1, 2, 3, 4, 5)) for width in (1000, 240, 120)]
    assert heights[0] < heights[1] < heights[2] or letter_height(90, 1000) > MIN_LETTERS
    assert len(strip(90, 240, 0)) < heights[1]


def test_void_has_a_name_behind_the_classes():
    of_class, with_void = strip(90, 400, 0), strip(90, 400, 0, 255)
    assert with_void.shape == of_class.shape, "one row"
    assert (with_void != of_class).any(axis=(0, 2)).sum() > 50, "a name stands behind that of the class"
    field = (with_void == 0).all(axis=-1)
    assert field[:, of_class.shape[1] // 8 :].sum() > 50, "a black field"
    assert len(strip(20, 200, 255)) > 0, "void alone"


@pytest.mark.parametrize(("height", "width"), [(32, 32), (1, 1), (8, 4000), (500, 3), (3, 17)])
def test_tiny_and_flat_images(height, width):
    found = strip(height, width, 0, 1, 2, 3, 4, 5)
    assert 0 < len(found) < 150 and (width < 20 or swatches(found))


def test_letters_grow_with_the_image():
    sizes = [letter_height(side, side) for side in (32, 480, 1000, 4000, 20_000)]
    assert sizes == sorted(sizes) and sizes[0] == MIN_LETTERS and sizes[-1] == MAX_LETTERS and len(set(sizes)) == 5


def test_of_many_classes_the_largest_are_named():
    names = [f"class {number}" for number in range(200)]
    mask = np.repeat(np.arange(200, dtype=np.uint8), np.arange(200, 0, -1))[None]
    image = np.zeros((*mask.shape, 3), np.uint8)
    colours = np.stack([np.arange(200), np.full(200, 7), np.full(200, 11)], axis=-1).astype(np.uint8)
    shown = add_legend(image, mask, names, colours)[1:]
    found = {number for number, colour in enumerate(colours) if (shown == colour).all(axis=-1).any()}
    assert found == set(range(MAX_CLASSES))


def test_an_overlay_is_the_image_tinted():
    image, mask = image_and_mask(6, 8, 0, 1, 255)
    tint = 0.45 * image + 0.55 * colour_mask(mask, COLOURS)
    np.testing.assert_allclose(overlay_mask(image, mask, COLOURS), tint, atol=1)
