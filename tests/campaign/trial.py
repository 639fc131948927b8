"""A trial: a command under a fault, then the same command alone, which must make what an unbroken run makes."""

import random
from typing import NamedTuple

from tests.campaign.compare import contents, differences
from tests.campaign.faults import DONE, FAILED, FAULTS, WRONG_SETTINGS, Fault
from tests.campaign.place import Place
from tests.kills import Ended

NEVER_SHOWN = ("Traceback", "unexpected error", "Fatal Python error")


class Trial(NamedTuple):
    """A trial by the seed that repeats it, and the exit code under the fault; `problem` is empty if all was well."""

    command: str
    fault: str
    seed: int
    code: int
    problem: str


def tried(place: Place, name: str, seed: int) -> Trial:
    """Makes a trial of the fault with this name."""
    place.renew()
    struck = FAULTS[name].strike(place, random.Random(seed))
    return Trial(place.name, name, seed, struck.code, _problem(place, FAULTS[name], struck))


def _problem(place: Place, fault: Fault, struck: Ended) -> str:
    if words := wrong_end(struck, fault):
        return f"under the fault: {words}"
    if struck.code == DONE and (words := differences(contents(place.root), place.expected)):
        return f"ended with 0 but made other things: {words}"
    again = place.run()
    if again.code != DONE:
        return f"again: exit code {again.code}: {again.screen[-300:]}"
    if words := differences(contents(place.root), place.expected):
        return f"again: {words}"
    return ""


def wrong_end(ended: Ended, fault: Fault) -> str:
    """What is wrong about how a command ended under a fault; empty if nothing is."""
    if shown := next((words for words in NEVER_SHOWN if words in ended.screen), None):
        return f"exit code {ended.code}, shows {shown}: {ended.screen[-500:]}"
    if ended.code not in fault.codes:
        return f"exit code {ended.code}: {ended.screen[-300:]}"
    if ended.code in (FAILED, WRONG_SETTINGS) and fault.named and not any(word in ended.screen for word in fault.named):
        return f"does not name what ran out: {ended.screen[-300:]}"
    if ended.left:
        return f"{ended.left} processes were left"
    return ""
