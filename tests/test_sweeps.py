"""A command that is killed at any of its file operations goes on when it is run again, and leaves nothing behind."""

import pytest

from tests.kills import Commands, Kill
from tests.sweeps import COMMANDS, Sweep, contents

SWEPT = ("data", "masks data", "data again", "training", "masks training", "prediction", "masks", "export",
         "export again", "pack", "analysis")  # fmt: skip
"""The campaign kills the other commands at some of their operations."""


@pytest.fixture(scope="module")
def commands():
    with Commands() as commands:
        yield commands


def test_a_kill_comes_where_it_should(commands, tmp_path):
    command = COMMANDS["data"]
    made = commands.run(command.module, *command.flags, root=tmp_path)
    assert made.code == 0 and "15 images for training" in made.screen
    rename = next(one for one in made.operations if (one.event, one.path) == ("os.rename", "data"))
    for moment, there in (("before", "data.partial"), ("after", "data")):
        root = tmp_path / moment
        root.mkdir()
        killed = commands.run(command.module, *command.flags, root=root, kill=Kill(rename.number, moment))
        assert killed.was_killed and len(killed.operations) == rename.number
        assert sorted(path.name for path in root.iterdir()) == [".data.lock", there]


@pytest.mark.parametrize("name", ["data", "data again"])
def test_some_kills(commands, tmp_path, name):
    wrong = [trial for trial in Sweep(commands, name, tmp_path / "sweep").trials(every=19) if trial.problem]
    assert not wrong


def test_contents_tell_what_differs(tmp_path):
    (tmp_path / "t.csv").write_text("a,seconds\n1,2.5\n")
    before = contents(tmp_path)
    (tmp_path / "t.csv").write_text("a,seconds\n1,7\n")
    assert contents(tmp_path) == before
    (tmp_path / ".0123456789abcdef.work").mkdir()
    assert contents(tmp_path).keys() - before.keys() == {".0123456789abcdef.work"}
    (tmp_path / "t.csv").write_text("a,seconds\n2,7\n")
    assert contents(tmp_path)["t.csv"] != before["t.csv"]


@pytest.mark.slow
@pytest.mark.parametrize("name", SWEPT)
def test_every_kill(commands, tmp_path, name):
    wrong = [trial for trial in Sweep(commands, name, tmp_path / "sweep").trials() if trial.problem]
    assert not wrong
