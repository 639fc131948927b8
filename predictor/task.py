"""What a kind of run implements in order to predict, and the settings that each kind uses."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Protocol

from datatransformer.layout import DataFolder
from predictor.images import ImageFile
from predictor.output import Output
from settings import errors_if_given
from training.kinds import KINDS, Kind

if TYPE_CHECKING:
    from config import PredictorConfig
    from predictor.reading import ProgressBar

Reject = Callable[[str, str], None]
"""Takes the name of an unreadable image and the reason."""

PredictedRows = Iterator[tuple[list[str], Iterable[Sequence[object]]]]
"""Yields the names of a few images and the cells of each: the columns of the CSV, then those of the evaluation."""

Scores = dict[str, float]
"""Scores by name, as `--json` prints them."""


class PredictionTask(Protocol):
    """Predicts images by one or several runs of a kind.

    Attributes:
        columns: the columns of the CSV after the name of the image.
        evaluation_columns: columns that only the evaluation needs.
        depends_on: everything that the rows depend on besides the images, as JSON values. Rows that depend on
            something else are not mixed with them.
        classes: the names of the classes.
        takes_new_images: whether the images that already have rows may be told by their names, in any order.
    """

    columns: Sequence[str]
    evaluation_columns: Sequence[str]
    depends_on: dict[str, object]
    classes: Sequence[str]
    takes_new_images: bool = True

    def rows(self, images: Iterable[ImageFile], reject: Reject, progress: "ProgressBar") -> PredictedRows:
        """Predicts the images in order. Unreadable ones are passed to `reject`."""

    def finish(self) -> None:
        """Writes what needs all rows. It is called whenever the output is complete, also if it was before."""

    def evaluate(self, output: Output, data: DataFolder) -> Scores:
        """Writes tables and figures about the complete output, and returns the scores."""


class SamplingTask(PredictionTask, Protocol):
    """A task that can also generate new images."""

    def generate(self, note: dict[str, object]) -> dict[str, object]:
        """Writes new images instead of predictions. Returns what `--json` prints.

        `note` identifies the checkpoint.
        """


def errors_of_other_kinds(settings: "PredictorConfig", kind: Kind) -> list[str]:
    """An error for each given field that only other kinds of run use."""
    errors: list[str] = []
    for field in type(settings).model_fields:
        users = [other for other in KINDS.values() if field in other.predictor_settings]
        if users and kind not in users:
            names = " or ".join(other.name for other in users)
            reason = f"is for runs of kind {names}; this run is of kind {kind.name}"
            errors += errors_if_given(settings, [field], reason)
    return errors
