"""The runs that predict: one, or several whose opinions are combined."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from settings import SettingError, WorkError, fault
from training.run_folder import RunFolder

KIND = "classifier"
SMALLEST_TO_CROP = 64
"""Height and width in pixels of a model; crops of smaller pictures differ by a few pixels."""


@dataclass(frozen=True)
class Member:
    """A run with its model, which is loaded when it is first used."""

    run: RunFolder
    classes: tuple[str, ...]

    @property
    def size(self) -> tuple[int, int]:
        """Height and width in pixels of the pictures that the model takes."""
        return self.run.image_size()

    @cached_property
    def answer(self):
        """Pictures uint8 (batch, height, width, 3) -> probabilities (batch, classes)."""
        import tensorflow as tf

        return tf.function(trained_model(self.run), [tf.TensorSpec((None, *self.size, 3), tf.uint8)], autograph=False)

    def probabilities(self, views: np.ndarray) -> np.ndarray:
        """(pictures, views, height, width, 3) uint8 -> (pictures, classes), the mean over the views."""
        return np.mean([self.answer(views[:, number]).numpy() for number in range(views.shape[1])], axis=0)


def find_members(runs: Sequence[RunFolder], tta: str) -> list[Member]:
    """What predicts with these runs. TensorFlow is not needed yet.

    Raises SettingError if they cannot predict together, or not with these views; WorkError if one is not trained yet.
    """
    members = [_member(run) for run in runs]
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


def _member(run: RunFolder) -> Member:
    kind = run.config()["kind"]
    if kind != KIND:
        raise SettingError(fault("run", run.path, f"is a run of kind {kind}, not {KIND}"))
    check_trained(run)
    return Member(run, run.classes())


def trained_model(run: RunFolder) -> Callable:
    """The run's best model, loaded: pictures uint8 -> probabilities. A softmax of logits, the one place where it is.

    To be called outside of graphs: what is loaded while a function is traced never gets its weights. Raises WorkError
    if the model is damaged or knows other classes than the run.
    """
    import tensorflow as tf

    from layers.saved import load_saved_model

    model, classes = load_saved_model(run.best), len(run.classes())
    if model.output_shape[-1] != classes:
        raise WorkError(f"{run.best} knows {model.output_shape[-1]} classes, {run.path}/classes.csv {classes}")
    return lambda images: tf.nn.softmax(model(tf.cast(images, tf.float32), training=False))


def check_trained(run: RunFolder) -> None:
    """Raises WorkError if there is no checkpoint to predict with."""
    if not run.best.exists():
        raise WorkError(f"{run.path} has no {run.best.name} yet: its first epoch is not finished. Train it first.")
