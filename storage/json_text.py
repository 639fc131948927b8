"""JSON within limits: what is damaged or hostile is an error with a reason, never a wrong value or an endless depth."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, NoReturn

MAX_DEPTH = 100
"""Brackets within brackets. Files of ours have five."""

MAX_DIGITS = 30
"""Digits of a whole number: more than any count, time or checksum has."""


class BadJson(ValueError):
    """The text is no JSON that can be trusted. The message is the reason."""


def parse_json(content: bytes | str, nan: bool = False) -> object:
    """The value in a JSON text. Raises BadJson, also for a name that stands twice in an object.

    `nan`: whether NaN and infinity are numbers, as Python writes them.
    """
    try:
        value = json.loads(
            content, object_pairs_hook=_object, parse_int=_whole_number, parse_constant=float if nan else _no_number
        )
    except BadJson:
        raise
    except RecursionError as error:
        raise BadJson(f"it has more than {MAX_DEPTH} brackets within brackets") from error
    except UnicodeDecodeError as error:
        raise BadJson(f"it is no text in UTF-8 (byte {error.start + 1})") from error
    except ValueError as error:
        raise BadJson(f"it is no JSON: {error}") from error
    _check_depth(value)
    return value


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    content = dict(pairs)
    if len(content) < len(pairs):
        name, _ = Counter(name for name, _ in pairs).most_common(1)[0]
        raise BadJson(f"{name!r:.60} stands twice in it")
    return content


def _whole_number(text: str) -> int:
    if len(text) > MAX_DIGITS:
        raise BadJson(f"it holds a number of {len(text):,} digits")
    return int(text)


def _no_number(text: str) -> NoReturn:
    raise BadJson(f"it holds {text}, which is no number")


def _check_depth(value: object) -> None:
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [part for container in level for part in _parts(container)]
        if not level:
            return
    raise BadJson(f"it has more than {MAX_DEPTH} brackets within brackets")


def bounded(events: Iterable[tuple[str, Any]]) -> Iterator[tuple[str, Any]]:
    """The events of `ijson.basic_parse`. Raises BadJson where they go too deep: the paths of ijson take all memory."""
    depth = 0
    for event in events:
        if event[0] in ("start_map", "start_array"):
            depth += 1
            if depth > MAX_DEPTH:
                raise BadJson(f"it has more than {MAX_DEPTH} brackets within brackets")
        elif event[0] in ("end_map", "end_array"):
            depth -= 1
        yield event


def _parts(value: object) -> Iterator[object]:
    if isinstance(value, dict):
        yield from value.values()
    elif isinstance(value, list):
        yield from value
