"""A mask file of any kind -> class indices, or the reason why not. Nothing is ever interpolated."""

import io
from pathlib import Path
from typing import BinaryIO

import cv2
import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from datatransformer.images import ORIENTATION, Encoded, UnreadableImage, read_image
from datatransformer.listing import EncodedPair
from datatransformer.mask_classes import UNKNOWN, VOID, MaskClasses, packed

FORMATS = ("PNG", "TIFF", "BMP", "GIF", "TGA")
"""JPEG and WebP are none: they change the values; nor is PPM, which scales them."""

QUARTER_TURNED = range(5, 9)
"""Orientations in EXIF data that exchange width and height."""


def read_pair(image: Path, mask: Path, classes: MaskClasses) -> EncodedPair:
    """A picture and its mask, encoded. Raises UnreadableImage with the reason."""
    return paired(read_image(image), read_values(mask, classes), classes, image)


def paired(encoded: Encoded, values: np.ndarray, classes: MaskClasses, original: Path | BinaryIO) -> EncodedPair:
    """A picture and the raw values of its mask -> the two files. Raises UnreadableImage if they do not fit.

    If EXIF data turned the picture, a mask of the size that it had before is turned with it.
    """
    with Image.open(io.BytesIO(encoded.content)) as picture:
        width, height = picture.size
    orientation = 1 if encoded.original else _orientation(original)
    tall, wide = values.shape[:2]
    if orientation in QUARTER_TURNED and (wide, tall) == (height, width) and wide != tall:
        values = _turned(values, orientation)
    elif (wide, tall) != (width, height):
        raise UnreadableImage(f"the mask has {wide}x{tall} pixels, the picture {width}x{height}")
    elif orientation != 1 and (wide == tall or orientation not in QUARTER_TURNED):
        raise UnreadableImage("is turned by its EXIF data, and nothing tells if the mask is; save the picture upright")
    return EncodedPair(encoded, cv2.imencode(".png", to_classes(values, classes))[1].tobytes())


def _orientation(original: Path | BinaryIO) -> int:
    with Image.open(original) as image:
        found = image.getexif().get(ORIENTATION, 1)
    return found if found in range(1, 9) else 1


def _turned(values: np.ndarray, orientation: int) -> np.ndarray:
    """As a viewer turns a picture of orientation 5 to 8."""
    across = values.swapaxes(0, 1)
    return np.ascontiguousarray({5: across, 6: across[:, ::-1], 7: across[::-1, ::-1], 8: across[::-1]}[orientation])


def read_values(path: Path, classes: MaskClasses | None = None) -> np.ndarray:
    """The mask as it is: indices (height, width) or colours (height, width, 3).

    A mask with a palette is its indices, unless its colours are those of classes. Raises UnreadableImage.
    """
    if not path.is_file():  # a pipe, say, would be waited for
        raise UnreadableImage(f"the mask {path.name} is not a file")
    try:
        content = path.read_bytes()
        with Image.open(io.BytesIO(content), formats=FORMATS) as image:
            if image.format == "PNG":
                Image.open(io.BytesIO(content)).verify()  # the checksum of every part
            return _values(image, classes)
    except UnidentifiedImageError as error:
        allowed = "is no picture of a kind that keeps values, such as PNG (JPEG and WebP change them)"
        raise UnreadableImage(f"the mask {path.name} {allowed}") from error
    except UnreadableImage as error:
        raise UnreadableImage(f"the mask {path.name} {error}") from error
    except Exception as error:  # decoders raise of every kind
        raise UnreadableImage(f"the mask {path.name} is damaged: {error}") from error


def _values(image: Image.Image, classes: MaskClasses | None) -> np.ndarray:
    if image.info.get("compression") == "jpeg":
        raise UnreadableImage("is compressed as JPEG, which changes its values")
    rawmodes = [tile.args if isinstance(tile.args, str) else tile.args[0] for tile in image.tile if tile.args]
    if len(image.getbands()) > 1 and any(";16" in str(rawmode) for rawmode in rawmodes):
        raise UnreadableImage("has 16 bits a colour; save it with 8, or with one channel")
    image = ImageOps.exif_transpose(image)
    if image.mode == "P" and classes and _palette_is_of(image, classes):
        image = image.convert("RGB")
    elif image.mode in ("LA", "PA"):
        image = image.getchannel(0)
    elif len(image.getbands()) > 1:
        image = image.convert("RGB")
    values = np.array(image)
    if image.mode == "F" and (values != np.rint(values)).any():
        raise UnreadableImage("has values that are no whole numbers")
    if image.mode == "1" and classes and classes.by_index[1] == UNKNOWN:  # white, then, is what others call 255
        values = values * np.uint8(VOID)
    return values.astype(np.uint8 if image.mode in ("1", "L", "P", "RGB") else np.int64)


def _palette_is_of(image: Image.Image, classes: MaskClasses) -> bool:
    """Whether colours in use are those of classes, and of others than their indices are."""
    colours = np.array(image.getpalette("RGB")).reshape(-1, 3).tolist()
    used = [index for index in np.unique(np.array(image)).tolist() if index < len(colours)]
    meant = {index: classes.by_colour.get(packed(colours[index]), UNKNOWN) for index in used}
    return any(target not in (UNKNOWN, classes.by_index[index]) for index, target in meant.items())


def to_classes(values: np.ndarray, classes: MaskClasses) -> np.ndarray:
    """(height, width) uint8 of class indices and 255 for void. Raises UnreadableImage for a value of no class.

    Values (height, width, 3) are colours; if all three are equal and they are no colours of classes, indices.
    """
    gray = values.ndim == 3 and (values == values[..., :1]).all()
    if values.ndim == 3 and not gray and not classes.by_colour:
        raise UnreadableImage("the mask has colours; class_names should be a table of R G B name")
    indices = _by_colour(values, classes) if values.ndim == 3 and classes.by_colour else None
    if indices is None or (gray and (indices == UNKNOWN).any()):
        values = values[..., 0] if values.ndim == 3 else values
        indices = _by_index(values, classes)
    unknown = indices == UNKNOWN
    if unknown.any():
        row, column = np.argwhere(unknown)[0]
        found = values[row, column]
        what = f"value {found}" if found.ndim == 0 else f"colour {','.join(map(str, found))}"
        where = f"at x={column}, y={row} ({unknown.sum()} pixels of no class)"
        raise UnreadableImage(
            f"the mask has the {what} {where}, which is {'no class' if found.ndim == 0 else 'in no table'}"
        )
    return indices.astype(np.uint8)


def _by_index(values: np.ndarray, classes: MaskClasses) -> np.ndarray:
    known = np.where((values >= 0) & (values < 256), values, 0)
    return np.where(known == values, classes.by_index[known], UNKNOWN)


def _by_colour(values: np.ndarray, classes: MaskClasses) -> np.ndarray:
    red, green, blue = np.moveaxis(values.astype(np.int32), -1, 0)
    codes = packed((red, green, blue))
    indices = np.full(codes.shape, UNKNOWN, np.int16)
    for code, index in classes.by_colour.items():
        indices[codes == code] = index
    return indices
