"""The columns of a table of classes: the value or label of each class, its name, its colour."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from datatransformer.listing import Colour
from datatransformer.tables.label_forms import WHOLE, loose_form
from settings import WorkError
from storage.column_names import BLUE, CLASS_NAME, COLOUR, GREEN, INDEX, RED, normal_name

TRUE = ("true", "1", "yes")
NO_CLASS = ("255", "-1")
"""Values of Cityscapes' trainId for what is neither learnt nor counted."""

AMOUNTS = (
    "count", "counts", "n", "n_images", "num_images", "number_of_images", "images", "image_count", "frequency", "freq",
    "total", "samples", "num_samples", "size", "support", "weight", "percent", "percentage", "share", "pixels", "area",
)  # fmt: skip
"""Columns of numbers that say how much there is of a class, and not which it is."""

HELP = "Give the table a header such as index,name or index,name,red,green,blue"


@dataclass(frozen=True)
class ClassColumns:
    """The meaning of columns, by number from 0.

    Attributes:
        key: what masks or labels hold; None: the rows are counted.
        colour: one column such as #ff0000, or three: red, green, blue.
        train_id, ignored: Cityscapes' columns that tell which classes are void.
        keys_are_unsure: there are two columns of words, and nothing tells which of them is the name.
    """

    name: int
    key: int | None = None
    colour: tuple[int, ...] = ()
    train_id: int | None = None
    ignored: int | None = None
    keys_are_unsure: bool = False

    def describe(self, header: Sequence[str]) -> str:
        """How the columns are read, as a part of a sentence."""
        values = "counted from 0" if self.key is None else f"from the column {header[self.key] or self.key + 1}"
        parts = [f"values {values}, names from the column {header[self.name]}"]
        if self.colour:
            parts.append(f"colours from {', '.join(header[column] for column in self.colour)}")
        if (self.train_id, self.ignored) != (None, None):
            parts.append("classes that Cityscapes ignores are void")
        return ", ".join(parts)

    def colour_in(self, cells: list[str], line: int) -> Colour | None:
        """The colour of a row; None for empty cells. Raises WorkError for another text."""
        text = ",".join(cells[column] for column in self.colour)
        if not text.strip(", "):
            return None
        if (colour := colour_of(text)) is None:
            raise WorkError(
                f"line {line}: {text!r} is no colour of three parts from 0 to 255, such as 128,0,0 or #800000"
            )
        return colour

    def is_void(self, cells: list[str]) -> bool:
        if self.ignored is not None:
            return cells[self.ignored].lower() in TRUE
        return self.train_id is not None and cells[self.train_id] in NO_CLASS


def class_columns(header: Sequence[str] | None, rows: list[list[str]], labels: Collection[str] = ()) -> ClassColumns:
    """The columns by their names, or else by their content; `labels`, if known, tell which column has them.

    Raises WorkError for a table whose columns can be read in several ways.
    """
    fits = _fits(rows, labels)
    if header is None:
        return _by_content(rows, fits)
    names = [normal_name(name) for name in header]
    return _of_labels(names, rows, fits) or _by_name(names, rows, fits)


def _fits(rows: list[list[str]], labels: Collection[str]) -> list[int]:
    """How many of the labels each column holds."""
    forms = {loose_form(label) for label in labels}
    return [len(forms & {loose_form(cell) for cell in column}) for column in zip(*rows, strict=True)]


def _of_labels(names: list[str], rows: list[list[str]], fits: list[int]) -> ClassColumns | None:
    """The columns if one column of words has more of the labels than all others, and another one names them."""
    words = [column for column in range(len(names)) if not _is_numeric(column, rows)]
    best = max((fits[column] for column in words), default=0)
    having = [column for column in words if fits[column] == best]
    if best == 0 or len(having) > 1 or len({row[having[0]] for row in rows}) < len(rows):
        return None
    (key,) = having
    words.remove(key)
    known = sorted((CLASS_NAME.index(names[column]), column) for column in words if names[column] in CLASS_NAME)
    if names[key] in CLASS_NAME and (not known or CLASS_NAME.index(names[key]) < known[0][0]):
        return None  # the labels are names, and the other columns tell about them
    name = known[0][1] if known else words[0] if len(words) == 1 else None
    if any(column in (*RED, *GREEN, *BLUE, *COLOUR) for column in names):
        return None
    return ClassColumns(key) if name is None else ClassColumns(name, key)


def _is_numeric(column: int, rows: list[list[str]]) -> bool:
    cells = [row[column] for row in rows if row[column]]
    return bool(cells) and all(WHOLE.fullmatch(cell) for cell in cells)


def _by_name(names: list[str], rows: list[list[str]], fits: list[int]) -> ClassColumns:
    def first(known: Sequence[str], *others: int | None) -> int | None:
        return next((names.index(name) for name in known if name in names and names.index(name) not in others), None)

    def is_numeric(column: int) -> bool:
        return _is_numeric(column, rows)

    parts = (first(RED), first(GREEN), first(BLUE))
    single = first(COLOUR)
    colour = tuple(part for part in parts if part is not None) if None not in parts else ()
    colour = colour or (() if single is None else (single,))
    if not colour and any(part is not None for part in parts):
        raise WorkError(f"its columns are {', '.join(names)}: red, green and blue are needed together")
    words = [names.index(name) for name in CLASS_NAME if name in names and not is_numeric(names.index(name))]
    words += [
        column for column, name in enumerate(names) if name in INDEX and not is_numeric(column) and column not in words
    ]
    numbers = [names.index(name) for name in INDEX if name in names and is_numeric(names.index(name))]
    other = [column for column in range(len(names)) if column not in colour and not is_numeric(column)]
    name = next((column for column in words if column not in colour), other[0] if len(other) == 1 else None)
    if name is None and len(numbers) < len(names):  # names that are numbers
        name = first(CLASS_NAME, *numbers[:1])
    if name is None:
        raise WorkError(f"its columns are {', '.join(names)}, and none of them is known as the name. {HELP}")
    key = next((column for column in numbers if column not in (name, *colour)), None)
    if key is None:
        key = next((column for column in words[1:] if names[column] in INDEX and column != name), None)
    unknown = [column for column in range(len(names)) if column != name and names[column] not in AMOUNTS]
    if key is None and not colour and unknown and not (fits and fits[name] and fits[name] == max(fits)):
        counted = [column for column in unknown if is_numeric(column) or names[column] in ("", "unnamed:_0")]
        key = counted[0] if len(counted) == 1 else None
        if key is None:
            raise WorkError(f"its columns are {', '.join(names)}, and none of them is known as the index. {HELP}")
    if key is not None and names[key] == "id":
        return ClassColumns(name, key, colour, first(("train_id", "trainid")), first(("ignore_in_eval",)))
    return ClassColumns(name, key, colour)


def _by_content(rows: list[list[str]], fits: list[int]) -> ClassColumns:
    """The columns of a table without a header: of numbers and one of words, or of labels and one of words."""
    width = len(rows[0])
    numeric = [column for column in range(width) if all(WHOLE.fullmatch(row[column]) for row in rows)]
    coloured = [
        column for column in range(width) if column not in numeric and all(_is_colour(row[column]) for row in rows)
    ]
    words = [column for column in range(width) if column not in (*numeric, *coloured)]
    if width == 2 and len(words) == 2:
        return ClassColumns(1, 0, keys_are_unsure=True)
    others = [column for column in words if fits[column] == 0]
    if any(fits) and len(others) == 1 and len(words) == 2 and not numeric:
        (key,) = (column for column in words if column not in others)
        return ClassColumns(others[0], key, tuple(coloured))
    if len(words) != 1 or len(coloured) > 1:
        found = ", ".join(repr(cell) for cell in rows[0])
        raise WorkError(f"its first line has the cells {found}, and it is not known which of them is the name. {HELP}")
    (name,) = words
    if len(numeric) <= 1:
        return ClassColumns(name, numeric[0] if numeric else None, tuple(coloured))
    if len(numeric) == 3 and not coloured:
        return ClassColumns(name, None, tuple(numeric))
    if len(numeric) == 4 and not coloured:
        counts = [sorted(str(number) for number in range(start, start + len(rows))) for start in (0, 1)]
        ends = [column for column in (numeric[0], numeric[-1]) if sorted(row[column] for row in rows) in counts]
        if len(ends) == 1:
            return ClassColumns(name, ends[0], tuple(column for column in numeric if column != ends[0]))
    raise WorkError(
        f"it has {len(numeric)} columns of numbers and no header, so it can be read in several ways. {HELP}"
    )


def colour_of(text: str | None) -> Colour | None:
    """A colour as people write it: 128,0,0 or 128 0 0 or (128, 0, 0) or #800000; None for other texts."""
    text = (text or "").strip().removeprefix("rgb").strip("()[] '\"")
    if match := re.fullmatch(r"(?:#|0x)([0-9a-f]{6})(?:ff)?", text, re.IGNORECASE):
        red, green, blue = bytes.fromhex(match[1])
        return red, green, blue
    parts = re.split(r"[\s,;]+", text)
    if len(parts) == 3 and all(re.fullmatch(r"\d{1,3}(\.0*)?", part) and float(part) <= 255 for part in parts):
        return int(float(parts[0])), int(float(parts[1])), int(float(parts[2]))
    return None


def _is_colour(cell: str) -> bool:
    return colour_of(cell) is not None
