"""Opens a mask file of any kind: its values as they are in the file, with its palette or its alpha channel."""

import io
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from datatransformer.pictures.images import UnreadableImage
from datatransformer.pictures.pixel_limit import too_large_for_pillow, why_too_large
from datatransformer.pictures.png_rows import check_rows
from datatransformer.pictures.tiff_tags import BLACK_IS_ZERO, WHITE_IS_ZERO, read_pages
from storage.exhausted import raise_if_ran_out

EXACT_FORMATS = ("PNG", "TIFF", "BMP", "GIF", "TGA")
"""The formats that keep values. PPM scales them."""

LOSSY_FORMATS = ("JPEG", "WEBP")
"""The formats that change values, so that only black and white can be told apart. WebP may also be lossless."""

ANIMATED_FORMATS = ("PNG", "GIF", "WEBP")

FORMATS = (*EXACT_FORMATS, *LOSSY_FORMATS)

NOT_EXACT = "is not in a format that keeps values, such as PNG (JPEG and WebP change them)"

TRANSPARENCY = 4
"""The photometric tag of a TIFF page that says which pixels of another page count."""

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
        if not content:
            raise UnreadableImage("is empty: it has no bytes")
        if reason := _many_masks(content):
            raise UnreadableImage(reason)
        with Image.open(io.BytesIO(content), formats=FORMATS) as image:
            if reason := why_too_large(*image.size):
                raise UnreadableImage(f"is {reason}")
            if image.format == "PNG":
                Image.open(io.BytesIO(content)).verify()  # the checksum of every chunk
                check_rows(content)
            if image.format in ANIMATED_FORMATS and (frames := getattr(image, "n_frames", 1)) > 1:
                raise UnreadableImage(f"has {frames} frames, and a mask has one; save the one that is the mask")
            is_lossy = image.format in LOSSY_FORMATS and b"VP8L" not in content[:64]
            return _raw_mask(image, is_lossy or image.info.get("compression") == "jpeg")
    except UnidentifiedImageError as error:
        raise UnreadableImage(f"the mask {path.name} {NOT_EXACT}") from error
    except UnreadableImage as error:
        raise UnreadableImage(f"the mask {path.name} {error}") from error
    except Image.DecompressionBombError as error:
        raise UnreadableImage(f"the mask {path.name} is {too_large_for_pillow(str(error))}") from error
    except Exception as error:  # decoders raise exceptions of all kinds
        raise_if_ran_out(error)
        raise UnreadableImage(f"the mask {path.name} is damaged: {error}") from error


def _many_masks(content: bytes) -> str:
    """Why a TIFF file may hold several masks. Smaller pages are overviews of the first. Else empty."""
    pages = read_pages(content)
    if not pages:
        return ""
    first = pages[0]
    size = first.width, first.height
    same = [page for page in pages if (page.width, page.height) == size and page.photometric != TRANSPARENCY]
    if len(same) > 1:
        return f"has {len(same)} pages, and a mask has one; save each as a file with its image, or one with all classes"
    if first.photometric in (WHITE_IS_ZERO, BLACK_IS_ZERO) and first.bands > 1 and not first.alpha:
        return f"has {first.bands} bands, and a mask has one; save one band with the values of all classes"
    return ""


def _raw_mask(image: Image.Image, is_lossy: bool) -> RawMask:
    rawmodes = [
        tile.args if isinstance(tile.args, str) else tile.args[0] for tile in getattr(image, "tile", ()) if tile.args
    ]
    if len(image.getbands()) > 1 and any(";16" in str(rawmode) for rawmode in rawmodes):
        raise UnreadableImage("has 16 bits per channel; save it with 8 bits, or with one channel")
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
    if image.mode == "F" and not np.isfinite(values).all():
        raise UnreadableImage("has values that are no numbers (NaN); save it as integers, with 255 for void")
    if image.mode == "F" and (values != np.rint(values)).any():
        some = values[values != np.rint(values)].flat[0]
        raise UnreadableImage(
            f"has values that are not integers, such as {some:.3g}; save it as integers: the index of each class, or "
            "probabilities times 255, rounded"
        )
    is_one_bit = image.mode == "1"
    return RawMask(values.astype(np.uint8 if is_one_bit or image.mode == "L" else np.int64), is_one_bit=is_one_bit)


def _lossy_mask(image: Image.Image) -> RawMask:
    """Shades of gray if the channels are nearly equal, else colours."""
    colours = np.array(image.convert("RGB"))
    difference = colours.max(axis=2).astype(np.int16) - colours.min(axis=2)
    is_gray = np.quantile(difference, 0.99) <= GRAY_NOISE
    return RawMask(np.array(image.convert("L")) if is_gray else colours, is_lossy=True)
