"""What all segmentation networks share: they check the settings, build the network, train it and draw its results."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pkgutil import resolve_name
from typing import TYPE_CHECKING, cast

from backbones import Backbone, chosen_backbone
from command import run
from datatransformer.layout import DataFolder
from log import logger
from pipeline.pixel_weights import NEEDS_PIXEL_COUNTS, PixelCounts, load_or_count_pixels, pixel_weights
from segmentation.loss_names import parse_loss, takes_class_weights
from segmentation.recipe_values import recipes
from setting_types import Size
from settings import SettingError, bad_setting, errors_if_given
from training.command import train as train_model
from training.command import with_next_step
from training.kinds import SEGMENTATION
from training.recipe_values import apply_recipe
from training.session import Session

if TYPE_CHECKING:
    import keras

    from config import SegmentationConfig
    from segmentation.network import Decoder, Head
    from training.job import TrainingJob


@dataclass(frozen=True)
class Recipe:
    """What is specific to one segmentation network.

    Attributes:
        name: of the module, and of the run unless `--name` is given.
        backbone: the name of a spec in `backbones`, or a function from the settings to that name.
        decoder: `module:function` as `segmentation.decoders` describes it. None if the backbone has its own decoder.
        decoder_settings: settings that the decoder takes as arguments.
        config: the class of its settings in `config.py`.
        head: `module:function` from features and the number of classes to logits.
    """

    name: str
    backbone: str | Callable[..., str]
    decoder: str | None
    decoder_settings: tuple[str, ...] = ()
    config: str = "SegmentationConfig"
    head: str = "segmentation.decoders:convolution"

    def resolve_decoder(self, settings: "SegmentationConfig") -> "Decoder | None":
        """The decoder's function with its settings filled in. Imports TensorFlow."""
        values = {name: getattr(settings, name) for name in self.decoder_settings}
        return partial(resolve_name(self.decoder), **values) if self.decoder else None

    def resolve_head(self) -> "Head":
        """The head's function. Imports TensorFlow."""
        return resolve_name(self.head)


def main(recipe: Recipe) -> None:
    """Runs the command of a segmentation module."""
    run(f"python -m segmentation.{recipe.name}", recipe.config, with_next_step(partial(train, recipe)))


def train(recipe: Recipe, settings: "SegmentationConfig") -> Mapping[str, object]:
    """Trains, or resumes training. Checks all settings before TensorFlow is imported."""
    spec = chosen_backbone(recipe.backbone, settings)
    settings = apply_recipe(settings, spec, recipes)
    check_loss(settings)
    check_crop(settings, spec)
    check = partial(check_class_weights, settings.class_weights)
    kind = SEGMENTATION.by_score(settings.score)
    return train_model(kind, recipe.name, spec, settings, partial(prepare, recipe), check)


def check_loss(settings: "SegmentationConfig") -> None:
    """Raises SettingError for an unknown loss, and for given class weights that the loss does not take."""
    try:
        takes_weights = takes_class_weights(settings.loss)
    except ValueError as error:
        raise SettingError(bad_setting("loss", settings.loss, str(error))) from error
    weights = settings.class_weights
    why = (
        "has no effect, because dice and jaccard weight each class equally; "
        f"leave it out, or add ce or focal to the loss: --loss ce+{settings.loss}"
    )
    unused = ["class_weights"] if weights != "none" and not takes_weights else []
    if errors := errors_if_given(settings, unused, why):
        raise SettingError(*errors)


def check_crop(settings: "SegmentationConfig", spec: Backbone) -> None:
    """Raises SettingError if the crop is larger than the images of a stage."""
    if not settings.crop:
        return
    for size in settings.image_size or [Size(spec.image_size, spec.image_size)]:
        if settings.crop.height > size.height or settings.crop.width > size.width:
            raise SettingError(bad_setting("crop", settings.crop, f"is larger than the images at --image-size {size}"))


def check_class_weights(name: str, data: DataFolder) -> None:
    """Raises SettingError if class weights do not suit the classes of the data folder. Does not count pixels yet."""
    if name not in NEEDS_PIXEL_COUNTS:
        class_weights(name, data)


def class_weights(name: str, data: DataFolder) -> list[float] | None:
    """The weight of each class in the loss, or None. Counts the pixels of the training masks only if it needs to."""
    import numpy as np

    no_counts = PixelCounts(*np.zeros((2, len(data.classes)), np.int64))
    counts = load_or_count_pixels(data) if name in NEEDS_PIXEL_COUNTS else no_counts
    weights = pixel_weights(name, counts, data.classes)
    return None if weights is None else weights.tolist()


def prepare(recipe: Recipe, session: Session) -> "TrainingJob":
    """The network, its loss and metrics, and its datasets."""
    from layers.losses import SegmentationLoss
    from layers.metrics import MeanIoU, PixelAccuracy, PixelAccuracyWithVoid
    from pipeline.normalisation import chosen_normalisation
    from segmentation.batches import make_image_datasets
    from segmentation.mask_strip import MaskStrip
    from segmentation.network import build_segmenter
    from training.callbacks import AfterFirstBatch
    from training.job import Objective, TrainingJob

    settings = cast("SegmentationConfig", session.settings)  # checked by `train`
    data, spec, first = session.data, cast(Backbone, session.spec), session.stages[0]
    classes = len(data.classes)
    datasets = make_image_datasets(session, settings)

    def draw() -> None:
        from plots.mask_grid import draw_training_masks

        draw_training_masks(datasets.training(first, 0), data, session.run.figures / "augmentation.png")

    def build() -> "keras.Model":
        normalisation = chosen_normalisation(settings.normalise, spec, lambda: datasets.training_images(first))
        decoder, head = recipe.resolve_decoder(settings), recipe.resolve_head()
        return build_segmenter(
            spec, classes, session.weights, first.frozen, normalisation, decoder, head, settings.norm_statistics
        )

    weights = None
    if takes_class_weights(settings.loss):
        weights = class_weights(settings.class_weights, data)
    elif settings.class_weights != "none":
        logger.info(f"Class weights {settings.class_weights} do not apply to --loss {settings.loss}")
    is_new = not session.progress.rows
    return TrainingJob(
        build,
        Objective(
            partial(SegmentationLoss, parse_loss(settings.loss), weights),
            lambda: [
                PixelAccuracy(name="accuracy"),
                PixelAccuracyWithVoid(name="accuracy_with_void"),
                MeanIoU(classes, name="mean_iou"),
            ],
        ),
        datasets,
        [MaskStrip(session), *([AfterFirstBatch(draw)] if is_new else [])],
    )


def draw_results(session: Session) -> None:
    """Writes the scores and masks of the validation images, at their own sizes."""
    from predictor.masks.evaluation import evaluate_masks
    from predictor.masks.segmenter import Network, validation_masks

    network = Network(session.run, "none", batch_size=session.best_stage.batch_size)
    evaluate_masks(validation_masks(network, session.data), session.data, session.run.figures)
