"""Tables of class names that lie beside masks: they are not read unasked, but told of."""

import shlex
from collections.abc import Iterable
from pathlib import Path

from datatransformer.folders.raw_files import FIRST_FILES, first_entries
from datatransformer.tables.class_entries import read_class_entries
from datatransformer.tables.class_table_hint import MAX_BYTES, MOST_TABLES, NAMES_CLASSES
from settings import WorkError
from storage.tables import printable

SHOWN = 4


def tables_near_masks(folders: Iterable[Path]) -> str:
    """The flag for the first file in these folders that names classes, and its names; empty if there is none."""
    found = [
        folder / entry.name
        for folder in dict.fromkeys(folders)
        for entry in first_entries(folder, FIRST_FILES)
        if NAMES_CLASSES.fullmatch(entry.name) and entry.is_file() and entry.stat().st_size <= MAX_BYTES
    ]
    for path in found[:MOST_TABLES]:
        try:
            names = [printable(entry.name) for entry in read_class_entries(path).entries]
        except (WorkError, OSError):
            continue
        if len(names) > 1:
            more = ", ..." if len(names) > SHOWN else ""
            return f"--class-names {shlex.quote(str(path))} ({', '.join(names[:SHOWN])}{more})"
    return ""
