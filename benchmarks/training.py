"""The training loop against a bare fit, features of a frozen backbone, options of a step, and start-up."""

import contextlib
import importlib
import io
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, cast

from benchmarks._clock import now, time_callbacks
from benchmarks._measure import Comparison, Variant
from datatransformer.layout import read_data_folder
from settings import SettingError

if TYPE_CHECKING:
    import keras

    from config import BenchmarksConfig, ClassifierConfig
    from training.job import TrainingJob
    from training.session import Session

Train = Callable[["Session", "TrainingJob", "keras.callbacks.Callback"], None]
"""Trains a job with one more callback."""

EPOCHS = 3
STEPS = 40
"""Batches of 32 in an epoch."""

WORK = f"epochs of {STEPS} batches of 32 and validation"

SCENES = 1600
"""Synthetic images. Four fifths of them are for training, which is one epoch."""

FIRST_STEP = """
import os, runpy, sys
import command
command.import_tensorflow()
import training.interruption
training.interruption.StopOnSignal.on_train_batch_end = lambda *arguments, **named: os._exit(0)
runpy.run_module(sys.argv.pop(1), run_name="__main__", alter_sys=True)
"""
"""A training command that ends after its first step."""


def comparisons(settings: "BenchmarksConfig") -> Iterator[Comparison]:
    """`settings.pictures` may name a data folder for classification to train on.

    Raises SettingError if it is another folder.
    """
    with tempfile.TemporaryDirectory() as work:
        data = settings.pictures or make_scenes(Path(work) / "data")
        _check_data(data)
        for compared in (_loops, _frozen_backbones, _steps):
            yield from compared(data, settings.amount or EPOCHS)
        yield _starts(data)


def _check_data(data: Path) -> None:
    try:
        read_data_folder(data, "classification")
    except SettingError as error:
        raise SettingError(*(line.replace("data =", "pictures =", 1) for line in error.errors)) from error


def _loops(data: Path, epochs: int) -> Iterator[Comparison]:
    for module, size in (("small", 128), ("mobilenet_v2", 128)):
        flags = f"--image-size {size} --steps-per-epoch {STEPS}"
        arguments = (module, data, flags, epochs)
        loops = [
            Variant("bare model.fit", bare_loop, arguments, ("tensorflow",)),
            Variant("bare model.fit, ModelCheckpoint", checkpoint_loop, arguments, ("tensorflow",)),
        ]
        title = f"The loop: {WORK}, {module} at {size} x {size}"
        variants = loops + _variants(module, data, epochs, flags, SceneLab="")
        yield Comparison(title, "epochs", epochs, variants, baseline="bare model.fit")


def _frozen_backbones(data: Path, epochs: int) -> Iterator[Comparison]:
    for module, layers in (("small", 44), ("mobilenet_v2", 154)):
        flags = f"--freeze {layers} --augment none --steps-per-epoch {STEPS} --learning-rates 1e-2"
        options = {"memory": "", "features": "--cache features"}
        options["features_10"] = "--cache features --steps-per-execution 10"
        variants = _variants(module, data, epochs, flags, **options)
        yield Comparison(f"A frozen backbone: {WORK}, {module}", "epochs", epochs, variants, baseline="memory")


def _steps(data: Path, epochs: int) -> Iterator[Comparison]:
    options = {"plain": "", "steps_per_execution_10": "--steps-per-execution 10"}
    options |= {"jit": "--jit", "mixed_precision": "--mixed-precision"}
    for module, size in (("small", 32), ("small", 128), ("mobilenet_v2", 128)):
        variants = _variants(module, data, epochs, f"--image-size {size} --steps-per-epoch {STEPS}", **options)
        title = f"A step: {WORK}, {module} at {size} x {size}"
        yield Comparison(title, "epochs", epochs, variants, baseline="plain")


def _starts(data: Path) -> Comparison:
    variants = [
        Variant("import tensorflow", seconds_of, (["-c", "import tensorflow"],)),
        Variant("small", first_step, ("small", data)),
        Variant("mobilenet_v2", first_step, ("mobilenet_v2", data)),
        Variant("small, bare Keras", bare_first_step, ("small", 128), ("tensorflow",)),
        Variant("mobilenet_v2, bare Keras", bare_first_step, ("mobilenet_v2", 224), ("tensorflow",)),
    ]
    return Comparison("From the command to the end of its first step", "starts", 1, variants)


def _variants(module: str, data: Path, epochs: int, common: str, **options: str) -> list[Variant]:
    """Our loop with the flags of each option."""
    return [
        Variant(name, our_loop, (module, data, f"{common} {flags}", epochs), ("tensorflow",))
        for name, flags in options.items()
    ]


def make_scenes(folder: Path) -> Path:
    """Makes a data folder of synthetic images."""
    flags = ["--source", "scenes", "--pictures", str(SCENES), "--data", str(folder)]
    subprocess.run([sys.executable, "-m", "datatransformer", *flags], check=True, stdout=subprocess.DEVNULL)
    return folder


def our_loop(module: str, data: Path, flags: str, epochs: int) -> float:
    from training.fit import fit

    def train(session: "Session", job: "TrainingJob", clock: "keras.callbacks.Callback") -> None:
        fit(session, replace(job, callbacks=[clock]))

    return _seconds(train, module, data, flags, epochs)


def bare_loop(module: str, data: Path, flags: str, epochs: int) -> float:
    return _seconds(partial(_bare_fit, checkpoints=False), module, data, flags, epochs)


def checkpoint_loop(module: str, data: Path, flags: str, epochs: int) -> float:
    """A bare fit with Keras's ModelCheckpoint after each epoch."""
    return _seconds(partial(_bare_fit, checkpoints=True), module, data, flags, epochs)


def _bare_fit(session: "Session", job: "TrainingJob", clock: "keras.callbacks.Callback", checkpoints: bool) -> None:
    from keras.callbacks import ModelCheckpoint

    from training.compiled import build_or_load_model

    _, model = build_or_load_model(session, job)
    stage, datasets = session.stages[0], job.datasets
    model.fit(
        datasets.training(stage, 0),
        validation_data=datasets.validation(stage, 1),
        epochs=session.settings.epochs,
        steps_per_epoch=stage.steps,
        callbacks=[clock, *([ModelCheckpoint(session.run.last)] if checkpoints else [])],
        shuffle=False,
        verbose=0,
    )


def _seconds(train: Train, module: str, data: Path, flags: str, epochs: int) -> float:
    """The median seconds of an epoch, times `epochs`. The first epoch also traces the graph and is not counted."""
    from command import import_tensorflow

    import_tensorflow()
    import keras

    from classifiers.recipe import prepare

    times: list[tuple[float, float, float]] = []
    seconds_in_callbacks = time_callbacks()
    clock = keras.callbacks.LambdaCallback(on_epoch_begin=lambda epoch, logs: times.append(now(seconds_in_callbacks)))
    with tempfile.TemporaryDirectory() as runs, contextlib.redirect_stdout(io.StringIO()):
        session = _session(module, [*_flags(data, runs), *flags.split(), "--epochs", str(epochs + 1)])
        train(session, prepare(session), clock)
        times.append(now(seconds_in_callbacks))
        rows = session.run.history()
    seconds, processor, callbacks = (
        epochs * statistics.median([end[column] - start[column] for start, end in pairwise(times)][1:])
        for column in (0, 1, 2)
    )
    accuracy = f", validation accuracy {rows[-1]['val_accuracy']:.4f} after {len(rows)} epochs" if rows else ""
    _tell(f"{processor:.2f} s of processor time, {callbacks:.2f} s in callbacks{accuracy}")
    return seconds


def _tell(text: str) -> None:
    """Shows a line of a worker process, which has no logger. With --json standard output belongs to the result."""
    print(f"    {text}", file=sys.stderr, flush=True)


def _session(module: str, argv: list[str]) -> "Session":
    from backbones import chosen_backbone
    from command import class_in_config
    from settings import read_settings
    from training.kinds import CLASSIFIER
    from training.start import open_session

    recipe = importlib.import_module(f"classifiers.{module}").RECIPE
    settings = cast("ClassifierConfig", read_settings(class_in_config(recipe.config), argv, module))
    spec = chosen_backbone(recipe.backbone, settings)
    return open_session(CLASSIFIER, recipe.name, spec, settings, lambda data: None)


def _flags(data: Path, runs: str) -> list[str]:
    return ["--data", str(data), "--runs", runs, "--weights", "none", "--schedule", "constant", "--verbose", "none"]


def first_step(module: str, data: Path) -> float:
    with tempfile.TemporaryDirectory() as runs:
        return seconds_of(["-c", FIRST_STEP, f"classifiers.{module}", *_flags(data, runs)])


def seconds_of(arguments: list[str]) -> float:
    """The seconds of a Python process with these arguments."""
    start = time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, capture_output=True)
    seconds = time.perf_counter() - start
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    _tell(f"{children.ru_utime + children.ru_stime:.2f} s of processor time")
    return seconds


def bare_first_step(module: str, size: int) -> float:
    """The same network, trained on one batch of noise in memory by plain Keras."""
    program = f"""
import keras, numpy as np
from backbones import backbone
from classifiers.network import build_classifier
model = build_classifier(backbone({module!r}), ({size}, {size}, 3), 5, "none")
model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
model.train_on_batch(np.random.rand(32, {size}, {size}, 3).astype("float32"), np.arange(32) % 5)
"""
    return seconds_of(["-c", program])
