"""Which figures the end of a training has drawn, so that one that is missing later is drawn again."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from storage.tables import read_json, write_json
from training.run_folder import RunFolder

NOTE = ".drawn.json"


def are_missing(run: RunFolder) -> bool:
    """Whether figures are older than the run, or one that was drawn is gone."""
    if run.is_newer_than(run.figures / "learning_curve.png"):  # the figure that is drawn last
        return True
    note = read_json(run.figures / NOTE)
    names = note.get("figures") if note else None
    names = names if isinstance(names, list) else []  # earlier versions have noted none
    return any(not (run.figures / str(name)).exists() for name in ("learning_rate.png", *names))


@contextlib.contextmanager
def noted(run: RunFolder) -> Iterator[None]:
    """Notes the figures of the results, which are drawn meanwhile. The learning curve must be drawn after that."""
    before = _times(run.figures)
    yield
    write_json(
        run.figures / NOTE,
        {"figures": [name for name, time in _times(run.figures).items() if before.get(name) != time]},
    )


def _times(folder: Path) -> dict[str, int]:
    """When each figure was written, in ns."""
    return {file.name: file.stat().st_mtime_ns for file in sorted(folder.glob("*.png"))}
