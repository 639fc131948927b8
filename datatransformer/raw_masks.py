"""Opens a mask file of any kind: its values as they are in the file, with its palette or its alpha channel."""

import io
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from datatransformer.images import UnreadableImage

EXACT_FORMATS = ("PNG", "TIFF", "BMP", "GIF", "TGA")
"""The formats that keep values. PPM scales them."""

LOSSY_FORMATS = ("JPEG", "WEBP")
"""The formats that change values, so that only black and white can be told apart. WebP may also be lossless."""

FORMATS = (*EXACT_FORMATS, *LOSSY_FORMATS)

NOT_EXACT = "is not in a format that keeps values, such as PNG (JPEG and WebP change them)"

GRAY_NOISE = 32
"""Largest difference between the channels of a gray JPEG."""


class RawMask(NamedTuple):
    """A mask as its file has it.

    Attributes:
        values: (height, width) of integers, or colours (height, width, 3) uint8.
        palette: (entries, 3) uint8, the colours of the values, if the file has a palette.
        alpha: (height, width) uint8, if the file has an alpha channel.
        is_one_bit: values are 0 and 1, black and white.
        is_lossy: the format changes values.
    """

    values: np.ndarray
    palette: np.ndarray | None = None
    alpha: np.ndarray | None = None
    is_one_bit: bool = False
    is_lossy: bool = False


def read_raw_mask(path: Path) -> RawMask:
    """Reads a mask file, upright by its EXIF orientation. Raises UnreadableImage."""
    if not path.is_file():  # reading a pipe would wait
        raise UnreadableImage(f"the mask {path.name} is not a file")
    try:
        content = path.read_bytes()
        with Image.open(io.BytesIO(content), formats=FORMATS) as image:
            if image.format == "PNG":
                Image.open(io.BytesIO(content)).verify()  # the checksum of every chunk
            is_lossy = image.format in LOSSY_FORMATS and b"VP8L" not in content[:64]
            return _raw_mask(image, is_lossy or image.info.get("compression") == "jpeg")
    except UnidentifiedImageError as error:
        raise UnreadableImage(f"the mask {path.name} {NOT_EXACT}") from error
    except UnreadableImage as error:
        raise UnreadableImage(f"the mask {path.name} {error}") from error
    except Exception as error:  # decoders raise exceptions of all kinds
        raise UnreadableImage(f"the mask {path.name} is damaged: {error}") from error


def _raw_mask(image: Image.Image, is_lossy: bool) -> RawMask:
    rawmodes = [
        tile.args if isinstance(tile.args, str) else tile.args[0] for tile in getattr(image, "tile", ()) if tile.args
    ]
    if len(image.getbands()) > 1 and any(";16" in str(rawmode) for rawmode in rawmodes):
        raise UnreadableImage("has 16 bits per channel; save it with 8, or with one channel")
    image = ImageOps.exif_transpose(image)
    if is_lossy:
        return _lossy_mask(image)
    if image.mode == "P":
        palette = np.array(image.getpalette("RGB") or [], np.uint8).reshape(-1, 3)
        return RawMask(np.array(image), palette)
    if image.mode in ("LA", "La", "PA", "RGBA", "RGBa"):
        alpha = np.array(image.getchannel("A" if "A" in image.getbands() else "a"))
        gray = image.mode in ("LA", "La", "PA")
        return RawMask(np.array(image.getchannel(0) if gray else image.convert("RGB")), alpha=alpha)
    if len(image.getbands()) > 1:
        return RawMask(np.array(image.convert("RGB")))
    values = np.array(image)
    if image.mode == "F" and (values != np.rint(values)).any():
        raise UnreadableImage("has values that are not integers")
    is_one_bit = image.mode == "1"
    return RawMask(values.astype(np.uint8 if is_one_bit or image.mode == "L" else np.int64), is_one_bit=is_one_bit)


def _lossy_mask(image: Image.Image) -> RawMask:
    """Shades of gray if the channels are nearly equal, else colours."""
    colours = np.array(image.convert("RGB"))
    difference = colours.max(axis=2).astype(np.int16) - colours.min(axis=2)
    is_gray = np.quantile(difference, 0.99) <= GRAY_NOISE
    return RawMask(np.array(image.convert("L")) if is_gray else colours, is_lossy=True)
