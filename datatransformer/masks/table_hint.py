"""Tables of class names that lie beside masks: they are not read unasked, but told of."""

import shlex
from collections.abc import Iterable
from pathlib import Path

from datatransformer.tables.class_entries import read_class_entries
from datatransformer.tables.class_table_hint import MOST_TABLES, files_that_may_name_classes
from settings import WorkError
from storage.tables import printable

SHOWN = 4


def tables_near_masks(folders: Iterable[Path]) -> str:
    """The flag for the first file in these folders that names classes, and its names; empty if there is none."""
    for path in files_that_may_name_classes(folders)[:MOST_TABLES]:
        try:
            names = [printable(entry.name) for entry in read_class_entries(path).entries]
        except (WorkError, OSError):
            continue
        if len(names) > 1:
            more = ", ..." if len(names) > SHOWN else ""
            return f"--class-names {shlex.quote(str(path))} ({', '.join(names[:SHOWN])}{more})"
    return ""
