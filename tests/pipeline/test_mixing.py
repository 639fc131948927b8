"""Mixup, cutmix and random erasing: shares of labels and sizes of rectangles."""

import numpy as np
import pytest
import tensorflow as tf

from pipeline.augment import random_erasing
from pipeline.mixing import mix

COUNT = 64
VALUES = np.arange(COUNT, dtype=np.float32) * 3


@pytest.fixture
def batch() -> tuple[tf.Tensor, tf.Tensor]:
    """Constant images, each with its own value and class, so that the sources of a mixed image are known."""
    return tf.constant(np.broadcast_to(VALUES[:, None, None, None], (COUNT, 20, 30, 3))), tf.eye(COUNT)


def test_mixup_blends_labels_like_images(batch):
    images, labels = (values.numpy() for values in mix(*batch, (1, 2), 0.5, 0))
    np.testing.assert_allclose(labels.sum(axis=1), 1, rtol=1e-5)
    assert ((labels > 0).sum(axis=1) <= 2).all()
    np.testing.assert_allclose(images, np.broadcast_to((labels @ VALUES)[:, None, None, None], images.shape), rtol=1e-4)
    shares = labels[np.arange(COUNT), np.arange(COUNT)]
    assert shares.min() < 0.1 and shares.max() > 0.9, "Beta(0.5, 0.5) is mostly near 0 and 1"


def test_cutmix_counts_pixels(batch):
    images, labels = (values.numpy() for values in mix(*batch, (1, 2), 0, 1.0))
    own = (images[..., 0] == VALUES[:, None, None]).mean(axis=(1, 2))
    np.testing.assert_allclose(labels[np.arange(COUNT), np.arange(COUNT)], own, atol=1e-5)
    np.testing.assert_allclose(labels.sum(axis=1), 1, rtol=1e-5)
    assert own.min() < 0.3 and own.max() > 0.9
    other = images[1][images[1][..., 0] != VALUES[1]]
    assert (other == VALUES[0]).all(), "only pixels of the neighbour"


def test_batches_alternate_between_both_at_random(batch):
    blended = 0
    for step in range(40):
        images = mix(*batch, (0, step), 1.0, 1.0)[0].numpy()
        blended += not np.isin(images, VALUES).all()
    assert 10 < blended < 30


def test_erasing_puts_noise_into_a_rectangle(batch):
    images = random_erasing(batch[0], (3, 4), 0.5).numpy()
    erased = (images != batch[0].numpy()).any(axis=-1)
    touched = erased.any(axis=(1, 2))
    assert 0.25 < touched.mean() < 0.75
    for image in erased[touched]:
        rows, columns = np.nonzero(image.any(axis=1))[0], np.nonzero(image.any(axis=0))[0]
        assert image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].mean() > 0.95
        assert 0 < image.mean() < 0.36
    np.testing.assert_array_equal(random_erasing(batch[0], (3, 4), 0.0), batch[0])
