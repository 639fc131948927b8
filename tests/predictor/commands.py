"""Commands of the predictor in this process, or in one that is interrupted at a certain row."""

import signal
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from config import MergeConfig, PredictorConfig
from predictor.merge import merge
from predictor.predict import predict
from tests.conftest import ROOT, settings_of

INTERRUPTED = """
import os, signal, sys
from command import run
from predictor.__main__ import main
from predictor.output import Output

limit, sent, add, written = int(sys.argv[1]), int(sys.argv[2]), Output.add, 0

def add_and_interrupt(self, names, rows):
    global written
    add(self, names, rows)
    written += len(names)
    if written >= limit:
        os.kill(os.getpid(), sent)

Output.add = add_and_interrupt
run("python -m predictor", "PredictorConfig", main, sys.argv[3:])
"""


def predict_here(run: object, output: Path, *flags: object) -> dict[str, object]:
    """`python -m predictor` in this process."""
    return predict(settings_of(PredictorConfig, "--run", run, "--output", output, *flags))


def merge_here(output: Path, *flags: object) -> dict[str, object]:
    """`python -m predictor.merge` in this process."""
    return merge(settings_of(MergeConfig, "--output", output, *flags))


class Interrupted(NamedTuple):
    """How an interrupted command ended, and the id of its session."""

    code: int
    err: str
    session: int


def predict_interrupted(rows: int, *flags: object, sent: signal.Signals = signal.SIGKILL) -> Interrupted:
    """`python -m predictor` in a process that gets a signal as soon as it has written this many rows."""
    command = [sys.executable, "-c", INTERRUPTED, *map(str, (rows, int(sent), *flags))]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    process = subprocess.Popen(command, **pipes, cwd=ROOT, start_new_session=True)
    _, err = process.communicate(timeout=300)
    return Interrupted(process.returncode, err, process.pid)
