"""Whether pictures look like masks: a cheap look at a few of them, which counts their colours."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from storage.exhausted import raise_if_ran_out

if TYPE_CHECKING:
    import numpy as np

LOOKED_AT = 8
"""Files of a folder."""

NEARLY_ALL = 0.75
"""Share of these that have to look like masks."""

MOST_PIXELS = 65_536
"""Pixels of a picture that are counted, evenly spread."""

FEW_COLOURS, PIXELS_PER_COLOUR = 64, 12
"""A mask has at most so many colours, and each has this many pixels at least."""

MAIN_COLOURS, MAIN_SHARE = 8, 0.9
"""Or so many colours have this share of its pixels: smooth edges have further ones."""

LOSSY_FORMATS, LOSSY_NOISE, LOSSY_SHARE = ("JPEG", "MPO", "WEBP"), 16, 0.95
"""Formats that change values: nearly all pixels are this close to black or white."""

logging.getLogger("PIL").addHandler(logging.NullHandler())  # it would print what it finds wrong with a file


def are_masks(files: Sequence[Path]) -> bool:
    """Whether nearly all of a few of these files are pictures of few colours."""
    step = max(1, len(files) // LOOKED_AT)
    looks = [look for path in files[::step][:LOOKED_AT] if (look := _is_mask(path)) is not None]
    return bool(looks) and sum(looks) >= NEARLY_ALL * len(looks)


def _is_mask(path: Path) -> bool | None:
    """None if the file cannot be read."""
    import numpy as np
    from PIL import Image

    from datatransformer.pictures.pixel_limit import why_too_large

    if not path.is_file():  # opening a pipe would wait
        return None
    try:
        with Image.open(path) as image:
            if why_too_large(image.width, image.height):
                return None
            is_lossy = image.format in LOSSY_FORMATS
            values = np.asarray(image.convert("L") if is_lossy else image)
    except Exception as error:  # decoders raise exceptions of all kinds
        raise_if_ran_out(error)
        return None
    step = max(1, round((values.shape[0] * values.shape[1] / MOST_PIXELS) ** 0.5))
    values = values[::step, ::step]
    if is_lossy:
        ends = np.minimum(values, 255 - values)
        return bool((ends <= LOSSY_NOISE).mean() >= LOSSY_SHARE)
    return _has_few_colours(values)


def _has_few_colours(values: "np.ndarray") -> bool:
    import numpy as np

    pixels = values.reshape(-1, values.shape[2]) if values.ndim == 3 else values.reshape(-1, 1)
    if pixels.shape[1] == 1:
        codes: np.ndarray = pixels[:, 0]
    else:
        codes = np.ascontiguousarray(pixels).view([("", pixels.dtype)] * pixels.shape[1])[:, 0]
    counts = np.sort(np.unique(codes, return_counts=True)[1])[::-1]
    if len(counts) <= min(FEW_COLOURS, max(2, codes.size // PIXELS_PER_COLOUR)):
        return True
    return len(counts) * PIXELS_PER_COLOUR < codes.size and counts[:MAIN_COLOURS].sum() >= MAIN_SHARE * codes.size
