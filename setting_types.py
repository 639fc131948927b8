"""Types of settings: how the text of a flag becomes a value, and what each value allows."""

import difflib
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, NamedTuple, TypeVar

from pydantic import AfterValidator, BeforeValidator, PlainSerializer
from pydantic_settings import CliPositionalArg, NoDecode

SMALLEST_SIDE = 8
"""Fewest pixels of an image's height or width."""


class Size(NamedTuple):
    """Height and width of an image in pixels. As text: 180x240."""

    height: int
    width: int

    def __str__(self) -> str:
        return f"{self.height}x{self.width}"


def parse_size(text: str) -> Size:
    """`96` is 96x96, `180x240` is height x width. Raises ValueError for other text and for less than 8 pixels."""
    match = re.fullmatch(r"(\d+)(?:x(\d+))?", text.strip())
    size = Size(int(match[1]), int(match[2] or match[1])) if match else Size(0, 0)
    if min(size) < SMALLEST_SIDE:
        raise ValueError("should be 8 or more pixels: 96 for a square, 180x240 for height x width")
    return size


def parse_sizes(text: str) -> tuple[Size, ...]:
    """`90x120,180x240`: the size of each stage."""
    return tuple(map(parse_size, split_commas(text)))


def split_commas(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def as_text(value: object) -> str:
    """A value as a flag takes it. Lists are joined by commas."""
    if isinstance(value, tuple) and not isinstance(value, Size):
        return ",".join(map(as_text, value))
    return str(value)


def parse_frozen_part(text: str) -> "FrozenPart":
    """`head`, `all`, or a number of layers. Raises ValueError for other text."""
    if text in ("head", "all"):
        return text
    if not re.fullmatch(r"-?\d+", text):
        raise ValueError("should be head, all, or a number of layers as in freeze")
    return int(text)


FrozenPart = str | int
"""What is frozen in a stage: `head` is all but the head, `all` is nothing, a number is a slice of layers."""


def _as_list(value: object) -> object:
    """Text, or a single value as it may stand in config.py, as a list."""
    if isinstance(value, str):
        return split_commas(value)
    return value if isinstance(value, list | tuple) and not isinstance(value, Size) else [value]


def _as_size(value: object) -> object:
    if isinstance(value, list) and len(value) == 1:  # pydantic-settings makes a list of what becomes a tuple
        (value,) = value
    return value if isinstance(value, Size) else parse_size(str(value))


def int_if_decimal(value: object) -> object:
    """For a choice among numbers: flags and environment variables are text."""
    return int(value) if isinstance(value, str) and value.isdecimal() else value


def nearest(name: str, known: Iterable[str]) -> str:
    """A question after an unknown name, if a known one is like it; otherwise an empty text."""
    close = difflib.get_close_matches(name, sorted(known), n=1)
    return f" (did you mean {close[0]}?)" if close else ""


def rising_pair(values: tuple[float, ...]) -> tuple[float, ...]:
    """Raises ValueError unless there are two values, and the second is larger."""
    if len(values) != 2 or not values[0] < values[1]:
        raise ValueError("should be two numbers, the smaller one first, as 0,4095")
    return values


def _run_name(name: str) -> str:
    if not name.strip() or name.startswith(".") or set(name) & set("/\\"):
        raise ValueError("should be the name of a folder, without a slash and without a leading dot")
    return name


def _data_service(address: str) -> str:
    if not re.fullmatch(r"grpc://[^\s:/]+:\d{1,5}", address):
        raise ValueError("should be the address of a dispatcher, such as grpc://localhost:5050")
    return address


def _folder(path: Path) -> Path:
    if not path.is_dir():
        raise ValueError(_missing(path, "is not a folder"))
    return path


def _file(path: Path) -> Path:
    if not path.is_file():
        raise ValueError(_missing(path, "is not a file"))
    return path


def _missing(path: Path, otherwise: str) -> str:
    """What is wrong with a path, with the nearest name that exists."""
    if path.exists():
        return otherwise
    parent = next(folder for folder in path.absolute().parents if folder.exists())
    names = os.listdir(parent) if parent == path.absolute().parent else []
    return f"does not exist{nearest(path.name, names) or f' (nearest existing folder: {parent})'}"


Item = TypeVar("Item")

TextOf = PlainSerializer(as_text, return_type=str)
"""Writes a value to JSON as the text that a flag takes."""

Listed = Annotated[tuple[Item, ...], NoDecode, BeforeValidator(_as_list)]
"""A list, written with commas: 1e-3,1e-4."""

REPEATED = "repeated"
Repeated = Annotated[Listed[Item], REPEATED]
"""As `Listed`. If the flag is given several times, all its lists are joined."""

POSITIONAL = CliPositionalArg.__metadata__[0]
Positional = Annotated[Item, POSITIONAL]
"""Stands on a command line without its flag."""

UserPath = Annotated[Path, AfterValidator(Path.expanduser)]
"""May start with ~."""

Folder = Annotated[UserPath, AfterValidator(_folder)]
File = Annotated[UserPath, AfterValidator(_file)]
DataService = Annotated[str, AfterValidator(_data_service)]
ImageSize = Annotated[Size, NoDecode, BeforeValidator(_as_size), TextOf]
OptionalSize = Annotated[ImageSize | None, NoDecode]
ImageSizes = Annotated[Listed[ImageSize], TextOf]
"""A size for all stages, or one for each."""

FrozenParts = Listed[Annotated[FrozenPart, BeforeValidator(lambda value: parse_frozen_part(str(value))), TextOf]]
RunName = Annotated[str, AfterValidator(_run_name)]
