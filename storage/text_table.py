"""Tables on the screen."""

from collections.abc import Sequence

from storage.tables import printable


def as_text_table(rows: Sequence[Sequence[str]]) -> str:
    """Rows of cells as aligned lines of text."""
    cells = [[printable(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in cells]
    return "\n".join(line.rstrip() for line in lines)
