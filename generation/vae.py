"""The variational auto-encoder (Kingma & Welling 2013, https://arxiv.org/abs/1312.6114): images to codes and back."""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple, cast

from command import run
from log import logger
from settings import SettingError, bad_setting
from training.command import train as train_model
from training.command import with_next_step
from training.kinds import AUTOENCODER
from training.session import Session

if TYPE_CHECKING:
    import keras

    from config import VaeConfig
    from training.job import TrainingJob


class Recipe(NamedTuple):
    """The entry of a training command: its name, its class in `config.py`, and no backbone."""

    name: str
    config: str
    backbone: None = None


RECIPE = Recipe("vae", "VaeConfig")


def main() -> None:
    """Runs the command."""
    run(f"python -m generation.{RECIPE.name}", RECIPE.config, with_next_step(train))


def train(settings: "VaeConfig") -> Mapping[str, object]:
    """Trains, or resumes training. Checks all settings before TensorFlow is imported."""
    check_filters(settings)
    return train_model(AUTOENCODER, RECIPE.name, None, settings, prepare)


def check_filters(settings: "VaeConfig") -> None:
    """Raises SettingError if the images are too small for the number of halvings."""
    (size,), count = settings.image_size, len(settings.filters)
    maximum = math.ceil(math.log2(min(size)))
    if count > maximum:
        allowed = (
            f"{count} filters halve the image {count} times, but {size} pixels can be halved {maximum} times; "
            f"give at most {maximum} filters, or an --image-size of {2 ** (count - 1) + 1} or more"
        )
        raise SettingError(bad_setting("filters", settings.filters, allowed))


def prepare(session: Session) -> "TrainingJob":
    """The network and its datasets. The loss and the metrics are part of the network."""
    from generation.batches import is_grayscale, make_image_datasets
    from generation.network import build_vae
    from training.job import Objective, TrainingJob

    settings, first = cast("VaeConfig", session.settings), session.stages[0]  # checked by `train`
    datasets = make_image_datasets(session)

    def build() -> "keras.Model":
        is_gray = settings.colours == "gray"
        if settings.colours == "auto":
            is_gray = is_grayscale(datasets.training_images(first))
        logger.info(f"Generated images are {'gray' if is_gray else 'in colour'}")
        return build_vae(
            first.size,
            1 if is_gray else 3,
            settings.latent_size,
            settings.filters,
            settings.loss.split("+"),
            settings.beta,
            settings.seed,
        )

    return TrainingJob(build, Objective(lambda: None, list), datasets)


if __name__ == "__main__":
    main()
