"""The runs that predict labels: a single one, or several whose probabilities are combined."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import NamedTuple

import numpy as np

from predictor.engines.choice import check_engine
from predictor.engines.runner import Runner
from predictor.model import DEFAULT_BATCH_SIZE, check_trained, load_runner
from predictor.reading import DecodedImage, ImageReader, compute_batches, decoder
from setting_types import Size
from settings import SettingError, bad_setting
from training.kinds import CLASSIFIER, MULTILABEL, Kind
from training.run_folder import RunFolder

SMALLEST_CROPPED_SIDE = 64
"""Fewest pixels of a model's height and width for crops. Crops of smaller images differ by only a few pixels."""

ViewsBySize = dict[Size, np.ndarray]
"""The views of an image, uint8 (views, height, width, 3), for each image size of the members."""


@dataclass(frozen=True)
class Member:
    """A run of an ensemble. Its model is loaded when it is first used.

    Attributes:
        engine, precision: as in PredictorConfig.
        batch_size: images per batch, at most.
    """

    run: RunFolder
    classes: tuple[str, ...]
    engine: str = "tensorflow"
    precision: str = "f32"
    batch_size: int = DEFAULT_BATCH_SIZE

    @property
    def size(self) -> Size:
        """The image size of the model."""
        return self.run.image_size()

    @cached_property
    def runner(self) -> Runner:
        """The loaded model. It takes uint8 images of `size` and returns probabilities (batch, classes)."""
        return load_runner(self.run, self.engine, self.precision, self.size, batch_size=self.batch_size)

    def probabilities(self, views: np.ndarray) -> np.ndarray:
        """uint8 (images, views, height, width, 3) -> probabilities (images, classes), the mean over the views."""
        by_view = [self.runner.predict(views[:, number]).numpy() for number in range(views.shape[1])]
        return np.mean(by_view, axis=0)


class BatchPrediction(NamedTuple):
    """The names of the images in a batch, and the probabilities of each member, (members, images, classes)."""

    names: list[str]
    probabilities: np.ndarray


def predictions(members: Sequence[Member], reader: ImageReader, tta: str) -> Iterator[BatchPrediction]:
    """Predicts images in order, in batches of at most the members' batch size."""
    from predictor.labels.tta import views

    runners = [member.runner for member in members]  # loaded here, before several threads use them
    decoders = {member.size: decoder(partial(views, size=member.size, tta=tta)) for member in members}

    def decode(content: bytes) -> ViewsBySize:
        return {size: decode_views(content).numpy() for size, decode_views in decoders.items()}

    def predict(batch: list[DecodedImage[ViewsBySize]]) -> BatchPrediction:
        views_of = {size: np.stack([image.decoded[size] for image in batch]) for size in decoders}
        names = [image.name for image in batch]
        return BatchPrediction(names, np.stack([member.probabilities(views_of[member.size]) for member in members]))

    batches = reader.batches(decode, min(runner.batch_size for runner in runners))
    return compute_batches(predict, batches, max(runner.parallel_calls for runner in runners))


def find_members(
    runs: Sequence[RunFolder],
    tta: str,
    engine: str = "tensorflow",
    precision: str = "f32",
    batch_size: int = DEFAULT_BATCH_SIZE,
) -> list[Member]:
    """Checks the runs without TensorFlow, and returns them as members of an ensemble.

    Raises SettingError if they cannot predict together, or not with this `tta` or precision. Raises WorkError if a run
    is not trained yet, or if a package of the engine is not installed.
    """
    kind = runs[0].kind if runs[0].kind in (CLASSIFIER, MULTILABEL) else CLASSIFIER
    members = [_member(run, kind, engine, precision, batch_size) for run in runs]
    paths = [member.run.path.resolve() for member in members]
    errors: list[str] = []
    for number, member in enumerate(members):
        if paths[number] in paths[:number]:
            errors.append(bad_setting("run", member.run.path, "is named twice"))
        if member.classes != members[0].classes:
            errors.append(_different_classes(member, members[0]))
        if tta in ("ten-crop", "multi-scale") and min(member.size) < SMALLEST_CROPPED_SIDE:
            problem = (
                f"crops of {member.size} pixels, the image size of {member.run.path}, hardly differ; use flip or none"
            )
            errors.append(bad_setting("tta", tta, problem))
    if errors:
        raise SettingError(*errors)
    return members


def _different_classes(member: Member, first: Member) -> str:
    other = next((name for name in member.classes if name not in first.classes), "")
    example = f" (such as {other})" if other else ""
    problem = f"has other classes{example} than {first.run.path}; only runs with the same classes can be combined"
    return bad_setting("run", member.run.path, problem)


def _member(run: RunFolder, kind: Kind, engine: str, precision: str, batch_size: int) -> Member:
    if run.kind is not kind:
        raise SettingError(bad_setting("run", run.path, f"is a run of kind {run.kind.name}, not {kind.name}"))
    check_trained(run)
    check_engine(run, engine, precision)
    return Member(run, run.classes(), engine, precision, batch_size)
