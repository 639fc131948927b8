"""Columns of yes and no, one per class."""

from collections.abc import Sequence

BINARY = {
    "0": False, "1": True, "0.0": False, "1.0": True, "false": False, "true": True, "no": False, "yes": True, "x": True,
    "": False,
}  # fmt: skip
"""Cells, in small letters, of a table with a column per class."""

SIGNED = {"-1": False, "1": True, "-1.0": False, "1.0": True}
"""The same in tables that write -1 for no. With 0 beside it, -1 often means unsure, so such tables are refused."""

FEWEST_OF_RUN = 3
"""Columns that are taken for the classes beside other columns of yes and no."""

OneHot = tuple[tuple[int, str], ...]
"""Number and name of each column."""


def binary_values(columns: Sequence[int], rows: list[list[str]]) -> dict[str, bool] | None:
    """The meaning of each cell in columns of yes and no; None if they hold anything else."""
    cells = {row[column].lower() for row in rows for column in columns}
    return next((values for values in (BINARY, SIGNED) if cells <= values.keys() and cells != {""}), None)


def one_hot_columns(header: Sequence[str], columns: list[int], rows: list[list[str]], several: bool) -> OneHot:
    """The columns with their classes: all, if all hold yes or no, else neighbours with one yes in each row.

    `several`: a row may have several yes, so the last neighbours that hold yes or no count. () if there are none.
    """
    if len(columns) < 2 or not header:
        return ()
    found: Sequence[int] = columns
    if binary_values(columns, rows) is None:
        runs = _runs(columns, rows)
        parts = [part for run in runs for part in _parts(run, rows)]
        last = runs[-1:] if several else []
        found = max(parts, key=len, default=last[0] if last else ())
        if several and last and len(found) < len(last[0]):
            found = last[0]
    return tuple((column, header[column]) for column in found)


def _runs(columns: list[int], rows: list[list[str]]) -> list[list[int]]:
    """Neighbours, at least two, that hold yes or no."""
    runs: list[list[int]] = [[]]
    for column in columns:
        if binary_values([column], rows) is None:
            runs.append([])
        elif runs[-1] and runs[-1][-1] != column - 1:
            runs.append([column])
        else:
            runs[-1].append(column)
    return [run for run in runs if len(run) > 1 and binary_values(run, rows)]


def _parts(run: list[int], rows: list[list[str]]) -> list[list[int]]:
    """The neighbours in a run with one yes in each row: all of it, or some, but not two, as such pairs are common."""
    if _has_one_yes(run, rows):
        return [run]
    ends = [(start, end) for start in range(len(run)) for end in range(start + FEWEST_OF_RUN, len(run) + 1)]
    return [run[start:end] for start, end in ends if _has_one_yes(run[start:end], rows)]


def _has_one_yes(columns: list[int], rows: list[list[str]]) -> bool:
    values = binary_values(columns, rows)
    if values is None:
        return False
    return all(sum(values[row[column].lower()] for column in columns) == 1 for row in rows)
