"""Lines of classes without columns: a value, a name and perhaps a colour in each, as people write them."""

import re
from collections.abc import Collection, Sequence

from datatransformer.tables.class_columns import colour_of
from datatransformer.tables.class_entry import ClassEntries, ClassEntry
from datatransformer.tables.label_forms import loose_form
from settings import WorkError
from storage.column_names import KNOWN, normal_name

IGNORE = "__ignore__"
"""The name of void in labelme's labels.txt."""

Line = tuple[int, str]
"""Its number and its text."""

PART = r"(\d{1,3})"
GAP = r"[\s,;]+"
RGB = f"{PART}{GAP}{PART}{GAP}{PART}"
LINE_FORMS = (
    ("CVAT's label map", r"(?P<name>[^:]*):(?P<colour>\s*\d+\s*,\s*\d+\s*,\s*\d+\s*|\s*):[^:]*:[^:]*"),
    ("lines of index R G B name", rf"(?P<key>\d+){GAP}(?P<colour>{RGB}){GAP}(?P<name>[^\s\d].*)"),
    ("lines of index name R G B", rf"(?P<key>\d+)[\s,;:]+(?P<name>[^\s\d].*?){GAP}(?P<colour>{RGB})"),
    ("lines of R G B name", rf"(?P<colour>{RGB}){GAP}(?P<name>\S.*)"),
    ("lines of name R G B", rf"(?P<name>[^\s\d].*?)[\s,;:]+(?P<colour>{RGB})"),
    ("lines of index: name", r"(?P<key>\d+)\s*[:=]\s*(?P<name>(?!>)\S.*)"),
    ("lines of name: index", r"(?P<name>[^\s:=].*?)\s*[:=]\s*(?P<key>\d+)"),
    ("lines of synset name", r"(?P<key>n\d{8})\s+(?P<name>\S.*)"),
    ("lines of index name", r"(?P<key>\d+)[ \t]+(?P<name>(?!\d+\s|[-–—>=→.)\]|])\S.*)"),
)  # fmt: skip
"""Forms of lines without a header, from the strictest on. All lines of a file must have the form."""

WORD = r"(?:(?:class|label|id|index|category|no|nr)\.?[\s_#]*)?"
ARROW = r"(?:[-=]+>|→|⇒|[:=])"
SIGN = rf"(?:[)\]}}>.]*\s*{ARROW}|[)\]}}>]+[.,]?|\.(?=\s)|\s*[-–—](?=\s)|\|(?=\s))"
NUMBERED = (
    ("lines of index and name", rf"{WORD}[(\[{{<#]?\s*(?P<key>\d+)\s*{SIGN}\s*(?P<name>\S.*)", False),
    ("lines of class, index and name", r"(?:class|label|id|index|category)[\s_#]*(?P<key>\d+)\s+(?P<name>\S.*)", True),
    ("lines of index and name", r"(?P<key>\d+)\.(?P<name>[^\s\d].*)", False),
    ("lines of index and name", r"(?P<key>\d+)[\-–—_](?P<name>[^\s\d].*)", True),
    ("lines of name and index", rf"(?P<name>\S.*?)\s*(?:{ARROW}|\s[-–—]|[(\[{{<#])\s*(?P<key>\d+)\s*[)\]}}>]?", True),
    ("lines of name index", r"(?P<name>\S.*?)\s+(?P<key>\d+)", True),
)  # fmt: skip
"""Numbers in brackets, behind a word or before a sign; and whether they must count the lines, because such a number can
be a part of a name."""

HIDDEN_NUMBERS = (
    re.compile(r"(?P<before>\D*)(?P<key>\d+)(?P<name>(?!\d).+)"),
    re.compile(r"(?P<name>.*\D)(?P<key>\d+)(?P<before>\W*)"),
)
"""A number in the same place of all lines: behind the same words, or at the end."""


def from_lines(lines: Sequence[Line]) -> ClassEntries | None:
    """The entries, if all lines have one of the forms that need no header.

    Raises WorkError if all have a number that can only be the value of a class, but in no known form.
    """
    if lines[0][1] == IGNORE:
        names = [ClassEntry(number, name, str(index)) for index, (number, name) in enumerate(lines[1:])]
        void = ClassEntry(lines[0][0], IGNORE, "255", is_void=True)
        return ClassEntries([void, *names], f"labelme's names: {IGNORE} is void, the others count from 0")
    lines = [(number, _without_quotes(line)) for number, line in lines]
    for description, form in LINE_FORMS:
        matches = [(number, re.fullmatch(form, line)) for number, line in lines]
        entries = [_of_match(number, match) for number, match in matches if match]
        if len(entries) == len(lines):
            return ClassEntries(entries, description)
        if entries and "R G B" in description and not _may_be_header(lines[0][1]):
            number, line = next(line for line, (_, match) in zip(lines, matches, strict=True) if not match)
            form = description.removeprefix("lines of ")
            raise WorkError(f"line {number}: {line!r} should be {form}, like the other lines")
    for description, form, must_count in NUMBERED:
        numbered = _numbered(lines, form)
        if numbered and (not must_count or counts([entry.key for entry in numbered])):
            return ClassEntries(numbered, description)
    return None


def counts(keys: Sequence[str]) -> bool:
    """Whether whole numbers are all from 0 or from 1 on, in any order."""
    numbers = sorted(map(int, keys))
    return numbers in (list(range(len(keys))), list(range(1, len(keys) + 1)))


def refuse_hidden_numbers(lines: Sequence[Line], labels: Collection[str]) -> None:
    """Raises WorkError if the lines are numbered, but not from 0 in order, so that lines and numbers disagree.

    Labels that are written like the lines tell that the numbers belong to the names.
    """
    forms = {loose_form(line) for _, line in lines}
    if len(lines) < 2 or any(loose_form(label) in forms for label in labels):
        return
    for form in HIDDEN_NUMBERS:
        matches = [match for _, line in lines if (match := form.fullmatch(line))]
        keys = [match["key"] for match in matches]
        names = {match["name"].strip() for match in matches}
        is_numbered = len(names) == len(lines) and len({match["before"] for match in matches}) == 1 and counts(keys)
        if is_numbered and list(map(int, keys)) != list(range(len(keys))):
            number, line = lines[0]
            raise WorkError(
                f"line {number}, {line!r}: all lines have a different number, but not their own counted from 0, so it "
                "is not known which of them counts. Write a table with the header index,name"
            )


def is_header(line: str) -> bool:
    """Whether a line has names of columns alone."""
    known, others = _column_names(line)
    return known > 1 and not others


def _numbered(lines: Sequence[Line], form: str) -> list[ClassEntry] | None:
    """The entries if all lines have the form, and their numbers and names differ."""
    entries = []
    for number, line in lines:
        match = re.fullmatch(form, line, re.IGNORECASE)
        if match is None:
            return None
        entry = _of_match(number, match)
        if entry.name.endswith((",", ";")) or not any(map(str.isalpha, entry.name)):
            return None
        entries.append(entry._replace(line_text=line))
    keys, names = {int(entry.key) for entry in entries}, {entry.name for entry in entries}
    return entries if len(keys) == len(names) == len(lines) else None


def _without_quotes(line: str) -> str:
    """A line without the quotes around a number, and without what follows entries of a dictionary."""
    line = re.sub(r"^([\"'])(\d+)\1", r"\2", line)
    return re.sub(r"([\"'])(\d+)\1$", r"\2", line)


def _may_be_header(line: str) -> bool:
    """Whether a line has names of columns, perhaps with others that nobody knows, and no number."""
    return _column_names(line)[0] > 1 and not re.search(r"\d", line)


def _column_names(line: str) -> tuple[int, int]:
    """The number of words that name columns, and of other words."""
    words = [normal_name(word) for word in re.split(r"[\s,;|]+", line) if word.strip('"')]
    known = sum(word in (*KNOWN, "r", "g", "b") for word in words)
    return known, len(words) - known


def _of_match(number: int, match: re.Match[str]) -> ClassEntry:
    cells = match.groupdict()
    text = (cells.get("colour") or "").strip()
    colour = colour_of(text) if text else None
    if text and colour is None:
        raise WorkError(f"line {number}: {cells['name']} has the colour {text}; its parts should be 0 to 255")
    name = cells["name"].strip()
    return ClassEntry(number, name.strip("'\"") if len(name) > 2 else name, cells.get("key") or "", colour)
