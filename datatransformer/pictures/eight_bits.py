"""Pictures of any mode and depth as 8-bit RGB, and remarks on what that changed."""

import io

import cv2
import numpy as np
from PIL import Image

from datatransformer.pictures.band_reading import Bands
from datatransformer.pictures.pixel_range import PixelRange
from datatransformer.pictures.tiff_tags import RGB, read_pages

ALPHA_MODES = ("LA", "PA", "RGBA", "La", "RGBa")
JPEG_QUALITY = 95
SIXTEEN_BITS = PixelRange(0, 65535)

ON_WHITE = "transparent parts became white"
ALL_WHITE = "is wholly transparent and became white"
OTHER_BANDS = "only the first three bands were taken"
SCALED = "values were scaled to 0..255"
SCALED_ALONE = "values were scaled to 0..255 by the range of this picture alone"
CUT = "values outside the range were cut"
NO_NUMBER = "pixels without a number became black"
NO_VALUE = "pixels that have no value, as the file says, became black"
"""Kinds of remarks. Details follow in parentheses, and `; ` joins several."""

MAX_PERCENT_CUT = 1
"""A remark is made if more of the values lie outside the range."""


def to_rgb(image: Image.Image, content: bytes) -> tuple[Image.Image, list[str]]:
    """An upright image in RGB, and remarks."""
    if image.mode.startswith("I") or image.mode == "F":  # JPEG 2000 and PPM, which Pillow scales to all 16 bits
        return Image.fromarray(SIXTEEN_BITS.to_bytes(np.array(image))).convert("RGB"), []
    if image.mode in ALPHA_MODES or "transparency" in image.info:
        return _on_white(image.convert("RGBA"))
    pages = read_pages(content) if image.format in ("TIFF", None) else []
    is_part = bool(pages) and pages[0].photometric == RGB and pages[0].bands > len(image.getbands())
    return image.convert("RGB"), [f"{OTHER_BANDS} (of {pages[0].bands})"] if is_part else []


def _on_white(image: Image.Image) -> tuple[Image.Image, list[str]]:
    """RGBA -> RGB."""
    lowest, highest = image.getchannel("A").getextrema()
    rgb = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
    return rgb, [] if lowest == 255 else [ALL_WHITE] if highest == 0 else [ON_WHITE]


def scale_bands(bands: Bands, pixel_range: PixelRange | None) -> tuple[Image.Image, list[str], bool]:
    """An image in RGB, remarks, and whether it was scaled by its own range."""
    values, remarks = bands.values, [bands.remark] if bands.remark else []
    is_alone = values.dtype != np.uint8 and pixel_range is None
    if values.dtype != np.uint8:
        used = pixel_range or bands.summary().range()
        kind = SCALED_ALONE if is_alone else SCALED
        remarks.append(f"{kind} ({bands.bits} bits per value, from {used})")
        remarks += _losses(bands, used)
        values = used.to_bytes(values)
    if bands.is_inverted:
        values = 255 - values
    if bands.missing is not None:
        values = np.where(bands.missing, np.uint8(0), values)
    image = Image.fromarray(values).convert("RGB")
    if bands.alpha is not None and bands.is_premultiplied:
        image = Image.fromarray(cv2.add(np.asarray(image), cv2.merge([255 - bands.alpha] * 3)))
        remarks += [ON_WHITE] if bands.alpha.min() < 255 else []
    elif bands.alpha is not None:
        image.putalpha(Image.fromarray(bands.alpha))
        image, transparency = _on_white(image)
        remarks += transparency
    return image, remarks, is_alone


def _losses(bands: Bands, used: PixelRange) -> list[str]:
    values, remarks = bands.values, []
    is_out = (values < used.low) | (values > used.high)
    if bands.missing is not None:
        is_out &= ~bands.missing
        remarks.append(f"{NO_VALUE} ({np.count_nonzero(bands.missing)} of them)")
    percent = 100 * np.count_nonzero(is_out) / values.size
    remarks += [f"{CUT} ({percent:.0f} % of them)"] if percent > MAX_PERCENT_CUT else []
    without = np.count_nonzero(np.isnan(values)) if np.issubdtype(values.dtype, np.floating) else 0
    return [*remarks, f"{NO_NUMBER} ({without} of them)"] if without else remarks


def file_of(image: Image.Image, suffix: str) -> bytes:
    """The bytes of a JPEG or, for another suffix, of a PNG file."""
    file = io.BytesIO()
    if suffix == ".jpg":
        image.save(file, "JPEG", quality=JPEG_QUALITY, subsampling=0)
    else:
        image.save(file, "PNG", compress_level=1)
    return file.getvalue()
