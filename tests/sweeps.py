"""A sweep kills a command at each of its file operations, runs it again, and compares what is there in the end.

    python -m tests.sweeps            all commands, every operation, before and after it; prints a table of the trials
    python -m tests.sweeps data pack  only these
    python -m tests.sweeps --before   only before each operation: half the time

What an unbroken run has made must be there, no less and no more: temporary files and locks count.
"""

import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from tests.campaign.commands import COMMANDS, prepare
from tests.campaign.compare import contents, differences
from tests.kills import Commands, Ended, Kill


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
        prepare(commands, self.command, self.start)
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
        return differences(contents(self.root), self.expected)


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
