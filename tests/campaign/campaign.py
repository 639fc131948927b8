"""The campaign: trials of all faults on all commands, in random order, until the time is over."""

import contextlib
import itertools
import random
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.campaign.commands import COMMANDS
from tests.campaign.faults import FAULTS, NEEDS_DISK
from tests.campaign.place import Disk, Place
from tests.campaign.trial import Trial, tried
from tests.kills import Commands

AT_ONCE = 5
"""Faults of a command in a round: so each command gets its turn soon, and is prepared once for several trials."""


def chosen(word: str) -> list[tuple[str, str]]:
    """The pairs of command and fault that have the word in either name; all if it is empty."""
    return [(command, fault) for command in COMMANDS for fault in FAULTS if word in command or word in fault]


def trials(pairs: Sequence[tuple[str, str]], minutes: float, seed: int, rounds: int | None = None) -> Iterator[Trial]:
    """Goes through the commands, each with some of its faults, in an order that the seed draws, again and again.

    `rounds`: ends after so many. None: when time is over.
    """
    draw, until = random.Random(seed), time.monotonic() + 60 * minutes
    with Commands() as commands, Commands() as others:
        for _ in range(rounds) if rounds else itertools.count():
            names = list(dict.fromkeys(command for command, _ in pairs))
            draw.shuffle(names)
            for name in names:
                with _place(name, commands, others) as place:
                    faults = [fault for command, fault in pairs if command == name]
                    for fault in draw.sample(faults, min(len(faults), AT_ONCE)):
                        if time.monotonic() > until:
                            return
                        chance = draw.randrange(2**31)
                        if place.disk.is_mounted or fault not in NEEDS_DISK:
                            yield tried(place, fault, chance)


@contextlib.contextmanager
def _place(name: str, commands: Commands, others: Commands) -> Iterator[Place]:
    with tempfile.TemporaryDirectory() as folder:
        disk = Disk(Path(folder) / "disk")
        try:
            yield Place(name, disk, Path(folder), commands, others)
        finally:
            disk.close()
