"""Label tables of numbered images, whose names are in a table beside them: images.txt of CUB-200."""

from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from datatransformer.naming import IMAGE_SUFFIX
from settings import WorkError
from storage.user_tables import open_user_table

if TYPE_CHECKING:
    from storage.user_tables import UserTable

TABLES_OF_NAMES = ("images.txt", "images.csv", "image_ids.txt", "image_names.txt")
"""Files that give the name of each number."""

LOOKED_UP = 30
"""Rows whose images are looked up among the files."""


def names_of_numbers(table: "UserTable", image: int, is_there: Callable[[str], bool]) -> tuple[dict[str, str], str]:
    """The image's name for each number in the column `image`, and a note about it.

    Empty if the column holds anything else, if there are images of these names, or if no table beside it names them.
    """
    cells = [cells[image] for _, cells in islice(table.rows(), LOOKED_UP) if image < len(cells)]
    if not cells or not all(cell.isdecimal() for cell in cells) or sum(map(is_there, cells)) * 2 > len(cells):
        return {}, ""
    for path in (table.path.with_name(name) for name in TABLES_OF_NAMES):
        if path != table.path and path.is_file() and (names := _names(path)) and names.keys() >= set(cells):
            return names, f"its images are numbers, whose names are in {path}"
    return {}, ""


def _names(path: Path) -> dict[str, str]:
    """Number -> name of an image; empty if the file has other lines."""
    try:
        rows = [cells for _, cells in open_user_table(path).rows()]
    except WorkError:
        return {}
    is_list = all(len(cells) == 2 and cells[0].isdecimal() and IMAGE_SUFFIX.search(cells[1]) for cells in rows)
    return dict(rows) if is_list else {}
