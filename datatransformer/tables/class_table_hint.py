"""Tables of class names beside label tables of numbers: they are not read unasked, but told of."""

import re
import shlex
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from datatransformer.folders.raw_files import first_entries
from datatransformer.naming import natural_order
from datatransformer.tables.label_forms import WHOLE
from datatransformer.tables.label_names import read_label_names
from settings import WorkError

NAMES_CLASSES = re.compile(
    r".*(class|label|categor|name|synset|species|breed|legend|mapping|meaning|words).*"
    r"\.(csv|tsv|txt|json|ya?ml|names|pbtxt|list)",
    re.IGNORECASE,
)
"""Names of files that may name classes."""

FIRST_ENTRIES = 1000
MOST_TABLES = 20
MAX_BYTES = 2**20
"""Entries of a folder that are looked at, files that are opened, and their size."""

SHOWN = 3


def class_tables_beside(tables: Collection[Path], root: Path, labels: Collection[str]) -> dict[Path, str]:
    """Files that name labels that are numbers, each with its first names; none if labels are words.

    They are only told of: numbers may be meant, as in grades, and a list of names may be of another column.
    """
    if not labels or not all(WHOLE.fullmatch(label) for label in labels):
        return {}
    folders = (*(table.parent for table in tables), root)
    found = [path for path in files_that_may_name_classes(folders) if path not in tables]
    return {path: shown for path in found[:MOST_TABLES] if (shown := _names(path, labels))}


def offer(naming: Mapping[Path, str]) -> str:
    """A warning that tells of files that `class_tables_beside` has found."""
    shown = list(naming.items())[:SHOWN]
    listed = " or ".join(f"--class-names {shlex.quote(str(path))} ({names})" for path, names in shown)
    return f"The labels are numbers, which become the names of the classes. To name them, add {listed}"


def files_that_may_name_classes(folders: Iterable[Path]) -> list[Path]:
    """The small files in these folders whose names say so."""
    return [
        folder / entry.name
        for folder in dict.fromkeys(folders)
        for entry in first_entries(folder, FIRST_ENTRIES)
        if NAMES_CLASSES.fullmatch(entry.name) and entry.is_file() and entry.stat().st_size <= MAX_BYTES
    ]


def _names(path: Path, labels: Collection[str]) -> str:
    """The first names that a file gives to labels; empty if it does not name all."""
    try:
        names = read_label_names(path, labels)
    except (WorkError, OSError):
        return ""
    pairs = [(label, names.of(label)) for label in sorted(labels, key=natural_order)]
    if any(name is None or WHOLE.fullmatch(name) for _, name in pairs):
        return ""
    return ", ".join(f"{label}: {name}" for label, name in pairs[:SHOWN]) + (", ..." if len(pairs) > SHOWN else "")
