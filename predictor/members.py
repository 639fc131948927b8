"""The runs that predict: one, or several whose opinions are combined."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np

from predictor.engines import other_engine
from settings import SettingError, WorkError, fault
from training.run_folder import RunFolder

KIND = "classifier"
SMALLEST_TO_CROP = 64
"""Height and width in pixels of a model; crops of smaller pictures differ by a few pixels."""


@dataclass(frozen=True)
class Member:
    """A run with its model, which is loaded when it is first used.

    Attributes:
        engine: what computes, as `python -m predictor` takes it.
    """

    run: RunFolder
    classes: tuple[str, ...]
    engine: str = "tensorflow"

    @property
    def size(self) -> tuple[int, int]:
        """Height and width in pixels of the pictures that the model takes."""
        return self.run.image_size()

    @cached_property
    def answer(self):
        """Pictures uint8 (batch, height, width, 3) -> probabilities (batch, classes)."""
        return answering(self.run, self.engine, (None, *self.size, 3))

    def probabilities(self, views: np.ndarray) -> np.ndarray:
        """(pictures, views, height, width, 3) uint8 -> (pictures, classes), the mean over the views."""
        return np.mean([self.answer(views[:, number]).numpy() for number in range(views.shape[1])], axis=0)


def find_members(runs: Sequence[RunFolder], tta: str, engine: str = "tensorflow") -> list[Member]:
    """What predicts with these runs. TensorFlow is not needed yet.

    Raises SettingError if they cannot predict together, or not with these views; WorkError if one is not trained yet.
    """
    members = [_member(run, engine) for run in runs]
    paths = [member.run.path.resolve() for member in members]
    faults = []
    for number, member in enumerate(members):
        if paths[number] in paths[:number]:
            faults.append(fault("run", member.run.path, "is named twice"))
        if member.classes != members[0].classes:
            other = next((name for name in member.classes if name not in members[0].classes), "")
            what = f" ({other} is none of its)" if other else ""
            allowed = f"has other classes than {members[0].run.path}{what}; only runs of the same classes combine"
            faults.append(fault("run", member.run.path, allowed))
        if tta in ("ten-crop", "multi-scale") and min(member.size) < SMALLEST_TO_CROP:
            height, width = member.size
            allowed = f"crops of the {height}x{width} pixels of {member.run.path} hardly differ; use flip or none"
            faults.append(fault("tta", tta, allowed))
    if faults:
        raise SettingError(*faults)
    return members


def _member(run: RunFolder, engine: str) -> Member:
    kind = run.config()["kind"]
    if kind != KIND:
        raise SettingError(fault("run", run.path, f"is a run of kind {kind}, not {KIND}"))
    check_trained(run)
    return Member(run, run.classes(), engine)


def answering(
    run: RunFolder,
    engine: str,
    shape: Sequence[int | None],
    around: Callable[[Callable], Callable] = lambda model: model,
) -> Callable:
    """The run's best model: pictures uint8 of `shape` -> probabilities, a tensor.

    `around` makes more of it: it is given such a model, of which pictures may be float32 too, and gives another.
    Raises WorkError as `trained_model` does.
    """
    import tensorflow as tf

    if other := other_engine(run, engine, partial(best_model, run)):
        return around(other)
    return tf.function(around(trained_model(run)), [tf.TensorSpec(shape, tf.uint8)], autograph=False)


def trained_model(run: RunFolder) -> Callable:
    """The run's best model, loaded: pictures uint8 -> probabilities, the softmax of its logits.

    To be called outside of graphs: what is loaded while a function is traced never gets its weights. Raises WorkError
    as `best_model` does.
    """
    import tensorflow as tf

    model = best_model(run)
    return lambda images: tf.nn.softmax(model(tf.cast(images, tf.float32), training=False))


def best_model(run: RunFolder):
    """Of Keras: pictures -> logits. Raises WorkError if it is damaged or knows other classes than the run."""
    from layers.saved import load_saved_model

    model, classes = load_saved_model(run.best), len(run.classes())
    if model.output_shape[-1] != classes:
        raise WorkError(f"{run.best} knows {model.output_shape[-1]} classes, {run.path}/classes.csv {classes}")
    return model


def check_trained(run: RunFolder) -> None:
    """Raises WorkError if there is no checkpoint to predict with."""
    if not run.best.exists():
        raise WorkError(f"{run.path} has no {run.best.name} yet: its first epoch is not finished. Train it first.")
