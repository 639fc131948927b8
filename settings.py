"""What every class of settings shares: where values come from, how they are checked, how a fault reads.

A value is looked for in the flags, then in the `SCENELAB_` environment variables, then in `config.py`.
"""

import difflib
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BeforeValidator, ValidationError
from pydantic_settings import BaseSettings, CliPositionalArg, NoDecode, SettingsConfigDict, SettingsError

ENVIRONMENT_PREFIX = "SCENELAB_"


class SettingError(ValueError):
    """One or more settings are wrong: exit code 2. Each argument is one fault, one line on the screen."""

    @property
    def faults(self) -> tuple[str, ...]:
        return self.args

    def __str__(self) -> str:
        return "\n".join(self.args)


class WorkError(RuntimeError):
    """The settings are right, yet the work cannot be done: exit code 1. The text says what to do about it."""


class Settings(BaseSettings):
    """Base of the classes in `config.py`: each field is also a flag and an environment variable."""

    model_config = SettingsConfigDict(
        env_prefix=ENVIRONMENT_PREFIX,
        env_ignore_empty=True,
        use_attribute_docstrings=True,
        cli_kebab_case=True,
        cli_implicit_flags=True,
        cli_exit_on_error=False,
        cli_hide_none_type=True,
        frozen=True,
        extra="forbid",
    )

    debug: bool = False
    """Show Python's traceback when something fails. You only need this to report a mistake of ours."""


def fault(field: str, given: object, allowed: str) -> str:
    """One line: the field, what was given, and what is allowed or what to do."""
    return f"{field} = {str(given)!r}: {allowed}"


def faults_if_given(settings: Settings, fields: Iterable[str], why: str) -> list[str]:
    """A fault for each of the fields that was given, though it is of no use here; `why` says so."""
    given = given_values(settings)
    return [fault(field, given[field], why) for field in fields if field in given]


def read_settings(config: type[Settings], argv: list[str], program: str) -> Settings:
    """The checked settings of a command. `--help` prints every field and leaves by SystemExit(0).

    Raises SettingError with a line for every fault: unknown flags and variables, values that are not allowed.
    """
    argv, faults = _without_unknown_flags(config, argv)
    faults += _unknown_variables()
    try:
        settings = config(_cli_parse_args=argv, _cli_prog_name=program)
    except ValidationError as error:
        faults += [_readable(entry) for entry in error.errors()]
    except SettingsError as error:
        faults.append(str(error).removeprefix("error parsing CLI: "))
    if faults:
        raise SettingError(*faults)
    return settings


def flag(field: str) -> str:
    return "--" + field.replace("_", "-")


def given_values(settings: Settings) -> dict[str, str]:
    """What flags and variables said, as they would be written there, in the order of `config.py`."""
    given = settings.model_fields_set
    values = {name: getattr(settings, name) for name in type(settings).model_fields if name in given}
    return {name: _written(value) for name, value in values.items() if value is not None}


def _written(value: object) -> str:
    if isinstance(value, tuple):
        return ",".join(map(_written, value))
    return str(value)


def command_words(given: Mapping[str, str]) -> list[str]:
    """Such values as flags: a command with them gets the same settings."""
    words: list[str] = []
    for name, value in given.items():
        if value in ("True", "False"):
            words.append(flag(name if value == "True" else f"no_{name}"))
        else:
            words += [f"{flag(name)}={value}"] if value.startswith("-") else [flag(name), value]
    return words


def _without_unknown_flags(config: type[Settings], argv: list[str]) -> tuple[list[str], list[str]]:
    known = {"--help"} | {flag(field) for field in config.model_fields}
    known |= {flag("no_" + field) for field, info in config.model_fields.items() if info.annotation is bool}
    kept, faults, dropped = [], [], False
    repeated = {flag(field) for field, info in config.model_fields.items() if REPEATED in info.metadata}
    for word in _last_of_each(_joined(_bare_positionals(config, argv), known), repeated):
        if word.startswith("--"):
            name = word.partition("=")[0]
            dropped = True
            if name not in known:
                faults.append(f"unknown flag {name}{_nearest(name, known)}; --help lists all of them")
            elif word == name + "=":
                faults.append(f"flag {name} has no value")
            else:
                dropped = False
        if not dropped:
            kept.append(word)
    return kept, faults


def _bare_positionals(config: type[Settings], argv: list[str]) -> list[str]:
    """What stands without a flag may have it nevertheless: `--run A` is `A`."""
    flags = {flag(field) for field, info in config.model_fields.items() if Positional.__metadata__[0] in info.metadata}
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


def _last_of_each(argv: list[str], repeated: set[str]) -> list[str]:
    """A flag that is given twice counts as it was given last, lists too: so a script's flags can be overruled.

    Those in `repeated` count each time.
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
            waiting = "" if equals else name
        elif waiting:
            groups[waiting].append(word)
            waiting = ""
        else:
            alone.append(word)
    return [*alone, *(word for group in groups.values() for word in group)]


def _unknown_variables() -> list[str]:
    """A misspelt variable would otherwise be ignored in silence. Every command's variables are known to all."""
    known, classes = set(), [Settings]
    while classes:
        one = classes.pop()
        classes += one.__subclasses__()
        known |= {ENVIRONMENT_PREFIX + field.upper() for field in one.model_fields}
    names = (name for name in os.environ if name.upper().startswith(ENVIRONMENT_PREFIX))
    return [
        f"unknown environment variable {name}{_nearest(name, known)}" for name in names if name.upper() not in known
    ]


def _nearest(name: str, known: set[str]) -> str:
    close = difflib.get_close_matches(name, sorted(known), n=1)
    return f" (did you mean {close[0]}?)" if close else ""


def _readable(entry: dict[str, Any]) -> str:
    field = str(entry["loc"][0]) if entry["loc"] else "settings"
    message = re.sub(r"^(Input|Value error,)\s*", "", entry["msg"])
    return fault(field, entry["input"], message)


# ---- Types of fields -------------------------------------------------------------------------------------------------


def _split_commas(value: object) -> object:
    """Text, or a single value as it may stand in config.py, as a list."""
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return value if isinstance(value, list | tuple) else [value]


def _image_size(value: object) -> str:
    text = str(value)
    if not re.fullmatch(r"\d+(x\d+)?", text) or min(height_and_width(text)) < 8:
        raise ValueError("should be 8 or more pixels: 96 for a square, 180x240 for height x width")
    return text


def height_and_width(size: str) -> tuple[int, int]:
    """In pixels: `96` is (96, 96), `180x240` is (180, 240)."""
    sides = [int(side) for side in size.split("x")]
    return sides[0], sides[-1]


def _frozen(value: object) -> str:
    text = str(value)
    if text not in ("head", "all") and not re.fullmatch(r"-?\d+", text):
        raise ValueError("should be head, all, or a number of layers as in freeze")
    return text


def int_or_as_it_is(value: object) -> object:
    """For choices among numbers: flags and variables are text."""
    return int(value) if isinstance(value, str) and value.isdecimal() else value


def _run_name(name: str) -> str:
    if not name.strip() or name.startswith(".") or set(name) & set("/\\"):
        raise ValueError("should be a folder's name: no slash in it, no dot at its start")
    return name


def _data_service(address: str) -> str:
    if not re.fullmatch(r"grpc://[^\s:/]+:\d{1,5}", address):
        raise ValueError("should be the dispatcher's address, such as grpc://localhost:5050")
    return address


def _folder(path: Path) -> Path:
    if not path.is_dir():
        raise ValueError(_not_there(path, "is not a folder"))
    return path


def _file(path: Path) -> Path:
    if not path.is_file():
        raise ValueError(_not_there(path, "is not a file"))
    return path


def _not_there(path: Path, what: str) -> str:
    if path.exists():
        return what
    parent = next(folder for folder in path.absolute().parents if folder.exists())
    close = difflib.get_close_matches(path.name, os.listdir(parent) if parent == path.absolute().parent else [], n=1)
    return f"is not there{f' (did you mean {close[0]}?)' if close else f' (nearest folder that is: {parent})'}"


Item = TypeVar("Item")

Listed = Annotated[tuple[Item, ...], NoDecode, BeforeValidator(_split_commas)]
"""Written with commas: 1e-3,1e-4."""

UserPath = Annotated[Path, AfterValidator(Path.expanduser)]
"""May start with ~."""

REPEATED = "repeated"
Repeated = Annotated[Listed[Item], REPEATED]
"""As `Listed`; if the flag is given several times, its lists count together."""

Positional = CliPositionalArg
"""Stands on a command line without its flag."""

Folder = Annotated[UserPath, AfterValidator(_folder)]
File = Annotated[UserPath, AfterValidator(_file)]
DataService = Annotated[str, AfterValidator(_data_service)]
ImageSize = Annotated[str, BeforeValidator(_image_size)]
"""In pixels; `height_and_width` takes it apart."""

Frozen = Annotated[str, BeforeValidator(_frozen)]
"""What does not learn: `head` is all but the head, `all` is nothing, a number is a slice of layers."""

RunName = Annotated[str, AfterValidator(_run_name)]
