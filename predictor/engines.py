"""Engines other than TensorFlow that a run predicts with. OpenVINO: the faster on a processor, with the same answers.

A converted model is kept in RUN/engines/openvino-STAMP, the stamp being that of the checkpoint that it was made of, and
how many classes it had.
"""

import os
import shutil
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from predictor.formats import FORMATS, Logits, NotTaken, check_installed, load_openvino, quietly, write_openvino
from training.run_folder import RunFolder

LIMIT = 1e-4
"""By so much may a probability differ from TensorFlow's."""


def check_engine(engine: str) -> None:
    """Raises WorkError, with what to do, if it is not installed."""
    if engine == "openvino":
        check_installed(FORMATS[engine].packages, f"--engine {engine}")


def other_engine(run: RunFolder, engine: str, load: Callable) -> Callable | None:
    """The run's best model: pictures (batch, height, width, 3), numbers of 0..255 -> probabilities, tensors both.

    None if TensorFlow is to predict: it was asked for; or `auto` finds a GPU or no OpenVINO; or OpenVINO cannot take
    the model, which is said on standard error. `load` gives the model of Keras and raises what is wrong with it.
    """
    import tensorflow as tf

    if engine == "tensorflow":
        return None
    if engine == "auto" and (find_spec("openvino") is None or tf.config.list_physical_devices("GPU")):
        return None
    try:
        folder = _converted(run, load)
        logits = quietly(lambda: load_openvino(folder))
    except (NotTaken, OSError) as error:
        note = f"OpenVINO cannot take {run.path} ({error}). TensorFlow predicts; --engine tensorflow does so at once."
        print(note, file=sys.stderr)
        return None
    return lambda images: tf.nn.softmax(logits(np.asarray(images, np.float32)))


def _converted(run: RunFolder, load: Callable) -> Path:
    """The folder of the converted model, made if it is not there; those of earlier checkpoints are removed."""
    checkpoint = run.best.stat()
    folder = run.engines / f"openvino-{checkpoint.st_size}-{checkpoint.st_mtime_ns}-{len(run.classes())}"
    if folder.exists():
        return folder
    model = load()
    work = run.engines / f".work-{os.getpid()}"
    try:
        work.mkdir(parents=True)
        quietly(lambda: write_openvino(model, work))
        _check(model, quietly(lambda: load_openvino(work)), run.image_size())
        for earlier in run.engines.glob("openvino-*"):
            shutil.rmtree(earlier, ignore_errors=True)
        os.replace(work, folder)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return folder


def _check(model, logits: Logits, size: tuple[int, int]) -> None:
    """Raises NotTaken if the converted model gives other probabilities of a picture of noise."""
    import tensorflow as tf

    noise = np.random.default_rng(0).uniform(0, 255, (1, *size, 3)).astype(np.float32)
    expected = tf.nn.softmax(model(noise, training=False))
    difference = float(tf.reduce_max(tf.abs(tf.nn.softmax(logits(noise)) - expected)))
    if not difference <= LIMIT:  # so that NaN does not pass
        raise NotTaken(f"it gives probabilities that differ by {difference:.1e}")
