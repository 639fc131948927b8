"""What all classifiers share: they check the settings, build the network, train it and draw its results."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, cast

from backbones import Backbone, chosen_backbone
from classifiers.recipe_values import recipes
from command import run
from datatransformer.layout import DataFolder, is_data_folder
from datatransformer.manifest import task_of
from log import logger
from pipeline.class_weights import class_weights
from pipeline.positive_weights import positive_weights
from setting_flags import flag
from settings import SettingError, bad_setting, errors_if_given
from training.command import train as train_model
from training.command import with_next_step
from training.kinds import CLASSIFIER, MULTILABEL, Kind
from training.recipe_values import apply_recipe
from training.session import Session
from training.stages import frozen_layers

if TYPE_CHECKING:
    import keras

    from config import ClassifierConfig
    from training.job import TrainingJob


@dataclass(frozen=True)
class Recipe:
    """What is specific to one classifier.

    Attributes:
        name: of the module, and of the run unless `--name` is given.
        backbone: the name of a spec in `backbones`, or a function from the settings to that name.
        config: the class of its settings in `config.py`.
    """

    name: str
    backbone: str | Callable[..., str]
    config: str = "ClassifierConfig"


def main(recipe: Recipe) -> None:
    """Runs the command of a classifier's module."""
    run(f"python -m classifiers.{recipe.name}", recipe.config, with_next_step(partial(train, recipe)))


def train(recipe: Recipe, settings: "ClassifierConfig") -> Mapping[str, object]:
    """Trains, or resumes training. Checks all settings before TensorFlow is imported."""
    kind = kind_of_data(settings.data)
    if kind == MULTILABEL:
        check_multilabel(settings)
    spec = chosen_backbone(recipe.backbone, settings)
    settings = apply_recipe(settings, spec, recipes)
    check_soft_labels(settings, kind)
    check_feature_cache(settings, spec)
    check = partial(check_class_weights, settings.class_weights)
    return train_model(kind, recipe.name, spec, settings, prepare, check)


def kind_of_data(data: Path) -> Kind:
    """Classifiers of one class, or of several labels per image. A folder that is no data folder is refused later."""
    return MULTILABEL if is_data_folder(data) and task_of(data) == MULTILABEL.task else CLASSIFIER


def check_multilabel(settings: "ClassifierConfig") -> None:
    """Raises SettingError for settings that do not work if images may have several labels."""
    if settings.strategy == "multi-worker":
        problem = "does not work if images may have several labels: mAP needs the predictions of all workers; use auto"
        raise SettingError(bad_setting("strategy", settings.strategy, problem))


def check_soft_labels(settings: "ClassifierConfig", kind: Kind) -> None:
    """Raises SettingError if batches are too small to mix images, or if focal loss would get soft labels."""
    mixing = [flag(name) for name in ("mixup", "cutmix") if getattr(settings, name)]
    if mixing and min(settings.batch_size) < 2:
        allowed = f"{' and '.join(mixing)} mixes the images of a batch; use 2 or more"
        raise SettingError(bad_setting("batch_size", min(settings.batch_size), allowed))
    softening = [flag(name) for name in ("label_smoothing", "mixup", "cutmix") if getattr(settings, name)]
    if settings.loss == "focal" and softening and kind == CLASSIFIER:
        allowed = f"needs one class per image, but {' and '.join(softening)} spreads labels over classes; use --loss ce"
        raise SettingError(bad_setting("loss", settings.loss, f"{allowed}, or leave {' and '.join(softening)} out"))


def check_feature_cache(settings: "ClassifierConfig", spec: Backbone) -> None:
    """Raises SettingError for settings that cached features do not allow, or that are of no use without them."""
    if settings.cache == "features":
        errors = _feature_cache_errors(settings, spec, frozen_layers(spec, settings))
    else:
        errors = errors_if_given(settings, ["feature_views"], "is for --cache features; leave it out")
    if errors:
        raise SettingError(*errors)


def _feature_cache_errors(settings: "ClassifierConfig", spec: Backbone, frozen: Sequence[int]) -> list[str]:
    """`frozen` is the number of frozen layers of the backbone in each stage."""
    versions, errors = settings.feature_views, {}
    if spec.layers not in frozen:
        errors["cache"] = (
            f"needs a completely frozen backbone, by --freeze {spec.layers} (all of its layers) or a stage head in "
            "--unfreeze-schedule; otherwise use memory or disk"
        )
    if settings.strategy == "multi-worker":
        errors["strategy"] = "--cache features is for one machine: the layers that remain take seconds to train"
    if settings.norm_statistics == "keras2":
        errors["norm_statistics"] = "has no effect on features, which are computed as in validation; use keep"
    for name in ("mixup", "cutmix"):
        if getattr(settings, name):
            errors[name] = "mixes images again in each batch, which is impossible with --cache features; leave it out"
    for name, off in (("augment", "none"), ("random_erasing", 0)):
        source = settings.source_of(name)
        is_given = source is not None and not source.is_shared and getattr(settings, name) != off
        if is_given and versions == 1 and set(frozen) == {spec.layers}:
            errors[name] = "has no effect with --cache features unless --feature-views keeps several versions"
    if versions > 1 and settings.augment == "none" and not settings.random_erasing:
        errors["feature_views"] = "with --augment none all versions are the same; use 1"
    return [bad_setting(name, getattr(settings, name), allowed) for name, allowed in errors.items()]


def check_class_weights(name: str, data: DataFolder) -> None:
    """Raises SettingError if a file of class weights does not suit the classes of the data folder."""
    if data.task == MULTILABEL.task:
        positive_weights(name, data.label_sets("train"), data.classes)
    else:
        class_weights(name, data.labels("train"), data.classes)


def prepare(session: Session) -> "TrainingJob":
    """The network, its loss and metrics, and its datasets."""
    from classifiers.batches import make_feature_datasets, make_image_datasets
    from classifiers.multilabel import epoch_scores, make_label_objective
    from classifiers.network import build_classifier
    from classifiers.objective import make_objective
    from pipeline.normalisation import chosen_normalisation
    from training.callbacks import AfterFirstBatch
    from training.job import TrainingJob

    settings = cast("ClassifierConfig", session.settings)  # checked by `train`
    data, spec, first = session.data, cast(Backbone, session.spec), session.stages[0]
    classes = len(data.classes)
    uses_features = settings.cache == "features"
    datasets = make_image_datasets(session, settings, "memory" if uses_features else settings.cache)

    def draw() -> None:
        from plots.image_grid import draw_training_images

        shown = make_image_datasets(session, settings, "none") if uses_features else datasets
        draw_training_images(shown.training(first, 0), data.classes, session.run.figures / "augmentation.png")

    def build() -> "keras.Model":
        normalisation = chosen_normalisation(settings.normalise, spec, lambda: datasets.training_images(first))
        return build_classifier(
            spec,
            session.input_shape,
            classes,
            session.weights,
            first.frozen,
            settings.dropout,
            normalisation,
            settings.norm_statistics,
        )

    if has_several_labels := session.kind == MULTILABEL:
        objective = make_label_objective(settings, data)
    else:
        objective = make_objective(settings.loss, settings.label_smoothing, classes)
    is_augmented = not uses_features or settings.feature_views > 1
    if not is_augmented:
        logger.info("Features are extracted without augmentation; --feature-views 8 keeps 8 augmented versions")
    is_new = not session.progress.rows
    return TrainingJob(
        build,
        objective,
        datasets,
        [AfterFirstBatch(draw)] if is_augmented and is_new else [],
        partial(make_feature_datasets, session, settings, datasets) if uses_features else None,
        epoch_scores(data) if has_several_labels else None,
    )


def draw_results(session: Session) -> None:
    """Draws the confusion matrix of the validation images."""
    from plots.scores import draw_confusion_matrix
    from predictor.labels.ensemble import find_members
    from predictor.labels.validation import validate

    run = session.run
    validation = validate(find_members([run], "none", batch_size=session.best_stage.batch_size)[0])
    predicted = validation.probabilities.argmax(axis=1)
    draw_confusion_matrix(validation.labels, predicted, session.data.classes, run.figures / "confusion_matrix.png")
