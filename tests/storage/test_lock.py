"""The lock refuses a second command in the same folder, and leaves no file behind."""

import errno
import os
import signal
import subprocess
import sys

import pytest

from settings import WorkError
from storage.lock import exclusive_lock
from tests.conftest import ROOT

HOLD = """
import sys
from pathlib import Path
from storage.lock import exclusive_lock
with exclusive_lock(Path(sys.argv[1])):
    print("locked", flush=True)
    sys.stdin.read()
"""


def test_another_process_is_refused_until_the_first_ends_however_it_ends(tmp_path):
    target = tmp_path / "new" / "data"
    command = [sys.executable, "-c", HOLD, str(target)]
    holder = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert holder.stdout.readline() == "locked\n"
    with pytest.raises(WorkError, match=f"Another command is using {target}"), exclusive_lock(target):
        pass
    holder.send_signal(signal.SIGKILL)
    holder.communicate()
    with exclusive_lock(target):
        assert (target.parent / ".data.lock").exists()
    assert not (target.parent / ".data.lock").exists()


def test_a_folder_that_was_made_for_the_lock_alone_is_removed(tmp_path):
    with exclusive_lock(tmp_path / "new" / "data"):
        pass
    assert list(tmp_path.iterdir()) == []
    with exclusive_lock(tmp_path / "new" / "data"):
        (tmp_path / "new" / "data").mkdir()
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["data"]


def test_what_is_no_lock_of_ours_is_left_alone(tmp_path):
    victim, lock = tmp_path / "victim", tmp_path / ".data.lock"
    victim.write_text("precious")
    lock.symlink_to("victim")
    with pytest.raises(WorkError, match=r"\.data\.lock is in the way"), exclusive_lock(tmp_path / "data"):
        pass
    assert victim.read_text() == "precious" and lock.is_symlink()
    lock.unlink()
    lock.write_text("mine")
    with pytest.raises(WorkError, match=r"\.data\.lock is in the way"), exclusive_lock(tmp_path / "data"):
        pass
    assert lock.read_text() == "mine"
    lock.unlink()
    lock.mkdir()
    with pytest.raises(WorkError, match=r"\.data\.lock is in the way"), exclusive_lock(tmp_path / "data"):
        pass


def test_the_message_names_the_holder(tmp_path):
    named = pytest.raises(WorkError, match=rf"data: process {os.getpid()} on ")
    with exclusive_lock(tmp_path / "data"), named, exclusive_lock(tmp_path / "data"):
        pass


@pytest.mark.parametrize("left", [b"", b"SceneLab: process 1 on elsewhere"])
def test_the_lock_of_a_dead_process_is_taken_and_removed(tmp_path, left):
    (tmp_path / ".data.lock").write_bytes(left)
    (tmp_path / ".other.lock").write_bytes(b"SceneLab: process 1 on elsewhere")
    with exclusive_lock(tmp_path / "data"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_name_of_255_bytes_is_locked(tmp_path):
    with exclusive_lock(tmp_path / ("x" * 255)):
        assert len(list(tmp_path.iterdir())) == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("number", "words"),
    [(errno.EROFS, "cannot be written"), (errno.EACCES, "cannot be written"), (errno.ENOLCK, "has no locks")],
)
def test_a_folder_without_locks_is_named(tmp_path, monkeypatch, number, words):
    def refuse(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("storage.lock.hold", refuse)
    with pytest.raises(WorkError, match=f"{tmp_path}.*{words}|{words}.*{tmp_path}"), exclusive_lock(tmp_path / "data"):
        pass


HAMMER = """
import os, sys, time
from pathlib import Path
from settings import WorkError
from storage.lock import exclusive_lock
target, inside, end, taken = Path(sys.argv[1]), Path(sys.argv[2]), time.monotonic() + 3, 0
while time.monotonic() < end:
    try:
        with exclusive_lock(target):
            os.close(os.open(inside, os.O_CREAT | os.O_EXCL))  # fails if another process is inside
            os.unlink(inside)
            taken += 1
    except WorkError:
        pass
print(taken)
"""


def test_two_processes_are_never_both_inside(tmp_path):
    command = [sys.executable, "-c", HAMMER, str(tmp_path / "new" / "data"), str(tmp_path / "inside")]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    processes = [subprocess.Popen(command, cwd=ROOT, **pipes) for _ in range(3)]
    ended = [(*process.communicate(timeout=60), process.returncode) for process in processes]
    assert all(code == 0 for *_, code in ended), ended
    assert all(int(out) > 10 for out, *_ in ended), ended
