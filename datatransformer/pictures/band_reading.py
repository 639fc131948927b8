"""Reads the files whose values Pillow would reduce or cannot read: more than 8 bits per pixel, unusual bands of TIFF.

OpenCV decodes them with all their bits. What the bands mean is taken from the file, not guessed.
"""

import io
from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image

from datatransformer.pictures.pixel_range import ValueSummary, summarise
from datatransformer.pictures.tiff_tags import (
    BLACK_IS_ZERO,
    FLOAT,
    PREMULTIPLIED,
    RGB,
    SEPARATE,
    SIGNED,
    WHITE_IS_ZERO,
    TiffPage,
    as_rgb,
    read_pages,
)

PNG_START, PNG_BITS_AT = b"\x89PNG\r\n\x1a\n", 24
COLOUR_BANDS = 3
MAX_BANDS = 4
"""Bands that OpenCV decodes."""

FOURTH_BAND = "the fourth band was left out, because the file does not say that it is alpha"
FIRST_BAND = "only the first of two bands was taken, because the file does not say that the other is alpha"

cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)  # damaged files and unknown tags have reasons here


class UnreadableBands(ValueError):
    """The bands of a file cannot be shown as a picture. The text is the reason."""


@dataclass(frozen=True, slots=True)
class Bands:
    """The values of a picture.

    Attributes:
        values: gray (height, width) or RGB (height, width, 3), in the type of the file.
        alpha: uint8 (height, width), or None.
        bits: of a value in the file.
        is_inverted: the lowest value is white.
        is_premultiplied: the values are already multiplied by alpha.
        remark: what was left out, or empty.
        missing: bool, in the shape of `values`: the file says that the pixel has no value. None: all have one.
    """

    values: np.ndarray
    alpha: np.ndarray | None
    bits: int
    is_inverted: bool = False
    is_premultiplied: bool = False
    remark: str = ""
    missing: np.ndarray | None = None

    def summary(self) -> ValueSummary:
        return summarise(self.values, self.bits, self.missing)


def read_bands(content: bytes, frame: int = 1) -> Bands | None:
    """The bands of a PNG of 16 bits or of a TIFF that Pillow would not read rightly; None for all other files.

    Raises UnreadableBands, and the errors of decoders.
    """
    if content.startswith(PNG_START):
        return _png(content) if content[PNG_BITS_AT : PNG_BITS_AT + 1] == b"\x10" else None
    pages = read_pages(content)
    return _tiff(content, pages[frame - 1], frame) if len(pages) >= frame else None


def _png(content: bytes) -> Bands:
    with Image.open(io.BytesIO(content), formats=("PNG",)) as image:
        image.load()  # notices damage
        orientation, has_alpha = image.getexif().get(0x0112, 1), "A" in image.getbands()
    values = _turned(_decoded(content, 1), orientation)
    if has_alpha and values.ndim == 3 and values.shape[2] > COLOUR_BANDS:
        return Bands(_colours(values), _alpha(values[..., 3], 16), 16)
    return Bands(_colours(values), None, 16)


def _tiff(content: bytes, page: TiffPage, frame: int) -> Bands | None:
    is_gray = page.photometric in (WHITE_IS_ZERO, BLACK_IS_ZERO)
    if not is_gray and page.photometric != RGB:
        return None  # a palette, CMYK, YCbCr: Pillow converts them
    is_deep, has_extra = _is_deep(page), page.bands > (1 if is_gray else COLOUR_BANDS)
    if not is_deep and not has_extra:
        return None
    if page.bits not in (8, 16, 32, 64):
        return _packed(content) if page.bits > 8 and not has_extra and frame == 1 else None
    if reason := _unreadable(page, is_gray):
        raise UnreadableBands(reason)
    if not is_deep and (page.alpha or page.bands > MAX_BANDS):
        return None  # Pillow knows alpha, and takes the first three of more bands; the caller says so
    values = _decoded(as_rgb(content, page) if is_gray and page.bands >= COLOUR_BANDS else content, frame)
    is_inverted = page.photometric == WHITE_IS_ZERO and is_deep
    if values.ndim == 3 and values.shape[2] == MAX_BANDS and page.alpha:
        alpha = _alpha(values[..., 3], page.bits, page.sample_format == FLOAT)
        colours = _colours(values)
        is_premultiplied = page.alpha == PREMULTIPLIED
        return Bands(colours, alpha, page.bits, is_inverted, is_premultiplied, missing=_missing(colours, page.nodata))
    remark = FOURTH_BAND if page.bands == MAX_BANDS else FIRST_BAND if page.bands == 2 else ""
    colours = _colours(values)
    missing = _missing(colours, page.nodata) if is_deep else None
    return Bands(colours, None, page.bits, is_inverted, remark=remark, missing=missing)


def _is_deep(page: TiffPage) -> bool:
    """Whether its values are not 0..255."""
    return page.bits > 8 or page.sample_format == SIGNED


def _missing(values: np.ndarray, nodata: float | None) -> np.ndarray | None:
    """Where the values are the one that means that there is none; None if that is nowhere."""
    if nodata is None or np.isnan(nodata):  # NaN never counts
        return None
    with np.errstate(over="ignore"):
        mark = values.dtype.type(nodata) if np.issubdtype(values.dtype, np.floating) else nodata
    missing = values == mark
    return missing if missing.any() else None


def _unreadable(page: TiffPage, is_gray: bool) -> str:
    """Why neither OpenCV nor Pillow reads these bands, or nothing."""
    is_deep, is_separate = _is_deep(page), page.planes == SEPARATE
    save = "save the three that are to be seen as RGB, or one as gray"
    if page.sample_format == FLOAT and page.bits not in (32, 64):
        return f"has floating-point numbers of {page.bits} bits, which are not read; save it with 32"
    if page.bands > MAX_BANDS and (is_deep or is_gray or is_separate or set(page.extra) != {0}):
        return f"has {page.bands} bands of {page.bits} bits; {save}"
    if is_deep and is_gray and page.bands == 2:
        return f"has 2 bands of {page.bits} bits; {save}"
    if is_separate and page.bands > 1 and (is_deep or page.alpha):
        return (
            f"has {page.bands} bands of {page.bits} bits, one after the other (planar); save it with interleaved bands"
        )
    return ""


def _packed(content: bytes) -> Bands:
    """Values of 12 bits without gaps between them."""
    with Image.open(io.BytesIO(content), formats=("TIFF",)) as image:
        return Bands(np.array(image).astype(np.uint16), None, 12)


def _decoded(content: bytes, frame: int) -> np.ndarray:
    """What OpenCV reads: (height, width) or BGR or BGRA. Raises ValueError for a damaged file."""
    data = np.frombuffer(content, np.uint8)
    if frame == 1:
        values = cv2.imdecode(data, cv2.IMREAD_UNCHANGED)
    else:
        _, pages = cv2.imdecodemulti(data, cv2.IMREAD_UNCHANGED, range=(frame - 1, frame))
        values = pages[0] if pages else None
    if values is None:
        raise ValueError("its data cannot be decoded")
    return values


def _colours(values: np.ndarray) -> np.ndarray:
    """BGR or BGRA -> RGB; gray stays."""
    return np.ascontiguousarray(values[..., 2::-1]) if values.ndim == 3 else values


def _alpha(values: np.ndarray, bits: int, is_float: bool = False) -> np.ndarray:
    """As uint8. Opaque is the largest value of the bits that are used: in pictures of 12 bits alpha may have 12 too."""
    if is_float:
        return np.rint(np.clip(values, 0, 1) * 255).astype(np.uint8)
    return summarise(values, bits).range().to_bytes(values)


def _turned(values: np.ndarray, orientation: int) -> np.ndarray:
    """As a viewer turns a picture of this EXIF orientation."""
    swapped = values.swapaxes(0, 1)
    turned = {
        2: values[:, ::-1], 3: values[::-1, ::-1], 4: values[::-1], 5: swapped, 6: swapped[:, ::-1],
        7: swapped[::-1, ::-1], 8: swapped[::-1],
    }  # fmt: skip
    return np.ascontiguousarray(turned.get(orientation, values))
