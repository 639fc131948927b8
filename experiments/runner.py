"""Runs the variants of an experiment one after the other, each in a process of its own."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence

from command import DONE, INTERRUPTED
from experiments.plan import PlannedRun
from experiments.results import ExperimentFolder, measure

LAST_LINES = 5
"""Of what a run that failed has said, that are shown."""


def run_all(planned: Sequence[PlannedRun], folder: ExperimentFolder, after_each: Callable) -> list[str]:
    """Runs what is not done yet and gives the names of the runs that failed.

    `after_each` is called whenever one is done. Ctrl-C ends the run in hand first, which keeps what it has.
    Raises KeyboardInterrupt with a text that says how to go on.
    """
    failed = []
    for number, run in enumerate(planned, 1):
        title = f"[{number}/{len(planned)}] {run.variant}, seed {run.seed}"
        if folder.measured(run.name):
            print(f"{title}: done before")
            continue
        print(f"{title}: {run.module}", flush=True)
        folder.note(run.name, run.module, run.settings)
        code = _run(run, folder)
        if code == INTERRUPTED:
            raise KeyboardInterrupt(f"Stopped in run {number} of {len(planned)}. Run the same command again to go on.")
        if code != DONE:
            failed.append(run.name)
            _say_why(run, folder, code)
            continue
        folder.note(run.name, run.module, run.settings, measure(folder.run(run.name)))
        after_each()
    return failed


def _run(run: PlannedRun, folder: ExperimentFolder) -> int:
    """The exit code of the training command; what it prints is shown, indented."""
    folder.runs.mkdir(parents=True, exist_ok=True)
    words = [sys.executable, "-m", run.module, *run.flags]
    with (
        folder.said(run.name).open("w", encoding="utf-8") as said,
        subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=said,
            text=True,
            errors="replace",
            env=os.environ | {"PYTHONUNBUFFERED": "1"},
            process_group=0,  # Ctrl-C reaches this process alone, which passes it on once: a second would end at once
        ) as process,
    ):
        try:
            _show(process)
            return process.wait()
        except KeyboardInterrupt:
            print("Stopping after this batch ...", flush=True)
            process.send_signal(signal.SIGTERM)
            try:
                _show(process)
                process.wait()
            except KeyboardInterrupt:
                process.kill()
            return INTERRUPTED


def _show(process: subprocess.Popen) -> None:
    for line in process.stdout:
        print(f"    {line}", end="", flush=True)


def _say_why(run: PlannedRun, folder: ExperimentFolder, code: int) -> None:
    said = folder.said(run.name)
    how = f"was ended by signal {-code}" if code < 0 else f"failed with exit code {code}"
    last = said.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-LAST_LINES:]
    print(f"Run {run.name} {how}. The last that it said, all is in {said}:", file=sys.stderr)
    for line in last or ["nothing"]:
        print(f"    {line}", file=sys.stderr)
