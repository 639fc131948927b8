"""One limit of pixels holds for images and masks of every format, and is applied before memory is taken for them."""

import io
import resource
import struct
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from datatransformer.masks.raw_masks import read_raw_mask
from datatransformer.pictures.frames import frames_of
from datatransformer.pictures.images import UnreadableImage, encode, read_image
from datatransformer.pictures.pixel_limit import allow_pixels
from tests.conftest import make_data_folder, noise, rejection_reasons

SIDE = 50_000
MORE_MEMORY = 100 * 2**20


@pytest.fixture(autouse=True)
def usual_limit() -> Iterator[None]:
    yield
    allow_pixels(None)


def saved(kind: str, size: tuple[int, int] = (30, 20), **options: object) -> bytes:
    file = io.BytesIO()
    Image.fromarray(noise(size[1], size[0], 3)).save(file, kind, **options)
    return file.getvalue()


def huge_png(bits: int) -> bytes:
    """A PNG that claims a size, and has the rows for it."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", SIDE, SIDE, bits, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(bytes(10**7)))
        + chunk(b"IEND", b"")
    )


def with_size(content: bytes, kind: str) -> bytes:
    """The file with another size in its header."""
    place, form = {
        "JPEG": (content.find(b"\xff\xc0") + 5, ">HH"),
        "BMP": (18, "<ii"),
        "GIF": (6, "<HH"),
        "TGA": (12, "<HH"),
    }[kind]
    side = struct.pack(form, SIDE, SIDE)
    return content[:place] + side + content[place + len(side) :]


def huge_tiff() -> bytes:
    tags = [(256, 4, SIDE), (257, 4, SIDE), (258, 3, 8), (259, 3, 1), (262, 3, 1), (273, 4, 8), (278, 4, SIDE)]
    tags += [(277, 3, 1), (279, 4, 100)]
    tags.sort()
    entries = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in tags)
    return b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + struct.pack("<I", 0) + bytes(1000)


HUGE = {
    "a.png": lambda: huge_png(8),
    "b.png": lambda: huge_png(16),
    "c.jpg": lambda: with_size(saved("JPEG"), "JPEG"),
    "d.bmp": lambda: with_size(saved("BMP"), "BMP"),
    "e.gif": lambda: with_size(saved("GIF"), "GIF"),
    "f.tga": lambda: with_size(saved("TGA"), "TGA"),
    "g.tif": huge_tiff,
    "h.ppm": lambda: b"P6 %d %d 255\n" % (SIDE, SIDE) + bytes(1000),
}


@pytest.mark.parametrize("name", HUGE)
@pytest.mark.parametrize("read", ["image", "decode follows", "mask", "frames"])
def test_a_file_that_claims_2500_million_pixels(name, read, tmp_path):
    content = HUGE[name]()
    (tmp_path / name).write_bytes(content)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    if read == "frames":
        assert frames_of(str(tmp_path / name)) == [1]
    elif name == "h.ppm" and read == "mask":
        with pytest.raises(UnreadableImage, match="is not in a format that keeps values"):
            read_raw_mask(tmp_path / name)
    else:
        with pytest.raises(UnreadableImage, match=r"too large: .*2500 million pixels, and at most 178 million pixels"):
            if read == "mask":
                read_raw_mask(tmp_path / name)
            else:
                encode(content, decode_follows=read == "decode follows")
    unit = 1 if sys.platform == "darwin" else 1024
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * unit < MORE_MEMORY


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF"])
def test_the_limit_is_a_setting(kind, tmp_path):
    path = tmp_path / "a.bin"
    path.write_bytes(saved(kind))
    for limit, is_read in ((600, True), (599, False), (None, True)):
        allow_pixels(limit)
        for read in (read_image, read_raw_mask):
            if is_read:
                read(path)
            else:
                expected = "too large: 30x20 are 600 pixels, and at most 599 pixels are read .--max-pixels sets another"
                with pytest.raises(UnreadableImage, match=expected):
                    read(path)


def test_a_larger_limit_reads_larger_images():
    content = saved("PNG", size=(300, 200))
    with pytest.raises(UnreadableImage, match="60,000 pixels, and at most 50,000"):
        encode(content, max_pixels=50_000)
    assert encode(content, max_pixels=60_000).original


def test_the_limit_of_a_data_folder(tmp_path):
    for number in range(8):
        side = 40 if number == 3 else 20
        (tmp_path / "raw" / "ab"[number % 2]).mkdir(parents=True, exist_ok=True)
        content = saved("PNG", size=(side, side), pnginfo=None)
        (tmp_path / "raw" / "ab"[number % 2] / f"{number}.png").write_bytes(content + bytes(number))
    data = make_data_folder(tmp_path / "data", raw_images=tmp_path / "raw", max_pixels=1000)
    reasons = rejection_reasons(data)
    assert [Path(name).name for name in reasons] == ["3.png"]
    assert "too large: 40x40 are 1,600 pixels, and at most 1,000 pixels" in next(iter(reasons.values()))
