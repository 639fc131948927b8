"""Engines that a run predicts with. OpenVINO: the faster on a processor, with TensorFlow's answers or in fewer bits.

Converted models are kept in RUN/engines: openvino-224x224-f32-STAMP for pictures of that size, `any` for those of any,
int8 for those in 8 bits. The stamp is that of the checkpoint that they were made of, and how many classes it had.
"""

import os
import shutil
import sys
import uuid
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from predictor.engines import exportable, openvino_model
from predictor.engines.conversion import Logits, NotTaken, check_installed, input_of, quietly
from predictor.engines.openvino_model import PRECISIONS, OpenVINOModel, computes, write_openvino
from predictor.engines.quantisation import PACKAGES, quantise
from predictor.engines.runner import Runner
from settings import SettingError, WorkError, bad_setting
from training.run_folder import RunFolder

Size = tuple[int, int]
"""Height and width in pixels."""

LIMIT = 1e-4
"""By so much may a probability in 32 bits differ from TensorFlow's."""

BATCH_SIZE = 8
"""That of OpenVINO: more pictures at a time are no faster, and hold more memory."""

BETWEEN_LAYERS = {"f32": "f32", "bf16": "bf16", "int8": "f32"}
"""What OpenVINO is told; where a model is in 8 bits it says so itself."""


def check_engine(run: RunFolder, engine: str, precision: str) -> None:
    """Raises SettingError if that precision is not to be had, WorkError, with what to do, if something is missing."""
    if engine == "openvino":
        check_installed(openvino_model.PACKAGES, "--engine openvino")
    if precision == "f32":
        return
    if engine == "tensorflow":
        raise SettingError(bad_setting("precision", precision, "is OpenVINO's; TensorFlow predicts in f32"))
    check_installed(openvino_model.PACKAGES, f"--precision {precision}")
    if not computes(precision):
        others = " and ".join(name for name in PRECISIONS if computes(name))
        raise SettingError(bad_setting("precision", precision, f"this processor computes in {others}"))
    if precision == "int8" and not any(run.engines.glob(f"*-int8-{_stamp(run)}")):
        check_installed(PACKAGES, "--precision int8")


def other_engine(run: RunFolder, engine: str, precision: str, size: Size | None, load: Callable) -> Runner | None:
    """The run's best model, of another engine than TensorFlow, for pictures of `size` or, if that is None, of any.

    None if TensorFlow is to predict: it was asked for; or `auto` finds a GPU or no OpenVINO; or OpenVINO cannot take
    the model, which is said on standard error. A precision that TensorFlow has not is a WorkError then. `load` gives
    the model of Keras and raises what is wrong with it.
    """
    import tensorflow as tf

    if engine == "tensorflow":
        return None
    by_choice = engine == "openvino" or precision != "f32"
    if not by_choice and (find_spec("openvino") is None or tf.config.list_physical_devices("GPU")):
        return None
    try:
        folder = _converted(run, precision, size, load)
        model = quietly(lambda: OpenVINOModel(folder, BETWEEN_LAYERS[precision]))
    except (NotTaken, OSError) as error:
        note = f"OpenVINO cannot take {run.path} in {precision} ({error})."
        if precision != "f32":
            raise WorkError(f"{note} Use --precision f32.") from error
        print(f"{note} TensorFlow predicts; --engine tensorflow does so at once.", file=sys.stderr)
        return None
    return Runner(lambda images: tf.nn.softmax(model(np.asarray(images, np.float32))), BATCH_SIZE, model.at_a_time)


def _converted(run: RunFolder, precision: str, size: Size | None, load: Callable) -> Path:
    """The folder of the converted model, made if it is not there."""
    name = "x".join(map(str, size)) if size else "any"
    plain = _kept(run, f"openvino-{name}-f32", partial(_convert, run, size, load))
    return _kept(run, f"openvino-{name}-int8", partial(quantise, run, plain)) if precision == "int8" else plain


def _stamp(run: RunFolder) -> str:
    checkpoint = run.best.stat()
    return f"{checkpoint.st_size}-{checkpoint.st_mtime_ns}-{len(run.classes())}"


def _kept(run: RunFolder, variant: str, write: Callable[[Path], None]) -> Path:
    """The folder of a variant, written if it is not there; those of earlier checkpoints are removed then."""
    folder = run.engines / f"{variant}-{_stamp(run)}"
    if folder.exists():
        return folder
    work = run.engines / f".work-{uuid.uuid4().hex}"  # several machines may be at it
    try:
        work.mkdir(parents=True)
        write(work)
        for earlier in run.engines.glob("openvino-*"):
            if not earlier.name.endswith(_stamp(run)):
                shutil.rmtree(earlier, ignore_errors=True)
        try:
            os.replace(work, folder)
        except OSError:
            if not folder.exists():  # else another process was faster
                raise
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return folder


def _convert(run: RunFolder, size: Size | None, load: Callable, folder: Path) -> None:
    model = load()
    quietly(lambda: write_openvino(exportable.make_exportable(model), folder, input_of(model, size=size)))
    _check(model, quietly(lambda: OpenVINOModel(folder)), size or run.image_size())


def _check(model, logits: Logits, size: Size) -> None:
    """Raises NotTaken if the converted model gives other probabilities of a picture of noise."""
    import tensorflow as tf

    noise = np.random.default_rng(0).uniform(0, 255, (1, *size, 3)).astype(np.float32)
    expected = tf.nn.softmax(model(noise, training=False))
    difference = float(tf.reduce_max(tf.abs(tf.nn.softmax(logits(noise)) - expected)))
    if not difference <= LIMIT:  # so that NaN does not pass
        raise NotTaken(f"it gives probabilities that differ by {difference:.1e}")
