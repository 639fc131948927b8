"""Augmentation, eagerly and within tf.data."""

import numpy as np
import pytest
import tensorflow as tf

from pipeline.augment import augmentation


@pytest.fixture
def images() -> tf.Tensor:
    ramp = np.linspace(40, 215, 48)
    image = np.stack([np.tile(ramp, (32, 1)), np.tile(ramp[::-1], (32, 1)), np.full((32, 48), 128)], -1)
    return tf.constant(np.stack([image] * 16).astype(np.uint8))


@pytest.mark.parametrize("name", ["light", "strong"])
def test_range_shape_and_seed(images, name):
    augment = augmentation(name)
    one, same, other = augment(images, (0, 1)), augment(images, (0, 1)), augment(images, (0, 2))
    assert one.shape == images.shape and one.dtype == tf.float32
    assert one.numpy().min() >= 0 and one.numpy().max() <= 255
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)
    assert len({image.tobytes() for image in one.numpy()}) == 16, "each image has its own change"
    in_graph = next(iter(tf.data.Dataset.from_tensors(images).map(lambda x: augment(x, tf.constant((0, 1))))))
    np.testing.assert_allclose(one, in_graph, atol=1e-3)


def test_about_half_are_mirrored(images):
    augmented = np.concatenate([augmentation("light")(images, (0, seed)).numpy() for seed in range(20)])
    is_mirrored = augmented[:, :, 0, 0].mean(axis=1) > augmented[:, :, -1, 0].mean(axis=1)
    assert 0.4 < is_mirrored.mean() < 0.6


@pytest.mark.parametrize(("name", "largest"), [("light", 25), ("strong", 60)])
def test_the_centre_stays_near_the_centre(images, name, largest):
    """Crops and rotations have no systematic offset: the ramp's mean changes little."""
    augmented = augmentation(name)(images, (3, 4)).numpy()
    drift = np.abs(augmented[..., 0].mean(axis=(1, 2)) - 127.5)
    assert np.median(drift) < largest


def test_none_changes_nothing(images):
    np.testing.assert_array_equal(augmentation("none")(images, (0, 1)), images)


@pytest.mark.parametrize("name", ["none", "light", "strong", "randaugment"])
def test_a_mask_changes_like_its_image(name):
    """The colour of the image is the class, so image and mask agree after the change, except at borders."""
    random = np.random.default_rng(0)
    masks = np.kron(random.integers(0, 4, (12, 4, 6, 1)), np.ones((1, 16, 16, 1))).astype(np.uint8)
    move = augmentation(name).move
    for seed in ((0, 1), (5, 6)):
        moved = move(tf.constant(masks), seed, "nearest").numpy()
        assert set(np.unique(moved)) <= {0, 1, 2, 3}, "no values between two classes"
        images = move(tf.constant(masks), seed).numpy()
        assert (np.abs(images - moved) < 0.5).mean() > 0.97
        assert name == "none" or not np.array_equal(moved, masks)
