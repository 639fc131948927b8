"""Names and other text of users in the Markdown files that we write."""

import re

from storage.tables import printable

SIGNS = re.compile(r"[\\`*\[\]<>|&~]|(?<![^\W_])_|_(?![^\W_])")
"""Signs that Markdown takes for markup. An underscore inside a word is none."""

START = re.compile(r"^(?:[#=]|[+-](?=[\s-]|$)|\d+(?=[.)](?:\s|$)))")
"""What makes a heading or a list at the start of a line."""


def markdown_text(text: object) -> str:
    """Text that Markdown shows as it is: no markup, link, HTML, cell or heading arises from it."""
    escaped = SIGNS.sub(r"\\\g<0>", printable(str(text)).strip())
    return START.sub(lambda start: start[0] + "\\" if start[0].isdecimal() else "\\" + start[0], escaped)
