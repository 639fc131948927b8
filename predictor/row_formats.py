"""Predictions in other forms than CSV: as JSON, as Parquet, or on standard output."""

import json
import re
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from predictor.output import Output, check_csv
from settings import SettingError, bad_setting
from storage.tables import original, replacing, replacing_binary, rows_of_table

STANDARD_OUTPUT = Path("-")

if TYPE_CHECKING:
    from config import PredictorConfig

TEXT_COLUMNS = re.compile(r"image|labels|class(_\d+)?")
"""All other columns hold numbers."""


def check_form(settings: "PredictorConfig", has_files: bool) -> None:
    """Raises SettingError if predictions cannot be written to `settings.output`.

    `has_files`: images are written beside the CSV, so it needs a name.
    """
    output = settings.output
    is_other_form = output == STANDARD_OUTPUT or csv_of(output) != output
    if not is_other_form:
        check_csv(output)
    if output == STANDARD_OUTPUT and (has_files or settings.evaluate or settings.json):
        why = "--json prints there too" if settings.json else "more files are written beside it"
        raise SettingError(bad_setting("output", output, f"{why}; give the name of a file"))
    if is_other_form and (settings.shard or settings.samples):
        what = "shards are joined" if settings.shard else "new images are listed"
        raise SettingError(bad_setting("output", output, f"{what} as CSV; give a name that ends in .csv"))
    if output.suffix == ".parquet" and find_spec("pyarrow") is None:
        raise SettingError(bad_setting("output", output, "needs a package: pip install pyarrow"))
    if is_other_form and output.exists() and not settings.overwrite and not Output(csv_of(output), ()).note.exists():
        problem = "exists and was not made by this command; name another file, or use --overwrite"
        raise SettingError(bad_setting("output", output, problem))


def csv_of(output: Path) -> Path:
    """The CSV to which rows are appended as they come: `output` itself, or one beside it with the same name."""
    return output.with_suffix(".csv") if output.suffix in WRITERS else output


def write_form(output: Path) -> None:
    """Writes the complete CSV in the form of `output`, if that is another one."""
    if writer := WRITERS.get(output.suffix):
        writer(csv_of(output), output)


def print_rows(csv: Path) -> None:
    """Writes a CSV to standard output."""
    with csv.open(encoding="utf-8", errors="surrogateescape", newline="") as rows:
        shutil.copyfileobj(rows, sys.stdout)
    sys.stdout.flush()  # here, so that a reader that has gone is noticed


def _write_json(csv: Path, output: Path) -> None:
    """A list of objects, one per line."""
    with replacing(output) as file:
        separator = "[\n"
        for row in _typed_rows(csv):
            file.write(separator + json.dumps(row))
            separator = ",\n"
        file.write("\n]\n")


def _write_parquet(csv: Path, output: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    with replacing_binary(output) as file:
        pq.write_table(pa.Table.from_pylist(list(_typed_rows(csv))), file)


def _typed_rows(csv: Path) -> Iterator[dict[str, object]]:
    for row in rows_of_table(csv):
        yield {name: original(cell) if TEXT_COLUMNS.fullmatch(name) else _number(cell) for name, cell in row.items()}


def _number(cell: str) -> int | float | None:
    if not cell:
        return None
    return int(cell) if re.fullmatch(r"-?\d+", cell) else float(cell)


WRITERS: Mapping[str, Callable[[Path, Path], None]] = {".json": _write_json, ".parquet": _write_parquet}
"""By the suffix of the output."""
