"""Temporary files of a dead process are removed by the next one; those of a living process and of others are not."""

import os
import signal
import subprocess
import sys

import pytest

from storage.tables import replacing
from storage.temporary import link_or_copy, remove_dead, temporary_file, temporary_folder
from tests.conftest import ROOT

HOLD = """
import sys
from pathlib import Path
from storage.temporary import temporary_file, temporary_folder
target = Path(sys.argv[1])
with temporary_file(target) as file, temporary_folder(target) as folder:
    file.write_text("half")
    folder.mkdir()
    (folder / "half.txt").write_text("half")
    print(file.name, folder.parent.name, flush=True)
    sys.stdin.read()
"""


def names(folder) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_what_a_dead_process_has_left_is_removed_and_what_a_living_one_holds_is_not(tmp_path):
    command = [sys.executable, "-c", HOLD, str(tmp_path / "t.csv")]
    holder = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    held = holder.stdout.readline().split()
    assert names(tmp_path) == sorted(held) and held[0].endswith(".work.csv")
    remove_dead(tmp_path)
    assert names(tmp_path) == sorted(held)
    holder.send_signal(signal.SIGKILL)
    holder.communicate()
    assert names(tmp_path) == sorted(held)
    with replacing(tmp_path / "t.csv") as file:  # the first file that this process writes there
        file.write("whole")
    assert names(tmp_path) == ["t.csv"]


def test_files_of_others_stay(tmp_path):
    (tmp_path / "precious.txt").write_text("precious")
    (tmp_path / ".0123456789abcdef.work.csv").symlink_to("precious.txt")
    (tmp_path / ".0123456789abcdef.work").mkdir()
    (tmp_path / ".0123456789abcdef.work" / "notes.txt").write_text("held by nobody, and not begun by us")
    (tmp_path / ".notes.work").write_text("another name")
    (tmp_path / ".poetry.lock").write_text("another program's")
    before = names(tmp_path)
    remove_dead(tmp_path)
    assert names(tmp_path) == before
    assert names(tmp_path / ".0123456789abcdef.work") == ["notes.txt"]


@pytest.mark.parametrize("name", ["t.csv", "x" * 250 + ".png", "no suffix", "a." + "b" * 200])
def test_names_of_any_length_are_replaced(tmp_path, name):
    for text in ("first", "second"):
        with replacing(tmp_path / name) as file:
            file.write(text)
    assert names(tmp_path) == [name] and (tmp_path / name).read_text() == "second"


def test_a_link_is_replaced_and_what_it_leads_to_is_not_written(tmp_path):
    (tmp_path / "victim").write_text("precious")
    (tmp_path / "t.csv").symlink_to("victim")
    (tmp_path / ".t.csv.tmp").symlink_to("victim")
    with replacing(tmp_path / "t.csv") as file:
        file.write("new")
    assert (tmp_path / "victim").read_text() == "precious"
    assert not (tmp_path / "t.csv").is_symlink() and (tmp_path / "t.csv").read_text() == "new"


def test_an_error_leaves_nothing(tmp_path):
    with pytest.raises(KeyError), temporary_folder(tmp_path / "d") as folder, temporary_file(tmp_path / "f") as file:
        folder.mkdir()
        (folder / "x").write_text("x")
        assert file.exists()
        raise KeyError
    assert names(tmp_path) == []


def test_a_second_path_replaces_what_was_there(tmp_path):
    (tmp_path / "new").write_text("new")
    (tmp_path / "old").write_text("old")
    link_or_copy(tmp_path / "new", tmp_path / "old")
    link_or_copy(tmp_path / "new", tmp_path / "another")
    assert names(tmp_path) == ["another", "new", "old"]
    assert os.path.samefile(tmp_path / "new", tmp_path / "old")
