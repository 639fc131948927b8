"""Text that all pages share."""

import re

NOTE = "<!-- Written by docs/generate.py: change the code, not this page. -->"


def cell(text: str) -> str:
    """Plain text as a cell of a table. A line that starts with a choice, `auto: ...`, stays a separate line."""
    text = " ".join(re.sub(r"\n(?=[\w, -]+: )", "@BREAK@", text).split())
    text = text.replace("|", "\\|").replace("<", "&lt;")
    return re.sub(r"(?<!\S)(https?://\S+[^\s.,;:)])", r"<\1>", text.replace("* ", "\\* ")).replace("@BREAK@", "<br>")
