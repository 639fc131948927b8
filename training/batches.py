"""The data folder -> the tf.data datasets of each stage, at its image size and batch size."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import tensorflow as tf

from distributed.data_service import Service
from pipeline.batches import ChangeBatch, DrawBoxes, LoadSample, mixed_batches, training_batches, validation_batches
from training.session import Session
from training.stages import Stage


@dataclass(frozen=True)
class Datasets:
    """Functions that make the datasets of a stage.

    Attributes:
        training: takes the stage and the number of epochs done. Returns an endless dataset of images, targets and, if
            classes have weights, the weight of each target; of images alone for a model without targets.
        validation: takes the stage and the number of devices that share each batch.
        training_images: takes the stage. Returns each training image once, without random changes, in an order of the
            seed: the manifest may be sorted by class, and statistics of a batch need one that is mixed.
    """

    training: Callable[[Stage, int], tf.data.Dataset]
    validation: Callable[[Stage, int], tf.data.Dataset]
    training_images: Callable[[Stage], tf.data.Dataset]


def make_datasets(
    session: Session,
    make_load: Callable[[str, tuple[int, int]], LoadSample],
    change: ChangeBatch | None = None,
    draw: DrawBoxes | None = None,
) -> Datasets:
    """The datasets of the session's data folder.

    Arguments:
        make_load: takes a split and the height and width in pixels that its images are resized to.
        change: applied to each training batch.
        draw: draws the crop that each training image is decoded with.
    """
    service = session.settings.data_service and Service(
        session.settings.data_service, session.identity, is_shared=session.cluster.count > 1
    )
    counts = {split: len(session.data.images(split)) for split in ("train", "val")}
    load = lru_cache(maxsize=2)(make_load)  # both splits of a stage

    def training(stage: Stage, epochs_done: int) -> tf.data.Dataset:
        return training_batches(
            load("train", stage.size),
            counts["train"],
            stage.batch_size,
            session.settings.seed,
            first_step=epochs_done * stage.steps,
            change=change,
            service=service or None,
            draw=draw,
        )

    def validation(stage: Stage, devices: int) -> tf.data.Dataset:
        return validation_batches(load("val", stage.size), counts["val"], stage.batch_size, devices)

    def training_images(stage: Stage) -> tf.data.Dataset:
        load_sample = load("train", stage.size)
        seed = session.settings.seed
        return mixed_batches(lambda index: load_sample(index)[0], counts["train"], stage.batch_size, seed)

    return Datasets(training, validation, training_images)
