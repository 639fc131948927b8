"""What every segmentation network does: check the settings, build the network, train it, draw how it went."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pkgutil import resolve_name
from typing import TYPE_CHECKING

import numpy as np

from backbones import Backbone, chosen_backbone
from command import run
from datatransformer.layout import DataFolder
from pipeline.pixel_weights import COUNTED, PixelCounts, kept_counts, pixel_weights
from segmentation.loss_names import parse_loss
from setting_types import Size
from settings import SettingError, bad_setting
from training.command import train as train_model
from training.kinds import SEGMENTATION
from training.session import Session

if TYPE_CHECKING:
    from config import SegmentationConfig
    from training.job import TrainingJob


@dataclass(frozen=True)
class Recipe:
    """What is particular to a segmentation network.

    Attributes:
        name: of the module; also of the run unless `--name` is given.
        backbone: the name of its spec in `backbones`, or what chooses it by the settings.
        decoder: `module:function` that takes the picture, the backbone's feature maps and the settings. None if the
            backbone itself leads back to the size of the picture.
        config: its class in `config.py`.
        head: `module:function` that takes the features and how many classes there are, and gives the logits.
    """

    name: str
    backbone: str | Callable[..., str]
    decoder: str | None
    config: str = "SegmentationConfig"
    head: str = "segmentation.decoders:convolution"


def main(recipe: Recipe) -> None:
    """The command of a segmentation module."""
    run(f"python -m segmentation.{recipe.name}", recipe.config, partial(train, recipe))


def train(recipe: Recipe, settings: "SegmentationConfig") -> Mapping[str, object]:
    """Trains, or goes on training. All settings are checked before TensorFlow is imported."""
    try:
        parse_loss(settings.loss)
    except ValueError as error:
        raise SettingError(bad_setting("loss", settings.loss, str(error))) from error
    spec = chosen_backbone(recipe.backbone, settings)
    check_crop(settings, spec)
    check = partial(check_weights, settings.class_weights)
    return train_model(SEGMENTATION, recipe.name, spec, settings, partial(prepare, recipe), check)


def check_crop(settings, spec: Backbone) -> None:
    """Raises SettingError if a crop does not fit into the pictures of every stage."""
    for size in settings.image_size or [Size(spec.image_size, spec.image_size)] if settings.crop else []:
        if any(part > whole for part, whole in zip(settings.crop, size, strict=True)):
            raise SettingError(
                bad_setting("crop", settings.crop, f"is larger than the pictures at --image-size {size}")
            )


def check_weights(name: str, data: DataFolder) -> None:
    """Raises SettingError at once; the pixels are counted later."""
    if name not in COUNTED:
        class_weights(name, data)


def class_weights(name: str, data: DataFolder) -> list[float] | None:
    """What the pixels of each class count. Masks are counted only where that is needed."""
    nothing = PixelCounts(*np.zeros((2, len(data.classes)), np.int64))
    weights = pixel_weights(name, kept_counts(data) if name in COUNTED else nothing, data.classes)
    return None if weights is None else weights.tolist()


def prepare(recipe: Recipe, session: Session) -> "TrainingJob":
    """The network and what it is trained on. Accuracy without void decides what is best."""
    from layers.losses import SegmentationLoss
    from layers.metrics import MeanIoU, PixelAccuracy, PixelAccuracyWithVoid
    from pipeline.normalisation import chosen_normalisation
    from segmentation.batches import make_batches
    from segmentation.network import build_segmenter
    from segmentation.strip import MaskStrip
    from training.callbacks import AfterFirstBatch
    from training.job import Objective, TrainingJob

    settings, data, first = session.settings, session.data, session.stages[0]
    classes = len(data.classes)
    batches = make_batches(session)

    def draw():
        from plots.mask_grid import draw_batch

        draw_batch(batches.training(first, 0), data, session.run.figures / "augmentation.png")

    def build():
        normalisation = chosen_normalisation(settings.normalise, session.spec, lambda: batches.pictures(first))
        decoder = recipe.decoder and partial(resolve_name(recipe.decoder), settings=settings)
        head = resolve_name(recipe.head)
        return build_segmenter(session.spec, classes, session.weights, first.frozen, normalisation, decoder, head)

    objective = Objective(
        partial(SegmentationLoss, parse_loss(settings.loss), class_weights(settings.class_weights, data)),
        lambda: [
            PixelAccuracy(name="accuracy"),
            PixelAccuracyWithVoid(name="accuracy_with_void"),
            MeanIoU(classes, name="mean_iou"),
        ],
    )
    once = [] if session.progress.rows else [AfterFirstBatch(draw)]
    return TrainingJob(build, objective, batches, [MaskStrip(session), *once])


def draw_results(session: Session) -> None:
    """Scores and masks of the validation images at their own sizes."""
    from predictor.masks.evaluation import evaluate
    from predictor.masks.segmenter import Network, validation_masks

    evaluate(validation_masks(Network(session.run, "none"), session.data), session.data, session.run.figures)
