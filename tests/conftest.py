"""Shared by the tests: real images, a small data folder, commands run as a user runs them, files read and written."""

import csv
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from settings import AnySettings, read_settings

ROOT = Path(__file__).parent.parent
SHARED = ROOT.parent / "shared" / "data"

for name in [name for name in os.environ if name.startswith("SCENELAB_")]:
    del os.environ[name]


# a shell starts what is put in the background deaf to Ctrl-C, and so would be the commands that are interrupted here
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def shared() -> Path:
    """Real pictures beside the checkout: scene15, broken, camvid ..."""
    if not SHARED.is_dir():
        pytest.skip(f"{SHARED} is not here")
    return SHARED


@dataclass(frozen=True)
class Ran:
    """How a command ended and what it said."""

    code: int
    out: str
    err: str


def start(module: str, *flags: object, **options) -> subprocess.Popen:
    """A command as a process of its own."""
    command = [sys.executable, "-m", module, *map(str, flags)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "cwd": ROOT}
    return subprocess.Popen(command, **(pipes | options))


def run(module: str, *flags: object, **options) -> Ran:
    """A command, run to its end. Never may one show a traceback."""
    process = start(module, *flags, **options)
    out, err = process.communicate(timeout=300)
    assert "Traceback" not in err, err
    return Ran(process.returncode, out, err)


@pytest.fixture(scope="session")
def scenes(tmp_path_factory) -> Path:
    """A data folder of 60 drawn scenes of five classes, 48x48 pixels: 50 for training, 10 for validation."""
    data = tmp_path_factory.mktemp("scenes") / "data"
    done = run("datatransformer", "--source", "scenes", "--pictures", 60, "--picture-size", 48, "--data", data)
    assert done.code == 0, done.err
    return data


@pytest.fixture(scope="session")
def small_run(scenes, tmp_path_factory) -> Path:
    """A finished run of `classifiers.small` on these scenes."""
    runs = tmp_path_factory.mktemp("runs")
    done = run("classifiers.small", "--data", scenes, "--runs", runs, *QUICK, "--epochs", 3)
    assert done.code == 0, done.err
    return runs / "small"


# ---- Files ----


def table(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV by the names of their columns."""
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def history(run_folder: Path) -> list[dict[str, float]]:
    """The history of a run, without the seconds; empty if there is none yet."""
    file = run_folder / "history.csv"
    if not file.exists():
        return []
    return [{key: float(value) for key, value in row.items() if key != "seconds"} for row in table(file)]


def last_weights(run_folder: Path) -> list[np.ndarray]:
    """All variables of the last checkpoint, those of the optimizer included."""
    import keras

    from layers.saved import load_saved_model

    model = load_saved_model(run_folder / "checkpoints" / "last.keras", compiled=True)
    return [keras.ops.convert_to_numpy(variable) for variable in [*model.variables, *model.optimizer.variables]]


def write_image(path: Path, shade: int = 100, size: tuple[int, int] = (20, 16), **options: object) -> None:
    """A plain image of `size` (width, height), in the format of its suffix."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, (shade % 256, 50, 200)).save(path, **options)


def wait_for(condition: Callable[[], object], seconds: float = 120) -> None:
    """Fails if the condition does not become true in time."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.05)


# ---- Models ----


def settings_of(config_class: type[AnySettings], *flags: object) -> AnySettings:
    """The settings of a command with these flags, checked as the command checks them."""
    return read_settings(config_class, [str(flag) for flag in flags], "test")


QUICK = ("--image-size", 32, "--batch-size", 8, "--verbose", "none")


def evaluate(checkpoint: Path, data: Path) -> tuple[float, float]:
    """Loss and accuracy of a saved classifier of 32x32 pixels on the validation images, by Keras alone."""
    import tensorflow as tf

    from datatransformer.layout import read_data_folder
    from layers.saved import load_saved_model
    from pipeline.decode import decode_and_resize

    folder = read_data_folder(data, "classification")
    images = [decode_and_resize(Path(image).read_bytes(), (32, 32)) for image in folder.images("val")]
    labels = tf.one_hot(folder.labels("val"), len(folder.classes))
    model = load_saved_model(checkpoint, compiled=True)
    measured = model.evaluate(tf.cast(tf.stack(images), tf.float32), labels, verbose=0, return_dict=True)
    return measured["loss"], measured["accuracy"]
