"""Grids of images and masks: captions, legends, and nothing that overlaps."""

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image, ImageCms

from plots.image_grid import MAX_CAPTION_LENGTH, draw_image_grid, draw_training_images
from plots.mask_grid import draw_masks
from plots.mosaic import GAP, draw_mosaic, mosaic
from plots.palette import VOID_COLOUR, VOID_NAME, colour_mask, palette
from plots.save import save_figure
from tests.plots.figures import figures, overlapping, texts


def images(count: int) -> list[np.ndarray]:
    return [np.full((12, 16, 3), 10 * number, np.uint8) for number in range(count)]


@pytest.mark.parametrize("count", [1, 3, 7, 24])
def test_an_image_grid(count, tmp_path):
    captions = [f"industrial area {number}\ntrue: underground parking" for number in range(count)]
    with figures() as saved:
        draw_image_grid(
            images(count), captions, tmp_path / "g.png", "Most confident mistakes: 24 of 60, among 300 images"
        )
    (figure,) = saved
    assert overlapping(figure) == []
    assert set(captions) <= set(texts(figure))
    assert sum(bool(axes.images) for axes in figure.axes) == count


def test_long_captions_are_shortened(tmp_path):
    with figures() as saved:
        draw_image_grid(images(1), ["x" * 100], tmp_path / "g.png")
    (caption,) = [text for text in texts(saved[0]) if "x" in text]
    assert len(caption) == MAX_CAPTION_LENGTH and caption.endswith("…")


def test_training_images_have_the_shares_of_their_classes(tmp_path):
    targets = tf.constant([[1.0, 0.0, 0.0], [0.3, 0.7, 0.0], [0.03, 0.0, 0.97]])
    batches = tf.data.Dataset.from_tensors((tf.zeros((3, 8, 8, 3)), targets))
    with figures() as saved:
        draw_training_images(batches, ("a", "b", "c"), tmp_path / "t.png")
    assert [axes.get_title() for axes in saved[0].axes] == ["a", "b 70%\na 30%", "c"]


@pytest.mark.parametrize("columns", [2, 3])
@pytest.mark.parametrize("classes", [2, 5, 40])
def test_a_grid_of_masks(classes, columns, tmp_path):
    rng = np.random.default_rng(0)
    names = [f"underground parking {number}" for number in range(classes)]
    masks = [rng.integers(0, classes, (60, 90)).astype(np.uint8) for _ in range(columns - 1)]
    titles = ("image", "true mask", "predicted mask")[:columns]
    with figures() as saved:
        rows = [(np.zeros((60, 90, 3), np.uint8), *masks)] * 6
        captions = [f"street_{number:05d}\naccuracy 87.5%" for number in range(6)]
        draw_masks(rows, titles, captions, names, palette([None] * classes), tmp_path / "m.png")
    (figure,) = saved
    assert overlapping(figure) == []
    assert {*titles, *captions, *names} <= set(texts(figure))


def test_the_legend_names_the_classes_that_occur(tmp_path):
    mask = np.array([[0, 2], [255, 2]], np.uint8)
    with figures() as saved:
        draw_masks([(mask,)], ["mask"], [""], ("sky", "road", "$tree$"), palette([None] * 3), tmp_path / "m.png")
    assert [text.get_text() for text in saved[0].legends[0].get_texts()] == ["sky", "$tree$", VOID_NAME]
    with figures() as saved:
        draw_masks([(mask * 0 + 255,)], ["mask"], [""], ("sky",), palette([None]), tmp_path / "m.png")
    assert [text.get_text() for text in saved[0].legends[0].get_texts()] == [VOID_NAME]


def test_a_mosaic():
    joined = mosaic([images(3), images(2)])
    assert joined.shape == (2 * 12 + GAP, 3 * 16 + 2 * GAP, 3)
    assert (joined[:12, 16 + GAP : 32 + GAP] == 10).all() and (joined[12 : 12 + GAP] == 255).all()
    assert (joined[12 + GAP :, -16:] == 255).all(), "a short row ends in white"


def test_a_figure_of_a_mosaic(tmp_path):
    with figures() as saved:
        draw_mosaic([images(12)] * 2, tmp_path / "m.png", "Validation images", ("image", "reconstruction"), "columns")
    assert overlapping(saved[0]) == []
    assert {"Validation images", "image", "reconstruction", "columns"} <= set(texts(saved[0]))


def test_palette_and_colours():
    colours = palette([None, (1, 2, 3), *[None] * 58])
    assert colours.dtype == np.uint8 and tuple(colours[1]) == (1, 2, 3)
    np.testing.assert_array_equal(colour_mask(np.array([[1, 255]], np.uint8), colours), [[[1, 2, 3], [0, 0, 0]]])


def test_colours_of_150_classes_differ_to_the_eye():
    """In CIELAB, by Pillow's conversion, whose L and a, b are bytes of 0..100 and -128..127. 2 is just noticeable."""
    colours = palette([None] * 150)
    rgb = Image.fromarray(np.concatenate([colours, [VOID_COLOUR]]).astype(np.uint8)[None])
    transform = ImageCms.buildTransform(ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB")
    lab = np.asarray(ImageCms.applyTransform(rgb, transform))[0]
    places = np.stack([lab[:, 0] / 2.55, lab[:, 1].view(np.int8), lab[:, 2].view(np.int8)], axis=1)
    distances = np.linalg.norm(places[:, None] - places, axis=2)
    assert distances[~np.eye(151, dtype=bool)].min() > 10


def test_a_figure_is_saved_with_names_that_the_font_lacks(tmp_path, recwarn):
    with figures() as saved:
        draw_image_grid(images(1), ["车 图"], tmp_path / "g.png")
    save_figure(saved[0], tmp_path / "g.png")
    assert (tmp_path / "g.png").read_bytes().startswith(b"\x89PNG") and not recwarn.list
    assert [path.name for path in tmp_path.iterdir()] == ["g.png"]
