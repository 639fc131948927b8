"""What every segmentation network does: check the settings, build the network, train it, draw how it went."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pkgutil import resolve_name

import numpy as np

from backbones import backbone
from command import import_tensorflow, run
from datatransformer.layout import DataFolder
from datatransformer.lock import only_here
from pipeline.pixels import COUNTED, PixelCounts, count_pixels, pixel_weights
from settings import SettingError, fault
from training.loss_names import parse_loss
from training.session import Session, open_session

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
    row = backbone(recipe.backbone if isinstance(recipe.backbone, str) else recipe.backbone(settings))
    with only_here(settings.runs / (settings.name or recipe.name)):
        session = open_session(KIND, KIND, recipe.name, row, settings, partial(check_weights, settings.class_weights))
        data, size = session.data, session.size
        if session.is_finished:
            report(session, f"was finished before: {session.why_finished}")
            return
        weights = class_weights(session)
        print(
            f"{data.path}: {len(data.images('train'))} training and {len(data.images('val'))} validation images "
            f"of {len(data.classes)} classes, at {size[0]}x{size[1]} pixels"
        )
        fit_segmenter(recipe, session, weights)
        report(session, "is finished")


def check_weights(name: str, data: DataFolder) -> None:
    """Raises SettingError at once; the pixels are counted later."""
    nothing = PixelCounts(np.zeros(len(data.classes), np.int64), np.zeros(len(data.classes), np.int64))
    if name not in COUNTED:
        pixel_weights(name, nothing, data.classes)


def class_weights(session: Session):
    """What the pixels of each class count, or None. Masks are counted only where that is needed."""
    name, data = session.settings.class_weights, session.data
    counted = data.masks("train") if name in COUNTED else []
    return pixel_weights(name, count_pixels(counted, len(data.classes)), data.classes)


def fit_segmenter(recipe: Recipe, session: Session, weights) -> None:
    """Accuracy without void decides what is best."""
    import_tensorflow()
    from layers.losses import SegmentationLoss
    from layers.metrics import MeanIoU, PixelAccuracy, PixelAccuracyWithVoid
    from pipeline.statistics import chosen_normalisation
    from predictor.mask_sheet import draw_batch
    from segmentation.batches import make_batches, make_loaders
    from segmentation.network import build_segmenter
    from training.fit import Objective, fit

    settings, data = session.settings, session.data
    classes = len(data.classes)
    train_pairs, val_pairs = make_loaders(session)
    batches = make_batches(session, train_pairs, val_pairs)
    if not session.progress.rows:
        draw_batch(batches.training(0), data, session.run.figures / "augmentation.png")

    def build():
        count = len(data.images("train"))
        normalisation = chosen_normalisation(settings.normalise, session.row, train_pairs[0], count)
        decoder = recipe.decoder and partial(resolve_name(recipe.decoder), settings=settings)
        return build_segmenter(
            session.row,
            classes,
            session.weights,
            session.frozen(0),
            normalisation,
            decoder,
            resolve_name(recipe.head),
        )

    objective = Objective(
        partial(SegmentationLoss, parse_loss(settings.loss), None if weights is None else weights.tolist()),
        lambda: [
            PixelAccuracy(name="accuracy"),
            PixelAccuracyWithVoid(name="accuracy_with_void"),
            MeanIoU(classes, name="mean_iou"),
        ],
    )
    fit(session, build, objective, batches)


def report(session: Session, how: str) -> None:
    """Figures, unless they are there already, and where everything is."""
    run, rows = session.run, session.run.history()
    curve = run.figures / "learning_curve.png"
    if not (curve.exists() and curve.stat().st_mtime >= run.history_file.stat().st_mtime):
        import_tensorflow()
        from analysis.figures import draw_learning_curve
        from predictor.mask_evaluation import evaluate, validation_masks
        from predictor.segment import Network

        draw_learning_curve(rows, curve)
        evaluate(validation_masks(Network(run, "none"), session.data), session.data, run.figures)
    best = max(rows, key=lambda row: row["val_accuracy"])
    print(f"{run.path} {how}.")
    print(
        f"Best validation accuracy without void {best['val_accuracy']:.4f}, mean IoU {best['val_mean_iou']:.4f}, "
        f"in epoch {int(best['epoch'])} of {len(rows)}"
    )
    print(f"Figures are in {run.figures}. Next: python -m predictor --run {run.path} --test-images FOLDER")
