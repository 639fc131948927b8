"""Training: our loop against a bare fit, a frozen backbone's features, options of a step, from the start to a step."""

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

from benchmarks._measure import Comparison, Variant

STEPS = 40
"""Batches of 32 in an epoch."""

WORK = f"epochs of {STEPS} batches of 32 and validation"

SCENES = 1600
"""Drawn, of which 4/5 are for training: they fill these steps."""

HOOKS = {
    f"on_{what}_{end}" for what in ("train", "train_batch", "test", "test_batch", "epoch") for end in ("begin", "end")
}
"""Of callbacks, as a fit calls them."""

FIRST_STEP = """
import os, runpy, sys
import command
command.import_tensorflow()
import training.callbacks
training.callbacks.StopOnSignal.on_train_batch_end = lambda *arguments, **named: os._exit(0)
runpy.run_module(sys.argv.pop(1), run_name="__main__", alter_sys=True)
"""
"""A training command that ends after its first step."""


def comparisons(settings) -> Iterator[Comparison]:
    """`settings.pictures` may be a data folder, which is trained on in place of drawn scenes."""
    with tempfile.TemporaryDirectory() as work:
        data = settings.pictures or drawn_scenes(Path(work) / "data")
        for compared in (_loops, _frozen_backbones, _steps):
            yield from compared(data, settings.amount or 3)
        yield _starts(data)


def _loops(data: Path, epochs: int) -> Iterator[Comparison]:
    for module, size in (("small", 128), ("mobilenet_v2", 128)):
        flags = f"--image-size {size} --steps-per-epoch {STEPS}"
        bare = (module, data, flags, epochs)
        loops = [
            Variant("bare model.fit", bare_loop, bare, ("tensorflow",)),
            Variant("bare model.fit, ModelCheckpoint", kept_loop, bare, ("tensorflow",)),
        ]
        title = f"The loop: {WORK}, {module} at {size} x {size}"
        ways = loops + _ways(module, data, epochs, flags, SceneLab="")
        yield Comparison(title, "epochs", epochs, ways, baseline="bare model.fit")


def _frozen_backbones(data: Path, epochs: int) -> Iterator[Comparison]:
    for module, layers in (("small", 44), ("mobilenet_v2", 154)):
        flags = f"--freeze {layers} --augment none --steps-per-epoch {STEPS} --learning-rates 1e-2"
        options = {"memory": "", "features": "--cache features"}
        options["features_10"] = "--cache features --steps-per-execution 10"
        ways = _ways(module, data, epochs, flags, **options)
        yield Comparison(f"A frozen backbone: {WORK}, {module}", "epochs", epochs, ways, baseline="memory")


def _steps(data: Path, epochs: int) -> Iterator[Comparison]:
    options = {"plain": "", "steps_per_execution_10": "--steps-per-execution 10"}
    options |= {"jit": "--jit", "mixed_precision": "--mixed-precision"}
    for module, size in (("small", 32), ("small", 128), ("mobilenet_v2", 128)):
        ways = _ways(module, data, epochs, f"--image-size {size} --steps-per-epoch {STEPS}", **options)
        title = f"A step: {WORK}, {module} at {size} x {size}"
        yield Comparison(title, "epochs", epochs, ways, baseline="plain")


def _starts(data: Path) -> Comparison:
    ways = [
        Variant("import tensorflow", seconds_of, (["-c", "import tensorflow"],)),
        Variant("small", first_step, ("small", data)),
        Variant("mobilenet_v2", first_step, ("mobilenet_v2", data)),
        Variant("small, bare Keras", bare_first_step, ("small", 128), ("tensorflow",)),
        Variant("mobilenet_v2, bare Keras", bare_first_step, ("mobilenet_v2", 224), ("tensorflow",)),
    ]
    return Comparison("From the command to the end of its first step", "starts", 1, ways)


def _ways(module: str, data: Path, epochs: int, common: str, **options: str) -> list[Variant]:
    """Our loop with the flags of each of the options."""
    return [
        Variant(name, our_loop, (module, data, f"{common} {flags}", epochs), ("tensorflow",))
        for name, flags in options.items()
    ]


def drawn_scenes(folder: Path) -> Path:
    draw = ["--source", "scenes", "--pictures", str(SCENES), "--data", str(folder)]
    subprocess.run([sys.executable, "-m", "datatransformer", *draw], check=True, stdout=subprocess.DEVNULL)
    return folder


def our_loop(module: str, data: Path, flags: str, epochs: int) -> float:
    from training.fit import fit

    def train(session, job, clock) -> None:
        fit(session, replace(job, callbacks=[clock]))

    return _seconds(train, module, data, flags, epochs)


def bare_loop(module: str, data: Path, flags: str, epochs: int) -> float:
    return _seconds(partial(_fit, keep=False), module, data, flags, epochs)


def kept_loop(module: str, data: Path, flags: str, epochs: int) -> float:
    """With what a user would write to have a checkpoint an epoch."""
    return _seconds(partial(_fit, keep=True), module, data, flags, epochs)


def _fit(session, job, clock, keep: bool) -> None:
    from keras.callbacks import ModelCheckpoint

    from training.compiled import open_model

    _, model = open_model(session, job)
    stage, batches = session.stages[0], job.batches
    model.fit(
        batches.training(stage, 0),
        validation_data=batches.validation(stage, 1),
        epochs=session.settings.epochs,
        steps_per_epoch=stage.steps,
        callbacks=[clock, *([ModelCheckpoint(session.run.last)] if keep else [])],
        shuffle=False,
        verbose=0,
    )


def _seconds(train: Callable, module: str, data: Path, flags: str, epochs: int) -> float:
    """Of so many epochs, by their median; the first, which also traces the graph, is not counted."""
    from command import import_tensorflow

    import_tensorflow()
    import keras

    from classifiers.recipe import prepare

    times: list[tuple[float, float, float]] = []
    in_callbacks = _time_callbacks()
    clock = keras.callbacks.LambdaCallback(on_epoch_begin=lambda epoch, logs: times.append(_now(in_callbacks)))
    with tempfile.TemporaryDirectory() as runs, contextlib.redirect_stdout(io.StringIO()):
        session = _session(module, [*_flags(data, runs), *flags.split(), "--epochs", str(epochs + 1)])
        train(session, prepare(session), clock)
        times.append(_now(in_callbacks))
        rows = session.run.history()
    seconds, processor, callbacks = (
        epochs * statistics.median([end[clock] - begin[clock] for begin, end in pairwise(times)][1:])
        for clock in (0, 1, 2)
    )
    print(f"    {processor:.2f} s of the processors', {callbacks:.2f} s in callbacks", end="")
    print(f", validation accuracy {rows[-1]['val_accuracy']:.4f} after {len(rows)} epochs" if rows else "", flush=True)
    return seconds


def _now(in_callbacks: Callable[[], float]) -> tuple[float, float, float]:
    """Seconds, those that this process has had of the processors, and those of all in callbacks.

    What others do on the machine counts in the first most, in the last least.
    """
    return time.perf_counter(), time.process_time(), in_callbacks()


def _time_callbacks() -> Callable[[], float]:
    """From now on the callbacks of each fit are timed; says how many seconds they have taken so far."""
    from keras.callbacks import CallbackList

    seconds, begin = [], CallbackList.__init__

    def timed(hook: Callable) -> Callable:
        def call(*arguments, **named) -> None:
            begun = time.perf_counter()
            hook(*arguments, **named)
            seconds.append(time.perf_counter() - begun)

        return call

    def begin_timed(self, *arguments, **named) -> None:
        begin(self, *arguments, **named)
        for callback in self.callbacks:
            for name in HOOKS.intersection(dir(callback)):
                setattr(callback, name, timed(getattr(callback, name)))

    CallbackList.__init__ = begin_timed
    return lambda: sum(seconds)


def _session(module: str, argv: list[str]):
    from backbones import chosen_backbone
    from command import class_in_config
    from settings import read_settings
    from training.kinds import CLASSIFIER
    from training.start import open_session

    recipe = importlib.import_module(f"classifiers.{module}").RECIPE
    settings = read_settings(class_in_config(recipe.config), argv, module)
    spec = chosen_backbone(recipe.backbone, settings)
    return open_session(CLASSIFIER, recipe.name, spec, settings, lambda data: None)


def _flags(data: Path, runs: str) -> list[str]:
    return ["--data", str(data), "--runs", runs, "--weights", "none", "--schedule", "constant", "--verbose", "none"]


def first_step(module: str, data: Path) -> float:
    with tempfile.TemporaryDirectory() as runs:
        return seconds_of(["-c", FIRST_STEP, f"classifiers.{module}", *_flags(data, runs)])


def seconds_of(arguments: list[str]) -> float:
    """Of Python with these."""
    begun = time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, capture_output=True)
    seconds = time.perf_counter() - begun
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"    {children.ru_utime + children.ru_stime:.2f} s of the processors'", flush=True)
    return seconds


def bare_first_step(module: str, size: int) -> float:
    """The same network on one batch of noise in memory, in as few lines of Keras as it takes."""
    program = f"""
import keras, numpy as np
from backbones import backbone
from classifiers.network import build_classifier
model = build_classifier(backbone({module!r}), ({size}, {size}, 3), 5, "none")
model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
model.train_on_batch(np.random.rand(32, {size}, {size}, 3).astype("float32"), np.arange(32) % 5)
"""
    return seconds_of(["-c", program])
