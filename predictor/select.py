"""`python -m predictor.select`: every combination of runs with every policy on the validation images, ranked.

Weights of a policy come from the images that it is scored on, so among near equals prefer the simpler one.
"""

from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

import numpy as np

from command import import_tensorflow, run
from predictor.labels.ensemble import find_members
from predictor.labels.policies import POLICIES, combine, policy_weights
from predictor.labels.validation import Validation, validate
from predictor.output import check_output
from settings import SettingError, bad_setting
from storage.tables import line, write_table
from training.run_folder import find_runs

HEADER = ("rank", "accuracy", "top3_accuracy", "log_loss", "runs", "policy", "tta")
SHOWN = 5
MOST_RUNS = 12
"""Twelve have 4,095 combinations."""


class Scored(NamedTuple):
    """How well runs, by their numbers, predict together."""

    accuracy: float
    top3: float
    log_loss: float
    members: tuple[int, ...]
    policy: str


def select(settings) -> None:
    """Raises SettingError if the runs do not share classes and validation images."""
    if not 2 <= len(settings.run) <= MOST_RUNS:
        raise SettingError(
            bad_setting("run", ",".join(settings.run), f"should be two to {MOST_RUNS} runs: --run A,B,C")
        )
    check_output(settings)
    _check_ranking(settings.output)
    members = find_members(find_runs(settings.runs, settings.run), settings.tta, settings.engine, settings.precision)
    import_tensorflow()
    validations = [validate(member, settings.tta) for member in members]
    for member, validation in zip(members, validations, strict=True):
        if not validation.same_images(validations[0]):
            allowed = f"was validated on other images than {members[0].run.path}; their scores cannot be compared"
            raise SettingError(bad_setting("run", member.run.path, allowed))
    ranked = sorted(scores(validations), key=lambda scored: (-scored.accuracy, scored.log_loss, len(scored.members)))
    names = [member.run.path.name for member in members]
    rows = [
        (rank, f"{scored.accuracy:.6f}", f"{scored.top3:.6f}", f"{scored.log_loss:.6f}",
         "+".join(names[number] for number in scored.members), scored.policy, settings.tta)
        for rank, scored in enumerate(ranked, 1)
    ]  # fmt: skip
    settings.output.parent.mkdir(parents=True, exist_ok=True)
    write_table(settings.output, HEADER, rows)
    for row in rows[:SHOWN]:
        print(f"{row[0]}. accuracy {row[1]}, top-3 {row[2]}: {row[4]} by {row[5]}")
    single = max(validation.right.mean() for validation in validations)
    print(f"Best single run: {single:.6f}. All {len(rows)} combinations are in {settings.output}")
    best = ranked[0]
    runs = ",".join(str(members[number].run.path) for number in best.members)
    how = f" --policy {best.policy}" * (len(best.members) > 1) + f" --tta {settings.tta}"
    how += f" --precision {settings.precision}" * (settings.precision != "f32")
    print(f"Next: python -m predictor --run {runs}{how} --test-images FOLDER")


def _check_ranking(path: Path) -> None:
    if path.exists() and not path.read_bytes().startswith(line(HEADER).encode()):
        raise SettingError(bad_setting("output", path, "exists and is no ranking; name another file"))


def scores(validations: list[Validation]) -> Iterator[Scored]:
    """Of each run alone, and of each two or more with each policy."""
    labels = validations[0].labels
    for count in range(1, len(validations) + 1):
        for members in combinations(range(len(validations)), count):
            chosen = [validations[number] for number in members]
            opinions = np.stack([validation.probabilities for validation in chosen])
            for policy in POLICIES if count > 1 else ("mean",):
                combined = combine(policy, opinions, policy_weights(policy, chosen))
                yield Scored(*_score(combined, labels), members, policy)


def _score(probabilities: np.ndarray, labels: np.ndarray) -> tuple[float, float, float]:
    from sklearn.metrics import log_loss  # takes a second to import, which --help shall not

    ranks = np.argsort(-probabilities, axis=1, kind="stable")
    right = ranks == labels[:, None]
    loss = log_loss(labels, probabilities, labels=range(probabilities.shape[1]))
    return float(right[:, 0].mean()), float(right[:, :3].any(axis=1).mean()), float(loss)


if __name__ == "__main__":
    run("python -m predictor.select", "SelectConfig", select)
