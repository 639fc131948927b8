"""The place of trials: a command with its prepared input and what an unbroken run makes of it, on a small disk."""

import contextlib
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from tests.campaign.commands import COMMANDS, prepare
from tests.campaign.compare import contents
from tests.conftest import ROOT
from tests.kills import NO_TROUBLE, Commands, Conditions, Ended, Kill


class Disk:
    """A disk in memory at a folder, if this user may mount one; else the folder itself."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        self.is_mounted = _succeeds("mount", "-t", "tmpfs", "-o", "size=2g", "campaign", str(folder))

    def set(self, option: str) -> None:
        assert _succeeds("mount", "-o", f"remount,{option}", str(self.folder)), option

    def close(self) -> None:
        if self.is_mounted:
            _succeeds("umount", "-l", str(self.folder))


def _succeeds(*words: str) -> bool:
    return subprocess.run(words, capture_output=True).returncode == 0


class Place:
    """Makes the folder `root` anew for each trial. `others` runs a second command at the same time."""

    home = ROOT

    def __init__(self, name: str, disk: Disk, store: Path, commands: Commands, others: Commands) -> None:
        self.name, self.command, self.disk = name, COMMANDS[name], disk
        self.commands, self.others = commands, others
        self.root, self.start = disk.folder / "work", store / "start"
        shutil.rmtree(self.root, ignore_errors=True)
        self.root.mkdir()
        prepare(commands, self.command, self.root)
        shutil.copytree(self.root, self.start, symlinks=True)
        before, began = self._used(), time.monotonic()
        self.unbroken = self.run()
        self.seconds, self.growth = time.monotonic() - began, max(0, self._used() - before)
        assert self.unbroken.code == 0, self.unbroken.screen
        self.expected = contents(self.root)
        self.largest_file = max(path.stat().st_size for path in self.root.rglob("*") if path.is_file())

    def renew(self) -> None:
        shutil.rmtree(self.root, ignore_errors=True)
        shutil.copytree(self.start, self.root, symlinks=True)

    def run(self, conditions: Conditions = NO_TROUBLE, kill: Kill | None = None, with_other: bool = False) -> Ended:
        runner = self.others if with_other else self.commands
        return runner.run(self.command.module, *self.command.flags, root=self.root, kill=kill, conditions=conditions)

    def _used(self) -> int:
        return sum(path.stat().st_size // 4096 * 4096 + 4096 for path in self.root.rglob("*") if not path.is_symlink())

    @contextlib.contextmanager
    def room_for(self, more: int) -> Iterator[None]:
        """The disk has room for so many bytes more."""
        total, _, free = shutil.disk_usage(self.disk.folder)
        self.disk.set(f"size={total - free + max(4096, more)}")
        try:
            yield
        finally:
            self.disk.set("size=2g")

    @contextlib.contextmanager
    def read_only(self) -> Iterator[None]:
        self.disk.set("ro")
        try:
            yield
        finally:
            self.disk.set("rw")
