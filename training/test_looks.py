"""How often the test images of a run were looked at: RUN/test_looks.csv has a row for each evaluation with them.

A score on test images is honest as long as nothing is chosen by it. Nobody can know what is chosen, so the run counts.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from storage.tables import csv_line, open_to_append, read_table

TEST_LOOKS, COLUMNS = "test_looks.csv", ("time", "data", "images", "score", "value")


def note_look(run: Path, data: Path, images: int, scores: Mapping[str, float]) -> int:
    """Notes an evaluation of a run on test images, by its first score. Returns how many there were."""
    score, value = next(iter(scores.items()))
    time = datetime.now(UTC).isoformat(timespec="seconds")
    with open_to_append(run / TEST_LOOKS, COLUMNS) as file:
        file.write(csv_line((time, str(data.resolve()), images, score, value)))
    return len(read_looks(run))


def read_looks(run: Path) -> list[dict[str, str]]:
    """The evaluations on test images, the first one first."""
    return read_table(run / TEST_LOOKS, COLUMNS) if (run / TEST_LOOKS).exists() else []


def looks_sentence(run: Path) -> str:
    """What the report says about them; empty if there was none."""
    looks = read_looks(run)
    if not looks:
        return ""
    last = looks[-1]
    said = f"The last test score, {last['score'].replace('_', ' ')} of {int(last['images']):,} images, is "
    said += f"{float(last['value']):.4f}. "
    if len(looks) == 1:
        return said + "It is the only time that this run was evaluated on test images."
    return said + (
        f"This run was evaluated on test images {len(looks)} times. A score by which settings are chosen is too high "
        "for new images."
    )
