"""Whether a value that was read from a changed file is what the file says, by other readers than the product's own.

Two things are asked of each value that is not in what was read before: does the changed file hold it, and was its field
changed? A changed value that stays plausible cannot be noticed, but it must be the only thing that differs.
"""

import csv
import io
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Set
from contextlib import suppress
from pathlib import Path
from typing import Any

Leaf = tuple[str, object]
"""The name of a field, or nothing, and a number, a text or None."""


def fault_of_value(suffix: str, before: bytes, after: bytes, read_before: object, read_after: object) -> str:
    """What is wrong with a value read from a file whose content was changed; empty if nothing is."""
    said_before = list(_said(suffix, before))
    try:
        said = list(_said(suffix, after))
    except (ValueError, RecursionError) as error:
        return f"a value from a file that others cannot read: {error}"
    fields = {name for name, _ in said_before} - {""}
    names_changed = [name for name, _ in said] != [name for name, _ in said_before]
    changed = {name for name, _ in (Counter(said) - Counter(said_before)) + (Counter(said_before) - Counter(said))}
    known = {leaf for _, leaf in said} | {name for name, _ in said} | {None}
    for name, leaf in Counter(leaves(read_after)) - Counter(leaves(read_before)):
        if leaf not in known and leaf not in {leaf for _, leaf in leaves(read_before)}:
            return f"{name or 'a value'} is {leaf!r}, which is not in the file"
        if name in fields and name not in changed and not names_changed:
            return f"{name} is {leaf!r}, and the file has another {', '.join(map(str, changed)) or 'order'}"
    return ""


def leaves(value: object, name: str = "") -> Iterator[Leaf]:
    """The numbers and texts in a value, each with the nearest name above it."""
    if hasattr(value, "_asdict"):
        value = value._asdict()
    elif hasattr(value, "model_dump"):
        value = value.model_dump()
    if isinstance(value, Mapping):
        for key, part in value.items():
            yield from leaves(part, str(key))
    elif isinstance(value, list | tuple | Set):
        for part in value:
            yield from leaves(part, name)
    else:
        yield name, _plain(value)


def _said(suffix: str, content: bytes) -> Iterator[Leaf]:
    """The fields of a JSON or CSV file."""
    if suffix == ".json":
        yield from leaves(json.loads(_text(content)))
        return
    for row in csv.DictReader(io.StringIO(_text(content), newline="")):
        yield from ((name, _plain(cell)) for name, cell in row.items() if name and isinstance(cell, str))


def _text(content: bytes) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")


def _plain(value: Any) -> object:
    """Numbers as float, wherever they were written; texts without the apostrophe before a formula."""
    if value is None:
        return None
    if isinstance(value, bool):
        return str(value)
    with suppress(ValueError, TypeError, OverflowError):
        number = float(value)
        return number if number == number else "nan"
    text = value.as_posix() if isinstance(value, Path) else str(value)
    return text.removeprefix("'")
