"""The column of a label table that names the pictures."""

from collections.abc import Callable, Collection, Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from datatransformer.naming import IMAGE_SUFFIX
from datatransformer.tables.label_columns import is_row_number
from settings import SettingError, WorkError, bad_setting
from storage import column_names
from storage.table_form import NUMBER

if TYPE_CHECKING:
    from storage.user_tables import UserTable

LOOKED_UP = 30
"""Rows whose cells are looked up among the files."""

Fitness = tuple[bool, bool, float]


def image_column(
    table: "UserTable",
    names: list[str],
    rows: list[list[str]],
    width: int,
    is_there: Callable[[str], bool],
    taken: Collection[int],
) -> int:
    """The column that names pictures: one whose cells are there; else one with a known name; else names of files.

    Arguments:
        names: of the columns, in the form of `normal_name`; empty without a header.
        rows: the first rows.
        is_there: whether a picture has this name.
        taken: columns that the settings give another meaning.

    Raises SettingError if two columns name different pictures, WorkError if none names any.
    """
    possible = [column for column in range(width) if column not in taken]
    possible = [column for column in possible if not names or not _is_label(names[column])] or possible
    ranks = {column: _rank(names[column], column_names.IMAGE) if names else None for column in possible}
    named = sorted((rank, column) for column, rank in ranks.items() if rank is not None)
    shares = {column: _share(rows[:LOOKED_UP], column, is_there) for column in possible}
    suffixed = [column for column in possible if _share(rows, column, is_image_name) > 0.5]

    def fitness(column: int) -> Fitness:
        distinct = len({row[column] for row in rows}) / max(len(rows), 1)
        return column in suffixed, ranks[column] is not None, round(distinct, 1)

    def order(column: int) -> tuple[Fitness, int]:
        rank = ranks[column]
        return fitness(column), -(rank if rank is not None else column)

    there = [column for column, share in shares.items() if share > 0.5]
    if there:
        best = max(there, key=order)
        if ranks[best] is None and width > 2:
            _refuse_another(table, [column for column in there if fitness(column) == fitness(best)], names, rows)
        return best
    if suffixed and (not named or named[0][1] not in suffixed):
        return max(suffixed, key=order)
    if named:
        return named[0][1]
    if not names and width == 2 and possible:
        return possible[0]
    words = [column for column in possible if _are_different_words(column, rows)]
    if width == 2 and len(words) == 1:
        return words[0]
    columns = ", ".join(name or "(without a name)" for name in table.header or ()) or f"{width} without names"
    raise WorkError(
        f"{table.path} ({table.description}): none of its columns is known to name pictures, and no cell names a file. "
        f"Its columns: {columns}. Say which one by --image-column"
    )


def _refuse_another(table: "UserTable", columns: list[int], names: list[str], rows: list[list[str]]) -> None:
    """Raises SettingError if columns without a known name tell of different pictures, all of them there."""
    columns = [column for column in columns if not is_row_number(column, names, rows)]
    if len(columns) < 2 or all(len({_stem(row[column]) for column in columns}) == 1 for row in rows):
        return

    def text(column: int) -> str:
        examples = ", ".join(row[column] for row in rows[:2])
        return f"{(table.header or ())[column] if names else column + 1} ({examples}, ...)"

    why = f"{table.path} has several columns that name pictures: {'; '.join(map(text, columns))}"
    raise SettingError(bad_setting("image_column", None, f"{why}. Say by --image-column whose labels these are"))


def _are_different_words(column: int, rows: list[list[str]]) -> bool:
    cells = [row[column] for row in rows]
    return len(set(cells)) == len(cells) > 1 and not any(NUMBER.fullmatch(cell) for cell in cells)


def _stem(name: str) -> str:
    return PurePosixPath(name.replace("\\", "/")).stem.casefold()


def _is_label(name: str) -> bool:
    return name in column_names.LABEL and name not in column_names.IMAGE


def _rank(name: str, known: Sequence[str]) -> int | None:
    return known.index(name) if name in known else None


def _share(rows: list[list[str]], column: int, is_so: Callable[[str], bool]) -> float:
    """The share of the filled cells of a column for which something is so."""
    answers = [is_so(cell) for row in rows if (cell := row[column])]
    return sum(answers) / len(answers) if answers else 0.0


def is_image_name(cell: str) -> bool:
    """Whether a cell looks like the name of a picture's file."""
    return bool(IMAGE_SUFFIX.search(cell)) and not NUMBER.fullmatch(cell)
