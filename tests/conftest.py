"""Shared by the tests: real images, small data folders, commands in processes and in this one, files of runs."""

import csv
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from settings import AnySettings, read_settings

ROOT = Path(__file__).parent.parent
SHARED = ROOT.parent / "shared" / "data"

for name in [name for name in os.environ if name.startswith("SCENELAB_")]:
    del os.environ[name]


# a shell starts background processes so that they ignore Ctrl-C, and they pass this on to the commands started here
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def shared() -> Path:
    """Real images beside the checkout: scene15, broken, camvid ..."""
    if not SHARED.is_dir():
        pytest.skip(f"{SHARED} does not exist")
    return SHARED


@dataclass(frozen=True)
class Ran:
    """The exit code and the output of a command."""

    code: int
    out: str
    err: str


def start(module: str, *flags: object, **options) -> subprocess.Popen:
    """Starts a command in a new process."""
    command = [sys.executable, "-m", module, *map(str, flags)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "cwd": ROOT}
    return subprocess.Popen(command, **(pipes | options))


def run(module: str, *flags: object, **options) -> Ran:
    """Runs a command in a new process to its end. No command may show a traceback."""
    process = start(module, *flags, **options)
    out, err = process.communicate(timeout=300)
    assert "Traceback" not in err, err
    return Ran(process.returncode, out, err)


@pytest.fixture(scope="session")
def scenes(tmp_path_factory) -> Path:
    """A data folder of 60 synthetic scenes of five classes, 48x48 pixels: 50 for training, 10 for validation."""
    data = tmp_path_factory.mktemp("scenes") / "data"
    done = run("datatransformer", "--source", "scenes", "--pictures", 60, "--picture-size", 48, "--data", data)
    assert done.code == 0, done.err
    return data


@pytest.fixture(scope="session")
def squares(tmp_path_factory) -> Path:
    """A data folder of 24 synthetic images of 128x128 pixels with masks of two classes, half of them for training."""
    data = tmp_path_factory.mktemp("squares") / "data"
    return make_data_folder(data, source="squares", pictures=24, picture_size=128)


@pytest.fixture(scope="session")
def small_run(scenes, tmp_path_factory) -> Path:
    """A finished run of `classifiers.small` on the scenes, three epochs."""
    runs = tmp_path_factory.mktemp("runs")
    done = run_small(scenes, runs, "--epochs", 3)
    assert done.code == 0, done.err
    return runs / "small"


# ---- Files ----


def table(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV by the names of their columns."""
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def history(run_folder: Path) -> list[dict[str, float]]:
    """The history of a run, without the seconds; empty if it has none yet."""
    file = run_folder / "history.csv"
    if not file.exists():
        return []
    return [{key: float(value) for key, value in row.items() if key != "seconds"} for row in table(file)]


def rejection_reasons(data: Path) -> dict[str, str]:
    """Why each raw file was left out of a data folder, by its name."""
    return {Path(row["source"]).name: row["reason"] for row in table(data / "rejected.csv")}


def saved_state(run_folder: Path, checkpoint: str = "last") -> list[np.ndarray]:
    """The weights and the state of the optimizer in a checkpoint."""
    import keras

    from layers.saved import load_saved_model

    model = load_saved_model(run_folder / "checkpoints" / f"{checkpoint}.keras", compiled=True)
    return [keras.ops.convert_to_numpy(variable) for variable in [*model.weights, *model.optimizer.variables]]


def assert_equal_arrays(actual: Iterable[np.ndarray], expected: Iterable[np.ndarray]) -> None:
    """Compares two lists of arrays, or of variables, bit by bit."""
    for one, other in zip(actual, expected, strict=True):
        np.testing.assert_array_equal(one, other)


def noise(*shape: int, seed: int = 0) -> np.ndarray:
    """Random images with values of 0..255, uint8."""
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


def write_image(path: Path, shade: int = 100, size: tuple[int, int] = (20, 16), **options: object) -> None:
    """A plain image of `size` (width, height), in the format of its suffix."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, (shade % 256, 50, 200)).save(path, **options)


def assert_drawn(figure: Path) -> None:
    """Fails unless the file is an image of more than one colour."""
    with Image.open(figure) as image:
        assert len(image.convert("RGB").getcolors(2**24)) > 1, figure


# ---- Commands ----


def run_code(code: str, *arguments: object) -> Ran:
    """Runs Python code in a new process, which can import all packages of the project."""
    command = [sys.executable, "-c", code, *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    return Ran(done.returncode, done.stdout, done.stderr)


QUICK = ("--image-size", 32, "--batch-size", 8, "--verbose", "none")


def run_small(data: Path, runs: Path, *flags: object) -> Ran:
    """Trains `classifiers.small` in a new process."""
    return run("classifiers.small", "--data", data, "--runs", runs, *QUICK, *flags)


def wait_for(condition: Callable[[], object], *processes: subprocess.Popen, seconds: float = 240) -> None:
    """Fails if the condition does not become true in time, or if one of the processes ends before."""
    end = time.monotonic() + seconds
    while not condition():
        assert all(process.poll() is None for process in processes), [process.communicate() for process in processes]
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.0005)


def settings_of(config_class: type[AnySettings], *flags: object) -> AnySettings:
    """The settings of a command with these flags, checked as the command checks them."""
    return read_settings(config_class, [str(flag) for flag in flags], "test")


def make_data_folder(data: Path, **settings: object) -> Path:
    """Makes a data folder in this process with these settings of `datatransformer`."""
    from config import DataTransformerConfig
    from datatransformer.transformer import DataTransformer

    DataTransformer(DataTransformerConfig(data=data, **settings)).run()
    return data


def train_here(
    train: Callable[[AnySettings], Mapping[str, object]],
    config_class: type[AnySettings],
    data: Path,
    runs: Path,
    *flags: object,
) -> Path:
    """Trains a model in this process. Returns the run folder."""
    result = train(settings_of(config_class, "--data", data, "--runs", runs, *flags))
    return Path(str(result["run"]))


def train_small(data: Path, runs: Path, *flags: object, report: bool = False) -> Path:
    """Trains `classifiers.small` in this process, usually without figures and report. Returns the run folder."""
    from classifiers import recipe
    from classifiers.small import RECIPE
    from config import ClassifierConfig

    with nullcontext() if report else without_report():
        return train_here(partial(recipe.train, RECIPE), ClassifierConfig, data, runs, *QUICK, *flags)


@contextmanager
def without_report() -> Iterator[list[str]]:
    """Trainings draw no figures after their last epoch, which takes longer than the epochs. Gives their outcomes."""
    outcomes: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("training.command.report", lambda session, outcome: outcomes.append(outcome))
        patch.setattr("analysis.report.update_report", lambda run: None)
        yield outcomes


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
