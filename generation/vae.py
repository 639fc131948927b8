"""The variational auto-encoder of S4 III: pictures to codes and back, and new pictures from new codes.

Kingma & Welling 2013, https://arxiv.org/abs/1312.6114; rate, losses and data sets as S4 has them.
"""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from command import run
from settings import SettingError, bad_setting
from training.command import train as train_model
from training.kinds import AUTOENCODER
from training.session import Session

if TYPE_CHECKING:
    from config import VaeConfig
    from training.job import TrainingJob

NAME = "vae"


def main() -> None:
    run(f"python -m generation.{NAME}", "VaeConfig", train)


def train(settings: "VaeConfig") -> Mapping[str, object]:
    """Trains, or goes on training. All settings are checked before TensorFlow is imported."""
    check_filters(settings)
    return train_model(AUTOENCODER, NAME, None, settings, prepare)


def check_filters(settings) -> None:
    """Raises SettingError if pictures are too small to be halved so often; any other size will do."""
    (size,), count = settings.image_size, len(settings.filters)
    most = math.ceil(math.log2(min(size)))
    if count > most:
        allowed = (
            f"{count} filters halve a picture {count} times, and {size} pixels can be halved {most} times; "
            f"name at most {most} filters, or an --image-size of {2 ** (count - 1) + 1} or more"
        )
        raise SettingError(bad_setting("filters", ",".join(map(str, settings.filters)), allowed))


def prepare(session: Session) -> "TrainingJob":
    """The network and what it is trained on. Validation loss decides what is best."""
    from generation.batches import are_gray, make_batches
    from generation.network import build_vae
    from training.job import Objective, TrainingJob

    settings, first = session.settings, session.stages[0]
    batches = make_batches(session)

    def build():
        is_gray = are_gray(batches.pictures(first)) if settings.colours == "auto" else settings.colours == "gray"
        print(f"The model draws {'gray pictures' if is_gray else 'in colour'}")
        return build_vae(
            first.size,
            1 if is_gray else 3,
            settings.latent_size,
            settings.filters,
            settings.loss.split("+"),
            settings.beta,
            settings.seed,
        )

    return TrainingJob(build, Objective(lambda: None, list), batches)


if __name__ == "__main__":
    main()
