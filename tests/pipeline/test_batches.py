"""Training batches depend only on the seed and their number; validation has every image."""

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from datatransformer.layout import read_data_folder
from pipeline.augment import augmentation, random_erasing
from pipeline.batches import mixed_batches, training_batches, validation_batches
from pipeline.cache import make_loader
from pipeline.decode import decode_and_resize
from pipeline.mixing import mix

NUMBERS = np.arange(10)


def numbered(index: tf.Tensor) -> tf.Tensor:
    """An image whose pixels all have its index as value."""
    return tf.fill((8, 8, 3), tf.cast(index, tf.uint8))


def labelled(index: tf.Tensor) -> tuple:
    return numbered(index), tf.gather(NUMBERS * 7, index)


def stream(first: int, count: int, seed: int = 0, batch: int = 3, change=None) -> list:
    batches = training_batches(labelled, len(NUMBERS), batch, seed, first, change)
    return list(batches.take(count).as_numpy_iterator())


def test_each_pass_has_its_own_order_and_each_image_at_most_once():
    passes = np.array([labels for _, labels in stream(0, 9)]).reshape(3, 9)
    assert all(len(set(labels)) == 9 for labels in passes)
    assert not (passes[0] == passes[1]).all() and not (passes[1] == passes[2]).all()
    assert len({frozenset(set(NUMBERS * 7) - set(labels)) for labels in passes}) > 1, (
        "each pass leaves out other images"
    )
    for images, labels in stream(0, 3):
        np.testing.assert_array_equal(images[:, 0, 0, 0] * 7, labels)


def all_changes(batch: tuple, seed: tf.Tensor) -> tuple:
    """All random changes together."""
    images = random_erasing(augmentation("randaugment")(batch[0], seed), seed, 0.5)
    return mix(images, tf.one_hot(batch[1], 64), seed, 0.4, 1.0)


@pytest.mark.parametrize("change", [None, all_changes], ids=["plain", "all changes"])
@pytest.mark.parametrize("first", [1, 3, 4, 11])
def test_batches_do_not_depend_on_the_first_step(first, change):
    all_batches, later = stream(0, 14, change=change), stream(first, 3, change=change)
    for (images, labels), (same_images, same_labels) in zip(all_batches[first:], later, strict=False):
        np.testing.assert_array_equal(images, same_images)
        np.testing.assert_array_equal(labels, same_labels)


def drawn(first: int, count: int, seed: int = 0) -> list:
    def draw(images: int, seed: tuple) -> tf.Tensor:
        return tf.random.stateless_uniform((images, 2), seed)

    batches = training_batches(lambda index, numbers: (index, numbers), len(NUMBERS), 3, seed, first, draw=draw)
    return list(batches.take(count).as_numpy_iterator())


def test_draws_differ_between_passes_and_do_not_depend_on_the_first_step():
    all_batches = drawn(0, 9)
    numbers = np.concatenate([numbers[:, 0] for _, numbers in all_batches])
    assert len(np.unique(numbers)) == 27
    for (images, numbers), (same_images, same_numbers) in zip(all_batches[4:], drawn(4, 5), strict=True):
        np.testing.assert_array_equal(images, same_images)
        np.testing.assert_array_equal(numbers, same_numbers)
    assert not (drawn(0, 1, seed=1)[0][1] == all_batches[0][1]).any()


def test_another_seed_gives_another_order():
    first, second = (np.array([labels for _, labels in stream(0, 3, seed=seed)]) for seed in (0, 1))
    assert not (first == second).all()


def test_validation_keeps_order_and_the_last_batch():
    batches = list(validation_batches(lambda i: (numbered(i), i), len(NUMBERS), 4).as_numpy_iterator())
    assert [len(labels) for _, labels in batches] == [4, 4, 2]
    np.testing.assert_array_equal(np.concatenate([labels for _, labels in batches]), NUMBERS)


def test_several_devices_share_each_batch_equally():
    batches = list(validation_batches(lambda i: (numbered(i), i), len(NUMBERS), 6, devices=3).as_numpy_iterator())
    assert [len(labels) for _, labels in batches] == [6, 6]
    np.testing.assert_array_equal(np.concatenate([labels for _, labels in batches]), [*NUMBERS, 0, 1])


def test_the_three_caches_give_the_same_images(scenes, tmp_path, monkeypatch):
    images = read_data_folder(scenes, "classification").images("val")
    loaders = [make_loader(images, (24, 32), cache, tmp_path) for cache in ("none", "memory", "disk")]
    for index, image in enumerate(images):
        expected = decode_and_resize(Path(image).read_bytes(), (24, 32))
        assert expected.shape == (24, 32, 3) and expected.dtype == tf.uint8
        for load in loaders:
            np.testing.assert_array_equal(load(tf.constant(index)), expected)
    written = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    make_loader(images, (24, 32), "disk", tmp_path)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == written, "nothing is decoded twice"


def test_images_that_do_not_fit_into_memory_are_decoded_each_time(scenes, caplog, monkeypatch):
    monkeypatch.setattr("pipeline.cache.SHARE_OF_MEMORY", 0)
    images = read_data_folder(scenes, "classification").images("val")
    assert make_loader(images, (8, 8), "memory", Path())(tf.constant(0)).shape == (8, 8, 3)
    assert "--cache disk" in caplog.text


def test_resizing_is_antialiased():
    stripes = np.zeros((64, 64, 3), np.uint8)
    stripes[:, ::2] = 255
    small = decode_and_resize(tf.io.encode_png(stripes), (8, 8)).numpy()
    assert abs(small.astype(int) - 127).max() < 12, "the stripes become gray"


@pytest.mark.parametrize(
    ("count", "batch", "sizes"),
    [(10, 4, [4, 3, 3]), (9, 8, [5, 4]), (8, 8, [8]), (8, 4, [4, 4]), (3, 8, [3]), (5, 1, [1] * 5), (1, 4, [1])],
)
def test_mixed_batches_have_each_image_once_and_nearly_equal_sizes(count, batch, sizes):
    batches = [values[:, 0, 0, 0] for values in mixed_batches(numbered, count, batch, seed=1).as_numpy_iterator()]
    assert [len(values) for values in batches] == sizes
    assert sorted(np.concatenate(batches)) == list(range(count))


def test_mixed_batches_are_in_an_order_of_the_seed():
    first, again, other = (
        [values[0, 0, 0, 0] for values in mixed_batches(numbered, 100, 1, seed).as_numpy_iterator()]
        for seed in (1, 1, 2)
    )
    assert first == again != other and first != sorted(first)
