"""What every segmentation network does: check the settings, build the network, train it, draw how it went."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pkgutil import resolve_name
from typing import TYPE_CHECKING

import numpy as np

from analysis.report import update_report
from backbones import Backbone, chosen_backbone
from command import import_tensorflow, run
from datatransformer.layout import DataFolder
from pipeline.pixel_weights import COUNTED, PixelCounts, kept_counts, pixel_weights
from segmentation.loss_names import parse_loss
from settings import SettingError, fault, height_and_width
from training.command import run_session
from training.schedules import make_schedule
from training.session import Session
from training.start import held_run, open_session

if TYPE_CHECKING:
    from training.job import Trainee

KIND = "segmentation"


@dataclass(frozen=True)
class Recipe:
    """What is particular to a segmentation network.

    Attributes:
        name: of the module; also of the run unless `--name` is given.
        backbone: the name of its row in `backbones`, or what chooses it by the settings.
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


def train(recipe: Recipe, settings) -> None:
    """Trains, or goes on training. All settings are checked before TensorFlow is imported."""
    try:
        parse_loss(settings.loss)
    except ValueError as error:
        raise SettingError(fault("loss", settings.loss, str(error))) from error
    row = chosen_backbone(recipe.backbone, settings)
    check_crop(settings, row)
    with held_run(settings, recipe.name):
        session = open_session(KIND, KIND, recipe.name, row, settings, partial(check_weights, settings.class_weights))
        run_session(session, partial(prepare, recipe), report)


def check_crop(settings, row: Backbone) -> None:
    """Raises SettingError if a crop does not fit into the pictures of every stage."""
    for size in settings.image_size or [str(row.image_size)] if settings.crop else []:
        if any(part > whole for part, whole in zip(*map(height_and_width, (settings.crop, size)), strict=True)):
            raise SettingError(fault("crop", settings.crop, f"is larger than the pictures at --image-size {size}"))


def check_weights(name: str, data: DataFolder) -> None:
    """Raises SettingError at once; the pixels are counted later."""
    if name not in COUNTED:
        class_weights(name, data)


def class_weights(name: str, data: DataFolder) -> list[float] | None:
    """What the pixels of each class count. Masks are counted only where that is needed."""
    nothing = PixelCounts(*np.zeros((2, len(data.classes)), np.int64))
    weights = pixel_weights(name, kept_counts(data) if name in COUNTED else nothing, data.classes)
    return None if weights is None else weights.tolist()


def prepare(recipe: Recipe, session: Session) -> "Trainee":
    """The network and what it is trained on. Accuracy without void decides what is best."""
    from layers.losses import SegmentationLoss
    from layers.metrics import MeanIoU, PixelAccuracy, PixelAccuracyWithVoid
    from pipeline.normalisation import chosen_normalisation
    from segmentation.batches import make_batches
    from segmentation.network import build_segmenter
    from segmentation.strip import MaskStrip
    from training.callbacks import AfterFirstBatch
    from training.job import Objective, Trainee

    settings, data, first = session.settings, session.data, session.stages[0]
    classes = len(data.classes)
    batches = make_batches(session)

    def draw():
        from plots.mask_grid import draw_batch

        draw_batch(batches.training(first, 0), data, session.run.figures / "augmentation.png")

    def build():
        normalisation = chosen_normalisation(settings.normalise, session.row, lambda: batches.pictures(first))
        decoder = recipe.decoder and partial(resolve_name(recipe.decoder), settings=settings)
        head = resolve_name(recipe.head)
        return build_segmenter(session.row, classes, session.weights, first.frozen, normalisation, decoder, head)

    objective = Objective(
        partial(SegmentationLoss, parse_loss(settings.loss), class_weights(settings.class_weights, data)),
        lambda: [
            PixelAccuracy(name="accuracy"),
            PixelAccuracyWithVoid(name="accuracy_with_void"),
            MeanIoU(classes, name="mean_iou"),
        ],
    )
    once = [] if session.progress.rows else [AfterFirstBatch(draw)]
    return Trainee(build, objective, batches, [MaskStrip(session), *once])


def report(session: Session, how: str) -> None:
    """Figures, unless they are there already, and where everything is."""
    run, rows = session.run, session.run.history()
    curve, confusion = run.figures / "learning_curve.png", run.figures / "confusion_matrix.png"
    if run.is_newer_than(curve, confusion):
        import_tensorflow()
        from predictor.masks.evaluation import evaluate
        from predictor.masks.segmenter import Network, validation_masks
        from training.plots import draw_training

        draw_training(run, make_schedule(session.settings, session.stages, []))
        evaluate(validation_masks(Network(run, "none"), session.data), session.data, run.figures)
    best = max(rows, key=lambda row: row["val_accuracy"])
    print(f"{run.path} {how}.")
    print(
        f"Best validation accuracy without void {best['val_accuracy']:.4f}, mean IoU {best['val_mean_iou']:.4f}, "
        f"in epoch {int(best['epoch'])} of {len(rows)}"
    )
    print(f"Figures are in {run.figures}. Next: python -m predictor --run {run.path} --test-images FOLDER")
    update_report(run)
