"""The frame of a command: exit codes, messages on the screen and in a log, and the one JSON object of --json."""

import json
import logging
import subprocess
import sys
import textwrap
import warnings
from pathlib import Path

import pytest

from log import log_to, logger, logging_to_screen
from tests.conftest import ROOT, Ran


def command(folder: Path, body: str, *flags: str) -> Ran:
    """Runs a command whose work is `body` in a new process."""
    code = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
from pathlib import Path
from command import run
from log import log_to, logger
from settings import SettingError, WorkError

def work(settings):
{textwrap.indent(textwrap.dedent(body), "    ")}

run("python -m tried", "ClassifierConfig", work)
"""
    done = subprocess.run([sys.executable, "-c", code, *flags], cwd=folder, capture_output=True, text=True, timeout=60)
    return Ran(done.returncode, done.stdout, done.stderr)


def test_messages_go_to_standard_output_and_warnings_to_standard_error(tmp_path):
    done = command(tmp_path, "logger.info('made 3 files')\nlogger.warning('one is odd')\nlogger.debug('detail')")
    assert (done.code, done.out, done.err) == (0, "made 3 files\n", "one is odd\n")


def test_json_is_all_that_standard_output_has(tmp_path):
    body = """
    logger.info('made 3 files')
    print('a progress bar')
    return {'output': Path('a/b.csv'), 'scores': {'accuracy': 0.5, 'loss': float('nan')}, 'images': 3}
    """
    done = command(tmp_path, body, "--json")
    assert done.code == 0 and "made 3 files" in done.err and "a progress bar" in done.err
    assert json.loads(done.out) == {
        "command": "python -m tried",
        "exit_code": 0,
        "output": "a/b.csv",
        "scores": {"accuracy": 0.5, "loss": None},
        "images": 3,
    }
    assert done.out.count("\n") == 1


@pytest.mark.parametrize(
    ("body", "code", "errors"),
    [
        ("raise SettingError('epochs = 0: too few', 'name = x: taken')", 2, ["epochs = 0: too few", "name = x: taken"]),
        ("raise WorkError('Nothing could be read.')", 1, ["Nothing could be read."]),
        ("raise OSError(28, 'No space left on device')", 1, ["No space left on device. Free some disk space"]),
        ("raise KeyboardInterrupt", 130, ["Stopped. Run the same command again to resume."]),
        ("{}['x']", 1, ["KeyError: 'x'", "unexpected error"]),
    ],
)
def test_json_tells_what_went_wrong(tmp_path, body, code, errors):
    done = command(tmp_path, body, "--json")
    printed = json.loads(done.out)
    assert done.code == printed["exit_code"] == code and "Traceback" not in done.err
    assert len(printed["errors"]) == len(errors)
    assert all(expected in line for expected, line in zip(errors, printed["errors"], strict=True))
    assert all(line in done.err for line in printed["errors"]), "a person reads the same"


def test_settings_that_cannot_be_read_are_told_in_json_too(tmp_path):
    done = command(tmp_path, "pass", "--json", "--epochs", "0")
    assert done.code == 2 and json.loads(done.out)["errors"] == ["epochs = '0': should be greater than or equal to 1"]


def test_the_environment_asks_for_json_as_the_flag_does(tmp_path, monkeypatch):
    monkeypatch.setenv("SCENELAB_JSON", "true")
    assert json.loads(command(tmp_path, "return {'x': 1}").out)["x"] == 1


def test_a_traceback_is_shown_by_debug_alone_and_kept_in_the_log(tmp_path):
    body = "logger.info('before')\nlog_to(Path('train.log'))\nlogger.info('after')\n{}['x']"
    done = command(tmp_path, body)
    assert done.code == 1 and "Traceback" not in done.err and "--debug shows where" in done.err
    log = (tmp_path / "train.log").read_text()
    assert [line.split(" ", 2)[2] for line in log.splitlines()[:2]] == ["before", "after"]
    assert "Traceback" in log and "KeyError: 'x'" in log
    assert "Traceback" in command(tmp_path, "{}['x']", "--debug").err


def test_a_log_is_appended_to_and_has_warnings_of_libraries(tmp_path, capsys):
    file = tmp_path / "train.log"
    for number in (1, 2):
        with logging_to_screen():
            logger.info(f"start {number}")
            log_to(file)
            warnings.warn(f"odd values in {number}", UserWarning, stacklevel=1)
            logger.debug("for the log alone")
    lines = file.read_text().splitlines()
    assert [line.split(" ", 2)[2] for line in lines if "start" in line] == ["start 1", "start 2"]
    assert file.read_text().count("UserWarning: odd values") == file.read_text().count("for the log alone") == 2
    shown = capsys.readouterr()
    assert shown.out == "start 1\nstart 2\n" and shown.err.count("UserWarning: odd values") == 2


def test_a_program_that_imports_a_module_sees_nothing(tmp_path, caplog):
    log_to(tmp_path / "train.log")
    with caplog.at_level(logging.INFO):
        logger.info("a message")
    assert not (tmp_path / "train.log").exists() and not logger.handlers
    assert "a message" in caplog.text, "its own handlers get it"


def test_a_closed_pipe_ends_the_command_quietly(tmp_path):
    code = f"import sys; sys.path.insert(0, {str(ROOT)!r})\nfrom command import run\nfrom log import logger\n"
    code += (
        "run('tried', 'ClassifierConfig', lambda settings: [logger.info('x' * 1000) for _ in range(10000)] and None)"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    process.stdout.readline()
    process.stdout.close()
    assert process.wait(timeout=60) == 1
    assert process.stderr.read() == ""
    process.stderr.close()


def test_too_few_descriptors_are_named_before_tensorflow_ends_the_process(tmp_path):
    limit = "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (20, 20)); "
    done = command(tmp_path, limit + "from command import import_tensorflow; import_tensorflow()")
    assert done.code == 1 and "TensorFlow needs 64" in done.err and "ulimit -n 1024" in done.err
