"""Accepted images can be decoded by TensorFlow; rejected ones have a reason."""

import io
import random
import re

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from datatransformer.pictures import images
from datatransformer.pictures.images import UnreadableImage, encode, read_image

DAMAGED = {
    "zero-byte.jpg": "empty",
    "truncated.jpg": "truncated",
    "text.jpg": "known format",
    "README.md": "known format",
}
KEPT = {"gray.jpg", "progressive.jpg", "one_pixel.png", "wide.png", "=cmd.jpg", "PHOTO.JPG", "no_extension",
        "wrong_suffix.png", "with space & ünïcode 图.jpg"}  # fmt: skip


def decoded(content: bytes) -> np.ndarray:
    return tf.io.decode_image(content, channels=3, expand_animations=False).numpy()


def test_damaged_and_unusual_files(shared):
    for path in (shared / "broken").iterdir():
        if path.name in DAMAGED:
            with pytest.raises(UnreadableImage, match=DAMAGED[path.name]):
                read_image(path)
        else:
            encoded = read_image(path)
            assert encoded.original == (path.name in KEPT), path.name
            assert decoded(encoded.content).shape[-1] == 3


def test_exif_turns_the_image_upright(shared):
    assert decoded(read_image(shared / "broken" / "exif_rotated.jpg").content).shape == (140, 200, 3)


def test_sixteen_bits_keep_their_brightness():
    ramp = np.arange(256, dtype=np.uint16)[None].repeat(4, 0) * 257
    file = io.BytesIO()
    Image.fromarray(ramp).save(file, "PNG")
    np.testing.assert_array_equal(decoded(encode(file.getvalue()).content)[0, :, 0], np.arange(256))


def test_transparency_becomes_white():
    pixels = np.zeros((1, 2, 4), np.uint8)
    pixels[0, 1, 3] = 255  # left: fully transparent black, right: black
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    np.testing.assert_array_equal(decoded(encode(file.getvalue()).content)[0, :, 0], [255, 0])


def test_tiny_images_and_a_png_without_its_end():
    for size, kind in (((7, 7), "JPEG"), ((300, 4), "JPEG"), ((1, 1), "PNG")):
        file = io.BytesIO()
        Image.new("RGB", size, (9, 99, 199)).save(file, kind)
        for cut in range(4):
            encoded = (
                encode(file.getvalue()[: len(file.getvalue()) - cut]) if kind == "PNG" else encode(file.getvalue())
            )
            assert decoded(encoded.content).shape == (size[1], size[0], 3)


@pytest.mark.parametrize("kind", ["TIFF", "WEBP", "BMP", "GIF", "PNG", "JPEG"])
def test_every_format_gives_the_same_pixels(kind):
    pixels = np.full((8, 12, 3), (200, 60, 120), np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind, **({"lossless": True} if kind == "WEBP" else {}))
    np.testing.assert_allclose(decoded(encode(file.getvalue()).content), pixels, atol=3)


def test_the_fast_check_of_standard_jpegs_agrees_with_pillow(shared, monkeypatch):
    """For complete and damaged files, and for files with segments in odd places."""
    generator = random.Random(7)
    paths = [path for path in (shared / "broken").iterdir() if path.read_bytes().startswith(b"\xff\xd8")]
    contents = [path.read_bytes() for path in paths]
    for _ in range(400):
        content = bytearray(generator.choice(contents))
        place = generator.choice([generator.randrange(len(content)), generator.randrange(700), len(content) - 2])
        if generator.random() < 0.5:
            content[generator.randrange(len(content))] = generator.randrange(255)
        else:
            marker = generator.choice([0xC0, 0xC4, 0xDA, 0xDB, 0xE1, 0xFE])
            odd = [bytes([0xFF, marker, 0, generator.randrange(9)]), generator.randbytes(9), b""]
            content[place : place + generator.choice([0, 1, 99])] = generator.choice(odd)
        contents.append(bytes(content))

    def verdicts() -> list:
        results = []
        for content in contents:
            try:
                results.append(encode(content))
            except UnreadableImage as error:
                results.append(re.sub("0x[0-9a-f]+", "", str(error)))  # without memory addresses
        return results

    fast = verdicts()
    assert 80 < sum(images.is_standard_jpeg(content) for content in contents) < 350
    monkeypatch.setattr(images, "is_standard_jpeg", lambda content: False)
    assert fast == verdicts()


def test_accepted_files_with_random_damage_can_be_decoded(shared):
    """TensorFlow decodes every accepted file with random damage."""
    generator = random.Random(5)
    sources = [
        shared / "broken" / name for name in ("gray.jpg", "progressive.jpg", "rgba.png", "PHOTO.JPG", "wide.png")
    ]
    accepted = rejected = 0
    for _ in range(600):
        content = bytearray(generator.choice(sources).read_bytes())
        place = generator.randrange(len(content))
        damage = generator.randrange(3)
        if damage == 0:
            content[place] = generator.randrange(256)
        elif damage == 1:
            del content[place : place + generator.randrange(1, 200)]
        else:
            content[place:place] = generator.randbytes(generator.randrange(1, 50))
        try:
            encoded = encode(bytes(content))
        except UnreadableImage:
            rejected += 1
        else:
            decoded(encoded.content)
            accepted += 1
    assert accepted > 100 and rejected > 100
