"""The data folder -> what a model is trained on, at the size and batch size of each stage."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import tensorflow as tf

from distributed.data_service import Service
from pipeline.batches import Change, Draw, Load, training_batches, validation_batches
from training.session import Session
from training.stages import Stage


@dataclass(frozen=True)
class Batches:
    """What a model is trained on.

    `training` takes the stage and how many epochs are done, and gives an endless stream of images, targets and, if
    classes have weights, what each target counts; of images alone for a model that learns nothing else. `validation`
    takes the stage and the number of devices that share each batch; `pictures` gives the training images once, as they
    are.
    """

    training: Callable[[Stage, int], tf.data.Dataset]
    validation: Callable[[Stage, int], tf.data.Dataset]
    pictures: Callable[[Stage], tf.data.Dataset]


def batches_of(
    session: Session,
    loader: Callable[[str, tuple[int, int]], Load],
    change: Change | None = None,
    draw: Draw | None = None,
) -> Batches:
    """Those of the session's data folder.

    `loader` takes a split and the height and width in pixels that its pictures are brought to; `change` is done to each
    training batch, `draw` gives what each training image is loaded with.
    """
    service = session.settings.data_service and Service(
        session.settings.data_service, session.identity, is_shared=session.cluster.count > 1
    )
    counts = {split: len(session.data.images(split)) for split in ("train", "val")}
    load = lru_cache(maxsize=2)(loader)  # both splits of a stage

    def training(stage: Stage, epochs_done: int) -> tf.data.Dataset:
        of_split, first_step = load("train", stage.size), epochs_done * stage.steps
        return training_batches(
            of_split, counts["train"], stage.batch_size, session.settings.seed, first_step, change, service, draw
        )

    def validation(stage: Stage, devices: int) -> tf.data.Dataset:
        return validation_batches(load("val", stage.size), counts["val"], stage.batch_size, devices)

    def pictures(stage: Stage) -> tf.data.Dataset:
        of_split = load("train", stage.size)
        return validation_batches(lambda index: of_split(index)[0], counts["train"], stage.batch_size)

    return Batches(training, validation, pictures)
