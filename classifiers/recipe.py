"""What every classifier does: check the settings, build the network, train it, draw how it went."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from backbones import backbone
from command import import_tensorflow, run
from datatransformer.lock import only_here
from training.session import Session, open_session

KIND = "classifier"


@dataclass(frozen=True)
class Recipe:
    """What is particular to a classifier.

    Attributes:
        name: of the module; also of the run unless `--name` is given.
        backbone: the name of its row in `backbones`, or what chooses it by the settings.
        config: its class in `config.py`.
    """

    name: str
    backbone: str | Callable[..., str]
    config: str = "ClassifierConfig"


def main(recipe: Recipe) -> None:
    """The command of a classifier's module."""
    run(f"python -m classifiers.{recipe.name}", recipe.config, partial(train, recipe))


def train(recipe: Recipe, settings) -> None:
    """Trains, or goes on training. All settings are checked before TensorFlow is imported."""
    row = backbone(recipe.backbone if isinstance(recipe.backbone, str) else recipe.backbone(settings))
    with only_here(settings.runs / (settings.name or recipe.name)):
        session = open_session(KIND, "classification", recipe.name, row, settings)
        data, size = session.data, session.size
        if session.is_finished:
            report(session, f"was finished before: {session.why_finished}")
            return
        print(
            f"{data.path}: {len(data.images('train'))} training and {len(data.images('val'))} validation images "
            f"of {len(data.classes)} classes, at {size[0]}x{size[1]} pixels"
        )
        fit_classifier(session)
        report(session, "is finished")


def fit_classifier(session: Session) -> None:
    """Cross-entropy on logits; accuracy decides what is best."""
    import_tensorflow()
    import keras

    from classifiers.network import build_classifier
    from pipeline.augment import augmentation
    from pipeline.batches import training_batches, validation_batches
    from pipeline.cache import make_loader
    from pipeline.weights import class_weights
    from training.fit import Batches, Objective, fit

    settings, data, size = session.settings, session.data, session.size
    labels = data.labels("train")
    load, load_val = (
        make_loader(data.images(split), size, settings.cache, session.run.cache) for split in ("train", "val")
    )
    augment = augmentation(settings.augment)
    batches = Batches(
        lambda first_step: training_batches(load, labels, session.batch_size, settings.seed, first_step, augment),
        lambda devices: validation_batches(load_val, data.labels("val"), session.batch_size, devices),
        class_weights(settings.class_weights, labels),
    )
    objective = Objective(
        lambda: keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        lambda: [keras.metrics.SparseCategoricalAccuracy("accuracy")],
    )
    build = partial(
        build_classifier, session.row, size, len(data.classes), session.weights, settings.freeze, settings.dropout
    )
    fit(session, build, objective, batches)


def report(session: Session, how: str) -> None:
    """Figures, unless they are there already, and where everything is."""
    from analysis.figures import draw_confusion_matrix, draw_learning_curve
    from analysis.validation import validation_predictions

    run, data, rows = session.run, session.data, session.run.history()
    curve, confusion = run.figures / "learning_curve.png", run.figures / "confusion_matrix.png"
    newest = run.history_file.stat().st_mtime
    if not all(figure.exists() and figure.stat().st_mtime >= newest for figure in (curve, confusion)):
        draw_learning_curve(rows, curve)
        predictions = validation_predictions(run.best, data, session.size)
        draw_confusion_matrix(data.labels("val"), predictions, data.classes, confusion)
    best = max(rows, key=lambda row: row["val_accuracy"])
    print(f"{run.path} {how}.")
    print(f"Best validation accuracy {best['val_accuracy']:.4f} in epoch {int(best['epoch'])} of {len(rows)}")
    print(f"Figures are in {run.figures}. Next: python -m predictor --run {run.path} --test-images FOLDER")
