"""The campaign: trials of all faults on all commands, in random order, until the time is over."""

import contextlib
import random
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.campaign.commands import COMMANDS
from tests.campaign.faults import FAULTS, NEEDS_DISK
from tests.campaign.place import Disk, Place
from tests.campaign.trial import Trial, problem_of
from tests.kills import Commands


def chosen(word: str) -> list[tuple[str, str]]:
    """The pairs of command and fault that have the word in either name; all if it is empty."""
    return [(command, fault) for command in COMMANDS for fault in FAULTS if word in command or word in fault]


def trials(pairs: Sequence[tuple[str, str]], minutes: float, seed: int, rounds: int | None = None) -> Iterator[Trial]:
    """Goes through the commands, each with all its faults, in an order that the seed draws, again and again.

    The commands of a training and its prediction are prepared once for all faults of a round.
    """
    draw, until = random.Random(seed), time.monotonic() + 60 * minutes
    number = 0
    while rounds is None or number < rounds:
        number += 1
        names = list(dict.fromkeys(command for command, _ in pairs))
        draw.shuffle(names)
        for name in names:
            faults = [fault for command, fault in pairs if command == name]
            with _place(name) as place:
                for fault in faults:
                    if time.monotonic() > until:
                        return
                    if fault in NEEDS_DISK and not place.disk.is_mounted:
                        continue
                    chance = draw.randrange(2**31)
                    yield Trial(name, fault, chance, problem_of(place, FAULTS[fault], chance))


@contextlib.contextmanager
def _place(name: str) -> Iterator[Place]:
    with Commands() as commands, Commands() as others, tempfile.TemporaryDirectory() as folder:
        disk = Disk(Path(folder) / "disk")
        try:
            yield Place(name, disk, Path(folder), commands, others)
        finally:
            disk.close()
