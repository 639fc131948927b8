"""The lock refuses a second command in the same folder, and leaves no file behind."""

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
