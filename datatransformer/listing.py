"""What a reader of raw data hands on: its images one after the other, and what it leaves out."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple

from datatransformer.images import Encoded


class Rejected(NamedTuple):
    """A source that was left out, and why."""

    source: str
    reason: str


class EncodedPair(NamedTuple):
    """What a generator makes: a picture and its mask, whose values are class indices."""

    image: Encoded
    mask: bytes


class Picture(NamedTuple):
    """One raw picture that has a label. There may be millions of them.

    `name` is what tells it from the others, and what its split is drawn from: its path in the raw folder.
    `path` and `mask` are its files, if it has any. `class_name` is empty for segmentation. `split` is set where the
    source itself says what is for validation.
    """

    name: str
    path: str = ""
    class_name: str = ""
    split: str | None = None
    mask: str = ""

    @property
    def source(self) -> str:
        return self.path or self.name


Draw = Callable[[Picture], EncodedPair]


@dataclass(frozen=True)
class Listing:
    """What a source has.

    Attributes:
        entries: the pictures, and what is left out at once. They can be taken once, one after the other.
        classes: in their order. None: those that pictures are of, in natural order.
        draw: makes a picture; without it the picture is what its file holds.
        colours: of the classes, RGB of 0..255 or None each, where the raw data have them.
    """

    entries: Iterable[Picture | Rejected]
    classes: list[str] | None = None
    draw: Draw | None = None
    colours: list[tuple[int, int, int] | None] | None = None
