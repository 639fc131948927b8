"""The variational auto-encoder of S4 III: pictures to codes and back, and new pictures from new codes.

Kingma & Welling 2013, https://arxiv.org/abs/1312.6114; rate, losses and data sets as S4 has them.
"""

import math
from typing import TYPE_CHECKING

from analysis.report import update_report
from command import import_tensorflow, run
from predictor.codes.autoencoder import KIND
from settings import SettingError, fault, height_and_width
from training.command import run_session
from training.run_folder import score
from training.schedules import make_schedule
from training.session import Session
from training.start import held_run, open_session

if TYPE_CHECKING:
    from training.job import Trainee

NAME = "vae"


def main() -> None:
    run(f"python -m generation.{NAME}", "VaeConfig", train)


def train(settings) -> None:
    """Trains, or goes on training. All settings are checked before TensorFlow is imported."""
    check_filters(settings)
    with held_run(settings, NAME):
        session = open_session(KIND, None, NAME, None, settings, lambda data: None)
        run_session(session, prepare, report)


def check_filters(settings) -> None:
    """Raises SettingError if pictures are too small to be halved so often; any other size will do."""
    (size,), count = settings.image_size, len(settings.filters)
    most = math.ceil(math.log2(min(height_and_width(size))))
    if count > most:
        allowed = (
            f"{count} filters halve a picture {count} times, and {size} pixels can be halved {most} times; "
            f"name at most {most} filters, or an --image-size of {2 ** (count - 1) + 1} or more"
        )
        raise SettingError(fault("filters", ",".join(map(str, settings.filters)), allowed))


def prepare(session: Session) -> "Trainee":
    """The network and what it is trained on. Validation loss decides what is best."""
    from generation.batches import are_gray, make_batches
    from generation.network import build_vae
    from training.job import Objective, Trainee

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

    return Trainee(build, Objective(lambda: None, list), batches)


def report(session: Session, how: str) -> None:
    """Figures, unless they are there already, and where everything is."""
    run, rows = session.run, session.run.history()
    curve = run.figures / "learning_curve.png"  # the last to be drawn
    if run.is_newer_than(curve):
        import_tensorflow()
        from generation.figures import draw_figures
        from training.plots import draw_training

        draw_figures(session)
        draw_training(run, make_schedule(session.settings, session.stages, []))
    best = max(rows, key=score)
    print(f"{run.path} {how}.")
    print(
        f"Least validation loss {best['val_loss']:.4f}, reconstruction {best['val_reconstruction']:.4f} and "
        f"KL {best['val_kl']:.4f}, in epoch {int(best['epoch'])} of {len(rows)}"
    )
    print(f"Figures are in {run.figures}")
    print(f"Next: python -m predictor --run {run.path} --test-images FOLDER, or --samples 64 for new pictures")
    update_report(run)


if __name__ == "__main__":
    main()
