"""Images are decoded as by Pillow and resized as by TensorFlow; large JPEGs are decoded only as far as needed."""

import io

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from pipeline import cache
from pipeline.decode import (
    _decode,
    decode,
    decode_and_resize,
    decode_crop_and_resize,
    decode_full_and_resized,
    resize,
)


@pytest.fixture(scope="module")
def image() -> np.ndarray:
    """Noise of two scales, (333, 517, 3): no factor divides its sides."""
    random = np.random.default_rng(0)
    coarse = tf.image.resize(random.uniform(0, 255, (12, 18, 3)), (333, 517), "bicubic").numpy()
    return (coarse + random.normal(0, 12, coarse.shape)).clip(0, 255).astype(np.uint8)


def jpeg(image: np.ndarray, **options) -> bytes:
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=90, **options)
    return file.getvalue()


@pytest.mark.parametrize("size", [(1, 1), (7, 900), (100, 60), (333, 517), (400, 520)])
def test_resize_equals_tensorflow(image, size):
    expected = tf.image.resize(image, size, antialias=True).numpy()
    resized = resize(tf.constant(image), size)
    assert resized.dtype == tf.uint8 and resized.shape == (*size, 3)
    assert np.abs(resized.numpy() - expected).max() <= 0.501


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"subsampling": 0}])
def test_decode_equals_pillow(image, options):
    content = jpeg(image, **options)
    expected = np.asarray(Image.open(io.BytesIO(content)))
    assert np.abs(decode(content).numpy().astype(int) - expected).max() <= 1


@pytest.mark.parametrize(
    ("size", "sides"),
    [((84, 100), (333, 517)), ((80, 130), (333, 517)), ((83, 129), (167, 259)), ((41, 64), (84, 130)),
     ((20, 32), (42, 65)), ((2, 2), (42, 65)), ((300, 2), (333, 517))],
)  # fmt: skip
def test_a_large_jpeg_is_decoded_at_twice_the_final_size_or_more(image, size, sides):
    content = jpeg(image)
    assert _decode(content, at_least=size)[0].shape == (*sides, 3)
    full, reduced = resize(decode(content), size).numpy(), decode_and_resize(content, size).numpy()
    assert np.abs(reduced.astype(int) - full).mean() < 1.5, "not shifted, though no ratio divides the sides"


def test_gray_progressive_and_small_jpegs(image):
    gray = jpeg(image[..., 0])
    small = decode_and_resize(gray, (60, 60)).numpy()
    assert (np.ptp(small, axis=-1) == 0).all() and np.ptp(small) > 50
    assert _decode(gray, at_least=(60, 60))[0].shape == (167, 259, 3)
    assert _decode(jpeg(image, progressive=True), at_least=(60, 60))[0].shape == (167, 259, 3)
    assert decode_and_resize(jpeg(image[:1, :1]), (5, 6)).shape == (5, 6, 3)


def test_other_formats_are_decoded_completely(image):
    content = tf.io.encode_png(image)
    np.testing.assert_array_equal(_decode(content, at_least=(10, 10))[0], image)
    np.testing.assert_array_equal(decode(tf.io.encode_png(image[..., :1])), np.repeat(image[..., :1], 3, axis=-1))


@pytest.mark.parametrize("size", [(300, 500), (40, 60)])
def test_decode_full_and_resized_equals_both_functions(image, size):
    for content in (jpeg(image), tf.io.encode_png(image)):
        full, small = decode_full_and_resized(content, size)
        np.testing.assert_array_equal(full, decode(content))
        np.testing.assert_array_equal(small, decode_and_resize(content, size))


def part_by_pillow(box: tuple, image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """The part, rounded down to pixels, resized with antialias and mirrored by Pillow."""
    (height, width), (top, left, box_height, box_width, mirrored) = image.shape[:2], np.float32(box)
    first = int(top * np.float32(height)), int(left * np.float32(width))
    part = image[first[0] :, first[1] :][: int(box_height * np.float32(height)), : int(box_width * np.float32(width))]
    resized = np.asarray(Image.fromarray(part).resize(size[::-1], Image.Resampling.BILINEAR))
    return resized[:, ::-1] if mirrored else resized


@pytest.mark.parametrize("size", [(60, 80), (200, 250)])
@pytest.mark.parametrize("box", [(0, 0, 1, 1, 0), (0.1, 0.25, 0.8, 0.75, 1), (0.25, 0, 0.5, 0.9, 0)])
def test_a_part_is_decode_resized_and_mirrored(image, box, size):
    image = image[:320, :512]  # the box then has integer sides at half the size too
    contents = [
        jpeg(image),
        jpeg(image, progressive=True),
        jpeg(image[..., 0]),
        tf.io.encode_png(image).numpy(),
    ]
    for content in contents:
        full = np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))
        part = decode_crop_and_resize(content, tf.constant(box, tf.float32), size)
        difference = np.abs(part.numpy().astype(int) - part_by_pillow(box, full, size))
        assert part.dtype == tf.uint8 and difference.mean() < 1.5, "1.5 if the JPEG is reduced, otherwise rounding"
        if size == (200, 250):
            assert difference[2:-2, 2:-2].max() <= 3 and difference.mean() < 0.4


@pytest.mark.parametrize("sides", [(1, 1), (3, 1), (2, 300)])
def test_a_part_of_a_tiny_image(image, sides):
    height, width = sides
    content = jpeg(image[:height, :width])
    assert decode_crop_and_resize(content, tf.constant([0.2, 0.2, 0.8, 0.8, 1.0]), (4, 5)).shape == (4, 5, 3)


@pytest.mark.parametrize("share", [0.6, 0.99])
def test_a_truncated_file_is_an_error_at_any_size(image, share):
    content = jpeg(image)
    for size in ((300, 500), (80, 80), (10, 10)):
        with pytest.raises(tf.errors.InvalidArgumentError):
            decode_and_resize(content[: int(share * len(content))], size)


def test_a_dataset_of_mixed_formats(image):
    """A graph for unknown formats gives the same images as each call by itself."""
    contents = [jpeg(image), tf.io.encode_png(image).numpy(), jpeg(image[:50, :40]), jpeg(image[..., 0])]
    stream = tf.data.Dataset.from_tensor_slices(contents).map(lambda content: decode_and_resize(content, (70, 64)))
    for content, decoded in zip(contents, stream, strict=True):
        np.testing.assert_array_equal(decoded, decode_and_resize(content, (70, 64)))


def test_images_that_another_decoder_cached_are_not_used(image, tmp_path, monkeypatch):
    file = tmp_path / "1.jpg"
    file.write_bytes(jpeg(image))
    folder = tmp_path / "cache"
    cache.make_loader([str(file)], (8, 8), "disk", folder)
    monkeypatch.setattr(cache, "DECODER_VERSION", 0)
    cache.make_loader([str(file)], (8, 8), "disk", folder)
    assert len(list(folder.iterdir())) == 2
