"""The CSV of predictions and the list of rejects beside it: rows as they are made, and where to go on."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path, PurePosixPath
from types import TracebackType

from predictor.pictures import ImageFile
from settings import SettingError, bad_setting
from storage.tables import (
    csv_safe,
    drop_torn_line,
    line,
    open_to_append,
    read_json,
    read_table,
    write_json,
    write_table,
)

REJECTED_HEADER = ("image", "reason")


def check_output(settings) -> None:
    """Raises SettingError if `settings.output` cannot be a CSV file."""
    if not settings.output.name or settings.output.is_dir():
        raise SettingError(bad_setting("output", settings.output, "should be the name of a CSV file"))


class Output:
    """`predictions.csv`, `predictions.rejected.csv` and a hidden file that says what they were made with.

    Rows are in the order of the pictures, so how many pictures have a row in either file tells where to go on.
    """

    def __init__(self, path: Path, columns: Sequence[str]):
        """`columns` are those behind the name of the picture."""
        self.path, self.header = path, ("image", *columns)
        self.rejected = path.with_name(f"{path.stem}.rejected.csv")
        self.made_with = path.with_name(f".{path.name}.json")

    def begin(self, made_with: dict, overwrite: bool) -> None:
        """Keeps rows that were made with the same, else raises SettingError; with `overwrite` removes those."""
        if self.rejected.exists() and not self.made_with.exists() and not overwrite:
            raise SettingError(
                bad_setting("output", self.path, f"{self.rejected} exists already; name another, or --overwrite")
            )
        before = read_json(self.made_with) or {}
        if overwrite and before != made_with:
            self.clear()
        elif self.path.exists() and before != made_with:
            other = sorted(name for name in {*before, *made_with} if before.get(name) != made_with.get(name))
            how = f"was made with other {', '.join(other)}" if before else "was not made here"
            raise SettingError(
                bad_setting("output", self.path, f"exists and {how}; name another file, or use --overwrite")
            )
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if not self.path.exists():
            self.rejected.unlink(missing_ok=True)
        write_json(self.made_with, made_with)

    def clear(self) -> None:
        """Removes all rows."""
        for file in (self.path, self.rejected):
            file.unlink(missing_ok=True)

    def done(self, pictures: Iterable[ImageFile]) -> int:
        """How many pictures, counted from the first, have their row. Rejects after that, left by a kill, are dropped.

        Raises SettingError if there are rows of other pictures.
        """
        if not self.path.exists():
            return 0
        drop_torn_line(self.path)
        drop_torn_line(self.rejected)
        rejects = {row["image"]: row["reason"] for row in read_table(self.rejected)} if self.rejected.exists() else {}
        kept, count = [], 0
        with self.path.open(encoding="utf-8", newline="") as file:
            rows = (row[0] for row in csv.reader(file) if row)
            next(rows, None)
            row = next(rows, None)
            for picture in pictures:
                name = csv_safe(picture.name)
                if name == row:
                    row = next(rows, None)
                elif name in rejects:
                    kept.append((name, rejects[name]))
                else:
                    break
                count += 1
        if row is not None:
            allowed = f"its row for {row} does not fit the pictures that are there now; --overwrite begins anew"
            raise SettingError(bad_setting("output", self.path, allowed))
        if len(kept) < len(rejects):
            write_table(self.rejected, REJECTED_HEADER, kept)
        return count

    def __enter__(self) -> "Output":
        self.rows = open_to_append(self.path, self.header)
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.rows.close()

    def add(self, names: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """A row for each picture."""
        self.rows.writelines(line([csv_safe(name), *cells]) for name, cells in zip(names, rows, strict=True))
        self.rows.flush()

    def reject(self, name: str, reason: str) -> None:
        with open_to_append(self.rejected, REJECTED_HEADER) as file:
            file.write(line((csv_safe(name), reason)))

    def names(self) -> Iterator[str]:
        """Of the pictures that have a row, as the CSV has them."""
        if self.path.exists():
            with self.path.open(encoding="utf-8", newline="") as file:
                yield from islice((row[0] for row in csv.reader(file) if row), 1, None)

    def rejected_names(self) -> list[str]:
        return [row["image"] for row in read_table(self.rejected)] if self.rejected.exists() else []

    def count_rejected(self) -> int:
        return len(self.rejected_names())

    def is_torn(self) -> bool:
        """Whether a kill came in the midst of a line."""
        return any(_is_torn(file) for file in (self.path, self.rejected) if file.exists())


def _is_torn(file: Path) -> bool:
    with file.open("rb") as content:
        content.seek(max(0, file.stat().st_size - 1))
        return content.read() != b"\n"


def picture_path(output: Path, folder: str, name: str) -> Path:
    """Where a PNG that belongs to a picture lies: in NAME.`folder` beside NAME.csv, under the name of its picture.

    It keeps the picture's suffix unless that is .png already, so `a.jpg` and `a.png` do not share a file.
    """
    place = PurePosixPath(name.lstrip("/").replace("..", "_"))
    file = place.name if place.suffix == ".png" else f"{place.name}.png"
    return output.with_name(f"{output.stem}.{folder}") / place.parent / file
