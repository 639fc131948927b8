"""What every classifier does: check the settings, build the network, train it, draw how it went."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from backbones import Backbone, chosen_backbone
from command import run
from pipeline.class_weights import class_weights
from settings import SettingError, bad_setting, errors_if_given, flag
from training.command import train as train_model
from training.kinds import CLASSIFIER
from training.session import Session
from training.stages import frozen_layers

if TYPE_CHECKING:
    from config import ClassifierConfig
    from training.job import TrainingJob


@dataclass(frozen=True)
class Recipe:
    """What is particular to a classifier.

    Attributes:
        name: of the module; also of the run unless `--name` is given.
        backbone: the name of its spec in `backbones`, or what chooses it by the settings.
        config: its class in `config.py`.
    """

    name: str
    backbone: str | Callable[..., str]
    config: str = "ClassifierConfig"


def main(recipe: Recipe) -> None:
    """The command of a classifier's module."""
    run(f"python -m classifiers.{recipe.name}", recipe.config, partial(train, recipe))


def train(recipe: Recipe, settings: "ClassifierConfig") -> Mapping[str, object]:
    """Trains, or goes on training. All settings are checked before TensorFlow is imported."""
    check_targets(settings)
    spec = chosen_backbone(recipe.backbone, settings)
    check_features(settings, spec)
    return train_model(
        CLASSIFIER,
        recipe.name,
        spec,
        settings,
        prepare,
        lambda data: class_weights(settings.class_weights, data.labels("train"), data.classes),
    )


def check_targets(settings) -> None:
    """Raises SettingError for what cannot be mixed: one picture; labels for focal loss, which goes by the one class."""
    mixed = [flag(name) for name in ("mixup", "cutmix") if getattr(settings, name)]
    if mixed and min(settings.batch_size) < 2:
        raise SettingError(
            bad_setting("batch_size", min(settings.batch_size), f"{' and '.join(mixed)} needs two pictures or more")
        )
    soft = [flag(name) for name in ("label_smoothing", "mixup", "cutmix") if getattr(settings, name)]
    if settings.loss == "focal" and soft:
        allowed = f"takes whole labels, and {' and '.join(soft)} makes shares of them; use --loss ce, or leave that out"
        raise SettingError(bad_setting("loss", settings.loss, allowed))


def check_features(settings, spec: Backbone) -> None:
    """Raises SettingError for what cannot be done to features that are computed once, and if there are none to keep."""
    if settings.cache != "features":
        errors = errors_if_given(settings, ["feature_views"], "is for --cache features; leave it out")
    else:
        errors = _faults_of_features(settings, spec, frozen_layers(spec, settings))
    if errors:
        raise SettingError(*errors)


def _faults_of_features(settings, spec: Backbone, frozen: Sequence[int]) -> list[str]:
    views, unused = settings.feature_views, {}
    if spec.layers not in frozen:
        unused["cache"] = (
            f"needs a backbone that is wholly frozen, by --freeze {spec.layers} (all of its layers) or a stage head in "
            "--unfreeze-schedule; else use memory or disk"
        )
    if settings.strategy == "multi-worker":
        unused["strategy"] = "--cache features is for one machine: the few layers it leaves to train take seconds there"
    for name in ("mixup", "cutmix"):
        if getattr(settings, name):
            unused[name] = "mixes images in each batch anew, which --cache features cannot; leave it out"
    for name, nothing in (("augment", "none"), ("random_erasing", 0)):
        is_asked_for = name in settings.model_fields_set and getattr(settings, name) != nothing
        if is_asked_for and views == 1 and set(frozen) == {spec.layers}:
            unused[name] = "with --cache features images are as they are, unless --feature-views keeps several versions"
    if views > 1 and settings.augment == "none" and not settings.random_erasing:
        unused["feature_views"] = "with --augment none all versions are the same; use 1"
    return [bad_setting(name, getattr(settings, name), allowed) for name, allowed in unused.items()]


def prepare(session: Session) -> "TrainingJob":
    """The network and what it is trained on. Accuracy decides what is best."""
    from classifiers.batches import make_batches, make_feature_batches
    from classifiers.network import build_classifier
    from classifiers.objective import make_objective
    from pipeline.normalisation import chosen_normalisation
    from training.callbacks import AfterFirstBatch
    from training.job import TrainingJob

    settings, data, spec, first = session.settings, session.data, session.spec, session.stages[0]
    classes = len(data.classes)
    on_features = settings.cache == "features"
    batches = make_batches(session, "memory" if on_features else settings.cache)

    def draw():
        from plots.image_grid import draw_batch

        fed = make_batches(session, "none") if on_features else batches  # features are not kept as pictures
        draw_batch(fed.training(first, 0), data.classes, session.run.figures / "augmentation.png")

    def build():
        normalisation = chosen_normalisation(settings.normalise, spec, lambda: batches.pictures(first))
        return build_classifier(
            spec, session.input_shape, classes, session.weights, first.frozen, settings.dropout, normalisation
        )

    is_changed = not on_features or settings.feature_views > 1
    if not is_changed:
        print("Features are of images as they are; --feature-views 8 keeps those of eight changed versions of each")
    once = [AfterFirstBatch(draw)] if is_changed and not session.progress.rows else []
    return TrainingJob(
        build,
        make_objective(settings, classes),
        batches,
        once,
        partial(make_feature_batches, session, batches) if on_features else None,
    )


def draw_results(session: Session) -> None:
    """The confusion matrix of the validation images."""
    from plots.scores import draw_confusion_matrix
    from predictor.labels.ensemble import find_members
    from predictor.labels.validation import validate

    run = session.run
    validation = validate(find_members([run], "none")[0])
    predicted = validation.probabilities.argmax(axis=1)
    draw_confusion_matrix(validation.labels, predicted, session.data.classes, run.figures / "confusion_matrix.png")
