"""The meaning of the values or colours in raw masks: classes, merged classes, and void."""

import difflib
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from datatransformer.listing import Colour
from datatransformer.tables.class_tables import MAX_INDEX, UNKNOWN, RawClass
from settings import SettingError, bad_setting

VOID = 255
"""Value in a written mask of pixels without a class. They are neither trained on nor scored."""

MAX_CLASSES = VOID


@dataclass(frozen=True)
class MaskForm:
    """How the values of a mask file are taken.

    Attributes:
        white: the value of white in masks of one bit.
        by_alpha: the alpha channel is the mask.
        by_shade: a palette of grays gives its shades, not its indices.
        lossy: gray JPEG and WebP files are read too.
        clip: values beyond the last one are taken as it.
        gray_is_colour: masks with three equal channels have colours of the table.
        single_is_colour: masks with one channel too.
    """

    white: int = 1
    by_alpha: bool = False
    by_shade: bool = False
    lossy: bool = False
    gray_is_colour: bool = False
    single_is_colour: bool = False
    clip: bool = False


@dataclass(frozen=True)
class MaskClasses:
    """The classes in their final order, without void.

    Attributes:
        names: of the classes.
        colours: of the classes; None for a class without a known colour.
        by_index: (256,) or (65536,) int16, the class, VOID or UNKNOWN for each raw value.
        by_colour: the same for each raw colour, packed into one number; empty if the table has no colours.
        form: how the values of a file are taken.
    """

    names: tuple[str, ...]
    colours: tuple[Colour | None, ...]
    by_index: np.ndarray
    by_colour: dict[int, int]
    form: MaskForm = MaskForm()

    def of_value(self, value: int) -> int:
        """The class of a raw value, VOID or UNKNOWN."""
        last = len(self.by_index) - 1
        value = min(max(value, 0), last) if self.form.clip else value
        return int(self.by_index[value]) if 0 <= value <= last else UNKNOWN


def mask_classes(
    table: Sequence[RawClass],
    void: str | None,
    merge: dict[str, str] | None = None,
    threshold: int | None = None,
    form: MaskForm = MaskForm(),
) -> MaskClasses:
    """The final classes and the meaning of each raw value and colour.

    Arguments:
        table: the classes of the raw masks.
        void: the index, name or colour `R,G,B` that becomes void. Index 255 is void too unless it is a class.
        merge: name in the table -> name of the class that it becomes part of. These classes come first.
        threshold: values up to it are the class with the lower index of the two in the table, others the other class.

    Raises SettingError if a name is not in the table, or if there are more classes than a mask can hold.
    """
    merge = merge or {}
    names = {row.name for row in table}
    unknown = next((name for name in merge if name not in names), None)
    if unknown is not None:
        raise SettingError(
            bad_setting("merge_classes", unknown, f"is no class of the masks{_suggestion(unknown, names)}")
        )
    is_void = _void_test(table, void, merge, has_threshold=threshold is not None)
    final = [*merge.values(), *(row.name for row in table if row.name not in merge)]
    kept = {merge.get(row.name, row.name) for row in table if not is_void(row)}
    order = {name: number for number, name in enumerate(name for name in dict.fromkeys(final) if name in kept)}
    if not 2 <= len(order) <= MAX_CLASSES:
        classes = "1 class" if len(order) == 1 else f"{len(order)} classes"
        raise SettingError(f"class_names: the masks have {classes} without void; two to {MAX_CLASSES} are possible")
    void_value = int(void) if void is not None and void.isdecimal() else None
    size = 256 if max(void_value or 0, *(row.index for row in table)) < 256 else MAX_INDEX + 1
    by_index = np.full(size, UNKNOWN, np.int16)
    by_colour: dict[int, int] = {}
    colours: dict[str, Colour] = {}
    by_index[VOID] = VOID
    targets = [VOID if is_void(row) else order[merge.get(row.name, row.name)] for row in table]
    for row, target in zip(table, targets, strict=True):
        name = merge.get(row.name, row.name)
        by_index[row.index] = target
        if row.colour:
            by_colour[packed(row.colour)] = target
            if row.name == name or name not in colours:  # its own colour goes before that of a merged class
                colours[name] = row.colour
    if threshold is not None:
        (_, dark), (_, bright) = sorted((row.index, target) for row, target in zip(table, targets, strict=True))
        by_index[: threshold + 1], by_index[threshold + 1 :] = dark, bright
    if void_value is not None:
        by_index[void_value] = VOID
    if (colour := colour_of_text(void)) is not None:
        by_colour[packed(colour)] = VOID
    return MaskClasses(tuple(order), tuple(colours.get(name) for name in order), by_index, by_colour, form)


def _void_test(
    table: Sequence[RawClass], void: str | None, merge: dict[str, str], has_threshold: bool
) -> Callable[[RawClass], bool]:
    """A function that tells whether a raw class is void. Raises SettingError if `void` cannot be in the masks.

    With a threshold a class is more than the value that stands for it, so that a void value makes no class void.
    """
    if void is None:
        return lambda row: row.is_void
    if void.isdecimal():
        if int(void) > MAX_INDEX:
            raise SettingError(bad_setting("void", void, f"an index is 0 to {MAX_INDEX}"))
        return lambda row: row.is_void or (row.index == int(void) and not has_threshold)
    if (colour := colour_of_text(void)) is not None:
        if max(colour) > 255 or not any(row.colour for row in table):
            allowed = "a colour is R,G,B of 0 to 255, and needs class_names with lines of R G B name"
            raise SettingError(bad_setting("void", void, allowed))
        return lambda row: row.is_void or row.colour == colour
    names = {row.name for row in table} | set(merge.values())
    if void not in names:
        raise SettingError(bad_setting("void", void, f"is no class of the masks{_suggestion(void, names)}"))
    return lambda row: row.is_void or void in (row.name, merge.get(row.name))


def packed(colour: Colour) -> int:
    """A colour as one number."""
    return colour[0] << 16 | colour[1] << 8 | colour[2]


def unpacked(code: int) -> Colour:
    return code >> 16, code >> 8 & 255, code & 255


def colour_of_text(text: str | None) -> Colour | None:
    match = re.fullmatch(r"(\d+)[\s,]+(\d+)[\s,]+(\d+)", text or "")
    return (int(match[1]), int(match[2]), int(match[3])) if match else None


def _suggestion(name: str, names: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, sorted(names), n=1)
    return f" (did you mean {close[0]}?)" if close else f"; the classes are {', '.join(sorted(names)[:40])}"
