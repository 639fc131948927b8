"""Values that stand below flags and environment variables: those of a settings file, and those edited in `config.py`.

A settings file is TOML. Values at its top hold for every command that has the setting, those of a table for the command
that the table is named after: `[predictor]`, `[classifiers.small]`; `[classifiers]` is for all classifiers.
"""

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from command_names import OWN_NAMES, groups, is_module, modules
from config_defaults import DEFAULTS
from setting_flags import flag
from setting_types import as_text, nearest

SETTINGS_FILE = Path("scenelab.toml")
"""Read from the working folder if no other file is named."""

NOT_IN_A_FILE = ("json", "config")
"""They hold before a file is read."""

CONFIG_FILE = "config.py"


class Source(NamedTuple):
    """Where a value comes from.

    Attributes:
        name: `flag`, `environment variable`, `config.py` or the path of a settings file.
        is_shared: whether the value is meant for several commands, so that it is no error if it has no effect on one.
    """

    name: str
    is_shared: bool = False


FLAG = Source("flag")
VARIABLE = Source("environment variable", is_shared=True)


class Value(NamedTuple):
    """A value as it is written, and where that is."""

    raw: object
    source: Source


def lower_values(
    config: type[BaseModel], command: str, file: Path | None, known: set[str]
) -> tuple[dict[str, Value], list[str]]:
    """The values of the settings file and of `config.py` for the fields of `config`, and the errors in the file.

    Arguments:
        command: `classifiers.small`, for example.
        file: the settings file; None: `scenelab.toml`, if there is one.
        known: the fields of all commands.
    """
    values = {name: Value(raw, Source(CONFIG_FILE)) for name, raw in edited_values(config)}
    if file is None and not SETTINGS_FILE.is_file():
        return values, []
    file = file or SETTINGS_FILE
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError:
        return values, [f"{file}: cannot be read as TOML: it is no text in UTF-8; save it as UTF-8"]
    except (tomllib.TOMLDecodeError, OSError) as error:
        return values, [f"{file}: cannot be read as TOML: {error}"]
    errors = list(_errors(content, str(file), "", known))
    own_fields = set(config.model_fields)
    for table, entries in _tables(content, command):
        is_own = table == command
        for name, raw in entries.items():
            if name in own_fields:
                values[name] = Value(_as_given(raw, config.model_fields[name]), Source(str(file), is_shared=not is_own))
            elif is_own and name in known:
                errors.append(f"{file}, [{table}]: {command} has no setting {name}{nearest(name, own_fields)}")
    return values, errors


def edited_values(config: type[BaseModel]) -> Iterator[tuple[str, object]]:
    """The fields whose value in `config.py` differs from the one that SceneLab came with.

    A value that is edited in a class holds for the classes below it too, unless it is also edited there.
    """
    for name in config.model_fields:
        for one in config.__mro__:
            shipped = DEFAULTS.get(one.__name__, {}).get(name)
            if shipped is not None and as_text(value := own_default(one, name)) != shipped:
                yield name, value
                break


def own_default(one: type, name: str) -> object:
    """The value that a class of `config.py` gives the field itself."""
    return one.model_fields[name].default  # type: ignore[attr-defined]


def _tables(content: Mapping[str, object], command: str) -> Iterator[tuple[str, dict[str, object]]]:
    """The tables that hold for a command, with their names, the most general first."""
    names = ["", *command.split(".")]
    table: object = content
    for depth, name in enumerate(names):
        table = table.get(name) if depth and isinstance(table, dict) else table
        if not isinstance(table, dict):
            return
        yield ".".join(names[1 : depth + 1]), {key: raw for key, raw in table.items() if not isinstance(raw, dict)}


def _errors(table: Mapping[str, object], file: str, path: str, known: set[str]) -> Iterator[str]:
    """A line for each name that no command has, and for each value that no setting takes."""
    where = f"{file}, [{path}]" if path else file
    for name, raw in table.items():
        inner = f"{path}.{name}" if path else name
        if isinstance(raw, dict):
            is_empty_group = not any(not isinstance(value, dict) for value in raw.values())
            if _is_command(inner) or (is_empty_group and any(one.startswith(f"{inner}.") for one in modules())):
                yield from _errors(raw, file, inner, known)
            else:
                yield f"{file}: no command is named [{inner}]; a table is named like [datatransformer] or [classifiers]"
        elif name not in known:
            yield f"{where}: unknown setting {name}{nearest(name, known)}"
        elif name in NOT_IN_A_FILE:
            yield f"{where}: {name} has no effect here; give the flag {flag(name)}"
        elif raw == "":
            yield f"{where}: {name} has no value; leave the line out"


def _is_command(name: str) -> bool:
    return name in OWN_NAMES or is_module(name) or name in groups()


def _as_given(raw: object, info: FieldInfo) -> object:
    """A value as a flag gives it: text, or a list of texts; true and false only for a switch."""
    if isinstance(raw, list):
        return tuple(as_text(one) for one in raw)
    return raw if isinstance(raw, bool) and info.annotation is bool else as_text(raw)
