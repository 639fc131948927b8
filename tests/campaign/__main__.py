"""Runs the campaign and prints its table.

python -m tests.campaign --minutes 30                all commands and faults, in random order
python -m tests.campaign --only masks --seed 3       only pairs of a command and a fault with this word
python -m tests.campaign --list                      the commands and faults
"""

import argparse
import sys
from pathlib import Path

from tests.campaign.campaign import chosen, trials
from tests.campaign.commands import COMMANDS
from tests.campaign.faults import FAULTS
from tests.campaign.table import heading, markdown, save_json
from tests.campaign.trial import Trial


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help="a word in the name of a command or a fault")
    parser.add_argument("--list", action="store_true", help="show the commands and faults")
    parser.add_argument("--output", type=Path, default=Path("campaign.json"), help="where the trials are kept")
    words = parser.parse_args()
    if words.list:
        print("Commands:", *COMMANDS, "Faults:", *FAULTS, sep="\n  ")
        return 0
    done: list[Trial] = []
    for trial in trials(chosen(words.only), words.minutes, words.seed):
        done.append(trial)
        outcome = f"FAILED: {trial.problem}" if trial.problem else "right"
        print(f"{trial.command}, {trial.fault}, seed {trial.seed}, exit code {trial.code}: {outcome}", flush=True)
        save_json(done, words.output)
    print(f"\n{heading(done, words.seed, words.minutes)}\n\n{markdown(done)}")
    return int(any(trial.problem for trial in done))


if __name__ == "__main__":
    sys.exit(main())
