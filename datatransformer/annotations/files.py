"""The files of annotation tools: which tool wrote one, which subset it is for, and JSON that is read in pieces."""

import contextlib
import json
import math
import mmap
import os
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from datatransformer.folders.raw_files import FIRST_FOLDERS, first_entries, names_below, subfolders
from datatransformer.naming import IMAGE_SUFFIX, split_of_folder, without_suffix
from settings import WorkError
from storage.json_text import bounded

FIRST_FILES = 1000
"""Files of a folder among which annotation files are looked for."""

MOST_OPENED = 20
"""Files that a quick look opens."""

SHORT = 5
MOST_NAMES = 50
"""Images of which one must be named in a file that lies beside their folder."""

MOST_WITH_NAN = 2**28
"""Bytes of a JSON file with NaN in it, which only Python's parser takes, and that reads the whole file at once."""

MAX_JSON = 2**28
"""Bytes of a JSON file of one image, which may hold the image too."""

SPLIT_WORD = re.compile(
    r"(?<![a-z])(train|training|val|valid|validation|test|testing)(?:19|20)?\d{0,2}(?![a-z0-9])", re.I
)

NAN = re.compile(rb"[:\[,]\s*-?(?:NaN|Infinity)\b")
COCO_KEYS = tuple(re.compile(rb'"%s"\s*:\s*\[' % key) for key in (b"images", b"annotations", b"categories"))
LABELME_KEYS = tuple(re.compile(key) for key in (rb'"shapes"\s*:\s*\[', rb'"image(?:Path|Data|Height)"\s*:'))
LABEL_STUDIO_KEYS = (
    re.compile(rb'"(?:annotations|completions|predictions)"\s*:\s*\[[^\]]*"result"\s*:|"annotations"\s*:\s*\[\s*\]'),
    re.compile(rb'"(?:annotator|annotation_id|lead_time|original_width)"\s*:'),
)
YOLO_NAMES, YOLO_IMAGES = re.compile(rb"^(names|nc)\s*:", re.M), re.compile(rb"^(train|val|path)\s*:", re.M)
DARKNET = re.compile(rb"^\s*(train|names)\s*=", re.M)


class BadAnnotation(ValueError):
    """An annotation that cannot be read. The text is the reason."""


def tool_of(path: Path) -> str | None:
    """The source that reads an annotation file, by a look at its content; None if it is none."""
    suffix = path.suffix.lower()
    if suffix not in (".json", ".xml", ".yaml", ".yml", ".data"):
        return None
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            if suffix == ".json":
                return _tool_of_json(content)
            start = content[: 2**16].replace(b"\0", b"")  # it may be UTF-16
    except (OSError, ValueError):  # ValueError: it is empty
        return None
    if suffix == ".xml":
        return "cvat" if b"<annotations" in start else None
    if suffix == ".data":
        return "yolo" if DARKNET.search(start) else None
    return "yolo" if YOLO_NAMES.search(start) and YOLO_IMAGES.search(start) else None


def _tool_of_json(content: mmap.mmap) -> str | None:
    start: bytes | mmap.mmap = content
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        start = content[: 2**24].replace(b"\0", b"")
    first = start[: 2**16].removeprefix(b"\xef\xbb\xbf").lstrip(b"\xff\xfe").lstrip()[:1]
    if first == b"[":
        return "label-studio" if any(key.search(start[: 2**20]) for key in LABEL_STUDIO_KEYS) else None
    if first != b"{":
        return None
    if all(key.search(start) for key in LABELME_KEYS):
        return "labelme"
    return "coco" if sum(key.search(start) is not None for key in COCO_KEYS) >= 2 else None


def annotation_files(root: Path, tool: str, suffixes: tuple[str, ...]) -> list[Path]:
    """The files of a tool in `root` and the folders in it; if there are none, beside it and in `annotations` there.

    A file beside the folder must name one of its images. It is a quick look at the first files of each folder.
    """
    inside = [path for folder in [root, *subfolders(root, FIRST_FOLDERS)] for path in _files_in(folder, tool, suffixes)]
    if inside:
        return inside
    beside = [
        path for folder in (root.parent, root.parent / "annotations") for path in _files_in(folder, tool, suffixes)
    ]
    stems = _some_stems(root) if beside and tool != "yolo" else []  # its description names folders alone
    return [path for path in beside if tool == "yolo" or _holds_any(path, stems)]


def _some_stems(root: Path) -> list[bytes]:
    """Names of images below a folder, evenly spread over its first ones, as files of annotations may write them.

    Without suffix, which may be another one there; with it if the rest is short or a number, which may mean anything.
    """
    names = [name for name, _ in islice(names_below(root), FIRST_FILES) if IMAGE_SUFFIX.search(name)]
    files = [name.rpartition("/")[2] for name in names[:: -(-len(names) // MOST_NAMES) or 1]]
    stems = [file if (stem := without_suffix(file)).isdecimal() or len(stem) < SHORT else stem for file in files]
    return [form for stem in stems for form in {os.fsencode(stem), json.dumps(stem)[1:-1].encode()}]


def _holds_any(path: Path, texts: list[bytes]) -> bool:
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            is_utf16 = content[:2] in (b"\xff\xfe", b"\xfe\xff")
            return is_utf16 or any(content.find(text) >= 0 for text in texts)
    except (OSError, ValueError):
        return False


def _files_in(folder: Path, tool: str, suffixes: tuple[str, ...]) -> list[Path]:
    names = [entry.name for entry in first_entries(folder, FIRST_FILES) if entry.name.lower().endswith(suffixes)]
    return [folder / name for name in names[:MOST_OPENED] if tool_of(folder / name) == tool]


def subset_of(path: Path) -> str:
    """The split that a file is for, by a word in its name or else by its folder: train, val, test, or empty."""
    words = SPLIT_WORD.findall(path.stem)
    return split_of_folder(words[-1] if words else path.parent.name)


# ---- JSON ------------------------------------------------------------------------------------------------------------


def json_items(path: Path, prefix: str) -> Iterator[Any]:
    """Yields the items of a list in a JSON file, one at a time: `images.item`, or `item` if the file is a list.

    Raises WorkError if the file is damaged.
    """
    import ijson

    try:
        if not path.stat().st_size:
            raise WorkError(f"{path} is empty (0 bytes).")
        if _has_nan(path):
            yield from _items_with_nan(path, prefix.split("."))
            return
        with _open_utf8(path) as file:
            yield from ijson.items(ijson.parse(bounded(ijson.basic_parse(file, use_float=True))), prefix)
    except OSError as error:
        raise WorkError(f"{path} cannot be read: {error.strerror or error}") from error
    except (ijson.JSONError, ValueError, RecursionError, OverflowError) as error:
        raise WorkError(f"{path} is no valid JSON, it is damaged or cut off: {_first_line(error)}") from error


def read_json(path: Path) -> Any:
    """The content of a small JSON file. Raises BadAnnotation."""
    try:
        if path.stat().st_size > MAX_JSON:
            raise BadAnnotation(f"has more than {MAX_JSON >> 20} MB")
        return json.loads(path.read_bytes())
    except OSError as error:
        raise BadAnnotation(f"cannot be read: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:
        raise BadAnnotation(f"is no valid JSON: {_first_line(error)}") from error


def _has_nan(path: Path) -> bool:
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return NAN.search(content) is not None


def _items_with_nan(path: Path, keys: list[str]) -> Iterator[Any]:
    if path.stat().st_size > MOST_WITH_NAN:
        raise ValueError(f"it has NaN as a value, and more than {MOST_WITH_NAN >> 20} MB; write null instead")
    content = json.loads(path.read_bytes())
    for key in keys[:-1]:
        content = content.get(key) if isinstance(content, dict) else None
    if isinstance(content, list):
        yield from content


@contextlib.contextmanager
def _open_utf8(path: Path) -> Iterator[Any]:
    """The bytes of a text file in UTF-8 without a byte order mark."""
    with path.open("rb") as file:
        start = file.read(3)
        if start[:2] in (b"\xff\xfe", b"\xfe\xff"):
            with path.open(encoding="utf-16") as text:
                yield _Encoded(text)
            return
        file.seek(3 if start == b"\xef\xbb\xbf" else 0)
        yield file


class _Encoded:
    def __init__(self, text: Any) -> None:
        self.text = text

    def read(self, size: int = -1) -> bytes:
        return self.text.read(size).encode()


def _first_line(error: BaseException) -> str:
    """The first line of an error, which of ijson's errors is all that is not a piece of the file."""
    text = error.args[0] if error.args else type(error).__name__
    text = text.decode(errors="replace") if isinstance(text, bytes) else str(text)
    return text.splitlines()[0].strip() if text.strip() else type(error).__name__


# ---- Values ----------------------------------------------------------------------------------------------------------


def number_of(value: object, what: str) -> float:
    """A finite number, also if it is written as a text. Raises BadAnnotation."""
    if isinstance(value, int | float | str) and not isinstance(value, bool):
        with contextlib.suppress(ValueError, OverflowError):
            if math.isfinite(number := float(value)):
                return number
    raise BadAnnotation(f"{what} is {shortened(value)}, and no number")


def size_of(width: object, height: object) -> tuple[int, int] | None:
    """Width and height; None if there are none. Raises BadAnnotation."""
    if width in (None, 0) and height in (None, 0):
        return None
    size = number_of(width, "the width"), number_of(height, "the height")
    if not all(1 <= value <= 2**31 and value == int(value) for value in size):
        raise BadAnnotation(f"the size is {size[0]:g}x{size[1]:g}")
    return int(size[0]), int(size[1])


def numbers_of(values: object, what: str) -> list[float]:
    """A list of finite numbers. Raises BadAnnotation."""
    if not isinstance(values, list | tuple):
        raise BadAnnotation(f"{what} is {shortened(values)}, and no list of numbers")
    return [number_of(value, f"a number of {what}") for value in values]


def ring_of(points: object) -> list[float]:
    """x, y, x, y ... from a list of pairs. Raises BadAnnotation."""
    if not isinstance(points, list) or any(not isinstance(point, list) or len(point) != 2 for point in points):
        raise BadAnnotation("its points are no list of pairs x, y")
    return [number_of(value, "a coordinate") for point in points for value in point]


def shortened(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
