"""`python -m predictor.select`: ranks every combination of runs and policies by its scores on the validation images.

The weights of a policy come from the same images that it is scored on. So among almost equal scores prefer the simpler
combination.
"""

import shlex
from collections.abc import Iterator, Sequence
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from command import import_tensorflow, run
from log import logger
from predictor.labels.ensemble import Member, find_members
from predictor.labels.policies import POLICIES, combine, policy_weights
from predictor.labels.validation import Validation, validate
from predictor.output import check_csv
from settings import SettingError, bad_setting
from storage.tables import csv_line, write_table
from training.kinds import MULTILABEL
from training.runs import find_runs

if TYPE_CHECKING:
    from config import SelectConfig

HEADER = ("rank", "accuracy", "top3_accuracy", "log_loss", "runs", "policy", "tta")
LOGGED_ROWS = 5
MAX_RUNS = 12
"""Twelve runs have 4,095 combinations."""


class Combination(NamedTuple):
    """The scores of runs, given by their numbers, that predict together by a policy."""

    accuracy: float
    top3_accuracy: float
    log_loss: float
    members: tuple[int, ...]
    policy: str


def select(settings: "SelectConfig") -> dict[str, object]:
    """Writes the ranking of all combinations. Returns what `--json` prints.

    Raises SettingError if the runs do not have the same classes and validation images.
    """
    if not 2 <= len(settings.run) <= MAX_RUNS:
        raise SettingError(bad_setting("run", settings.run, f"should be two to {MAX_RUNS} runs: --run A,B,C"))
    check_csv(settings.output)
    _check_ranking(settings.output)
    found = find_runs(settings.runs, settings.run)
    if any(run.kind == MULTILABEL for run in found):
        problem = "are runs whose images may have several labels; combine them directly: python -m predictor --run A,B"
        raise SettingError(bad_setting("run", settings.run, problem))
    members = find_members(found, settings.tta, settings.engine, settings.precision)
    import_tensorflow()
    validations = [validate(member, settings.tta) for member in members]
    _check_same_images(members, validations)
    ranked = sorted(
        score_combinations(validations),
        key=lambda combination: (-combination.accuracy, combination.log_loss, len(combination.members)),
    )
    _write_ranking(settings.output, ranked, [member.run.path.name for member in members], settings.tta)
    best, best_single = ranked[0], max(float(validation.correct.mean()) for validation in validations)
    logger.info(f"Best single run: accuracy {best_single:.6f}. All {len(ranked)} combinations are in {settings.output}")
    runs = [member.run.path for number, member in enumerate(members) if number in best.members]
    _log_next_command(settings, runs, best.policy)
    scores = {name: getattr(best, name) for name in ("accuracy", "top3_accuracy", "log_loss")}
    return {
        "output": settings.output,
        "combinations": len(ranked),
        "best": {"runs": runs, "policy": best.policy, "tta": settings.tta, "scores": scores},
        "best_single_accuracy": best_single,
    }


def _check_ranking(path: Path) -> None:
    if path.exists() and not path.read_bytes().startswith(csv_line(HEADER).encode()):
        raise SettingError(bad_setting("output", path, "exists and is not a ranking; name another file"))


def _check_same_images(members: Sequence[Member], validations: Sequence[Validation]) -> None:
    for member, validation in zip(members, validations, strict=True):
        if not validation.same_images(validations[0]):
            problem = f"was validated on other images than {members[0].run.path}, so their scores cannot be compared"
            raise SettingError(bad_setting("run", member.run.path, problem))


def _write_ranking(path: Path, ranked: Sequence[Combination], names: Sequence[str], tta: str) -> None:
    """Writes all combinations, the best first, and logs the first few."""
    rows = [
        (rank, f"{combination.accuracy:.6f}", f"{combination.top3_accuracy:.6f}", f"{combination.log_loss:.6f}",
         "+".join(names[number] for number in combination.members), combination.policy, tta)
        for rank, combination in enumerate(ranked, 1)
    ]  # fmt: skip
    path.parent.mkdir(parents=True, exist_ok=True)
    write_table(path, HEADER, rows)
    for rank, accuracy, top3_accuracy, _, runs, policy, _ in rows[:LOGGED_ROWS]:
        logger.info(f"{rank}. accuracy {accuracy}, top-3 accuracy {top3_accuracy}: {runs} by {policy}")


def _log_next_command(settings: "SelectConfig", runs: Sequence[Path], policy: str) -> None:
    """Logs the command that predicts by the best combination."""
    words = ["python -m predictor --run", shlex.quote(",".join(map(str, runs))), "--tta", settings.tta]
    if len(runs) > 1:
        words += ["--policy", policy]
    if settings.precision != "f32":
        words += ["--precision", settings.precision]
    logger.info(f"Next: {' '.join(words)} --test-images FOLDER")


def score_combinations(validations: list[Validation]) -> Iterator[Combination]:
    """Scores each single run, and each group of two or more runs with each policy."""
    labels = validations[0].labels
    for count in range(1, len(validations) + 1):
        for members in combinations(range(len(validations)), count):
            chosen = [validations[number] for number in members]
            probabilities = np.stack([validation.probabilities for validation in chosen])
            for policy in POLICIES if count > 1 else ("mean",):
                combined = combine(policy, probabilities, policy_weights(policy, chosen))
                yield Combination(*_score(combined, labels), members, policy)


def _score(probabilities: np.ndarray, labels: np.ndarray) -> tuple[float, float, float]:
    """Accuracy, top-3 accuracy and log loss of probabilities (images, classes)."""
    from sklearn.metrics import log_loss  # its import takes a second, too long for --help

    ranks = np.argsort(-probabilities, axis=1, kind="stable")
    correct = ranks == labels[:, None]
    loss = log_loss(labels, probabilities, labels=range(probabilities.shape[1]))
    return float(correct[:, 0].mean()), float(correct[:, :3].any(axis=1).mean()), float(loss)


if __name__ == "__main__":
    run("python -m predictor.select", "SelectConfig", select)
