"""The CSV of predictions and the files beside it: appended row by row, and resumed after an interruption."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from types import TracebackType

from predictor.images import ImageFile
from predictor.shards import FILES_BESIDE
from settings import SettingError, WorkError, bad_setting
from storage.owned import is_hollow, move_aside
from storage.tables import (
    csv_line,
    csv_safe,
    drop_incomplete_line,
    open_to_append,
    printable,
    read_json,
    rows_of_table,
    write_json,
    write_table,
)

REJECTED_HEADER = ("image", "reason")

IMAGES_OF_DATA = "images of the data folder"
"""Key in the note of an evaluated output: their digest. Absent for outputs and data folders of earlier versions."""


OTHER_FORMS = (".json", ".jsonl", ".parquet", ".xlsx", ".xls", ".html")


@dataclass(frozen=True)
class Done:
    """The images that have a row or were rejected: the first `count`, or those with these names."""

    count: int
    names: frozenset[str] | None = None

    def rest(self, images: Iterable[ImageFile]) -> Iterator[ImageFile]:
        """The other images."""
        if self.names is None:
            return islice(images, self.count, None)
        return (image for image in images if csv_safe(image.name) not in self.names)


def check_output(output: Path) -> None:
    """Raises SettingError if `output` cannot be the name of a file."""
    if not output.name or output.is_dir():
        raise SettingError(bad_setting("output", output, "should be the name of a CSV file"))


def check_csv(output: Path) -> None:
    """Raises SettingError if `output` cannot be a CSV file, or is named as one of another form."""
    check_output(output)
    if output.suffix.lower() in OTHER_FORMS or str(output) == "-":
        raise SettingError(bad_setting("output", output, "is written as CSV; give a name that ends in .csv"))


class Output:
    """`NAME.csv`, `NAME.rejected.csv`, and the hidden `.NAME.csv.json`, which notes what they were made with.

    Rows are in the order of the images. So the number of images that have a row in either table tells where to resume.

    Arguments:
        columns: the columns of the CSV after the name of the image.
        evaluation_columns: columns that only the evaluation needs, after the name of the image. They are written to
            NAME.evaluation/ranking.csv, with the same rows as the CSV.
    """

    def __init__(self, path: Path, columns: Sequence[str], evaluation_columns: Sequence[str] = ()):
        self.path = path
        self.columns, self.evaluation_columns = tuple(columns), tuple(evaluation_columns)
        self.rejected = path.with_name(f"{path.stem}.rejected.csv")
        self.note = path.with_name(f".{path.name}.json")
        self.evaluation = path.with_name(f"{path.stem}.evaluation")
        self.ranking = self.evaluation / "ranking.csv"

    def start(self, note: Mapping[str, object], overwrite: bool) -> None:
        """Keeps rows that were made with the same note. Removes other rows with `overwrite`.

        Raises SettingError if there are other rows and `overwrite` is not set.
        """
        earlier = read_json(self.note) or {}
        if earlier and IMAGES_OF_DATA in note:
            if earlier.get(IMAGES_OF_DATA) == note[IMAGES_OF_DATA]:
                earlier["test_images"] = note["test_images"]  # the data folder was moved
            earlier.setdefault(IMAGES_OF_DATA, note[IMAGES_OF_DATA])
        if not earlier:
            self._clear_the_way(overwrite)
        if overwrite and earlier != note:
            self.clear()
        elif self.path.exists() and earlier != note:
            different = sorted(name for name in {*earlier, *note} if earlier.get(name) != note.get(name))
            reason = f"was made with different {', '.join(different)}" if earlier else "was not made by this command"
            raise SettingError(
                bad_setting("output", self.path, f"exists and {reason}; name another file, or use --overwrite")
            )
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if not self.path.exists():
            self.rejected.unlink(missing_ok=True)
        write_json(self.note, dict(note))

    def _clear_the_way(self, overwrite: bool) -> None:
        """Without a note nothing beside the CSV is ours: it is moved aside. Raises SettingError without `overwrite`."""
        beside = [self.path.with_name(f"{self.path.stem}.{name}") for name in FILES_BESIDE]
        others = [path for path in (self.path, *beside) if os.path.lexists(path) and not is_hollow(path)]
        if others and not overwrite:
            which = "" if others[0] == self.path else f"{printable(str(others[0]))} "
            problem = f"{which}exists and was not made by this command; name another file, or use --overwrite"
            raise SettingError(bad_setting("output", self.path, problem))
        for path in others:
            move_aside(path)

    def clear(self) -> None:
        """Removes all rows."""
        for file in (self.path, self.rejected, self.ranking):
            file.unlink(missing_ok=True)

    def done(self, list_images: Callable[[], Iterable[ImageFile]]) -> Done:
        """The images that have a row, or were rejected.

        Usually these are the first images: then rejected images after the last row, which a kill may leave, are
        removed. If images were added among them or removed since, they are told by their names.
        """
        if not self.path.exists():
            return Done(0)
        drop_incomplete_line(self.path)
        drop_incomplete_line(self.rejected)
        self._check_rows_are_single()
        reasons = {row["image"]: row["reason"] for row in read_rejected(self.path)}
        rejected: list[tuple[str, str]] = []
        count, names = 0, self.names()
        next_row = next(names, None)
        for image in list_images():
            name = csv_safe(image.name)
            if name == next_row:
                next_row = next(names, None)
            elif name in reasons:
                rejected.append((name, reasons[name]))
            else:
                break
            count += 1
        if next_row is not None:
            return Done(0, frozenset(self.names()) | reasons.keys())
        if len(rejected) < len(reasons):
            write_table(self.rejected, REJECTED_HEADER, rejected)
        return Done(count)

    def _check_rows_are_single(self) -> None:
        """Raises WorkError if an image stands twice in a table, as no interruption leaves it."""
        for path, names in ((self.path, self.names()), (self.rejected, iter(self.rejected_names()))):
            seen: set[str] = set()
            for name in names:
                if name in seen:
                    raise WorkError(
                        f"{path} is damaged: {name} stands twice in the column image. Restore it from a copy, or use "
                        "--overwrite to predict all images again."
                    )
                seen.add(name)

    def __enter__(self) -> "Output":
        self._rows = open_to_append(self.path, ("image", *self.columns))
        if self.evaluation_columns:
            self._trim_ranking()
            self._ranking = open_to_append(self.ranking, ("image", *self.evaluation_columns))
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._rows.close()
        if self.evaluation_columns:
            self._ranking.close()

    def _trim_ranking(self) -> None:
        """Removes the evaluation's rows after those of the CSV, which a kill may leave."""
        self.evaluation.mkdir(exist_ok=True)
        done = self.count_rows()
        _keep_lines(self.ranking, 1 + done)
        if sum(1 for _ in names_in_table(self.ranking)) < done:
            self._rows.close()
            raise WorkError(f"{self.ranking} lacks rows that {self.path} has. Remove {self.path} to start again.")

    def add(self, names: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """Appends a row for each image: the cells of the columns, then those of the evaluation columns."""
        count, safe_names, rows = len(self.columns), [csv_safe(name) for name in names], list(rows)
        if self.evaluation_columns:  # first: a row of the CSV counts as done
            cells = zip(safe_names, rows, strict=True)
            self._ranking.writelines(csv_line([name, *row[count:]]) for name, row in cells)
            self._ranking.flush()
        self._rows.writelines(csv_line([name, *row[:count]]) for name, row in zip(safe_names, rows, strict=True))
        self._rows.flush()

    def reject(self, name: str, reason: str) -> None:
        with open_to_append(self.rejected, REJECTED_HEADER) as file:
            file.write(csv_line((csv_safe(name), reason)))

    def names(self) -> Iterator[str]:
        """The names of the images that have a row, as they are written in the CSV."""
        return names_in_table(self.path)

    def count_rows(self) -> int:
        """The number of images that have a row."""
        return sum(1 for _ in self.names())

    def rejected_names(self) -> list[str]:
        return [row["image"] for row in read_rejected(self.path)]

    def count_rejected(self) -> int:
        return len(self.rejected_names())

    def is_torn(self) -> bool:
        """Whether a kill has left an incomplete line."""
        return any(_is_torn(file) for file in (self.path, self.rejected) if file.exists())


def read_rejected(output: Path) -> list[dict[str, str]]:
    """The rows of the images that could not be read."""
    rejected = Output(output, ()).rejected
    return list(rows_of_table(rejected, REJECTED_HEADER, torn=True)) if rejected.exists() else []


def names_in_table(path: Path) -> Iterator[str]:
    """The images of a table, without a line that a kill has cut off. Yields nothing if there is no such file."""
    if path.exists():
        for row in rows_of_table(path, ("image",), torn=True):
            yield row["image"]


def _is_torn(file: Path) -> bool:
    with file.open("rb") as content:
        content.seek(max(0, file.stat().st_size - 1))
        return content.read() != b"\n"


def _keep_lines(path: Path, count: int) -> None:
    """Removes all lines after the first `count`, which a kill may leave."""
    if path.exists():
        with path.open("rb+") as file:
            file.truncate(sum(len(text) for text in islice(file, count)))
