"""The listing of images with mask files, and the classes that their values mean."""

from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from datatransformer.images import UnreadableImage
from datatransformer.listing import Colour, EncodedPair, Listing, RawImage, Rejected
from datatransformer.mask_classes import VOID, RawClass, classes_of_settings, numbered, packed
from datatransformer.masks import read_pair, read_values
from settings import SettingError, bad_setting
from storage.parallel import in_parallel

if TYPE_CHECKING:
    from config import DataTransformerConfig
    from datatransformer.sources.pairing import Pair


def list_pairs(
    pairs: "Sequence[Pair]",
    rejected: Sequence[Rejected],
    settings: "DataTransformerConfig",
    table: list[RawClass] | None = None,
    border: Colour | None = None,
) -> Listing:
    """The listing of pairs of image and mask.

    Arguments:
        table: the raw classes if `class_names` is empty. None: the values that occur in the masks.
        border: a colour that is void, besides the setting `void`.
    """
    classes = classes_of_settings(settings, lambda: table or _classes_in(pairs))
    if border and classes.by_colour:
        classes.by_colour.setdefault(packed(border), VOID)
    images = (RawImage(name, str(image), split=split, mask=str(mask)) for name, image, mask, split in pairs)

    def make_pair(image: RawImage) -> EncodedPair:
        return read_pair(Path(image.path), Path(image.mask), classes)

    return Listing(chain(rejected, images), list(classes.names), make_pair, list(classes.colours))


def _classes_in(pairs: "Sequence[Pair]") -> list[RawClass]:
    """The values in all masks as classes. Raises SettingError if masks are in colour or have fewer than two values."""

    def values_in(pair: "Pair") -> set[int] | str:
        try:
            values = read_values(pair.mask)
        except UnreadableImage as error:  # reported when the image is read
            return str(error)
        if values.ndim == 3 and (values != values[..., :1]).any():
            return f"the mask {pair.mask.name} is in colour"
        values = values[..., 0] if values.ndim == 3 else values
        return set(np.flatnonzero(np.bincount(values[(values >= 0) & (values <= VOID)])).tolist())

    results = list(in_parallel(values_in, pairs))
    table = numbered(set().union(*(values for values in results if isinstance(values, set))))
    if len(table) < 2:
        reason = next((f" ({result})" for result in results if isinstance(result, str)), "")
        allowed = (
            f"is needed: the masks alone have {len(table)} classes{reason}. "
            "Name a table with lines of R G B name, or a CSV of index,name"
        )
        raise SettingError(bad_setting("class_names", None, allowed))
    return table
