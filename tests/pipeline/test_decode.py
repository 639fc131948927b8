"""Pictures are decoded as Pillow decodes them and resized as TensorFlow does; of large JPEGs no more than is needed."""

import io

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from pipeline import cache
from pipeline.decode import (
    _decoded,
    decode,
    decode_and_resize,
    decode_crop_and_resize,
    decode_whole_and_resized,
    resize,
)


@pytest.fixture(scope="module")
def picture() -> np.ndarray:
    """Noise of two scales (333, 517, 3): sides that nothing divides."""
    random = np.random.default_rng(0)
    coarse = tf.image.resize(random.uniform(0, 255, (12, 18, 3)), (333, 517), "bicubic").numpy()
    return (coarse + random.normal(0, 12, coarse.shape)).clip(0, 255).astype(np.uint8)


def jpeg(picture: np.ndarray, **how) -> bytes:
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "JPEG", quality=90, **how)
    return file.getvalue()


@pytest.mark.parametrize("size", [(1, 1), (7, 900), (100, 60), (333, 517), (400, 520)])
def test_resized_as_tensorflow_does(picture, size):
    expected = tf.image.resize(picture, size, antialias=True).numpy()
    resized = resize(tf.constant(picture), size)
    assert resized.dtype == tf.uint8 and resized.shape == (*size, 3)
    assert np.abs(resized.numpy() - expected).max() <= 0.501


@pytest.mark.parametrize("how", [{}, {"progressive": True}, {"subsampling": 0}])
def test_decoded_as_pillow_does(picture, how):
    content = jpeg(picture, **how)
    theirs = np.asarray(Image.open(io.BytesIO(content)))
    assert np.abs(decode(content).numpy().astype(int) - theirs).max() <= 1


@pytest.mark.parametrize(
    ("size", "sides"),
    [((84, 100), (333, 517)), ((80, 130), (333, 517)), ((83, 129), (167, 259)), ((41, 64), (84, 130)),
     ((20, 32), (42, 65)), ((2, 2), (42, 65)), ((300, 2), (333, 517))],
)  # fmt: skip
def test_twice_the_size_is_decoded_if_there_is_that_much(picture, size, sides):
    content = jpeg(picture)
    assert _decoded(content, at_least=size)[0].shape == (*sides, 3)
    whole, reduced = resize(decode(content), size).numpy(), decode_and_resize(content, size).numpy()
    assert np.abs(reduced.astype(int) - whole).mean() < 1.5, "where it should be, though the ratio divides no side"


def test_gray_progressive_and_small_ones_too(picture):
    gray = jpeg(picture[..., 0])
    small = decode_and_resize(gray, (60, 60)).numpy()
    assert (np.ptp(small, axis=-1) == 0).all() and np.ptp(small) > 50
    assert _decoded(gray, at_least=(60, 60))[0].shape == (167, 259, 3)
    assert _decoded(jpeg(picture, progressive=True), at_least=(60, 60))[0].shape == (167, 259, 3)
    assert decode_and_resize(jpeg(picture[:1, :1]), (5, 6)).shape == (5, 6, 3)


def test_others_are_decoded_whole(picture):
    content = tf.io.encode_png(picture)
    np.testing.assert_array_equal(_decoded(content, at_least=(10, 10))[0], picture)
    np.testing.assert_array_equal(decode(tf.io.encode_png(picture[..., :1])), np.repeat(picture[..., :1], 3, axis=-1))


@pytest.mark.parametrize("size", [(300, 500), (40, 60)])
def test_both_at_once_are_what_each_is_alone(picture, size):
    for content in (jpeg(picture), tf.io.encode_png(picture)):
        whole, small = decode_whole_and_resized(content, size)
        np.testing.assert_array_equal(whole, decode(content))
        np.testing.assert_array_equal(small, decode_and_resize(content, size))


def part_by_pillow(box: tuple, image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """By Pillow: the part in whole pixels, resized with its antialias, and mirrored."""
    (height, width), (top, left, tall, wide, mirrored) = image.shape[:2], np.float32(box)
    first = int(top * np.float32(height)), int(left * np.float32(width))
    part = image[first[0] :, first[1] :][: int(tall * np.float32(height)), : int(wide * np.float32(width))]
    resized = np.asarray(Image.fromarray(part).resize(size[::-1], Image.Resampling.BILINEAR))
    return resized[:, ::-1] if mirrored else resized


@pytest.mark.parametrize("size", [(60, 80), (200, 250)])
@pytest.mark.parametrize("box", [(0, 0, 1, 1, 0), (0.1, 0.25, 0.8, 0.75, 1), (0.25, 0, 0.5, 0.9, 0)])
def test_a_part_is_decoded_resized_and_mirrored(picture, box, size):
    picture = picture[:320, :512]  # whole pixels of it are whole pixels at half the size too
    contents = [
        jpeg(picture),
        jpeg(picture, progressive=True),
        jpeg(picture[..., 0]),
        tf.io.encode_png(picture).numpy(),
    ]
    for content in contents:
        whole = np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))
        part = decode_crop_and_resize(content, tf.constant(box, tf.float32), size)
        difference = np.abs(part.numpy().astype(int) - part_by_pillow(box, whole, size))
        assert part.dtype == tf.uint8 and difference.mean() < 1.5, "1.5 where less is decoded, else a rounding"
        if size == (200, 250):
            assert difference[2:-2, 2:-2].max() <= 3 and difference.mean() < 0.4


@pytest.mark.parametrize("sides", [(1, 1), (3, 1), (2, 300)])
def test_a_part_of_the_smallest(picture, sides):
    tall, wide = sides
    content = jpeg(picture[:tall, :wide])
    assert decode_crop_and_resize(content, tf.constant([0.2, 0.2, 0.8, 0.8, 1.0]), (4, 5)).shape == (4, 5, 3)


@pytest.mark.parametrize("at", [0.6, 0.99])
def test_what_is_cut_off_is_an_error_at_any_size(picture, at):
    content = jpeg(picture)
    for size in ((300, 500), (80, 80), (10, 10)):
        with pytest.raises(tf.errors.InvalidArgumentError):
            decode_and_resize(content[: int(at * len(content))], size)


def test_one_picture_after_the_other_of_any_kind(picture):
    """In a graph that does not know what comes: as each by itself."""
    contents = [jpeg(picture), tf.io.encode_png(picture).numpy(), jpeg(picture[:50, :40]), jpeg(picture[..., 0])]
    stream = tf.data.Dataset.from_tensor_slices(contents).map(lambda content: decode_and_resize(content, (70, 64)))
    for content, decoded in zip(contents, stream, strict=True):
        np.testing.assert_array_equal(decoded, decode_and_resize(content, (70, 64)))


def test_pictures_on_disk_are_of_this_decoder(picture, tmp_path, monkeypatch):
    image = tmp_path / "1.jpg"
    image.write_bytes(jpeg(picture))
    kept = tmp_path / "kept"
    cache.make_loader([str(image)], (8, 8), "disk", kept)
    monkeypatch.setattr(cache, "VERSION", 0)
    cache.make_loader([str(image)], (8, 8), "disk", kept)
    assert len(list(kept.iterdir())) == 2
