"""The pixels of each class in the masks for training and for validation, counted while masks are made.

The counts of each mask are kept in the unfinished data folder, so that an interrupted run can be resumed.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from datatransformer.layout import MASK_PIXELS, MASK_PIXELS_HEADER, NEEDED, SPLITS
from datatransformer.listing import EncodedPair
from datatransformer.manifest import SPLIT_NAMES
from datatransformer.pictures.images import EncodedImage
from storage.json_text import BadJson, parse_json
from storage.records import damaged
from storage.tables import rows_of_table

if TYPE_CHECKING:
    from datatransformer.report import Report

TITLE = "Classes of the masks"
NAMED = 10
"""Classes that a warning names."""

Counts = dict[str, dict[int, list[int]]]
"""For each split and class index: masks with the class, and pixels."""


def class_pixels(mask: np.ndarray) -> dict[int, int]:
    """The pixels of each value of a mask (height, width) of uint8."""
    counts = cv2.calcHist([mask], [0], None, [256], [0, 256]).ravel()
    return {int(value): int(counts[value]) for value in np.flatnonzero(counts)}


def with_mask(image: EncodedImage, mask: np.ndarray) -> EncodedPair:
    """An image, and its mask (height, width) of uint8 as PNG, with its counts."""
    return EncodedPair(image, cv2.imencode(".png", mask)[1].tobytes(), class_pixels(mask))


def pixels_row(place: str, pixels: Mapping[int, int]) -> tuple[str, str]:
    """The line of an image at `place` in the data folder. The split may change later and is left out."""
    return place.partition("/")[2], json.dumps(pixels, separators=(",", ":"))


def describe_mask_splits(work: Path, classes: Sequence[str], masks: int, report: "Report") -> None:
    """Adds a table of the classes in each split, and warns of classes that one of them has not.

    `masks`: all masks of the data folder. If the counts of some are missing, as after a run of an older version,
    nothing is said.
    """
    counts, counted = _counts_by_split(work)
    if counted != masks:
        return
    used = [split for split in SPLITS if counts[split]]
    rows = [
        (name, *(number for split in used for number in counts[split].get(index, (0, 0))))
        for index, name in enumerate(classes)
    ]
    header = ("class", *(f"{SPLIT_NAMES[split]} {what}" for split in used for what in ("masks", "pixels")))
    report.add_table(TITLE, header, rows, show=False)
    for split, other in (NEEDED, NEEDED[::-1]):
        missing = {
            name: counts[other][index][0]
            for index, name in enumerate(classes)
            if index not in counts[split] and index in counts[other]
        }
        if missing:
            _warn(missing, SPLIT_NAMES[split], SPLIT_NAMES[other], report)


def _warn(missing: Mapping[str, int], split: str, other: str, report: "Report") -> None:
    shown = list(missing.items())[:NAMED]
    said = ", ".join(f"{name} ({count} {other} mask{'s have' if count > 1 else ' has'})" for name, count in shown)
    said += f" and {len(missing) - NAMED} more" if len(missing) > NAMED else ""
    one = len(missing) == 1
    if split == "training":
        so = f"{'it' if one else 'they'} cannot be learnt"
    else:
        so = f"nothing will tell how well {'it is' if one else 'they are'} learnt"
    remedy = "Another split may have some: --seed, --val-fraction or --val-list"
    report.warn(f"No {split} mask has a pixel of {said}, so {so}. {remedy}")


def _counts_by_split(work: Path) -> tuple[Counts, int]:
    """The counts, and the number of masks counted."""
    counts: Counts = {split: {} for split in SPLITS}
    counted = 0
    for place, pixels in _rows(work):
        split = next((split for split in SPLITS if (work / split / place).exists()), None)
        if split is None:  # left out after it was made
            continue
        counted += 1
        for key, number in pixels.items():
            total = counts[split].setdefault(int(key), [0, 0])
            total[0] += 1
            total[1] += number
    return counts, counted


def _rows(work: Path) -> Iterator[tuple[str, dict[str, int]]]:
    """The place and the counts of each mask. One that an interrupted run has noted twice counts once."""
    seen: set[int] = set()
    if not (work / MASK_PIXELS).exists():
        return
    for row in rows_of_table(work / MASK_PIXELS, MASK_PIXELS_HEADER):
        if (number := hash(row["place"])) not in seen:
            seen.add(number)
            yield row["place"], _pixels(work, row["pixels"])


def _pixels(work: Path, cell: str) -> dict[str, int]:
    remedy = f"Remove {work}; the next run starts again."
    try:
        content = parse_json(cell)
    except BadJson as error:
        raise damaged(work / MASK_PIXELS, f"pixels is {cell!r:.60}: {error}", remedy) from error
    if isinstance(content, dict) and all(key.isdecimal() and type(value) is int for key, value in content.items()):
        return content
    raise damaged(work / MASK_PIXELS, f"pixels is {cell!r:.60}, not numbers of pixels by class", remedy)
