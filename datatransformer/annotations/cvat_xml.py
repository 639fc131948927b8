"""Reads CVAT's XML piece by piece, so that its size does not count."""

import xml.parsers.expat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from settings import WorkError

PIECE = 1 << 16
"""Bytes that are parsed at a time."""

MOST_CHILDREN = 1_000_000
"""Elements of an image, or labels of a file. More are no annotations."""


@dataclass
class Element:
    """An element of XML.

    `children`: the shapes and tags of an image; the labels, which have `name` and `color`; the attributes of a shape,
    which have `name` and `value`.
    """

    tag: str
    attributes: dict[str, str]
    children: list["Element"] = field(default_factory=list)


class _Refused(ValueError):
    """XML that is well formed and not read. The text is the reason."""


def read_images(path: Path) -> Iterator[Element]:
    """Yields the labels, and then each image with its shapes. Raises WorkError for other files and damaged ones."""
    reader = _Reader()
    try:
        with path.open("rb") as file:
            while not reader.is_done:
                piece = file.read(PIECE)
                reader.parser.Parse(piece, not piece)
                reader.is_done = not piece
                yield from reader.finished
                reader.finished.clear()
    except OSError as error:
        raise WorkError(f"{path} cannot be read: {error.strerror or error}") from error
    except _Refused as error:
        raise WorkError(f"{path} {error}") from error
    except (xml.parsers.expat.ExpatError, UnicodeError, LookupError) as error:
        raise WorkError(f"{path} is no valid XML, it is damaged or cut off: {error}") from error


class _Reader:
    """Collects finished images. A document type is refused: only it can name entities, which grow or read files."""

    def __init__(self) -> None:
        self.parser = xml.parsers.expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self.parser.StartDoctypeDeclHandler = self._refuse_document_type
        self.open: list[str] = []
        self.finished: list[Element] = []
        self.image: Element | None = None
        self.labels = Element("labels", {})
        self.words: list[str] = []
        self.is_done = False

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self.open.append(tag)
        self.words.clear()
        if len(self.open) == 1 and tag != "annotations":
            raise _Refused(f"is no file of CVAT: it begins with <{tag}>")
        if tag == "track" and len(self.open) == 2:
            raise _Refused("is in CVAT's format for video. Export the task as `CVAT for images 1.1`.")
        if tag == "image" and len(self.open) == 2:
            self.image = Element(tag, attributes)
        elif self.image and len(self.open) == 3:
            self._add(self.image, Element(tag, attributes))
        elif self.image and len(self.open) == 4 and tag == "attribute":
            self._add(self.image.children[-1], Element(tag, {"name": attributes.get("name", "")}))
        elif self.open[-2:] == ["labels", "label"]:
            self._add(self.labels, Element(tag, {"name": ""}))

    def _end(self, tag: str) -> None:
        if tag == "image" and len(self.open) == 2 and self.image:
            self.finished.append(self.image)
            self.image = None
        elif self.image and len(self.open) == 4 and tag == "attribute":
            self.image.children[-1].children[-1].attributes["value"] = "".join(self.words).strip()
        elif self.open[-3:-1] == ["labels", "label"] and tag in ("name", "color", "type", "parent"):
            self.labels.children[-1].attributes[tag] = "".join(self.words).strip()
        elif tag == "meta" and len(self.open) == 2:
            named = [label for label in self.labels.children if not label.attributes.get("parent")]
            self.finished.append(Element("labels", {}, named))
        self.open.pop()
        self.words.clear()

    def _text(self, text: str) -> None:
        if self.open[-3:-1] == ["labels", "label"] or self.open[-1:] == ["attribute"]:
            self.words.append(text)

    def _add(self, parent: Element, child: Element) -> None:
        if len(parent.children) >= MOST_CHILDREN:
            raise _Refused(f"has more than {MOST_CHILDREN:,} elements in one <{parent.tag}>")
        parent.children.append(child)

    def _refuse_document_type(self, *_: object) -> None:
        raise _Refused("has a document type with definitions, which CVAT does not write; it is not read")
