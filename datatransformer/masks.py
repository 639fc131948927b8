"""Converts a mask file of any kind into class indices, or gives the reason why it cannot. It never interpolates."""

import io
from pathlib import Path
from typing import BinaryIO

import cv2
import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from datatransformer.images import ORIENTATION, EncodedImage, UnreadableImage, read_image
from datatransformer.listing import EncodedPair
from datatransformer.mask_classes import UNKNOWN, VOID, MaskClasses, packed

FORMATS = ("PNG", "TIFF", "BMP", "GIF", "TGA")
"""The formats that keep values. JPEG and WebP change them, PPM scales them."""

QUARTER_TURNS = range(5, 9)
"""EXIF orientations that exchange width and height."""


def read_pair(image: Path, mask: Path, classes: MaskClasses) -> EncodedPair:
    """An image and its mask, encoded. Raises UnreadableImage."""
    return encode_pair(read_image(image), read_values(mask, classes), classes, image)


def encode_pair(
    encoded: EncodedImage, values: np.ndarray, classes: MaskClasses, original: Path | BinaryIO
) -> EncodedPair:
    """An image, and its mask encoded from raw values. Raises UnreadableImage if they do not match.

    If the EXIF orientation of the `original` file turned the image, a mask of the unturned size is turned too.
    """
    with Image.open(io.BytesIO(encoded.content)) as image:
        width, height = image.size
    orientation = 1 if encoded.original else _orientation(original)
    mask_height, mask_width = values.shape[:2]
    is_unturned = (mask_width, mask_height) == (height, width) and width != height
    if orientation in QUARTER_TURNS and is_unturned:
        values = _turn(values, orientation)
    elif (mask_width, mask_height) != (width, height):
        raise UnreadableImage(f"the mask has {mask_width}x{mask_height} pixels, the image {width}x{height}")
    elif orientation != 1 and (width == height or orientation not in QUARTER_TURNS):
        raise UnreadableImage(
            "is turned by its EXIF orientation, and it is unknown whether the mask is; save the image upright"
        )
    return EncodedPair(encoded, cv2.imencode(".png", to_classes(values, classes))[1].tobytes())


def _orientation(original: Path | BinaryIO) -> int:
    with Image.open(original) as image:
        orientation = image.getexif().get(ORIENTATION, 1)
    return orientation if orientation in range(1, 9) else 1


def _turn(values: np.ndarray, orientation: int) -> np.ndarray:
    """Turns values as a viewer turns an image of orientation 5 to 8."""
    swapped = values.swapaxes(0, 1)
    turned = {5: swapped, 6: swapped[:, ::-1], 7: swapped[::-1, ::-1], 8: swapped[::-1]}
    return np.ascontiguousarray(turned[orientation])


def read_values(path: Path, classes: MaskClasses | None = None) -> np.ndarray:
    """The raw values of a mask: indices (height, width) or colours (height, width, 3).

    A mask with a palette gives its indices, unless its colours are the colours of classes. Raises UnreadableImage.
    """
    if not path.is_file():  # reading a pipe would wait
        raise UnreadableImage(f"the mask {path.name} is not a file")
    try:
        content = path.read_bytes()
        with Image.open(io.BytesIO(content), formats=FORMATS) as image:
            if image.format == "PNG":
                Image.open(io.BytesIO(content)).verify()  # the checksum of every chunk
            return _values(image, classes)
    except UnidentifiedImageError as error:
        reason = "is not in a format that keeps values, such as PNG (JPEG and WebP change them)"
        raise UnreadableImage(f"the mask {path.name} {reason}") from error
    except UnreadableImage as error:
        raise UnreadableImage(f"the mask {path.name} {error}") from error
    except Exception as error:  # decoders raise exceptions of all kinds
        raise UnreadableImage(f"the mask {path.name} is damaged: {error}") from error


def _values(image: Image.Image, classes: MaskClasses | None) -> np.ndarray:
    if image.info.get("compression") == "jpeg":
        raise UnreadableImage("is compressed as JPEG, which changes its values")
    rawmodes = [
        tile.args if isinstance(tile.args, str) else tile.args[0] for tile in getattr(image, "tile", ()) if tile.args
    ]
    if len(image.getbands()) > 1 and any(";16" in str(rawmode) for rawmode in rawmodes):
        raise UnreadableImage("has 16 bits per channel; save it with 8, or with one channel")
    image = ImageOps.exif_transpose(image)
    if image.mode == "P" and classes and _palette_has_class_colours(image, classes):
        image = image.convert("RGB")
    elif image.mode in ("LA", "PA"):
        image = image.getchannel(0)
    elif len(image.getbands()) > 1:
        image = image.convert("RGB")
    values = np.array(image)
    if image.mode == "F" and (values != np.rint(values)).any():
        raise UnreadableImage("has values that are not integers")
    if image.mode == "1" and classes and classes.by_index[1] == UNKNOWN:  # then white is 255, as in masks with 8 bits
        values = values * np.uint8(VOID)
    return values.astype(np.uint8 if image.mode in ("1", "L", "P", "RGB") else np.int64)


def _palette_has_class_colours(image: Image.Image, classes: MaskClasses) -> bool:
    """Whether a colour in use belongs to a class, and its index to another class."""
    palette = image.getpalette("RGB") or []
    colours = [(palette[place], palette[place + 1], palette[place + 2]) for place in range(0, len(palette), 3)]
    used = [index for index in np.unique(np.array(image)).tolist() if index < len(colours)]
    by_colour = {index: classes.by_colour.get(packed(colours[index]), UNKNOWN) for index in used}
    return any(target not in (UNKNOWN, classes.by_index[index]) for index, target in by_colour.items())


def to_classes(values: np.ndarray, classes: MaskClasses) -> np.ndarray:
    """(height, width) uint8 of class indices, 255 for void. Raises UnreadableImage for a value without a class.

    Values (height, width, 3) are colours. If all three channels are equal and no class has these colours, they are
    indices.
    """
    is_colour = values.ndim == 3
    is_gray = is_colour and bool((values == values[..., :1]).all())
    if is_colour and not is_gray and not classes.by_colour:
        raise UnreadableImage("the mask is in colour; class_names should be a table of R G B name")
    indices = _by_colour(values, classes) if is_colour and classes.by_colour else None
    if indices is None or (is_gray and (indices == UNKNOWN).any()):
        values = values[..., 0] if is_colour else values
        indices = _by_index(values, classes)
    unknown = indices == UNKNOWN
    if unknown.any():
        row, column = np.argwhere(unknown)[0]
        value = np.asarray(values[row, column])
        where = f"at x={column}, y={row} ({unknown.sum()} pixels of no class)"
        if value.ndim == 0:
            raise UnreadableImage(f"the mask has the value {value} {where}, which is no class")
        raise UnreadableImage(f"the mask has the colour {','.join(map(str, value))} {where}, which is in no table")
    return indices.astype(np.uint8)


def _by_index(values: np.ndarray, classes: MaskClasses) -> np.ndarray:
    known = np.where((values >= 0) & (values < 256), values, 0)
    return np.where(known == values, classes.by_index[known], UNKNOWN)


def _by_colour(values: np.ndarray, classes: MaskClasses) -> np.ndarray:
    red, green, blue = np.moveaxis(values.astype(np.int32), -1, 0)
    codes = red << 16 | green << 8 | blue  # as `packed`
    indices = np.full(codes.shape, UNKNOWN, np.int16)
    for code, index in classes.by_colour.items():
        indices[codes == code] = index
    return indices
