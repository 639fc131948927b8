"""Names of the classes, for labels that are numbers or short: a file of names beside a label table."""

import difflib
from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

from datatransformer.class_columns import WHOLE
from datatransformer.class_entries import read_class_entries
from datatransformer.class_entry import ClassEntry
from datatransformer.class_tables import check_unique
from datatransformer.naming import natural_order
from settings import WorkError
from storage.tables import printable

MOST_LISTED = 20


class LabelNames(NamedTuple):
    """The class of each label.

    Attributes:
        by_label: label -> name of its class.
        classes: all names in their order.
        description: how the file was read, as a sentence.
        warnings: about labels without a name, and names without a label.
    """

    by_label: dict[str, str]
    classes: list[str]
    description: str
    warnings: list[str]

    def of(self, label: str) -> str | None:
        """The class of a label, None if it has none. The label 3.0 is also 3, and 007 also 7."""
        return self.by_label.get(label) or self.by_label.get(_plain(label))


def read_label_names(path: Path, labels: Collection[str]) -> LabelNames:
    """The names that a file gives to `labels`, the labels that occur.

    The file holds the label of each name, or the labels are themselves the names, or they count its lines from 0 or 1.
    Raises WorkError for another file, and if it can be read in several ways.
    """
    try:
        table = read_class_entries(path)
        entries = [entry._replace(name=printable(entry.name)) for entry in table.entries if not entry.is_void]
        by_label, reading = _by_label(entries, labels, table.keys_are_unsure)
    except WorkError as error:
        raise WorkError(f"{path} is no table of class names: {error}") from error
    known = [name for name in by_label.values() if name]
    has_keys = any(entry.key for entry in entries) and reading != _AS_NAMES
    classes = list(dict.fromkeys(known))
    if has_keys:
        classes = [by_label[key] for key in sorted(by_label, key=natural_order)]
    names = LabelNames(by_label, list(dict.fromkeys(classes)), f"{path} was read as {table.description}; {reading}", [])
    return names._replace(warnings=_warnings(path, names, labels))


_AS_NAMES = "the labels are these names"


def _by_label(entries: list[ClassEntry], labels: Collection[str], unsure: bool) -> tuple[dict[str, str], str]:
    if not entries:
        raise WorkError("it is empty")
    for entry in entries:
        if not entry.name:
            raise WorkError(
                f"line {entry.line}: {entry.key or 'a class'} has no name; a label and its name are expected"
            )
    check_unique("name", ((entry.line, entry.name) for entry in entries))
    names = {entry.name: entry.name for entry in entries}
    if not any(entry.key for entry in entries):
        return _by_position([entry.name for entry in entries], names, labels)
    missing = next((entry for entry in entries if not entry.key), None)
    if missing:
        raise WorkError(f"line {missing.line}: {missing.name} has no label; a label and its name are expected")
    check_unique("label", ((entry.line, entry.key) for entry in entries))
    keys = {_plain(entry.key): entry.name for entry in entries} | {entry.key: entry.name for entry in entries}
    by_key = sum(label in keys or _plain(label) in keys for label in labels)
    by_name = sum(label in names for label in labels)
    if unsure and by_key < by_name:
        keys = {entry.name: entry.key for entry in entries}
        return keys, "the second column is the label, the first the name"
    if unsure and by_key == by_name:
        raise WorkError(
            "it has two columns of words, and not one of them alone holds the labels; write the header label,name"
        )
    if by_name > by_key:
        return names, _AS_NAMES
    return {entry.key: entry.name for entry in entries}, "the labels are the values there"


def _by_position(names: list[str], itself: dict[str, str], labels: Collection[str]) -> tuple[dict[str, str], str]:
    """The names of labels that count them, or that are names themselves."""
    by_name = sum(label in itself for label in labels)
    numbers = {int(_plain(label)) for label in labels if WHOLE.fullmatch(label)}
    if by_name * 2 >= len(labels) or not numbers:
        return itself, _AS_NAMES
    can_be = {first: numbers <= set(range(first, first + len(names))) for first in (0, 1)}
    if can_be[0] and can_be[1]:
        raise WorkError(
            f"the labels {min(numbers)} to {max(numbers)} may count its {len(names)} names from 0 or from 1. "
            "Write lines of label,name"
        )
    first = 1 if can_be[1] and not can_be[0] else 0
    if 0 not in numbers and not can_be[0] and not can_be[1]:
        first = 1
    reading = f"the labels count these names from {first}"
    return {str(number): name for number, name in enumerate(names, first)}, reading


def _warnings(path: Path, names: LabelNames, labels: Collection[str]) -> list[str]:
    warnings = []
    missing = sorted((label for label in labels if names.of(label) is None), key=natural_order)
    if missing:
        known = list(names.by_label)
        listed = ", ".join(_with_nearest(label, known) for label in missing[:MOST_LISTED])
        more = f" and {len(missing) - MOST_LISTED} more" if len(missing) > MOST_LISTED else ""
        warnings.append(f"{len(missing)} labels are not in {path}, and their images are left out: {listed}{more}")
    used = {names.of(label) for label in labels}
    unused = [name for name in names.classes if name not in used]
    if unused:
        more = ", ..." if len(unused) > MOST_LISTED else ""
        listed = ", ".join(unused[:MOST_LISTED])
        warnings.append(f"{len(unused)} classes of {path} have no image: {listed}{more}")
    return warnings


def _with_nearest(label: str, known: list[str]) -> str:
    """A label, with the most similar one that has a name. Numbers are similar to no others."""
    close = [] if label.isdecimal() else difflib.get_close_matches(label, known, n=1)
    return f"{label} (the file has {close[0]})" if close else label


def _plain(label: str) -> str:
    """A whole number without decimals and zeros in front; other labels as they are."""
    return str(int(float(label))) if WHOLE.fullmatch(label) and len(label) < 16 else label
