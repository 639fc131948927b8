"""Changes to the content of a file that know its structure: JSON, CSV, zip archives, and any bytes."""

import csv
import io
import json
import zipfile
from collections.abc import Callable
from random import Random
from typing import Any

ODD_VALUES: tuple[Any, ...] = (
    None, True, -1, 0, 10**9, 10**18, -0.5, float("nan"), float("inf"), "", "x", "../x", "\0", "=1+1", [], {}, [[]],
    {"a": 1}, "9" * 5000,
)  # fmt: skip
ODD_CELLS = ("", "x", "nan", "inf", "-1", "1e400", "9" * 5000, "0", "../x", "\0", "'=x", "1.5", '"', "a\nb", "\x1b[2J")

Change = Callable[[Random, bytes], bytes]


# ---- Any bytes -------------------------------------------------------------------------------------------------------


def truncated(random: Random, content: bytes) -> bytes:
    return content[: random.randrange(len(content) + 1)]


def bit_flipped(random: Random, content: bytes) -> bytes:
    changed = bytearray(content)
    for _ in range(random.choice((1, 1, 1, 20))):
        if changed:
            changed[random.randrange(len(changed))] ^= 1 << random.randrange(8)
    return bytes(changed)


def with_zero_bytes(random: Random, content: bytes) -> bytes:
    place = random.randrange(len(content) + 1)
    return content[:place] + b"\0" * random.choice((1, 512)) + content[place:]


def piece_removed(random: Random, content: bytes) -> bytes:
    start = random.randrange(len(content) + 1)
    return content[:start] + content[start + random.choice((1, 10, 100)) :]


def empty(random: Random, content: bytes) -> bytes:
    return b""


def other_file(random: Random, content: bytes) -> bytes:
    return random.choice((b"PK\x03\x04", b"\x89HDF\r\n\x1a\n", b"\x89PNG\r\n\x1a\n", b"<html>")) + content


BYTES: tuple[Change, ...] = (truncated, bit_flipped, with_zero_bytes, piece_removed, empty, other_file)


# ---- Text ------------------------------------------------------------------------------------------------------------


def byte_order_mark(random: Random, content: bytes) -> bytes:
    return b"\xef\xbb\xbf" + content


def utf_16(random: Random, content: bytes) -> bytes:
    return content.decode(errors="replace").encode("utf-16")


def latin_1(random: Random, content: bytes) -> bytes:
    place = random.randrange(len(content) + 1)
    return content[:place] + "é".encode("latin-1") + content[place:]


def lines_of_windows(random: Random, content: bytes) -> bytes:
    return content.replace(b"\n", b"\r\n")


def twice(random: Random, content: bytes) -> bytes:
    return content + content


TEXT: tuple[Change, ...] = (*BYTES, byte_order_mark, utf_16, latin_1, lines_of_windows, twice)


# ---- JSON ------------------------------------------------------------------------------------------------------------


def _places(value: Any) -> list[tuple[Any, Any]]:
    """All containers with the keys in them."""
    found: list[tuple[Any, Any]] = []
    waiting = [value]
    while waiting:
        part = waiting.pop()
        keys = list(part) if isinstance(part, dict) else list(range(len(part))) if isinstance(part, list) else []
        found += [(part, key) for key in keys]
        waiting += [part[key] for key in keys]
    return found


def _on_json(change: Callable[[Random, Any, Any], None]) -> Change:
    def changed(random: Random, content: bytes) -> bytes:
        value = json.loads(content)
        places = _places(value)
        if places:
            change(random, *random.choice(places))
        return json.dumps(value).encode()

    changed.__name__ = change.__name__
    return changed


@_on_json
def key_removed(random: Random, container: Any, key: Any) -> None:
    del container[key]


@_on_json
def other_value(random: Random, container: Any, key: Any) -> None:
    container[key] = random.choice(ODD_VALUES)


@_on_json
def values_swapped(random: Random, container: Any, key: Any) -> None:
    other = random.choice(list(container) if isinstance(container, dict) else range(len(container)))
    container[key], container[other] = container[other], container[key]


def nested(random: Random, content: bytes) -> bytes:
    depth = random.choice((200, 100_000))
    start = random.choice((b"[", b'{"a":'))
    end = b"]" if start == b"[" else b"}"
    deep = start * depth + b"1" + end * depth
    return deep if random.random() < 0.5 else content.rstrip()[:-1] + b', "deep": ' + deep + content.rstrip()[-1:]


def key_twice(random: Random, content: bytes) -> bytes:
    value = json.loads(content)
    if not isinstance(value, dict) or not value:
        return content
    key = random.choice(list(value))
    return content.rstrip()[:-1] + f", {json.dumps(key)}: {json.dumps(random.choice(ODD_VALUES))}}}".encode()


def long_number(random: Random, content: bytes) -> bytes:
    return content.replace(b"1", b"1" * 5000, 1)


def newer_version(random: Random, content: bytes) -> bytes:
    value = json.loads(content)
    if not isinstance(value, dict):
        return content
    return json.dumps({**value, "version": random.choice((2, 99, "1", None))}).encode()


JSON: tuple[Change, ...] = (
    *TEXT, key_removed, other_value, other_value, values_swapped, nested, key_twice, long_number, newer_version
)  # fmt: skip


# ---- CSV -------------------------------------------------------------------------------------------------------------


def _on_rows(change: Callable[[Random, list[list[str]]], object]) -> Change:
    def changed(random: Random, content: bytes) -> bytes:
        rows = list(csv.reader(io.StringIO(content.decode())))
        change(random, rows)
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(rows)
        return text.getvalue().encode(errors="surrogateescape")

    changed.__name__ = change.__name__
    return changed


@_on_rows
def other_cell(random: Random, rows: list[list[str]]) -> None:
    row = random.choice(rows)
    row[random.randrange(len(row))] = random.choice(ODD_CELLS)


@_on_rows
def columns_swapped(random: Random, rows: list[list[str]]) -> None:
    first, second = (random.randrange(len(rows[0])) for _ in range(2))
    for row in rows[random.choice((0, 1)) :]:  # with their names, or without
        row[first], row[second] = row[second], row[first]


@_on_rows
def column_removed(random: Random, rows: list[list[str]]) -> None:
    column = random.randrange(len(rows[0]))
    for row in rows:
        del row[column]


@_on_rows
def header_lost(random: Random, rows: list[list[str]]) -> None:
    del rows[0]


@_on_rows
def row_twice(random: Random, rows: list[list[str]]) -> None:
    rows.insert(random.randrange(len(rows) + 1), random.choice(rows))


@_on_rows
def row_removed(random: Random, rows: list[list[str]]) -> None:
    del rows[random.randrange(len(rows))]


@_on_rows
def rows_shuffled(random: Random, rows: list[list[str]]) -> None:
    rest = rows[1:]
    random.shuffle(rest)
    rows[1:] = rest


@_on_rows
def other_width(random: Random, rows: list[list[str]]) -> None:
    row = random.choice(rows)
    row.append("more") if random.random() < 0.5 else row.pop()


CSV: tuple[Change, ...] = (
    *TEXT, other_cell, other_cell, columns_swapped, column_removed, header_lost, row_twice, row_removed, rows_shuffled,
    other_width,
)  # fmt: skip


# ---- Archives --------------------------------------------------------------------------------------------------------


def _members(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def _packed(members: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return packed.getvalue()


def member_removed(random: Random, content: bytes) -> bytes:
    members = _members(content)
    del members[random.choice(list(members))]
    return _packed(members)


def member_renamed(random: Random, content: bytes) -> bytes:
    members = _members(content)
    name = random.choice(list(members))
    members[random.choice(("../x", "/x", "a\\..\\..\\x"))] = members.pop(name)
    return _packed(members)


def member_changed(random: Random, content: bytes) -> bytes:
    members = _members(content)
    name = random.choice(list(members))
    changes = {".json": JSON, ".csv": CSV}.get(name[name.rfind(".") :], BYTES)
    members[name] = random.choice(changes)(random, members[name])
    return _packed(members)


def bomb(random: Random, content: bytes) -> bytes:
    members = _members(content)
    members[random.choice(list(members))] = bytes(70 * 2**20)
    return _packed(members)


ZIP: tuple[Change, ...] = (
    *BYTES, bit_flipped, member_removed, member_renamed, member_changed, member_changed, member_changed, bomb
)  # fmt: skip
