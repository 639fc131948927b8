"""RandAugment: its changes of colour equal those of Pillow, which the paper uses."""

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image, ImageEnhance, ImageOps

from pipeline import randaugment as module
from pipeline.augment import augmentation
from pipeline.randaugment import MAX_BLEND

AMOUNT = 0.5
FACTOR = 1 + MAX_BLEND * AMOUNT
PILLOW = {
    "_same": lambda image: image,
    "_autocontrast": ImageOps.autocontrast,
    "_equalize": ImageOps.equalize,
    "_solarize": lambda image: ImageOps.solarize(image, 128),
    "_posterize": lambda image: ImageOps.posterize(image, 6),
    "_saturation": lambda image: ImageEnhance.Color(image).enhance(FACTOR),
    "_contrast": lambda image: ImageEnhance.Contrast(image).enhance(FACTOR),
    "_brightness": lambda image: ImageEnhance.Brightness(image).enhance(FACTOR),
    "_sharpness": lambda image: ImageEnhance.Sharpness(image).enhance(FACTOR),
}


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    """Two smooth images in colour."""
    random = np.random.default_rng(0)
    coarse = random.uniform(20, 230, (2, 6, 6, 3))
    return tf.image.resize(coarse, (40, 48), "bicubic").numpy().clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize("name", PILLOW)
def test_changes_of_colour_equal_pillow(name, images):
    result = getattr(module, name)(tf.cast(images, tf.float32), tf.fill((2, 1, 1, 1), AMOUNT)).numpy().clip(0, 255)
    expected = np.stack([PILLOW[name](Image.fromarray(image)) for image in images])
    inner = np.s_[:, 1:-1, 1:-1]  # Pillow does not sharpen the edge
    assert np.abs(result[inner] - expected[inner]).max() <= 2


def test_all_changes_are_in_the_table():
    assert {change.__name__ for change in module.COLOURS} == set(PILLOW)
    assert len(module.COLOURS) + len(module.MOVES) == 14


def test_each_image_has_its_own_changes_and_values_stay_in_range(images):
    batch = np.concatenate([images] * 16)
    randaugment = augmentation("randaugment")
    one = randaugment(tf.constant(batch), (0, 1)).numpy()
    assert one.shape == batch.shape and one.dtype == np.float32 and one.min() >= 0 and one.max() <= 255
    assert len({image.tobytes() for image in one}) == len(batch)
    np.testing.assert_array_equal(one, randaugment(tf.constant(batch), (0, 1)))
    in_graph = next(iter(tf.data.Dataset.from_tensors(batch).map(lambda x: randaugment(x, tf.constant((0, 1))))))
    np.testing.assert_allclose(one, in_graph, atol=1.5)
