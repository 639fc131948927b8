"""Ctrl-C at any moment from the first on, once and twice, ends a command with 130 and without a traceback."""

import signal
import time

import pytest

from tests.conftest import start

COMMANDS = {
    "datatransformer": ("--source", "scenes", "--pictures", 2000),
    "classifiers.small": ("--image-size", 32, "--verbose", "none", "--epochs", 50),
    "predictor": ("--batch-size", 1, "--overwrite"),
}
MOMENTS = (0.08, 0.3, 0.7, 1.5, 4.0)
ONCE, TWICE, TERMINATED = (signal.SIGINT,), (signal.SIGINT, signal.SIGINT), (signal.SIGTERM, signal.SIGTERM)
HUNG_UP = (signal.SIGHUP,)
SLOW = pytest.mark.slow


def flags_of(module, scenes, small_run, tmp_path):
    places = {
        "datatransformer": ("--data", tmp_path / "data"),
        "classifiers.small": ("--data", scenes, "--runs", tmp_path),
        "predictor": ("--run", small_run, "--test-images", scenes, "--output", tmp_path / "p.csv"),
    }
    return *COMMANDS[module], *places[module]


@pytest.mark.parametrize(
    "signals",
    [pytest.param(ONCE, marks=SLOW), TWICE, pytest.param(TERMINATED, marks=SLOW), pytest.param(HUNG_UP, marks=SLOW)],
)
@pytest.mark.parametrize("module", COMMANDS)
def test_ctrl_c(module, signals, scenes, small_run, tmp_path):
    for number, moment in enumerate(MOMENTS):
        folder = tmp_path / str(number)
        folder.mkdir()
        process = start(module, *flags_of(module, scenes, small_run, folder))
        time.sleep(moment)
        for sent in signals:
            process.send_signal(sent)
            time.sleep(0.01)
        sent_at = time.monotonic()
        out, err = process.communicate(timeout=60)
        if process.returncode == 0 and moment >= 1.5:
            continue  # it was done before
        if "init_import_site" in err:
            continue  # Python itself had not started: nothing of ours could answer
        told = [line for line in (out + err).splitlines() if line.startswith("Stopp")]
        assert process.returncode == 130, (moment, process.returncode, out, err)
        assert "Traceback" not in err and told, (moment, out, err)
        assert time.monotonic() - sent_at < 20, "it does not wait for TensorFlow's threads"
