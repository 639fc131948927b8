"""The text of `--help`: every field of a class of settings with its default, grouped by section.

Sections are the lines `# -- data --` in `config.py`. A field that a subclass defines again keeps its section.
"""

import ast
import inspect
import re
import shutil
import textwrap
from collections.abc import Iterator
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from setting_types import POSITIONAL, Size, as_text

SECTIONS = ("data", "model", "optimisation", "schedule", "augmentation", "loss", "hardware", "run")
"""In the order of `--help`."""

EVERYDAY = (
    "folder", "raw_images", "raw_labels", "raw_masks", "evaluate", "test_images", "data", "run", "recipe", "epochs",
    "image_size", "batch_size", "model", "output", "top_k", "val_fraction", "source", "format", "name",
)  # fmt: skip
"""The settings that most users need, the first one first."""

MOST_EVERYDAY = 6

EXAMPLE = "\n\nExample: "

EMPTY = re.compile(r"\s?Empty: (.+?)(?:\.(?=\s)|\.?$)", re.DOTALL)
"""A sentence about what an empty value means: it is shown as the default."""

OTHER = "other"
"""The section of a field that stands below no such line."""

BANNER = re.compile(r"\s*# -- (\w+) --\s*")
WIDEST = 110
"""Characters of a line."""

VALUE_NAMES = {int: "N", float: "NUMBER", Path: "PATH", str: "TEXT", Size: "SIZE"}


def help_text(config: type[BaseModel], program: str) -> str:
    """An example, the settings of every day, and then all other fields of `config`, section by section."""
    width = min(shutil.get_terminal_size((100, 24)).columns, WIDEST)
    fields = config.model_fields
    words = [_positional(name) for name, info in fields.items() if POSITIONAL in info.metadata]
    text, example = text_and_example(config)
    parts = [f"usage: {' '.join([program, *words])} [--FLAG VALUE ...]", _paragraphs(text, width)]
    if example:
        parts.append(f"Example: {program} {example}")
    everyday = everyday_fields(config)
    shown = {"most used": everyday} | sections(config)
    for section, names in shown.items():
        listed = [name for name in names if section == "most used" or name not in everyday]
        if listed:
            parts.append("\n".join([section.capitalize(), *(_entry(name, fields[name], width) for name in listed)]))
    parts.append(
        "Each flag is also an environment variable (--batch-size is SCENELAB_BATCH_SIZE), a line in scenelab.toml "
        "and a value in config.py."
    )
    return "\n\n".join(parts)


def everyday_fields(config: type[BaseModel]) -> list[str]:
    """The settings that most users of a command need, the first of EVERYDAY that it has."""
    return [name for name in EVERYDAY if name in config.model_fields][:MOST_EVERYDAY]


def text_and_example(config: type[BaseModel]) -> tuple[str, str]:
    """The docstring of a class without its last paragraph `Example: ...`, and what stands there or in a parent's."""
    docs = [(inspect.getdoc(one) or "").partition(EXAMPLE) for one in config.__mro__]
    return docs[0][0], " ".join(next((example for _, _, example in docs if example), "").split())


def sections(config: type[BaseModel]) -> dict[str, list[str]]:
    """The names of the fields of each section that has some; sections in their order, fields in that of the class."""
    section_of: dict[str, str] = {}
    for one in reversed(config.__mro__):
        if issubclass(one, BaseModel) and one.__module__.split(".")[0] not in ("pydantic", "pydantic_settings"):
            section_of = dict(_banners(one)) | section_of
    found: dict[str, list[str]] = {section: [] for section in (*SECTIONS, OTHER)}
    for name in config.model_fields:
        section = section_of.get(name, OTHER)
        found[section if section in SECTIONS else OTHER].append(name)
    return {section: names for section, names in found.items() if names}


def _banners(one: type) -> Iterator[tuple[str, str]]:
    """Each field that the class defines itself, with the section above it."""
    source = textwrap.dedent(inspect.getsource(one))
    lines = source.splitlines()
    for node in ast.parse(source).body[0].body:  # type: ignore[attr-defined]
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            above = [match[1] for line in lines[: node.lineno] if (match := BANNER.fullmatch(line))]
            if above:
                yield node.target.id, above[-1]


def _entry(name: str, info: FieldInfo, width: int) -> str:
    """A field: its flag on a line of its own, its text and default below."""
    flag = name.replace("_", "-")
    if POSITIONAL in info.metadata:
        heading = f"  {_positional(name)}"
    elif info.annotation is bool:
        heading = f"  --{flag}, --no-{flag}"
    else:
        heading = f"  --{flag} {value_name(info.annotation)}"
    text, default = info.description or "", default_text(info)
    if not default and (found := EMPTY.search(text)):
        text, default = text[: found.start()] + text[found.end() :], " ".join(found[1].split())
    text = f"{text.strip()}\nDefault: {default or 'none'}"
    return f"{heading}\n{textwrap.indent(_paragraphs(text, width - 6), '      ')}"


def _positional(name: str) -> str:
    return f"[{name.upper()}]"


def default_text(info: FieldInfo) -> str:
    """A default as a flag takes it, yes or no for a switch; empty if there is none."""
    value = info.default
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None or value == () else as_text(value)


def value_name(annotation: Any) -> str:
    """What stands behind a flag: N, PATH, N,N,... or the choices {a,b}."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return "{" + ",".join(map(str, arguments)) + "}"
    if origin in (Union, UnionType):
        return "|".join(dict.fromkeys(value_name(one) for one in arguments if one is not NoneType))
    if origin is tuple:
        return f"{value_name(arguments[0])}[,{value_name(arguments[0])}...]"
    if hasattr(annotation, "__metadata__"):
        return value_name(annotation.__origin__)
    return VALUE_NAMES.get(annotation, "TEXT")


def _paragraphs(text: str, width: int) -> str:
    """Sentences flow; a line that begins a choice, `labels: ...`, begins a new line."""
    joined = re.sub(r"\n(?!\n|[\w, -]+: |Default: )", " ", text)
    return "\n".join(textwrap.fill(line, width) for line in joined.split("\n"))
