"""Why a table of classes does not fit the values of masks, and the remedy."""

from collections.abc import Collection, Mapping, Sequence

from datatransformer.masks.counts import Counts
from datatransformer.masks.levels import Levels, two_peaks
from datatransformer.masks.peaks import no_classes, percent
from datatransformer.masks.value_classes import WHITE, ClassTable, counted, listed, refused, source_of
from datatransformer.tables.class_tables import WHITES

MAX_VOID_REMEDY = 0.01
"""Largest share of pixels of a value without a class that is probably void."""


def check_kept(found: Counts, classes: Mapping[int, str], unnamed: Collection[int], table: ClassTable | None) -> None:
    """Raises SettingError if a class occurs only in masks that are left out for values without a class.

    `classes`: the name of the class of each value or colour.
    """
    lost = [classes[value] for value in found.lost(list(classes), unnamed)]
    if lost:
        raise refused(
            f"all masks with {', '.join(lost[:10])} have values or colours without a class too, and would be left out. "
            "Name all of them in class_names, make one void by --void, or use --threshold 127 for black and white with "
            "smooth edges",
            table,
        )


def why_unnamed(
    found: Counts,
    telling: Counts,
    levels: Levels,
    table: ClassTable,
    values: Sequence[int],
    unnamed: Sequence[int],
    void: int | None,
) -> str:
    """What is probably wrong with masks that have values without a class, and the remedy."""
    names = len(table.classes)
    classes = counted(names, "class", "classes")
    start = f"the masks have the values {listed(values)}, and {source_of(table)} has {classes}"
    if why := no_classes(found, telling, levels, names, void):
        return f"{start}; {why}"
    if shifted := _shifted(table, [value for value in values if value not in WHITES]):
        return f"{start}; {shifted}"
    if names <= 2 and (peaks := two_peaks(telling, levels)):
        return (
            f"{start}. Most pixels are {peaks[0]} or {peaks[1]}; if the others are smooth edges, use "
            f"--threshold {sum(peaks) // 2}. Otherwise name each value in a CSV of index,name, or use --void"
        )
    pixels = sum(found.pixels[value] for value in unnamed)
    share = pixels / max(found.total, 1)
    remedies = ["name each value in a CSV of index,name"]
    make_void = f"--void {unnamed[0]} makes it void" if len(unnamed) == 1 else "--void makes one value void"
    remedies.insert(0 if share <= MAX_VOID_REMEDY and len(unnamed) == 1 else 1, make_void)
    if names <= 2 and max(values) > WHITE // 2:
        remedies.append(f"--threshold {WHITE // 2} splits them in two")
    text = f"{listed(unnamed)} ({percent(pixels, found.total)} of the pixels) {'has' if len(unnamed) == 1 else 'have'}"
    return f"{start}; {text} no name. Remedies: {'; '.join(remedies)}"


def _shifted(table: ClassTable, values: Sequence[int]) -> str:
    """What to do if the table begins with another value than the masks, or has one class too few. Else empty."""
    rows = sorted(table.classes, key=lambda row: row.index)
    indices = [row.index for row in rows]
    first = rows[0].name
    if not table.values_are_given and table.path and list(values) == list(range(len(rows) + 1)):
        return (
            f"one name is missing. If {first} is 1, put a line for 0 before it, such as background, or use --void 0 if "
            f"0 is unlabelled; if {first} is 0, add a line for {values[-1]} at the end"
        )
    if table.values_are_given and len(indices) == len(values) and indices != list(values):
        step = indices[0] - values[0]
        if [index - step for index in indices] == list(values):
            more = "more" if step > 0 else "less"
            text = f"the table has {listed(indices)}, each {abs(step)} {more} than in the masks"
            return f"{text}. If {first} is {values[0]}, write {listed(values)} in the table"
    return ""
