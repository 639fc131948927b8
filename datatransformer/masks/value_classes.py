"""The classes that values of masks become, and the sentences that say so."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from datatransformer.masks.counts import LOW, Counts
from datatransformer.masks.levels import Levels
from datatransformer.masks.peaks import percent
from datatransformer.tables.class_tables import VOID_NAMES, WHITES, RawClass
from settings import SettingError, bad_setting
from storage.column_names import normal_name

WHITE = 255
BACKGROUND, OBJECT = "background", "object"
BACKGROUND_NAMES = (BACKGROUND, "bg", "ground", "back", "_background_", "none", "other", "others", *VOID_NAMES)

MAX_VOID_TO_OBJECTS = 2
"""Most pixels of void for each pixel of other values than 0, to take white beside few indices as void."""


class ClassTable(NamedTuple):
    """The classes that masks should have.

    Attributes:
        path: the user's file; None: the classes are known by the kind of data.
        values_are_given: the file says the value of each class, so lines are not counted.
    """

    rows: list[RawClass]
    path: Path | None = None
    values_are_given: bool = False

    @property
    def classes(self) -> list[RawClass]:
        """The rows without void."""
        return [row for row in self.rows if not row.is_void]


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
    form = "as JPEG or WebP" if is_lossy else "with smooth edges"
    note = (
        f"The masks are black and white {form}: {percent(between, both.total)} of the pixels are neither "
        f"{peaks[0]} nor {peaks[1]}. Values up to {threshold} are {dark.name}, values above it are {bright.name}; "
        "--threshold sets another limit"
    )
    return ValueClasses(two, threshold, (note,), lossy=True)


def check_positive(found: Counts, table: ClassTable | None) -> None:
    if found.pixels and min(found.pixels) < 0:
        text = f"the masks have negative values ({listed(found.pixels)}). Save them with 0 to 254, 255 for void"
        raise refused(text, table)


def check_one_coding(both: Counts, levels: Levels, table: ClassTable | None) -> None:
    """Raises SettingError if some masks have an index such as 1, and others white, but none has both."""
    lows = {low for lows, _ in both.codings for low in lows} - set(levels.strays)
    with_low = [key for key in both.codings if lows.intersection(key[0])]
    has_white = any(is_high for _, is_high in both.codings)
    if len(lows) != 1 or not has_white or any(is_high for _, is_high in with_low):
        return
    (low,) = lows
    raise refused(
        f"some masks have the value {low}, others 255, but none has both: the object may be {low} in some and 255 in "
        "others. Use --threshold 0 if so, --threshold 127 if only white is the object, or --void 255 if 255 is void",
        table,
    )


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


def named_classes(rows: list[RawClass], present: Iterable[int], voids: Sequence[int] = ()) -> ValueClasses:
    """Classes in the order of the table. `present`: the values in the masks; `voids`: those of them that are void."""
    pairs = ", ".join(f"{row.index} is {row.name}" for row in sorted(rows, key=lambda row: row.index))
    those = list(present)
    have = f"values {listed(those)}" if len(those) > 1 else f"value {those[0]} alone"
    void = "".join(f"; {value} is void" for value in voids)
    note = f"The masks have the {have}. The classes in their order: {pairs}{void}"
    return ValueClasses([*rows, *void_rows(voids)], notes=(note,))


def void_rows(values: Iterable[int]) -> list[RawClass]:
    return [RawClass(value, f"void {value}", is_void=True) for value in values]


def numbered_classes(values: Sequence[int]) -> list[RawClass]:
    return [RawClass(value, str(value)) for value in values]


def is_void_white(found: Counts, others: Sequence[int]) -> bool:
    """Whether white beside these values is void: they are small, as indices are, and it is not the main object."""
    return bool(others) and max(others) <= LOW and is_minor_white(found, others)


def is_minor_white(found: Counts, others: Sequence[int]) -> bool:
    """Whether white is not the main object beside these values, as far as they are few."""
    white = sum(found.pixels.get(value, 0) for value in WHITES)
    objects = sum(found.pixels[value] for value in others if value)
    is_dense = len(others) > 2 and list(others) == list(range(others[0], others[0] + len(others)))
    return is_dense or white <= MAX_VOID_TO_OBJECTS * objects


def lossy_refused(lossy: Counts, table: ClassTable | None) -> SettingError:
    name = next(iter(lossy.first.values()), "")
    masks = counted(lossy.total_masks, "mask is", "masks are")
    return refused(
        f"{masks} JPEG or WebP, such as {name}, which change values, so that classes cannot be told apart. Save the "
        "masks as PNG from their source, or use --threshold 127 if there are two classes",
        table,
    )


def refused(text: str, table: ClassTable | None = None) -> SettingError:
    return SettingError(bad_setting("class_names", table and table.path, text))


def source_of(table: ClassTable | None) -> str:
    return str(table.path) if table and table.path else "the table of this kind of data"


def counted(number: int, singular: str, plural: str) -> str:
    """1 mask, 2 masks."""
    return f"{number:,} {singular if number == 1 else plural}"


def listed(values: Iterable[int]) -> str:
    """Values in their order: 0, 1, 2 ... 255 if they are many."""
    ordered = sorted(values)
    if len(ordered) > 12:
        return f"{', '.join(map(str, ordered[:8]))} ... {ordered[-1]} ({len(ordered)} values)"
    return ", ".join(map(str, ordered))
