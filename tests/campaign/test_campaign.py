"""A command that meets any fault says so, and the same command then makes what an unbroken one makes."""

import pytest

from tests.campaign.campaign import chosen, trials
from tests.campaign.commands import COMMANDS
from tests.campaign.compare import differences
from tests.campaign.faults import FAULTS, Fault
from tests.campaign.raw_data import draw_raw_data
from tests.campaign.table import markdown
from tests.campaign.trial import Trial, wrong_end
from tests.kills import Ended


@pytest.mark.slow
@pytest.mark.parametrize("name", list(COMMANDS))
def test_a_round_of_the_campaign(name):
    done = list(trials([(name, fault) for fault in FAULTS], minutes=30, seed=0, rounds=1))
    assert done and not [trial for trial in done if trial.problem]


def test_a_wrong_end_is_told():
    fault = Fault(lambda place, draw: Ended(0, "", []), (1, 130), ("disk",))
    assert wrong_end(Ended(130, "Stopped.", []), fault) == ""
    assert wrong_end(Ended(1, "error: no room on the disk", []), fault) == ""
    assert wrong_end(Ended(1, "error: 28", []), fault).startswith("does not name what ran out")
    assert wrong_end(Ended(-11, "", []), fault).startswith("exit code -11")
    assert "Traceback" in wrong_end(Ended(130, "Traceback (most recent call last)", []), fault)
    assert wrong_end(Ended(130, "", [], left=2), fault) == "2 processes were left"


def test_differences():
    assert differences({"a": "1"}, {"a": "1"}) == ""
    assert differences({"a": "1", "b": "1"}, {"a": "2", "c": "1"}) == "other: a, more: b, less: c"


def test_the_table_counts():
    done = [
        Trial("data", "quota", 0, 1, ""),
        Trial("data", "quota", 1, 0, "less: a"),
        Trial("pack", "SIGHUP", 2, 0, ""),
    ]
    assert markdown(done).splitlines()[2:] == [
        "| data | 2, **1 failed** |  | 2, **1 failed** |",
        "| pack |  | 1 | 1 |",
        "| all | 2, **1 failed** | 1 | 3, **1 failed** |",
    ]


def test_pairs_are_chosen_by_a_word():
    assert len(chosen("")) == len(COMMANDS) * len(FAULTS)
    assert {command for command, _ in chosen("merge")} == {"merge"}
    assert {fault for _, fault in chosen("quota")} == {"quota"}


def test_raw_data(tmp_path):
    draw_raw_data(tmp_path)
    assert len(list(tmp_path.glob("by_class/*/*.png"))) == len(list(tmp_path.glob("masks/*.png"))) == 12
