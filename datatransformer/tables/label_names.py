"""Names of the classes, for labels that are numbers or short: a file of names beside a label table."""

import difflib
from collections import Counter
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from datatransformer.naming import natural_order
from datatransformer.tables.class_entries import read_class_entries
from datatransformer.tables.class_entry import ClassEntry
from datatransformer.tables.class_tables import check_unique
from datatransformer.tables.label_forms import WHOLE, clean_label, loose_form, plain_number
from settings import WorkError
from storage.tables import printable

if TYPE_CHECKING:
    from datatransformer.report import Report

MOST_LISTED = 20


class LabelNames(NamedTuple):
    """The class of each label.

    Attributes:
        by_label: label -> name of its class.
        by_loose_form: the same for other spellings of labels.
        classes: all names in their order.
        description: how the file was read, as a sentence.
        warnings: about labels without a name, and names without a label.
    """

    by_label: dict[str, str]
    by_loose_form: dict[str, str]
    classes: list[str]
    description: str
    warnings: list[str]

    def of(self, label: str) -> str | None:
        """The class of a label, None if it has none.

        The label 3.0 is also 3, and 007 also 7; Cat is also cat, and big_cat also `big cat`, if only one has that form.
        """
        exact = self.by_label.get(label) or self.by_label.get(plain_number(label))
        return exact or self.by_loose_form.get(loose_form(label))


def told_label_names(path: Path, labels: Collection[str], report: "Report", several: bool = False) -> LabelNames:
    """As `read_label_names`; tells the report how the file was read, and what it lacks."""
    names = read_label_names(path, labels, several)
    report.note(names.description)
    for warning in names.warnings:
        report.warn(warning)
    return names


def read_label_names(path: Path, labels: Collection[str], several: bool = False) -> LabelNames:
    """The names that a file gives to `labels`, the labels that occur.

    The file holds the label of each name, or the labels are themselves the names, or they count its lines from 0 or 1.
    `several`: an image may have several labels. Raises WorkError for another file, and if it can be read in several
    ways.
    """
    try:
        table = read_class_entries(path, labels)
        entries = [
            entry._replace(name=printable(clean_label(entry.name)), key=clean_label(entry.key))
            for entry in table.entries
            if not entry.is_void
        ]
        by_label, reading = _by_label(entries, labels, table.keys_are_unsure)
    except WorkError as error:
        raise WorkError(f"{path} is no table of class names: {error}") from error
    classes = list(dict.fromkeys(name for name in by_label.values() if name))
    if reading == _AS_VALUES:
        classes = [by_label[key] for key in sorted(by_label, key=natural_order)]
    description = f"{path} was read as {table.description}; {reading}"
    names = LabelNames(by_label, _by_loose_form(by_label), list(dict.fromkeys(classes)), description, [])
    warnings = [*([table.doubt] if table.doubt else []), *_warnings(path, names, labels, several)]
    return names._replace(description=description + _spelt_otherwise(names, labels), warnings=warnings)


_AS_NAMES, _AS_LINES = "the labels are these names", "the labels are these lines"
_AS_VALUES = "the labels are the values there"


def _by_loose_form(by_label: dict[str, str]) -> dict[str, str]:
    """The class of each loose form that only one has."""
    uses = Counter(form for form, _ in {(loose_form(label), name) for label, name in by_label.items()})
    return {form: name for label, name in by_label.items() if uses[form := loose_form(label)] == 1}


def _spelt_otherwise(names: LabelNames, labels: Iterable[str]) -> str:
    """What is said about labels that are written in another way than in the file."""
    known = names.by_label
    other = sorted(label for label in labels if label not in known and plain_number(label) not in known)
    pairs = [f"{label} as {name}" for label in other if (name := names.of(label))]
    more = ", ..." if len(pairs) > MOST_LISTED else ""
    return f"; in another spelling: {', '.join(pairs[:MOST_LISTED])}{more}" if pairs else ""


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
    lines = {line: line for entry in entries if (line := printable(clean_label(entry.line_text)))}
    keys = {entry.key: entry.name for entry in entries}
    by_key, by_name, by_line = (_number_of(labels, known) for known in (keys, names, lines))
    if unsure and by_key < by_name:
        return {entry.name: entry.key for entry in entries}, "the second column is the label, the first the name"
    if unsure and by_key == by_name:
        raise WorkError(
            "it has two columns of words, and not one of them alone holds the labels; write the header label,name"
        )
    if by_line > max(by_key, by_name):
        return lines, _AS_LINES
    if by_name > by_key:
        return names, _AS_NAMES
    if by_key == by_name == 0 and not any(WHOLE.fullmatch(key) for key in keys) and any(map(WHOLE.fullmatch, labels)):
        return _by_position([entry.name for entry in entries], names, labels)
    return keys, _AS_VALUES


def _number_of(labels: Iterable[str], known: Iterable[str]) -> int:
    """How many labels are known in some spelling."""
    forms = {loose_form(label) for label in known}
    return sum(loose_form(label) in forms for label in labels)


def _by_position(names: list[str], itself: dict[str, str], labels: Collection[str]) -> tuple[dict[str, str], str]:
    """The names of labels that count them, or that are names themselves."""
    by_name = _number_of(labels, itself)
    numbers = {int(plain_number(label)) for label in labels if WHOLE.fullmatch(label)}
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


def _warnings(path: Path, names: LabelNames, labels: Collection[str], several: bool) -> list[str]:
    warnings = []
    missing = sorted((label for label in labels if names.of(label) is None), key=natural_order)
    if missing:
        known = list(names.by_label)
        listed = ", ".join(_with_nearest(label, known) for label in missing[:MOST_LISTED])
        more = f" and {len(missing) - MOST_LISTED} more" if len(missing) > MOST_LISTED else ""
        number = "1 label is" if len(missing) == 1 else f"{len(missing)} labels are"
        consequence = "and such labels do not count" if several else "and the images are left out"
        warnings.append(f"{number} not in {path}, {consequence}: {listed}{more}")
    used = {names.of(label) for label in labels}
    unused = [name for name in names.classes if name not in used]
    if unused:
        more = ", ..." if len(unused) > MOST_LISTED else ""
        listed = ", ".join(unused[:MOST_LISTED])
        number = f"1 class of {path} has" if len(unused) == 1 else f"{len(unused)} classes of {path} have"
        warnings.append(f"{number} no image: {listed}{more}")
    return warnings


def _with_nearest(label: str, known: list[str]) -> str:
    """A label, with the most similar one that has a name. Numbers are similar to no others."""
    close = [] if label.isdecimal() else difflib.get_close_matches(label, known, n=1)
    return f"{label} (the file has {close[0]})" if close else label
