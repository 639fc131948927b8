"""The runs that predict: one, or several whose opinions are combined."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import NamedTuple

import numpy as np

from predictor.engines.choice import check_engine
from predictor.engines.runner import Runner
from predictor.model import check_trained, load_runner
from predictor.reading import DecodedImage, ImageReader, computed, decoder
from settings import SettingError, bad_setting
from training.kinds import CLASSIFIER
from training.run_folder import RunFolder

SMALLEST_TO_CROP = 64
"""Height and width in pixels of a model; crops of smaller pictures differ by a few pixels."""


@dataclass(frozen=True)
class Member:
    """A run with its model, which is loaded when it is first used.

    Attributes:
        engine, precision: what computes, as `python -m predictor` takes it.
    """

    run: RunFolder
    classes: tuple[str, ...]
    engine: str = "tensorflow"
    precision: str = "f32"

    @property
    def size(self) -> tuple[int, int]:
        """Height and width in pixels of the pictures that the model takes."""
        return self.run.image_size()

    @cached_property
    def runner(self) -> Runner:
        """Its answers are to pictures uint8 (batch, height, width, 3): probabilities (batch, classes)."""
        return load_runner(self.run, self.engine, self.precision, self.size)

    def probabilities(self, views: np.ndarray) -> np.ndarray:
        """(pictures, views, height, width, 3) uint8 -> (pictures, classes), the mean over the views."""
        answers = [self.runner.answer(views[:, number]).numpy() for number in range(views.shape[1])]
        return np.mean(answers, axis=0)


class Predicted(NamedTuple):
    """The names of a batch of pictures, and (members, pictures, classes) what each model says of them."""

    names: list[str]
    probabilities: np.ndarray


def predictions(members: Sequence[Member], reading: ImageReader, tta: str, batch_size: int) -> Iterator[Predicted]:
    """In the order of the pictures, at most `batch_size` of them at a time."""
    from predictor.labels.tta import views

    runners = [member.runner for member in members]  # loaded here, not by the first of several threads
    decoders = {member.size: decoder(partial(views, size=member.size, tta=tta)) for member in members}

    def decode(content: bytes) -> dict[tuple[int, int], np.ndarray]:
        return {size: decode_views(content).numpy() for size, decode_views in decoders.items()}

    def predict(batch: list[DecodedImage]) -> Predicted:
        views_of = {size: np.stack([picture.decoded[size] for picture in batch]) for size in decoders}
        names = [picture.name for picture in batch]
        return Predicted(names, np.stack([member.probabilities(views_of[member.size]) for member in members]))

    batches = reading.batches(decode, min(runner.batch(batch_size) for runner in runners))
    return computed(predict, batches, max(runner.at_a_time for runner in runners))


def find_members(
    runs: Sequence[RunFolder], tta: str, engine: str = "tensorflow", precision: str = "f32"
) -> list[Member]:
    """What predicts with these runs. TensorFlow is not needed yet.

    Raises SettingError if they cannot predict together, or not with these views or in this precision; WorkError if one
    is not trained yet, or an engine is not installed.
    """
    members = [_member(run, engine, precision) for run in runs]
    paths = [member.run.path.resolve() for member in members]
    errors = []
    for number, member in enumerate(members):
        if paths[number] in paths[:number]:
            errors.append(bad_setting("run", member.run.path, "is named twice"))
        if member.classes != members[0].classes:
            other = next((name for name in member.classes if name not in members[0].classes), "")
            what = f" ({other} is none of its)" if other else ""
            allowed = f"has other classes than {members[0].run.path}{what}; only runs of the same classes combine"
            errors.append(bad_setting("run", member.run.path, allowed))
        if tta in ("ten-crop", "multi-scale") and min(member.size) < SMALLEST_TO_CROP:
            height, width = member.size
            allowed = f"crops of the {height}x{width} pixels of {member.run.path} hardly differ; use flip or none"
            errors.append(bad_setting("tta", tta, allowed))
    if errors:
        raise SettingError(*errors)
    return members


def _member(run: RunFolder, engine: str, precision: str) -> Member:
    if run.kind is not CLASSIFIER:
        raise SettingError(bad_setting("run", run.path, f"is a run of kind {run.kind.name}, not {CLASSIFIER.name}"))
    check_trained(run)
    check_engine(run, engine, precision)
    return Member(run, run.classes(), engine, precision)
