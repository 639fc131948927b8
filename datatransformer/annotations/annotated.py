"""Annotated images, as the sources for annotation tools give them, kept in a table on disk and counted."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from datatransformer.annotations.shapes import Shape
from datatransformer.listing import Colour, Rejected
from datatransformer.temporary_database import TemporaryDatabase
from storage.tables import printable

MOST_ATTRIBUTES, MOST_VALUES = 20, 6
"""Attributes of annotations, and values of each, that are kept for the report."""

IGNORE = "__ignore__"
"""The label that labelme draws as void, in every source."""

TABLES = """
    CREATE TABLE annotated (
        number INTEGER PRIMARY KEY, names TEXT, file TEXT, holder TEXT, problem TEXT, source TEXT, split TEXT,
        tags TEXT, marked TEXT, content TEXT
    );
    CREATE TABLE image_file (name TEXT PRIMARY KEY, taken_by TEXT) WITHOUT ROWID;
"""

KINDS = {
    "rings": "polygons", "outlined polygon": "polygons", "coco runs": "run lengths", "brush": "brush masks",
    "row runs": "masks", "bitmap": "masks", "outlined rectangle": "rectangles", "outlined circle": "circles",
}  # fmt: skip
"""How a report calls each kind of shape."""


class AnnotatedImage(NamedTuple):
    """An image with what a tool has marked on it.

    Attributes:
        names: the spellings of its file name that are tried in turn.
        source: where it stands, for messages.
        size: width and height of the annotated image, if they are known.
        shapes: in the order in which they are drawn. A shape with an unknown label has an empty one.
        boxes: rectangles that say where something is, and not its outline.
        tags: labels of the whole image.
        split: train, val, test, or empty.
        file: its path in the raw folder, if the source knows it without a name.
        holder: the path in the raw folder of a file that holds the image too, for the case that it has none.
        problem: the reason to leave it out, if an annotation is damaged.
        fractions: coordinates are fractions of width and height.
    """

    names: tuple[str, ...]
    source: str
    size: tuple[int, int] | None = None
    shapes: tuple[Shape, ...] = ()
    boxes: tuple[Shape, ...] = ()
    tags: tuple[str, ...] = ()
    split: str = ""
    file: str = ""
    holder: str = ""
    problem: str = ""
    fractions: bool = False


@dataclass
class Annotations:
    """All that a tool has exported.

    Attributes:
        tool: its name, for messages.
        files: what was read, for messages.
        unlisted: the reason to leave out an image file that is not among the images.
        images: the images, and what is left out. They can be iterated once.
        classes: the classes that the files declare, in their order; complete when all images have been iterated.
        colours: of the classes, if the files give them.
        remarks: what is not used, or used in a way that should be said, and how often.
        doubts: what is probably a mistake in the files, and how often.
        attribute: the attribute whose values are the classes, instead of the labels; or empty.
        attributes: some values of each attribute that annotations have.
    """

    tool: str
    files: str
    unlisted: str = "is in no annotation file"
    images: Iterable[AnnotatedImage | Rejected] = ()
    classes: list[str] = field(default_factory=list)
    colours: dict[str, Colour] = field(default_factory=dict)
    remarks: Counter[str] = field(default_factory=Counter)
    doubts: Counter[str] = field(default_factory=Counter)
    attribute: str = ""
    attributes: dict[str, set[str]] = field(default_factory=dict)

    def label_of(self, label: str, attributes: Mapping[str, object]) -> str:
        """The class of an annotation: its label, or its value of the attribute that is asked for; empty without it."""
        for name, value in attributes.items():
            self.note_attribute(name, as_label(value))
        if not self.attribute:
            return label
        if value := as_label(attributes.get(self.attribute)):
            return value
        self.remarks[f"Annotations without the attribute {self.attribute}, which have no class"] += 1
        return ""

    def note_attribute(self, name: str, value: str) -> None:
        if value and (name in self.attributes or len(self.attributes) < MOST_ATTRIBUTES):
            values = self.attributes.setdefault(name, set())
            if len(values) < MOST_VALUES:
                values.add(value)


def as_label(value: object) -> str:
    """The value of an attribute as a name of a class; empty for none, and for lists and objects."""
    if isinstance(value, bool):
        return str(value).lower()
    return printable(str(value)).strip() if isinstance(value, str | int | float) else ""


@dataclass
class Survey:
    """What all the images hold. `kinds`: of shapes. The others count by label, and splits by their name:
    all images, and those with annotations.

    `problems`: images that are left out, and `problem` the first of them. `outlines`: shapes with an outline, and
    `tiny` those whose coordinates all lie within one pixel.
    """

    images: int = 0
    empty: int = 0
    problems: int = 0
    problem: str = ""
    outlines: int = 0
    tiny: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    shapes: Counter[str] = field(default_factory=Counter)
    boxes: Counter[str] = field(default_factory=Counter)
    tags: Counter[str] = field(default_factory=Counter)
    with_label: Counter[str] = field(default_factory=Counter)
    splits: Counter[str] = field(default_factory=Counter)
    annotated_splits: Counter[str] = field(default_factory=Counter)

    def add(self, image: AnnotatedImage) -> None:
        self.images += 1
        if image.problem:
            self.problems += 1
            self.problem = self.problem or f"{image.source} {image.problem}"
            return
        is_empty = not (image.shapes or image.boxes or image.tags)
        self.empty += is_empty
        self.annotated_splits[image.split] += not is_empty
        self.kinds.update(KINDS[shape.kind] for shape in image.shapes)
        if not image.fractions:
            rings = [ring for shape in image.shapes if shape.kind == "rings" for ring in shape.data]
            self.outlines += len(rings)
            self.tiny += sum(max(ring) <= 1 for ring in rings)
        self.shapes.update(shape.label for shape in image.shapes)
        self.boxes.update(box.label for box in image.boxes)
        self.tags.update(image.tags)
        self.with_label.update({shape.label for shape in (*image.shapes, *image.boxes)} | set(image.tags))
        self.splits[image.split] += 1

    def labels(self) -> set[str]:
        """All labels, without void."""
        return (self.shapes.keys() | self.boxes.keys() | self.tags.keys()) - {"", IGNORE}


def take_up(table: TemporaryDatabase, images: Iterable[AnnotatedImage | Rejected]) -> tuple[Survey, list[Rejected]]:
    """Fills the table and counts. Returns also what is left out."""
    survey, rejected = Survey(), []

    def rows() -> Iterator[tuple]:
        for image in images:
            if isinstance(image, Rejected):
                rejected.append(image)
                continue
            survey.add(image)
            marked = list(dict.fromkeys(shape.label for shape in (*image.boxes, *image.shapes)))
            texts = table.text(
                json.dumps(image.names), image.file, image.holder, image.problem, image.source, image.split
            )
            yield *texts, json.dumps(image.tags), json.dumps(marked), content_of(image)

    text = "CAST(? AS TEXT)"
    columns = "names, file, holder, problem, source, split, tags, marked, content"
    table.each(f"INSERT INTO annotated ({columns}) SELECT {', '.join([text] * 6)}, ?, ?, ?", rows())
    return survey, rejected


def content_of(image: AnnotatedImage) -> str:
    """Size and shapes as a text, from which the mask is drawn. The inside of boxes is void below the shapes."""
    void = [Shape("", box.kind, box.data) for box in image.boxes]
    return json.dumps([image.size, image.fractions, [*void, *image.shapes]])


def shapes_of(content: str) -> tuple[tuple[int, int] | None, bool, list[Shape]]:
    """Size, whether coordinates are fractions, and shapes, from such a text."""
    size, fractions, shapes = json.loads(content)
    return size and tuple(size), fractions, [Shape(*shape) for shape in shapes]
