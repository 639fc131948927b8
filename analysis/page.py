"""Building blocks of an HTML page in a single file: images are embedded, and there is no script and no download."""

import base64
import html
from collections.abc import Iterable, Sequence
from pathlib import Path

from storage.tables import printable, replacing

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; color: #1a1a1a; background: #fff; max-width: 1080px; margin: 2em auto;
  padding: 0 1em; overflow-wrap: anywhere; }
h1 { margin-bottom: 0; }
h2 { border-bottom: 1px solid #ccc; margin-top: 2.2em; }
figure { margin: 1.6em 0; }
figure img { display: block; max-width: 100%; height: auto; }
.wide img { max-width: none; }
figcaption { color: #444; margin-top: .4em; max-width: 46em; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: 14px; font-variant-numeric: tabular-nums; margin: 1em 0; }
th, td { text-align: left; vertical-align: top; padding: .2em .9em .2em 0; border-bottom: 1px solid #e4e4e4; }
th, td { min-width: 3.5em; }
td.number, th.number { text-align: right; overflow-wrap: normal; }
pre { background: #f4f4f4; padding: .8em 1em; white-space: pre-wrap; overflow-wrap: anywhere; }
summary { cursor: pointer; font-weight: 600; margin: 1em 0; }
"""

WIDEST = 1600
"""Pixels. Wider figures keep their size and are scrolled, because they would not be readable at the page's width."""

POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
"""The browser loads nothing else, even if a name on the page contains HTML."""


def text(value: object) -> str:
    """A name or value, escaped for HTML."""
    return html.escape(printable(str(value)))


def heading(title: str) -> str:
    return f"<h2>{text(title)}</h2>"


def paragraph(content: str) -> str:
    return f"<p>{text(content)}</p>"


def code(lines: Iterable[str]) -> str:
    return "<pre>" + "\n".join(map(text, lines)) + "</pre>"


def figure(png: Path, caption: str) -> str:
    """An embedded PNG file with its caption."""
    content = png.read_bytes()
    data = base64.b64encode(content).decode()
    image = f'<img src="data:image/png;base64,{data}" alt="{text(caption)}">'
    if int.from_bytes(content[16:20]) > WIDEST:  # the width in the header of a PNG file
        image = f'<div class="wide">{image}</div>'
    return f"<figure>{image}<figcaption>{text(caption)}</figcaption></figure>"


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table. Columns of numbers are aligned to the right."""
    cells = [[str(cell) for cell in row] for row in rows]
    are_numbers = [all(map(_is_number, column)) for column in zip(*cells, strict=True)] or [False] * len(header)
    attributes = [' class="number"' if is_number else "" for is_number in are_numbers]
    heads = "".join(f"<th{attribute}>{text(name)}</th>" for name, attribute in zip(header, attributes, strict=True))
    body = "".join(
        "<tr>"
        + "".join(f"<td{attribute}>{text(cell)}</td>" for cell, attribute in zip(row, attributes, strict=True))
        + "</tr>\n"
        for row in cells
    )
    return f'<div class="wide"><table><thead><tr>{heads}</tr></thead>\n<tbody>{body}</tbody></table></div>'


def _is_number(cell: str) -> bool:
    try:
        float(cell.replace(",", ""))
    except ValueError:
        return cell == ""
    return True


def collapsible(title: str, content: str) -> str:
    """A section that opens when its title is clicked."""
    return f"<details><summary>{text(title)}</summary>{content}</details>"


def write_html(path: Path, title: str, content: Iterable[str]) -> None:
    """Writes the parts of a page under its title."""
    with replacing(path) as file:
        file.write(
            f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{text(title)}</title>'
            f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
            f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{STYLE}</style></head>\n'
            f"<body><h1>{text(title)}</h1>\n"
        )
        file.writelines(f"{part}\n" for part in content)
        file.write("</body></html>\n")
