"""Names of classes in JSON, in YAML, or as Python prints them."""

import ast
import json
import re
from collections.abc import Collection, Sequence
from pathlib import Path

from datatransformer.tables.class_columns import class_columns, colour_of
from datatransformer.tables.class_entry import ClassEntries, ClassEntry, cell_text, entries_of_rows
from settings import WorkError

NAME_KEYS = (
    "names", "label_map", "labelmap", "labels", "classes", "class_names", "id2label", "categories", "label2id",
    "class_to_idx", "thing_classes", "class_indices",
)  # fmt: skip
"""Keys of YAML and JSON files under which programs keep the names."""


def structure_of(path: Path, text: str) -> tuple[object, str] | None:
    """The content of a file in JSON, YAML or as Python prints a list, with the name of the format; None for others."""
    start = text.lstrip("\ufeff \t\n")
    if start.startswith(("{", "[")):
        try:
            return json.loads(text.strip("\ufeff \n")), "JSON"
        except ValueError as error:
            try:
                return ast.literal_eval(start), "a list of Python"
            except (ValueError, SyntaxError, MemoryError, RecursionError):
                if path.suffix.lower() == ".json" or start.startswith(("{", '["', "[{", "['")):
                    raise WorkError(f"it is not JSON: {error}") from error
        except RecursionError as error:
            raise WorkError("it is not a list or an object of names") from error
    if path.suffix.lower() in (".pbtxt", ".pbtext") or re.match(r"item\s*:?\s*\{", start):
        return _items(text), "TensorFlow's label map"
    if path.suffix.lower() in (".yaml", ".yml") or re.search(r"^names\s*:", text, re.MULTILINE):
        import yaml

        try:
            return yaml.load(text, Loader=yaml.BaseLoader), "YAML"  # all words stay text: no, on and 1e3 are names too
        except (yaml.YAMLError, ValueError, RecursionError) as error:
            raise WorkError(f"it is not YAML: {' '.join(str(error).split())}") from error
    return None


def _items(text: str) -> list[dict[str, str]]:
    """The entries of TensorFlow's label_map.pbtxt; the name to show counts before the one to know it by."""
    items = []
    for block in re.findall(r"item\s*:?\s*\{([^{}]*)\}", text):
        fields = {
            key: a or b or c for key, a, b, c in re.findall(r"(\w+)\s*:\s*(?:'([^']*)'|\"([^\"]*)\"|(\S+))", block)
        }
        items.append({"id": fields.get("id", ""), "name": fields.get("display_name") or fields.get("name", "")})
    return items


def from_structure(content: object, kind: str, labels: Collection[str] = ()) -> ClassEntries:
    colours: Sequence[object] = ()
    key = next(
        (key for key in NAME_KEYS if isinstance(content, dict) and isinstance(content.get(key), list | dict)), None
    )
    if isinstance(content, dict) and key is not None:
        colours = content.get("segmentation_colors") or ()
        content, kind = content[key], f"{kind}, its entry {key}"
    entries: list[ClassEntry] = []
    if isinstance(content, dict):
        entries = [_from_pair(number, *pair) for number, pair in enumerate(content.items(), 1)]
    elif isinstance(content, list) and content and all(isinstance(entry, dict) for entry in content):
        header = tuple(dict.fromkeys(str(column) for entry in content for column in entry))
        rows = [
            (number, [cell_text(entry.get(column)) for column in header]) for number, entry in enumerate(content, 1)
        ]
        columns = class_columns(header, [row for _, row in rows], labels)
        return ClassEntries(entries_of_rows(rows, columns), f"{kind}: {columns.describe(header)}")
    elif isinstance(content, list):
        entries = [ClassEntry(number, cell_text(name)) for number, name in enumerate(content, 1)]
        kind = f"{kind}: one name per entry, counted from 0"
    else:
        raise WorkError(f"it is {kind}, but holds no list or object of names")
    if colours and len(colours) == len(entries):
        pairs = zip(entries, colours, strict=True)
        entries = [entry._replace(colour=colour_of(cell_text(colour))) for entry, colour in pairs]
    return ClassEntries(entries, kind)


def _from_pair(number: int, key: object, value: object) -> ClassEntry:
    """An entry of an object: 0: name, name: 0, name: colour, colour: name, or 0: [synset, name]."""
    if isinstance(value, list) and len(value) == 3 and all(str(part).isdecimal() for part in value):
        return ClassEntry(number, str(key), colour=colour_of(cell_text(value)))
    if isinstance(value, list):
        value = value[-1] if value else ""
    if isinstance(value, dict):
        value = value.get("name") or value.get("label")
    if (isinstance(value, int) or (isinstance(value, str) and value.isdecimal())) and not str(key).isdecimal():
        return ClassEntry(number, str(key), str(value))
    if (colour := colour_of(str(key))) is not None:
        return ClassEntry(number, cell_text(value), colour=colour)
    return ClassEntry(number, cell_text(value), str(key))
