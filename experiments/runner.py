"""Runs the variants of an experiment one after the other, each in its own process."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from command import DONE, INTERRUPTED
from experiments.plan import PlannedRun
from experiments.results import ExperimentFolder, measure
from log import logger

LAST_LINES = 5
"""Lines shown of the log of a failed run."""


def run_all(planned: Sequence[PlannedRun], folder: ExperimentFolder, after_each: Callable[[], object]) -> list[str]:
    """Runs everything that is not done yet. Returns the names of the failed runs.

    `after_each` is called after each finished run. Ctrl-C ends the current run, which keeps its finished epochs, and
    raises KeyboardInterrupt with a text that tells how to resume.
    """
    failed = []
    for number, run in enumerate(planned, 1):
        title = f"[{number}/{len(planned)}] {run.variant}, seed {run.seed}"
        if folder.measured(run.name):
            logger.info(f"{title}: already done")
            continue
        logger.info(f"{title}: {run.module}")
        folder.record(run.name, run.module, run.settings)
        code = _run_process(run, folder)
        if code == INTERRUPTED:
            advice = "Run the same command again to resume."
            raise KeyboardInterrupt(f"Stopped in run {number} of {len(planned)}. {advice}")
        if code != DONE:
            failed.append(run.name)
            _report_failure(run, folder, code)
            continue
        folder.record(run.name, run.module, run.settings, measure(folder.run(run.name)))
        after_each()
    return failed


def _run_process(run: PlannedRun, folder: ExperimentFolder) -> int:
    """The exit code of the training command. Its standard output is shown with an indent."""
    folder.runs.mkdir(parents=True, exist_ok=True)
    words = [sys.executable, "-P", "-m", run.module, *run.flags]  # -P: a config.py of the user is not taken for ours
    with (
        folder.log_file(run.name).open("w", encoding="utf-8") as log,
        subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            errors="replace",
            env=os.environ | {"PYTHONUNBUFFERED": "1", "PYTHONPATH": _search_path()},
            process_group=0,  # Ctrl-C only reaches this process, which passes it on once: a second one ends at once
        ) as process,
    ):
        try:
            _show_output(process)
            return process.wait()
        except KeyboardInterrupt:
            logger.info("Stopping after this batch ...")
            process.send_signal(signal.SIGTERM)
            try:
                _show_output(process)
                process.wait()
            except KeyboardInterrupt:
                process.kill()
            return INTERRUPTED


def _search_path() -> str:
    """Our own folder first, also where nothing is installed."""
    return os.pathsep.join(filter(None, [str(Path(__file__).resolve().parent.parent), os.environ.get("PYTHONPATH")]))


def _show_output(process: subprocess.Popen[str]) -> None:
    assert process.stdout
    for line in process.stdout:
        logger.info(f"    {line.rstrip()}")


def _report_failure(run: PlannedRun, folder: ExperimentFolder, code: int) -> None:
    log = folder.log_file(run.name)
    how = f"was ended by signal {-code}" if code < 0 else f"failed with exit code {code}"
    last = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-LAST_LINES:]
    logger.warning(f"Run {run.name} {how}. The last lines of {log}:")
    for line in last or ["(empty)"]:
        logger.warning(f"    {line}")
