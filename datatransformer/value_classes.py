"""The classes that values of masks become, and the sentences that say so."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from datatransformer.class_tables import VOID_NAMES, RawClass
from datatransformer.mask_peaks import percent
from datatransformer.mask_survey import Counts
from settings import SettingError, bad_setting
from storage.column_names import normal_name

WHITE = 255
BACKGROUND, OBJECT = "background", "object"
BACKGROUND_NAMES = (BACKGROUND, "bg", "ground", "back", "_background_", "none", "other", "others", *VOID_NAMES)

MAX_LEFT_OUT = 0.2
"""Largest share of the masks that is left out, one by one, for values without a class. Beyond it nothing is done."""


class ClassTable(NamedTuple):
    """The classes that masks should have.

    Attributes:
        path: the user's file; None: the classes are known by the kind of data.
        values_are_given: the file says the value of each class, so lines are not counted.
    """

    rows: list[RawClass]
    path: Path | None = None
    values_are_given: bool = False


@dataclass(frozen=True)
class ValueClasses:
    """The raw classes with the values that they have in the masks.

    Attributes:
        threshold: values above it are the second class.
        notes, warnings: sentences for the report.
        lossy: JPEG and lossy WebP masks are read.
    """

    rows: list[RawClass]
    threshold: int | None = None
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    lossy: bool = False


def smooth_classes(rows: Sequence[RawClass], both: Counts, peaks: tuple[int, int], is_lossy: bool) -> ValueClasses:
    """Black-and-white masks with smooth edges or the noise of JPEG."""
    two = two_classes(rows, 0, WHITE)
    dark, bright = sorted(two, key=lambda row: row.index)
    threshold = WHITE // 2
    between = both.total - sum(both.pixels[peak] for peak in peaks)
    cause = "JPEG masks" if is_lossy else "smooth edges"
    note = (
        f"The masks are black and white with {cause}: {percent(between, both.total)} of the pixels are neither "
        f"{peaks[0]} nor {peaks[1]}. Values up to {threshold} are {dark.name}, values above it are {bright.name}; "
        "--threshold sets another limit"
    )
    return ValueClasses(two, threshold, (note,), lossy=True)


def check_positive(found: Counts) -> None:
    if found.pixels and min(found.pixels) < 0:
        raise refused(f"the masks have negative values ({listed(found.pixels)}). Save them with 0 to 254, 255 for void")


def two_classes(rows: Sequence[RawClass], low: int, high: int) -> list[RawClass]:
    """Two classes of these values, in the order of the table.

    A single name is that of the object, or of the background if it says so.
    """
    if len(rows) == 2:
        lower = min(row.index for row in rows)
        return [replace(row, index=low if row.index == lower else high) for row in rows]
    if len(rows) == 1 and normal_name(rows[0].name) not in BACKGROUND_NAMES:
        return [RawClass(low, BACKGROUND), replace(rows[0], index=high)]
    return [replace(rows[0], index=low) if rows else RawClass(low, BACKGROUND), RawClass(high, OBJECT)]


def named_classes(rows: list[RawClass], values: Sequence[int]) -> ValueClasses:
    pairs = ", ".join(f"{row.index} is {row.name}" for row in sorted(rows, key=lambda row: row.index))
    note = f"The masks have the values {listed(values)}, which are the classes in their order: {pairs}"
    return ValueClasses(rows, notes=(note,))


def numbered_classes(values: Sequence[int]) -> list[RawClass]:
    return [RawClass(value, str(value)) for value in values]


def mixed_white() -> SettingError:
    return refused(
        "the masks have the values 0, 1 and 255, but no mask has both 1 and 255: the object may be 1 in some and 255 "
        "in others. Use --threshold 0 if so, or --void 255 if 255 is void"
    )


def lossy_refused(lossy: Counts) -> SettingError:
    name = next(iter(lossy.first.values()), "")
    return refused(
        f"{lossy.total_masks} masks, such as {name}, are JPEG or WebP, which change values, so that classes cannot be "
        "told apart. Save the masks as PNG from their source, or use --threshold if there are two classes"
    )


def refused(text: str, table: ClassTable | None = None) -> SettingError:
    return SettingError(bad_setting("class_names", table and table.path, text))


def source_of(table: ClassTable | None) -> str:
    return str(table.path) if table and table.path else "the table of this kind of data"


def listed(values: Sequence[int] | dict[int, int]) -> str:
    """Values in their order: 0, 1, 2 ... 255 if they are many."""
    ordered = sorted(values)
    if len(ordered) > 12:
        return f"{', '.join(map(str, ordered[:8]))} ... {ordered[-1]} ({len(ordered)} values)"
    return ", ".join(map(str, ordered))
