"""The page of settings: all fields of the classes in `config.py`."""

import inspect
import re
import types
import typing
from pathlib import Path

import config
import setting_flags
import setting_help
import setting_types
import settings
from pages.text import NOTE, cell


def settings_page() -> str:
    """The page of all settings of all commands."""
    parts = [
        NOTE,
        "# Settings",
        "Each setting is a field of a class in `config.py`, a flag of the command and an environment variable. "
        "`val_fraction` is the flag `--val-fraction` and the variable `SCENELAB_VAL_FRACTION`. A flag wins over a "
        "variable, and a variable wins over `config.py`. A list is written with commas: `--learning-rates 1e-3,1e-4`. "
        "A switch has two flags: `--skip` and `--no-skip`. If a flag is given twice, the last one counts, unless the "
        "text says otherwise.",
        "Every command also has `--help`.",
    ]
    for config_class, command in commands().items():
        parts += [f"## `python -m {command}`", _introduction(config_class)]
        parent = config_class.__mro__[1]
        if parent in commands():
            fields = _new_fields(config_class, parent)
            same = f"[`python -m {commands()[parent]}`](#{_anchor(commands()[parent])})"
            parts.append(f"It has the settings of {same}" + (", with these differences:" if fields else "."))
        else:
            fields = list(config_class.model_fields)
        for section, names in setting_help.sections(config_class).items():
            if kept := [name for name in names if name in fields]:
                parts += [f"### {section.capitalize()}", _table(config_class, kept)]
    return "\n\n".join(parts) + "\n"


def commands() -> dict[type, str]:
    """The classes of `config.py` in their order, each with its command."""
    classes = [value for value in vars(config).values() if isinstance(value, type) and value.__module__ == "config"]
    return {cls: name for cls in classes if issubclass(cls, settings.Settings) and (name := _command(cls))}


def _command(config_class: type) -> str:
    """The command at the start of the docstring of a class; empty if the class belongs to no command."""
    match = re.match(r"`(?:python -m )?([^`]+)`", inspect.getdoc(config_class) or "")
    return match[1] if match else ""


def _introduction(config_class: type) -> str:
    text = " ".join(setting_help.text_and_example(config_class)[0].split())
    text = re.sub(r"^`[^`]+`\s*:?\s*", "", text)
    return text[:1].upper() + text[1:]


def _anchor(command: str) -> str:
    """The anchor that MyST gives the heading of a command."""
    return re.sub(r"[^\w\- ]", "", f"python -m {command}".lower()).replace(" ", "-")


def _new_fields(config_class: type, parent: type) -> list[str]:
    """The fields that the parent does not have, or that differ from those of the parent."""

    def seen(cls: type, name: str) -> tuple:
        field = cls.model_fields[name]
        return field.description, _default(field), _allowed(field)

    return [
        name
        for name in config_class.model_fields
        if name not in parent.model_fields or seen(config_class, name) != seen(parent, name)
    ]


def _table(config_class: type, names: list[str]) -> str:
    rows = ["| flag | default | allowed values | meaning |", "| --- | --- | --- | --- |"]
    for name in names:
        field = config_class.model_fields[name]
        positional = setting_types.POSITIONAL in field.metadata
        shown = f"`{name.upper()}`" if positional else f"`{setting_flags.flag(name)}`"
        rows.append(f"| {shown} | {_default(field)} | {_allowed(field)} | {cell(field.description or '')} |")
    return "\n".join(rows)


def _default(field) -> str:
    if isinstance(field.default, bool):
        return "on" if field.default else "off"
    text = setting_help.default_text(field)
    return f"`{text}`" if text else "empty"


def _allowed(field) -> str:
    kind = _kind(field.annotation, field.metadata)
    return kind or "text"


def _kind(annotation: object, metadata: typing.Sequence = ()) -> str:
    """The values that a field takes, in words."""
    origin, args = typing.get_origin(annotation), typing.get_args(annotation)
    if annotation is setting_types.Size:
        return "size in pixels: `96` or `180x240`"
    if annotation == setting_types.FrozenPart:
        return "`head`, `all` or a number of layers"
    if origin is typing.Annotated:
        return _kind(args[0], (*args[1:], *metadata))
    if origin in (typing.Union, types.UnionType):
        return _kind(next(arg for arg in args if arg is not type(None)), metadata)
    if origin is typing.Literal:
        return ", ".join(f"`{arg}`" for arg in args)
    if origin is tuple:
        kind = _plural(_kind(args[0]))
        return f"list of {kind}" if kind else "list"
    named = [name for item in metadata if (name := _named(item))]
    if named:
        return named[0]
    if annotation is bool:
        return "on, off"
    if annotation in (int, float):
        return " ".join(filter(None, ["whole number" if annotation is int else "number", _limits(metadata)]))
    if annotation is Path:
        return "path"
    return ""


def _plural(kind: str) -> str:
    head, _, tail = kind.partition(" ")
    if kind.startswith("whole number"):
        return kind.replace("whole number", "whole numbers", 1)
    return f"{head}s {tail}".strip() if head in ("number", "size") else kind


NAMED = {"_folder": "folder", "_file": "file", "_run_name": "name", "_data_service": "`grpc://host:port`"}
"""Checks in `setting_types.py`, and the values that they accept."""


def _named(item: object) -> str:
    function = getattr(item, "func", None)
    return NAMED.get(getattr(function, "__name__", ""), "")


def _limits(metadata: typing.Sequence) -> str:
    words, limits = {"ge": "from", "gt": "above", "le": "to", "lt": "below"}, {}
    for item in metadata:
        for limit in [item, *getattr(item, "metadata", [])]:
            limits |= {key: getattr(limit, key) for key in words if getattr(limit, key, None) is not None}
    text = " and ".join(f"{words[key]} {limits[key]}" for key in words if key in limits)
    return re.sub(r"^(from \S+) and to ", r"\1 to ", text).replace(" and to ", " and at most ")
