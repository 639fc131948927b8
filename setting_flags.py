"""The words of a command line: which are known, and in what form pydantic-settings takes them."""

import re
from collections.abc import Mapping

from pydantic import BaseModel

from setting_types import POSITIONAL, REPEATED, nearest


def flag(field: str) -> str:
    return "--" + field.replace("_", "-")


def switches_of(config: type[BaseModel]) -> set[str]:
    """The flags that take no value."""
    names = [name for name, info in config.model_fields.items() if info.annotation is bool]
    return {flag(name) for name in names} | {flag(f"no_{name}") for name in names}


def command_words(given: Mapping[str, str]) -> list[str]:
    """Such values as flags: a command with them gets the same settings."""
    words: list[str] = []
    for name, value in given.items():
        if value in ("True", "False"):
            words.append(flag(name if value == "True" else f"no_{name}"))
        else:
            words += [f"{flag(name)}={value}"] if value.startswith("-") else [flag(name), value]
    return words


def value_of(name: str, argv: list[str]) -> str:
    """The value of a flag; empty if it is not given."""
    for number, word in enumerate(argv):
        if word == name:
            return argv[number + 1] if number + 1 < len(argv) else ""
        if word.startswith(name + "="):
            return word[len(name) + 1 :]
    return ""


def readable_parsing(text: str) -> str:
    """What argparse says of a command line."""
    text = text.removeprefix("error parsing CLI: ")
    words = text.removeprefix("unrecognized arguments: ")
    if words == text:
        return text
    return (
        f"{words}: each value stands behind its flag, and a pattern such as '*.jpg' in quotes; --help lists the flags"
    )


def without_unknown_flags(config: type[BaseModel], argv: list[str]) -> tuple[list[str], list[str]]:
    switches = switches_of(config)
    known = {"--help"} | {flag(field) for field in config.model_fields} | switches
    kept, errors, dropped = [], [], False
    repeated = {flag(field) for field, info in config.model_fields.items() if REPEATED in info.metadata}
    for word in _last_of_each(_joined(_bare_positionals(config, argv), known), repeated, switches):
        if word.startswith("--"):
            name = word.partition("=")[0]
            dropped = True
            if name not in known:
                errors.append(f"unknown flag {name}{nearest(name, known)}; --help lists all of them")
            elif word == name + "=":
                errors.append(f"flag {name} has no value")
            else:
                dropped = False
        if not dropped:
            kept.append(word)
    return kept, errors


def _bare_positionals(config: type[BaseModel], argv: list[str]) -> list[str]:
    """What stands without a flag may have it nevertheless: `--run A` is `A`."""
    flags = {flag(field) for field, info in config.model_fields.items() if POSITIONAL in info.metadata}
    bare: list[str] = []
    for word in argv:
        name, equals, value = word.partition("=")
        bare += [word] if name not in flags else [value] if equals else []
    return bare


def _joined(argv: list[str], known: set[str]) -> list[str]:
    """A value such as -20,all behind its flag becomes one word with it: alone it would be taken for a flag."""
    joined: list[str] = []
    for word in argv:
        if joined and joined[-1] in known and re.match(r"-[\d.]", word):
            joined[-1] += f"={word}"
        else:
            joined.append(word)
    return joined


def _last_of_each(argv: list[str], repeated: set[str], switches: set[str]) -> list[str]:
    """A flag that is given twice counts as it was given last, lists too: so a script's flags can be overruled.

    Those in `repeated` count each time. The word behind one of the `switches` is not its value.
    """
    groups: dict[str, list[str]] = {}
    alone: list[str] = []
    waiting = ""
    for word in argv:
        if word.startswith("--"):
            name, equals, _ = word.partition("=")
            if name not in repeated:
                groups.pop(name, None)
            groups.setdefault(name, []).append(word)
            waiting = "" if equals or name in switches else name
        elif waiting:
            groups[waiting].append(word)
            waiting = ""
        else:
            alone.append(word)
    return [*alone, *(word for group in groups.values() for word in group)]
