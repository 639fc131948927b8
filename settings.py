"""Base class of all settings: where values come from, how they are checked, how an error reads.

A value comes from the flags, else from the `SCENELAB_` environment variables, else from a settings file, else from
`config.py`.
"""

import os
import re
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import TypeVar

from pydantic import PrivateAttr, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from log import as_typed
from setting_flags import flag, readable_parsing, value_of, without_unknown_flags
from setting_help import help_text
from setting_sources import FLAG, VARIABLE, Source, lower_values
from setting_types import POSITIONAL, File, as_text, nearest

ENVIRONMENT_PREFIX = "SCENELAB_"


lower: ContextVar[Mapping[str, object] | None] = ContextVar("lower", default=None)
"""The values below flags and variables while `read_settings` makes the settings."""


class SettingError(ValueError):
    """One or more settings are wrong: exit code 2. Each argument is one error and one line on the screen."""

    @property
    def errors(self) -> tuple[str, ...]:
        return self.args

    def __str__(self) -> str:
        return "\n".join(self.args)


class WorkError(RuntimeError):
    """The settings are right, but the work cannot be done: exit code 1. The text says what to do about it."""


class NothingDone(WorkError):
    """There was work, but none of it could be done, for example because no image could be read: exit code 3."""


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

        _sources: dict[str, Source] = PrivateAttr(default_factory=dict)
        """Where the given values come from. Those of a field that is not in it come from a flag."""

        # -- run --

        config: File | None = None
        """A settings file in TOML. Its values hold unless a flag or an environment variable gives another.
        Empty: scenelab.toml in the working folder, if there is one."""

        json: bool = False  # type: ignore[assignment]
        """Print one JSON object at the end: what was made, where, and the scores. Messages then go to standard error,
        so that standard output holds nothing else."""

        debug: bool = False
        """Show Python's traceback when something fails. You only need this to report an error of SceneLab."""

        @classmethod
        def __pydantic_init_subclass__(cls, **kwargs: object) -> None:
            """A field that a class defines again without a text has the text of the class above."""
            for name, info in cls.model_fields.items():
                above = [one for one in cls.__mro__[1:] if issubclass(one, Settings) and name in one.model_fields]
                if info.description is None and above:
                    info.description = above[0].model_fields[name].description

        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource,
            dotenv_settings: PydanticBaseSettingsSource,
            file_secret_settings: PydanticBaseSettingsSource,
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            """Adds the settings file and the edited values of `config.py` below the environment variables."""
            return init_settings, env_settings, InitSettingsSource(settings_cls, dict(lower.get() or {}))

        def source_of(self, field: str) -> Source | None:
            """Where its value comes from; None for a default."""
            return self._sources.get(field, FLAG) if field in self.model_fields_set else None


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
    """An error for each of the fields that is given although it has no effect here; `why` says so.

    Environment variables and the general tables of a settings file are meant for several commands, so those without
    effect are no errors.
    """
    given = given_values(settings)
    return [
        bad_setting(field, given[field], why + _place(settings.source_of(field)))
        for field in fields
        if field in given and (source := settings.source_of(field)) and not source.is_shared
    ]


def read_settings(config: type[AnySettings], argv: list[str], program: str) -> AnySettings:
    """The checked settings of a command. `--help` prints every field and exits by SystemExit(0).

    Raises SettingError with a line for every error: unknown flags and variables, values that are not allowed.
    """
    if "--help" in argv or "-h" in argv:
        print(as_typed(help_text(config, program)))
        raise SystemExit(0)
    known, command = _fields_of_all_commands(), program.split()[-1]
    argv, errors = without_unknown_flags(config, argv)
    errors += _unknown_variables(known)
    values, file_errors = lower_values(config, command, _settings_file(argv), known)
    errors += file_errors
    sources = {name: value.source for name, value in values.items()} | _sources_above(config, argv)
    settings = None
    try:
        with _below({name: value.raw for name, value in values.items()}):
            settings = config(_cli_parse_args=argv, _cli_prog_name=program)
    except ValidationError as error:
        errors += [_readable(entry, sources) for entry in error.errors()]
    except SettingsError as error:
        errors.append(readable_parsing(str(error)))
    if errors or settings is None:
        raise SettingError(*errors)
    settings._sources.update(sources)
    return settings


@contextmanager
def _below(values: Mapping[str, object]) -> Iterator[None]:
    """Settings that are made meanwhile have these values where no flag or variable gives another."""
    token = lower.set(values)
    try:
        yield
    finally:
        lower.reset(token)


def _settings_file(argv: list[str]) -> Path | None:
    """The file that `--config` or its variable names, if it exists; otherwise the field's own check refuses it."""
    name = value_of("--config", argv) or os.environ.get(ENVIRONMENT_PREFIX + "CONFIG", "")
    path = Path(name).expanduser()
    return path if name and path.is_file() else None


def _sources_above(config: type[Settings], argv: list[str]) -> dict[str, Source]:
    """The fields that flags and variables give."""
    variables = {name.upper() for name, value in os.environ.items() if value}
    flags = {word.partition("=")[0] for word in argv if word.startswith("--")}
    above: dict[str, Source] = {}
    for field, info in config.model_fields.items():
        if {flag(field), flag("no_" + field)} & flags or (
            POSITIONAL in info.metadata and argv[:1] and argv[0][:2] != "--"
        ):
            above[field] = FLAG
        elif ENVIRONMENT_PREFIX + field.upper() in variables:
            above[field] = VARIABLE
    return above


def _place(source: Source | None) -> str:
    """Names the file that a value stands in, behind a message about it."""
    return "" if source in (None, FLAG, VARIABLE) else f" (the value is in {source.name})"


def given_values(settings: Settings) -> dict[str, str]:
    """What flags and variables said, as they would be written there, in the order of `config.py`."""
    given = settings.model_fields_set - {"config"}  # which only says where others are
    values = {name: getattr(settings, name) for name in type(settings).model_fields if name in given}
    return {name: as_text(value) for name, value in values.items() if value is not None}


def _fields_of_all_commands() -> set[str]:
    known, classes = set(), [Settings]
    while classes:
        one = classes.pop()
        classes += one.__subclasses__()
        known |= set(one.model_fields)
    return known


def _unknown_variables(fields: set[str]) -> list[str]:
    """A misspelt variable would otherwise be ignored in silence. Every command's variables are known to all."""
    known = {ENVIRONMENT_PREFIX + field.upper() for field in fields}
    names = (name for name in os.environ if name.upper().startswith(ENVIRONMENT_PREFIX))
    return [f"unknown environment variable {name}{nearest(name, known)}" for name in names if name.upper() not in known]


def _readable(entry: ErrorDetails, sources: Mapping[str, Source]) -> str:
    field = str(entry["loc"][0]) if entry["loc"] else "settings"
    message = re.sub(r"^(Input|Value error,)\s*", "", entry["msg"])
    return bad_setting(field, entry["input"], message + _place(sources.get(field)))
