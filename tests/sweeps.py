"""A sweep kills a command at each of its file operations, runs it again, and compares what is there in the end.

    python -m tests.sweeps            all commands, every operation, before and after it; prints a table of the trials
    python -m tests.sweeps data pack  only these
    python -m tests.sweeps --before   only before each operation: half the time

What an unbroken run has made must be there, no less and no more: temporary files and locks count.
"""

import csv
import hashlib
import io
import json
import shutil
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import h5py
import numpy as np

from tests.kills import Commands, Ended, Kill

MEASURED = ("seconds", "started")
"""Columns that differ from run to run."""

NAME_IS_ENOUGH = (".html", ".log", ".pb", ".index", ".data-00000-of-00001", ".md", "sessions.csv", "learning_curve.png",
                  "learning_rate.png")  # fmt: skip
"""Ends of names of files that hold times, or mark where a run was resumed."""

SMALL = ("--image-size", 32, "--epochs", 2, "--batch-size", 8, "--resume", "last", "--verbose", "none")


class Command(NamedTuple):
    """A command with what must be there before it. Its flags are for a folder that holds nothing else."""

    module: str
    flags: tuple[object, ...]
    needs: tuple[str, ...] = ()


DRAWN = ("--source", "scenes", "--pictures", 20, "--picture-size", 32, "--workers", 1)
COMMANDS = {
    "data": Command("datatransformer", (*DRAWN, "--data", "data")),
    "masks data": Command("datatransformer", (*DRAWN, "--task", "segmentation", "--data", "mask-data")),
    "data again": Command("datatransformer", (*DRAWN, "--seed", 1, "--overwrite", "--data", "data"), ("data",)),
    "training": Command("classifiers.small", (*SMALL, "--data", "data", "--runs", "runs"), ("data",)),
    "masks training": Command(
        "segmentation.unet", (*SMALL, "--backbone", "small", "--data", "mask-data", "--runs", "runs"), ("masks data",)
    ),
    "prediction": Command(
        "predictor", ("--runs", "runs", "--run", "small", "--evaluate", "data", "--output", "p.csv"),
        ("data", "training"),
    ),
    "masks": Command(
        "predictor",
        ("--runs", "runs", "--run", "unet", "--test-images", "mask-data/val/images", "--output", "m.csv",
         "--mask-files", "index,overlay,coco,yolo"),
        ("masks data", "masks training"),
    ),
    "export": Command(
        "predictor.export", ("--runs", "runs", "--run", "small", "--format", "savedmodel", "--overwrite"),
        ("data", "training"),
    ),
    "export again": Command(
        "predictor.export", ("--runs", "runs", "--run", "small", "--format", "savedmodel", "--overwrite"),
        ("data", "training", "export"),
    ),
    "pack": Command("scenelab.pack_run", ("small", "--runs", "runs", "--overwrite"), ("data", "training")),
    "analysis": Command("analysis", ("small", "--runs", "runs", "--only", "curves,evaluation"), ("data", "training")),
}  # fmt: skip


class Trial(NamedTuple):
    """A kill and what it led to; `problem` is empty if the command, run again, made what an unbroken one makes."""

    command: str
    kill: Kill
    operation: str
    problem: str


class Sweep:
    """The trials of one command, in the folder `root`, which is made anew for each."""

    def __init__(self, commands: Commands, name: str, root: Path) -> None:
        self.commands, self.name, self.command = commands, name, COMMANDS[name]
        self.start, self.root = root / "start", root / "work"
        self.start.mkdir(parents=True)
        for needed in self.command.needs:
            made = commands.run(COMMANDS[needed].module, *COMMANDS[needed].flags, root=self.start)
            assert made.code == 0, made.screen
        self.unbroken = self._fresh()
        assert self.unbroken.code == 0, self.unbroken.screen
        self.expected = contents(self.root)

    def trials(self, every: int = 1, when: Sequence[str] = ("before", "after")) -> Iterator[Trial]:
        """Kills at every such operation, beginning with the first."""
        for operation in self.unbroken.operations[::every]:
            for moment in when:
                kill = Kill(operation.number, moment)  # type: ignore[arg-type]
                yield Trial(self.name, kill, f"{operation.event} {operation.path}", self._problem(kill))

    def _fresh(self, kill: Kill | None = None) -> Ended:
        shutil.rmtree(self.root, ignore_errors=True)
        shutil.copytree(self.start, self.root, symlinks=True)
        return self._run(kill)

    def _run(self, kill: Kill | None = None) -> Ended:
        return self.commands.run(self.command.module, *self.command.flags, root=self.root, kill=kill)

    def _problem(self, kill: Kill) -> str:
        killed = self._fresh(kill)
        if not killed.was_killed:
            return f"was not killed, ended with {killed.code}: {killed.screen[-200:]}"
        again = self._run()
        if again.code:
            return f"ended with {again.code}: {again.screen[-300:]}"
        found = contents(self.root)
        different = [name for name in {*found, *self.expected} if found.get(name) != self.expected.get(name)]
        words = {
            name: "more" if name not in self.expected else "less" if name not in found else "other"
            for name in different
        }
        return ", ".join(f"{words[name]}: {name}" for name in sorted(different))


def contents(root: Path) -> dict[str, str]:
    """A digest of what matters in each file, by its path. Folders without a file count too."""
    found = {}
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root).as_posix()
        if "/tensorboard/" in name:
            continue
        if path.is_symlink():
            found[name] = str(path.readlink())
        elif path.is_file():
            found[name] = hashlib.sha256(_content(path)).hexdigest()
        elif not any(path.iterdir()):
            found[name] = "empty folder"
    return found


def _content(path: Path) -> bytes:
    if path.name.endswith(NAME_IS_ENOUGH):
        return b""
    if path.suffix == ".csv":
        return _table(path.read_text(encoding="utf-8"))
    if path.suffix in (".keras", ".scenelab"):
        return _checkpoint(path)
    if path.suffix == ".npz":
        with np.load(path, allow_pickle=False) as arrays:
            return b"".join(arrays[name].tobytes() for name in sorted(arrays.files) if name != "stamp")
    if path.suffix == ".json" and path.name.startswith("."):
        return b"" if path.name.endswith(".csv.json") else path.read_bytes()  # checksums of checkpoints
    return path.read_bytes()


def _table(text: str) -> bytes:
    rows = list(csv.DictReader(io.StringIO(text)))
    return repr([{name: cell for name, cell in row.items() if name not in MEASURED} for row in rows]).encode()


def _checkpoint(path: Path) -> bytes:
    with zipfile.ZipFile(path) as archive:
        row = json.loads(archive.read("scenelab.json"))
        arrays: list[bytes] = []

        def take(name: str, item: object) -> None:
            if isinstance(item, h5py.Dataset):
                arrays.append(name.encode() + np.asarray(item).tobytes())

        with h5py.File(io.BytesIO(archive.read("model.weights.h5"))) as weights:
            weights.visititems(take)
        names = sorted(set(archive.namelist()))
    kept = {name: value for name, value in row.items() if name not in MEASURED}
    return repr((names, kept)).encode() + b"".join(arrays)


def main(words: Sequence[str], report: Callable[[str], object] = print) -> int:
    """Sweeps these commands, or all. Returns the number of trials that went wrong."""
    when = ("before",) if "--before" in words else ("before", "after")
    names = [word for word in words if word != "--before"]
    counts: dict[str, list[int]] = {}
    with Commands() as commands, tempfile.TemporaryDirectory() as folder:
        for name in names or COMMANDS:
            sweep = Sweep(commands, name, Path(folder) / name)
            counts[name] = [len(sweep.unbroken.operations), 0, 0]
            for trial in sweep.trials(when=when):
                counts[name][1] += 1
                if trial.problem:
                    counts[name][2] += 1
                    report(f"{name}: killed {trial.kill.when} {trial.kill.number}, {trial.operation}: {trial.problem}")
            report(f"| {name} | {counts[name][0]} operations | {counts[name][1]} trials | {counts[name][2]} wrong |")
    return sum(wrong for _, _, wrong in counts.values())


if __name__ == "__main__":
    sys.exit(bool(main(sys.argv[1:], lambda line: print(line, flush=True))))
