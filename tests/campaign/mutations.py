"""Files that SceneLab reads are damaged in thousands of ways that know their structure, and read again.

    python -m tests.campaign.mutations --count 10000 --seed 0

Each reading must give what it gave before, or an error of ours that names the file; or, where the change has made
another file of the right form (a class with another name), a value of the right form. Anything else is a failure:
another exception, an error without the name of the file, a value that is not in the file, more than a minute (the
machine may be busy) or more memory than MOST_MEMORY.
"""

import argparse
import contextlib
import resource
import signal
import sys
import tempfile
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import NamedTuple

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from settings import SettingError, WorkError
from tests.campaign.changes import BYTES, CSV, JSON, TEXT, ZIP, Change
from tests.campaign.comparison import fault_of_value
from tests.campaign.files import make_files
from tests.campaign.readings import READINGS, Reading

MOST_SECONDS = 60
MOST_MEMORY = 6 * 2**30
"""Bytes of the whole process: a small file that takes more is a failure."""

ENDS = ("refused", "same", "other", "failed")
KINDS = {JSON: "JSON", CSV: "CSV", TEXT: "TOML, XML", ZIP: "Archives", BYTES: "Pictures"}
MESSAGES_KEPT = 400


class Outcome(NamedTuple):
    """What a reading came to. `kind`: same, other, refused, or failed; `text`: the message, or what failed."""

    reading: str
    change: str
    kind: str
    text: str = ""


class Mutations:
    """Damages files in a copy of a folder that `make_files` has made, one at a time."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.original = {reading.file: (folder / reading.file).read_bytes() for reading in READINGS}
        self.before = {reading.name: reading.read(folder) for reading in READINGS}

    def outcome(self, reading: Reading, change: Change, random: Random) -> Outcome:
        path, content = self.folder / reading.file, self.original[reading.file]
        try:
            changed = change(random, content)
        except ValueError:
            changed = content
        path.write_bytes(changed)
        try:
            kind, text = self._read(reading, path)
        finally:
            path.write_bytes(content)
        return Outcome(reading.name, change.__name__, kind, text)

    def _read(self, reading: Reading, path: Path) -> tuple[str, str]:
        try:
            with _no_longer_than(MOST_SECONDS), warnings.catch_warnings(action="ignore"):
                found = reading.read(self.folder)
        except (WorkError, SettingError) as error:
            text = str(error)
            named = path.name in text or (reading.named and reading.named in text)
            return ("refused", text) if named else ("failed", f"the file is not named: {text}")
        except Exception:
            return "failed", traceback.format_exc(limit=-4)
        if found == self.before[reading.name]:
            return "same", ""
        fault = reading.fault(found) or self._fault_of(reading, path, found)
        return ("failed", f"a wrong value: {fault}") if fault else ("other", "")

    def _fault_of(self, reading: Reading, path: Path, found: object) -> str:
        if path.suffix not in (".json", ".csv") or reading.changes is ZIP:
            return ""
        before = reading.said(self.before[reading.name])
        return fault_of_value(path.suffix, self.original[reading.file], path.read_bytes(), before, reading.said(found))


@contextlib.contextmanager
def _no_longer_than(seconds: int) -> Iterator[None]:
    def stop(number: int, frame: object) -> None:
        raise TimeoutError(f"more than {seconds} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def outcomes(
    folder: Path, count: int, number: int = 0, chosen: Callable[[Reading], bool] = lambda reading: True
) -> list[Outcome]:
    """The outcomes of so many changes. The same number gives the same changes."""
    mutations, found = Mutations(folder), []
    readings = [reading for reading in READINGS if chosen(reading)]

    @seed(number)
    @settings(
        max_examples=count, database=None, deadline=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(st.sampled_from(readings), st.integers(0, 10**6), st.integers(0, 2**32))
    def damage(reading: Reading, choice: int, numbers: int) -> None:
        found.append(mutations.outcome(reading, reading.changes[choice % len(reading.changes)], Random(numbers)))

    damage()
    return found


def table(found: list[Outcome]) -> list[tuple[str, int, int, int, int, int]]:
    """For each reading: the changes, and how many were refused, left the value as it was, made another, and failed."""
    counts = Counter((outcome.reading, outcome.kind) for outcome in found)
    rows = []
    for reading in READINGS:
        refused, same, other, failed = (counts[reading.name, kind] for kind in ("refused", "same", "other", "failed"))
        if total := refused + same + other + failed:
            rows.append((reading.name, total, refused, same, other, failed))
    return rows


def table_of_changes(found: list[Outcome]) -> list[str]:
    """The lines of a table in Markdown with a row for each change and a column for each kind of file."""
    kind_of = {reading.name: KINDS[reading.changes] for reading in READINGS}
    counts = Counter((outcome.change, kind_of[outcome.reading], outcome.kind) for outcome in found)
    kinds = list(KINDS.values())
    lines = [f"| Change | {' | '.join(kinds)} |", "|---" * (1 + len(kinds)) + "|"]
    for change in dict.fromkeys(change.__name__ for changes in KINDS for change in changes):
        cells = [" / ".join(str(counts[change, kind, end]) for end in ENDS) for kind in kinds]
        cells = ["" if cell == " / ".join("0" * len(ENDS)) else cell for cell in cells]
        lines.append(f"| {change.replace('_', ' ')} | {' | '.join(cells)} |")
    return lines


def run(count: int = 10_000, seed: int = 0) -> list[Outcome]:
    """The outcomes of so many changes. Prints each failure once."""
    with tempfile.TemporaryDirectory() as folder:
        found = outcomes(make_files(Path(folder)), count, seed)
    for text, outcome in {outcome.text: outcome for outcome in found if outcome.kind == "failed"}.items():
        print(f"{outcome.reading}, {outcome.change}: {text}\n")
    messages = sorted({outcome.text for outcome in found if outcome.kind == "refused"})
    for text in messages[:: max(1, count // MESSAGES_KEPT)]:
        print(text.replace(folder, "…"), file=sys.stderr)
    return found


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args(words)
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    found = run(given.count, given.seed)
    rows = table(found)
    print("| Read | Changes | Refused | Same | Other value | Failed |\n|---|---|---|---|---|---|")
    for row in rows:
        print(f"| {' | '.join(map(str, row))} |")
    print(f"| all | {' | '.join(str(sum(row[column] for row in rows)) for column in range(1, 6))} |")
    print(f"\n{' / '.join(ENDS)}:\n")
    print("\n".join(table_of_changes(found)))
    return sum(row[-1] for row in rows)


if __name__ == "__main__":
    sys.exit(bool(main(sys.argv[1:])))
