"""Pieces of a page that needs nothing but itself: pictures are in it, and there is no script and no network."""

import base64
import html
from collections.abc import Iterable, Sequence
from pathlib import Path

from storage.tables import printable, replacing

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; color: #1a1a1a; background: #fff; max-width: 1080px; margin: 2em auto;
  padding: 0 1em; }
h1 { margin-bottom: 0; }
h2 { border-bottom: 1px solid #ccc; margin-top: 2.2em; }
figure { margin: 1.6em 0; }
figure img { display: block; max-width: 100%; height: auto; }
.wide img { max-width: none; }
figcaption { color: #444; margin-top: .4em; max-width: 46em; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: 14px; font-variant-numeric: tabular-nums; margin: 1em 0; }
th, td { text-align: left; vertical-align: top; padding: .2em .9em .2em 0; border-bottom: 1px solid #e4e4e4; }
td { overflow-wrap: anywhere; min-width: 3.5em; }
td.number, th.number { text-align: right; overflow-wrap: normal; }
pre { background: #f4f4f4; padding: .8em 1em; overflow-x: auto; }
summary { cursor: pointer; font-weight: 600; margin: 1em 0; }
"""

WIDEST = 1600
"""In pixels: what is wider would not be readable in the width of the page, and is moved to and fro in it."""

POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
"""A browser loads nothing else, whatever a name in the page may hold."""


def text(value: object) -> str:
    """Any name or value, harmless in HTML."""
    return html.escape(printable(str(value)))


def heading(title: str) -> str:
    return f"<h2>{text(title)}</h2>"


def paragraph(words: str) -> str:
    return f"<p>{text(words)}</p>"


def code(lines: Iterable[str]) -> str:
    return "<pre>" + "\n".join(map(text, lines)) + "</pre>"


def figure(picture: Path, caption: str) -> str:
    """A PNG, put into the page."""
    content = picture.read_bytes()
    data = base64.b64encode(content).decode()
    image = f'<img src="data:image/png;base64,{data}" alt="{text(caption)}">'
    if int.from_bytes(content[16:20]) > WIDEST:
        image = f'<div class="wide">{image}</div>'
    return f"<figure>{image}<figcaption>{text(caption)}</figcaption></figure>"


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Columns of numbers stand to the right."""
    rows = [[str(cell) for cell in row] for row in rows]
    numbers = [all(map(_is_number, column)) for column in zip(*rows, strict=True)] or [False] * len(header)
    attributes = [' class="number"' if is_number else "" for is_number in numbers]
    heads = "".join(f"<th{how}>{text(name)}</th>" for name, how in zip(header, attributes, strict=True))
    body = "".join(
        "<tr>" + "".join(f"<td{how}>{text(cell)}</td>" for cell, how in zip(row, attributes, strict=True)) + "</tr>\n"
        for row in rows
    )
    return f'<div class="wide"><table><thead><tr>{heads}</tr></thead>\n<tbody>{body}</tbody></table></div>'


def _is_number(cell: str) -> bool:
    try:
        float(cell.replace(",", ""))
    except ValueError:
        return cell == ""
    return True


def folded(title: str, content: str) -> str:
    """Shown when it is clicked on."""
    return f"<details><summary>{text(title)}</summary>{content}</details>"


def write_page(path: Path, title: str, content: Iterable[str]) -> None:
    with replacing(path) as file:
        file.write(
            f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{text(title)}</title>'
            f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
            f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{STYLE}</style></head>\n'
            f"<body><h1>{text(title)}</h1>\n"
        )
        file.writelines(f"{part}\n" for part in content)
        file.write("</body></html>\n")
