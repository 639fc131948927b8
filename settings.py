"""Base class of all settings: where values come from, how they are checked, how an error reads.

A value comes from the flags, else from the `SCENELAB_` environment variables, else from `config.py`.
"""

import difflib
import os
import re
import warnings
from collections.abc import Iterable, Mapping
from typing import TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from setting_help import help_text
from setting_types import POSITIONAL, REPEATED, as_text

ENVIRONMENT_PREFIX = "SCENELAB_"


class SettingError(ValueError):
    """One or more settings are wrong: exit code 2. Each argument is one error and one line on the screen."""

    @property
    def errors(self) -> tuple[str, ...]:
        return self.args

    def __str__(self) -> str:
        return "\n".join(self.args)


class WorkError(RuntimeError):
    """The settings are right, but the work cannot be done: exit code 1. The text says what to do about it."""


with warnings.catch_warnings():
    warnings.filterwarnings("ignore", message='Field name "json"')  # pydantic's own .json() is deprecated and not used

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

        # -- run --

        json: bool = False  # type: ignore[assignment]
        """Print one JSON object at the end: what was made, where, and the scores. Messages then go to standard error,
        so that standard output holds nothing else."""

        debug: bool = False
        """Show Python's traceback when something fails. You only need this to report an error of SceneLab."""


AnySettings = TypeVar("AnySettings", bound=Settings)


def bad_setting(field: str, given: object, allowed: str) -> str:
    """One line: the field, the value given, and what is allowed or what to do."""
    if given is None:
        return f"{field} is not set: {allowed}"
    return f"{field} = {as_text(given)!r}: {allowed}"


def first_line(error: BaseException) -> str:
    """The first line of an error's text; the name of its class if it has none."""
    text = str(error).strip()
    return text.splitlines()[0].strip() if text else type(error).__name__


def with_values(settings: AnySettings, values: Mapping[str, object]) -> AnySettings:
    """A copy with other values, which do not count as given by flags or variables."""
    copy = settings.model_copy()
    copy.__dict__.update(values)
    return copy


def errors_if_given(settings: Settings, fields: Iterable[str], why: str) -> list[str]:
    """An error for each of the fields that a flag gave although it has no effect here; `why` says so.

    An environment variable may be set for several commands, so one without effect is no error.
    """
    given = given_values(settings)
    variables = {name.upper() for name in os.environ}
    flags = [field for field in fields if field in given and ENVIRONMENT_PREFIX + field.upper() not in variables]
    return [bad_setting(field, given[field], why) for field in flags]


def read_settings(config: type[AnySettings], argv: list[str], program: str) -> AnySettings:
    """The checked settings of a command. `--help` prints every field and exits by SystemExit(0).

    Raises SettingError with a line for every error: unknown flags and variables, values that are not allowed.
    """
    if "--help" in argv or "-h" in argv:
        print(help_text(config, program))
        raise SystemExit(0)
    argv, errors = _without_unknown_flags(config, argv)
    errors += _unknown_variables()
    try:
        settings = config(_cli_parse_args=argv, _cli_prog_name=program)
    except ValidationError as error:
        errors += [_readable(entry) for entry in error.errors()]
    except SettingsError as error:
        errors.append(str(error).removeprefix("error parsing CLI: "))
    if errors:
        raise SettingError(*errors)
    return settings


def flag(field: str) -> str:
    return "--" + field.replace("_", "-")


def given_values(settings: Settings) -> dict[str, str]:
    """What flags and variables said, as they would be written there, in the order of `config.py`."""
    given = settings.model_fields_set
    values = {name: getattr(settings, name) for name in type(settings).model_fields if name in given}
    return {name: as_text(value) for name, value in values.items() if value is not None}


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
    kept, errors, dropped = [], [], False
    repeated = {flag(field) for field, info in config.model_fields.items() if REPEATED in info.metadata}
    for word in _last_of_each(_joined(_bare_positionals(config, argv), known), repeated):
        if word.startswith("--"):
            name = word.partition("=")[0]
            dropped = True
            if name not in known:
                errors.append(f"unknown flag {name}{_nearest(name, known)}; --help lists all of them")
            elif word == name + "=":
                errors.append(f"flag {name} has no value")
            else:
                dropped = False
        if not dropped:
            kept.append(word)
    return kept, errors


def _bare_positionals(config: type[Settings], argv: list[str]) -> list[str]:
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


def _readable(entry: ErrorDetails) -> str:
    field = str(entry["loc"][0]) if entry["loc"] else "settings"
    message = re.sub(r"^(Input|Value error,)\s*", "", entry["msg"])
    return bad_setting(field, entry["input"], message)
