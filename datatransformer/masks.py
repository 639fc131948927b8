"""A mask file of any kind -> class indices, or the reason why not. Nothing is ever interpolated."""

import io
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, UnidentifiedImageError

from datatransformer.images import Encoded, UnreadableImage, read_image
from datatransformer.mask_classes import UNKNOWN, MaskClasses, packed
from datatransformer.sources import Drawn

FORMATS = ("PNG", "TIFF", "BMP", "GIF", "WEBP", "PPM", "TGA")
"""JPEG is none: it changes the values."""


def read_pair(image: Path, mask: Path, classes: MaskClasses) -> Drawn:
    """A picture and its mask, encoded. Raises UnreadableImage with the reason."""
    return paired(read_image(image), read_values(mask, classes), classes)


def paired(encoded: Encoded, values: np.ndarray, classes: MaskClasses) -> Drawn:
    """A picture and the raw values of its mask -> the two files. Raises UnreadableImage if they do not fit."""
    with Image.open(io.BytesIO(encoded.content)) as picture:
        width, height = picture.size
    if values.shape[:2] != (height, width):
        tall, wide = values.shape[:2]
        raise UnreadableImage(f"the mask has {wide}x{tall} pixels, the picture {width}x{height}")
    return Drawn(encoded, cv2.imencode(".png", to_classes(values, classes))[1].tobytes())


def read_values(path: Path, classes: MaskClasses | None = None) -> np.ndarray:
    """The mask as it is: indices (height, width) or colours (height, width, 3).

    A mask with a palette is its indices, unless all its colours are those of classes. Raises UnreadableImage.
    """
    try:
        with Image.open(path, formats=FORMATS) as image:
            if image.mode == "P" and classes and _palette_is_of(image, classes):
                image = image.convert("RGB")
            if image.mode in ("RGBA", "CMYK", "YCbCr", "LAB", "HSV"):
                image = image.convert("RGB")
            if image.mode in ("LA", "PA"):
                image = image.getchannel(0)
            return np.array(image).astype(np.uint8 if image.mode in ("1", "L", "P", "RGB") else np.int64)
    except UnidentifiedImageError as error:
        raise UnreadableImage(f"the mask {path.name} is no picture of a kind that keeps values") from error
    except Exception as error:  # decoders raise of every kind
        raise UnreadableImage(f"the mask {path.name} is damaged: {error}") from error


def _palette_is_of(image: Image.Image, classes: MaskClasses) -> bool:
    colours = [colour for _, colour in image.convert("RGB").getcolors(257) or []]
    return bool(colours) and all(packed(colour) in classes.by_colour for colour in colours)


def to_classes(values: np.ndarray, classes: MaskClasses) -> np.ndarray:
    """(height, width) uint8 of class indices and 255 for void. Raises UnreadableImage for a value of no class."""
    if values.ndim == 3 and classes.by_colour:
        return _by_colour(values, classes)
    if values.ndim == 3:
        if (values != values[..., :1]).any():
            raise UnreadableImage("the mask has colours; class_names should be a table of R G B name")
        values = values[..., 0]
    known = np.where((values >= 0) & (values < 256), values, 0)
    indices = np.where(known == values, classes.by_index[known], UNKNOWN)
    if (indices == UNKNOWN).any():
        value, where = _first(values, indices)
        raise UnreadableImage(f"the mask has the value {value} {where}, which is no class")
    return indices.astype(np.uint8)


def _by_colour(values: np.ndarray, classes: MaskClasses) -> np.ndarray:
    codes = values.astype(np.int32) @ np.array([1 << 16, 1 << 8, 1])
    present, inverse = np.unique(codes, return_inverse=True)
    found = np.array([classes.by_colour.get(int(code), UNKNOWN) for code in present])
    indices = found[inverse].reshape(codes.shape)
    if (indices == UNKNOWN).any():
        colour, where = _first(values, indices)
        raise UnreadableImage(f"the mask has the colour {','.join(map(str, colour))} {where}, which is in no table")
    return indices.astype(np.uint8)


def _first(values: np.ndarray, indices: np.ndarray) -> tuple[np.ndarray, str]:
    """The first value of no class, and where and how often there are such."""
    row, column = np.argwhere(indices == UNKNOWN)[0]
    return values[row, column], f"at x={column}, y={row} ({(indices == UNKNOWN).sum()} pixels of no class)"
