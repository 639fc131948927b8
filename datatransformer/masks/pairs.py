"""Converts a mask file of any kind into class indices, or gives the reason why it cannot. It never interpolates."""

import io
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image

from datatransformer.listing import EncodedPair
from datatransformer.masks.classes import MaskClasses
from datatransformer.masks.look import packed_colours, palette_in_use
from datatransformer.masks.raw_masks import NOT_EXACT, RawMask, read_raw_mask
from datatransformer.masks.split_report import with_mask
from datatransformer.pictures.images import ORIENTATION, EncodedImage, UnreadableImage, read_image
from datatransformer.tables.class_tables import UNKNOWN

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
        sizes = f"the mask has {mask_width}x{mask_height} pixels, the image {width}x{height}"
        raise UnreadableImage(f"{sizes}; resize it by nearest neighbour, which makes no new values")
    elif orientation != 1 and (width == height or orientation not in QUARTER_TURNS):
        raise UnreadableImage(
            "is turned by its EXIF orientation, and it is unknown whether the mask is; save the image upright"
        )
    return with_mask(encoded, to_classes(values, classes))


def _orientation(original: Path | BinaryIO) -> int:
    with Image.open(original) as image:
        orientation = image.getexif().get(ORIENTATION, 1)
    return orientation if orientation in range(1, 9) else 1


def _turn(values: np.ndarray, orientation: int) -> np.ndarray:
    """Turns values as a viewer turns an image of orientation 5 to 8."""
    swapped = values.swapaxes(0, 1)
    turned = {5: swapped, 6: swapped[:, ::-1], 7: swapped[::-1, ::-1], 8: swapped[::-1]}
    return np.ascontiguousarray(turned[orientation])


def read_values(path: Path, classes: MaskClasses) -> np.ndarray:
    """The raw values of a mask: indices (height, width) or colours (height, width, 3). Raises UnreadableImage."""
    mask = read_raw_mask(path)
    if mask.is_lossy and not (classes.form.lossy and mask.values.ndim == 2):
        raise UnreadableImage(f"the mask {path.name} {NOT_EXACT}")
    return values_of(mask, classes)


def values_of(mask: RawMask, classes: MaskClasses) -> np.ndarray:
    """The values or colours of a mask, taken from its alpha channel or its palette as `classes.form` says.

    A mask with a palette gives its indices, unless its colours are the colours of classes.
    """
    form = classes.form
    if mask.alpha is not None and form.by_alpha:
        return mask.alpha
    if mask.palette is not None and mask.values.size:
        used = palette_in_use(np.unique(mask.values).tolist(), mask.palette)
        if form.by_shade or has_class_colours(used, classes):
            colours = mask.palette[np.minimum(mask.values, len(mask.palette) - 1)]
            return colours[..., 0] if form.by_shade else colours
    if mask.is_one_bit:
        return mask.values * np.uint8(form.white)
    if form.single_is_colour and mask.values.ndim == 2 and mask.palette is None:
        return np.repeat(mask.values[..., None], 3, axis=2)
    return mask.values


def has_class_colours(palette: Mapping[int, int], classes: MaskClasses) -> bool:
    """Whether a colour in use belongs to a class, and its index to another class.

    `palette`: the packed colour of each index in use.
    """
    by_colour = {index: classes.by_colour.get(code, UNKNOWN) for index, code in palette.items()}
    return any(target not in (UNKNOWN, classes.by_index[index]) for index, target in by_colour.items())


def to_classes(values: np.ndarray, classes: MaskClasses) -> np.ndarray:
    """(height, width) uint8 of class indices, 255 for void. Raises UnreadableImage for a value without a class.

    Values (height, width, 3) are colours. If all three channels are equal they are indices, unless
    `classes.form.gray_is_colour`.
    """
    is_colour = values.ndim == 3
    is_gray = is_colour and bool((values == values[..., :1]).all())
    if is_colour and not is_gray and not classes.by_colour:
        raise UnreadableImage("the mask is in colour; class_names should be a table of R G B name")
    if is_colour and (classes.form.gray_is_colour or not is_gray):
        indices = _by_colour(values, classes)
    else:
        values = values[..., 0] if is_colour else values
        indices = _by_index(values, classes)
    if (indices == UNKNOWN).any():
        raise UnreadableImage(_unknown_value(values, indices == UNKNOWN))
    return indices.astype(np.uint8)


def _unknown_value(values: np.ndarray, unknown: np.ndarray) -> str:
    row, column = np.argwhere(unknown)[0]
    value = np.asarray(values[row, column])
    where = f"at x={column}, y={row} ({unknown.sum()} {'pixel' if unknown.sum() == 1 else 'pixels'} of no class)"
    if value.ndim == 0:
        return f"the mask has the value {value} {where}, which is no class"
    return f"the mask has the colour {','.join(map(str, value))} {where}, which is in no table"


def _by_index(values: np.ndarray, classes: MaskClasses) -> np.ndarray:
    table = classes.by_index
    values = np.clip(values, 0, len(table) - 1) if classes.form.clip else values
    if values.dtype == np.uint8:
        return table[:256][values]
    known = np.where((values >= 0) & (values < len(table)), values, 0)
    return np.where(known == values, table[known], UNKNOWN)


def _by_colour(values: np.ndarray, classes: MaskClasses) -> np.ndarray:
    codes = packed_colours(values)
    indices = np.full(codes.shape, UNKNOWN, np.int16)
    for code, index in classes.by_colour.items():
        indices[codes == code] = index
    return indices
