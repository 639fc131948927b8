"""A PNG without all of its rows is refused everywhere, for the same reason. OpenCV is strict, and the reference."""

import io
import struct
import zlib

import cv2
import numpy as np
import pytest
from PIL import Image

from datatransformer.masks.raw_masks import read_raw_mask
from datatransformer.pictures.images import UnreadableImage, encode
from datatransformer.pictures.png_rows import PASSES, MissingRows, check_rows
from tests.conftest import noise

HEIGHT, WIDTH = 37, 53


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(packed: bytes, colour: int = 2, bits: int = 8, interlaced: int = 0) -> bytes:
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, bits, colour, 0, 0, interlaced)
    palette = chunk(b"PLTE", bytes(range(256)) * 3) if colour == 3 else b""
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + palette + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


def rows(image: np.ndarray) -> bytes:
    return b"".join(b"\0" + row.tobytes() for row in image)


def pictures() -> dict[str, tuple[np.ndarray, dict[str, int]]]:
    colours = noise(HEIGHT, WIDTH, 3)
    gray = colours[..., 0]
    return {
        "RGB": (colours, {"colour": 2}),
        "RGBA": (noise(HEIGHT, WIDTH, 4), {"colour": 6}),
        "gray": (gray, {"colour": 0}),
        "palette": (gray, {"colour": 3}),
        "16 bits": (gray.astype(">u2") * 257, {"colour": 0, "bits": 16}),
        "one bit": (np.packbits(gray > 127, axis=1), {"colour": 0, "bits": 1}),
    }


def strict(content: bytes) -> bool:
    return cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED) is not None


@pytest.mark.parametrize("kind", pictures())
def test_missing_rows(kind, tmp_path):
    image, options = pictures()[kind]
    raw = rows(image)
    unfinished = zlib.compressobj()
    damaged = {
        "the last byte": zlib.compress(raw[:-1]),
        "half of the rows": zlib.compress(rows(image[: HEIGHT // 2])),
        "the checksum": zlib.compress(raw)[:-4],
        "the end of the data": unfinished.compress(raw[: len(raw) // 2]) + unfinished.flush(zlib.Z_SYNC_FLUSH),
    }
    whole = png(zlib.compress(raw), **options)
    assert strict(whole)
    encode(whole)
    for missing, packed in damaged.items():
        content = png(packed, **options)
        assert not strict(content), missing
        with pytest.raises(MissingRows):
            check_rows(content)
        reasons = []
        for decode_follows in (False, True):
            with pytest.raises(UnreadableImage, match="damaged") as raised:
                encode(content, decode_follows=decode_follows)
            reasons.append(str(raised.value))
        assert reasons[0] == reasons[1]
        (tmp_path / "m.png").write_bytes(content)
        with pytest.raises(UnreadableImage, match=r"m\.png is damaged"):
            read_raw_mask(tmp_path / "m.png")


def test_the_reason():
    content = png(zlib.compress(rows(noise(HEIGHT, WIDTH, 3)[:18])))
    with pytest.raises(UnreadableImage, match="damaged: about 18 of 37 rows of its picture are there"):
        encode(content)


def test_interlaced():
    image = noise(HEIGHT, WIDTH, 3)
    raw = b"".join(rows(image[top::down, left::across]) for left, top, across, down in PASSES)
    whole = png(zlib.compress(raw), interlaced=1)
    np.testing.assert_array_equal(cv2.imdecode(np.frombuffer(whole, np.uint8), cv2.IMREAD_COLOR_RGB), image)
    check_rows(whole)
    with pytest.raises(MissingRows):
        check_rows(png(zlib.compress(raw[:-1]), interlaced=1))


def test_a_later_picture_of_an_animation():
    file, frames = io.BytesIO(), [Image.fromarray(noise(20, 30, 3, seed=seed)) for seed in range(3)]
    frames[0].save(file, "PNG", save_all=True, append_images=frames[1:])
    content = file.getvalue()
    check_rows(content)
    position = content.rindex(b"fdAT") - 4
    (length,) = struct.unpack_from(">I", content, position)
    data = content[position + 8 : position + 8 + length]
    shorter = chunk(b"fdAT", data[:4] + zlib.compress(zlib.decompress(data[4:])[:-1]))
    with pytest.raises(MissingRows):
        check_rows(content[:position] + shorter + content[position + 12 + length :])


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("JPEG", {}), ("JPEG", {"progressive": True}), ("WEBP", {}), ("WEBP", {"lossless": True}), ("TIFF", {}),
        ("TIFF", {"compression": "tiff_lzw"}), ("BMP", {}), ("GIF", {}), ("PNG", {}),
    ],
)  # fmt: skip
def test_files_that_are_cut_off(kind, options, tmp_path):
    file = io.BytesIO()
    Image.fromarray(noise(60, 80, 3)).save(file, kind, **options)
    for share in (0.5, 0.95):
        content = file.getvalue()[: int(share * len(file.getvalue()))]
        for decode_follows in (False, True):
            if kind == "JPEG" and decode_follows:
                continue  # the decoder that follows refuses it
            with pytest.raises(UnreadableImage):
                encode(content, decode_follows=decode_follows)
        (tmp_path / "m").write_bytes(content)
        with pytest.raises(UnreadableImage):
            read_raw_mask(tmp_path / "m")
