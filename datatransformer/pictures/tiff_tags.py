"""The tags of a TIFF file that say what its bands are. Pillow guesses where a tag is missing; these do not."""

import struct
from collections.abc import Iterator
from typing import NamedTuple

WIDTH, HEIGHT, BITS, PHOTOMETRIC, BANDS, PLANES, EXTRA_SAMPLES, SAMPLE_FORMAT = 256, 257, 258, 262, 277, 284, 338, 339
USED = (WIDTH, HEIGHT, BITS, PHOTOMETRIC, BANDS, PLANES, EXTRA_SAMPLES, SAMPLE_FORMAT)
GDAL_NODATA = 42113
"""The value of pixels without a value, as text."""

TARGET_PRINTER = 337
"""A tag that no decoder looks at."""

WHITE_IS_ZERO, BLACK_IS_ZERO, RGB = 0, 1, 2
"""Values of PHOTOMETRIC."""

PREMULTIPLIED, UNASSOCIATED = 1, 2
"""Values of EXTRA_SAMPLES that mean alpha. 0 means unspecified."""

SEPARATE = 2
"""Value of PLANES: one band after the other."""

UNSIGNED, SIGNED, FLOAT = 1, 2, 3
"""Values of SAMPLE_FORMAT."""

MAX_PAGES = 100_000
TEXT, MAX_TEXT = 2, 64
CODES = {1: "B", 3: "H", 4: "I", 6: "b", 8: "h", 9: "i", 16: "Q"}
"""The `struct` code of each type of integers."""

STARTS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


class TiffPage(NamedTuple):
    """One image of a TIFF file.

    Attributes:
        extra: the meaning of the bands after those of the colours; empty if the file does not say.
        photometric_at: the position of the value of the tag PHOTOMETRIC in the file; None without the tag.
        extra_at: the position of the tag EXTRA_SAMPLES, likewise.
        nodata: the value that means that a pixel has none; None if the file does not say.
    """

    width: int
    height: int
    bits: int
    photometric: int
    bands: int
    extra: tuple[int, ...]
    sample_format: int
    planes: int
    photometric_at: int | None
    extra_at: int | None
    nodata: float | None = None

    @property
    def alpha(self) -> int:
        """PREMULTIPLIED or UNASSOCIATED; 0 if no band is alpha."""
        return next((kind for kind in self.extra if kind in (PREMULTIPLIED, UNASSOCIATED)), 0)


def read_pages(content: bytes) -> list[TiffPage]:
    """The images of a TIFF or BigTIFF file, from its tags alone. Empty for other and for damaged files."""
    if content[:4] not in STARTS:
        return []
    try:
        return list(_pages(content))
    except (struct.error, KeyError, IndexError):
        return []


def as_rgb(content: bytes, page: TiffPage) -> bytes:
    """The file with tags that make a decoder read its first three bands as colours, the others as nothing."""
    order = "<" if content[:1] == b"I" else ">"
    for position, value in ((page.photometric_at, RGB), (page.extra_at, TARGET_PRINTER)):
        if position is not None:
            content = content[:position] + struct.pack(f"{order}H", value) + content[position + 2 :]
    return content


def _pages(content: bytes) -> Iterator[TiffPage]:
    order, is_big = "<" if content[:1] == b"I" else ">", b"+" in content[:4]
    offset_code, offset_size, count_code = ("Q", 8, "Q") if is_big else ("I", 4, "H")
    (start,) = struct.unpack_from(order + offset_code, content, 8 if is_big else 4)
    seen: set[int] = set()
    while start and start not in seen and len(seen) < MAX_PAGES:
        seen.add(start)
        (count,) = struct.unpack_from(order + count_code, content, start)
        entries = start + struct.calcsize(count_code)
        entry_size = 4 + 2 * offset_size
        tags: dict[int, tuple[int, ...]] = {}
        photometric_at = extra_at = nodata = None
        for entry in range(entries, entries + count * entry_size, entry_size):
            tag, kind, length = struct.unpack_from(f"{order}HH{offset_code}", content, entry)
            at = entry + 4 + offset_size
            if tag == GDAL_NODATA and kind == TEXT:
                (start_of_text,) = struct.unpack_from(order + offset_code, content, at)
                at = at if length <= offset_size else start_of_text
                nodata = _number(content[at : at + min(length, MAX_TEXT)])
            if tag not in USED or kind not in CODES:
                continue
            length = min(length, 1024)  # bands: more would be damage
            if length * struct.calcsize(CODES[kind]) > offset_size:
                (at,) = struct.unpack_from(order + offset_code, content, at)
            tags[tag] = struct.unpack_from(f"{order}{length}{CODES[kind]}", content, at)
            if tag == PHOTOMETRIC:
                photometric_at = at
            elif tag == EXTRA_SAMPLES:
                extra_at = entry
        if WIDTH in tags and HEIGHT in tags:
            yield TiffPage(
                tags[WIDTH][0], tags[HEIGHT][0], max(tags.get(BITS, (1,))), tags.get(PHOTOMETRIC, (BLACK_IS_ZERO,))[0],
                tags.get(BANDS, (1,))[0], tags.get(EXTRA_SAMPLES, ()), tags.get(SAMPLE_FORMAT, (UNSIGNED,))[0],
                tags.get(PLANES, (1,))[0], photometric_at, extra_at, nodata,
            )  # fmt: skip
        (start,) = struct.unpack_from(order + offset_code, content, entries + count * entry_size)


def _number(text: bytes) -> float | None:
    try:
        return float(text.partition(b"\0")[0].decode("ascii"))
    except ValueError:
        return None
