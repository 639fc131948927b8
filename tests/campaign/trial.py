"""A trial: a command under a fault, then the same command alone, which must make what an unbroken run makes."""

import random
from typing import NamedTuple

from tests.campaign.compare import contents, differences
from tests.campaign.faults import DONE, FAILED, WRONG_SETTINGS, Fault
from tests.campaign.place import Place
from tests.kills import Ended

NEVER_SHOWN = ("Traceback", "unexpected error", "Fatal Python error")


class Trial(NamedTuple):
    """A trial by the seed that repeats it; `problem` is empty if all was well."""

    command: str
    fault: str
    seed: int
    problem: str


def problem_of(place: Place, fault: Fault, seed: int) -> str:
    """What is wrong after a trial; empty if nothing is."""
    place.renew()
    struck = fault.strike(place, random.Random(seed))
    if words := _wrong_end(struck, fault):
        return f"under the fault: {words}"
    if struck.code == DONE and (words := differences(contents(place.root), place.expected)):
        return f"ended with 0 but made other things: {words}"
    again = place.run()
    if again.code != DONE:
        return f"again: exit code {again.code}: {again.screen[-300:]}"
    if words := differences(contents(place.root), place.expected):
        return f"again: {words}"
    return ""


def _wrong_end(ended: Ended, fault: Fault) -> str:
    if shown := next((words for words in NEVER_SHOWN if words in ended.screen), None):
        return f"exit code {ended.code}, shows {shown}: {ended.screen[-500:]}"
    if ended.code not in fault.codes:
        return f"exit code {ended.code}: {ended.screen[-300:]}"
    if ended.code in (FAILED, WRONG_SETTINGS) and fault.named and not any(word in ended.screen for word in fault.named):
        return f"does not name what ran out: {ended.screen[-300:]}"
    if ended.left:
        return f"{ended.left} processes were left"
    return ""
