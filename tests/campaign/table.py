"""The table of a campaign, in Markdown and in JSON."""

import json
import os
import platform
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from tests.campaign.trial import Trial


def markdown(trials: Sequence[Trial]) -> str:
    """A row for each command, a column for each fault: trials, and failures if there were any."""
    commands = list(dict.fromkeys(trial.command for trial in trials))
    faults = list(dict.fromkeys(trial.fault for trial in trials))
    done = Counter((trial.command, trial.fault) for trial in trials)
    wrong = Counter((trial.command, trial.fault) for trial in trials if trial.problem)

    def cell(pairs: list[tuple[str, str]]) -> str:
        count, failures = sum(done[pair] for pair in pairs), sum(wrong[pair] for pair in pairs)
        return f"{count}, **{failures} failed**" if failures else str(count or "")

    rows = [["command", *faults, "all"]]
    for name in commands:
        rows.append([name, *(cell([(name, fault)]) for fault in faults), cell([(name, fault) for fault in faults])])
    rows.append(["all", *(cell([(name, fault) for name in commands]) for fault in faults), cell(list(done))])
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([lines[0], "|---" * len(rows[0]) + "|", *lines[1:]])


def heading(trials: Sequence[Trial], seed: int, minutes: float) -> str:
    machine = f"{os.cpu_count()} processors, {platform.system()}, Python {platform.python_version()}"
    failures = sum(bool(trial.problem) for trial in trials)
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, {machine}, seed {seed}, {minutes:.0f} minutes: "
        f"{len(trials)} trials, {failures} failures."
    )


def save_json(trials: Sequence[Trial], path: Path) -> None:
    path.write_text(json.dumps([trial._asdict() for trial in trials], indent=1) + "\n")
