"""Classification by one run or several: writes the most probable classes of each image."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from datatransformer.layout import DataFolder
from predictor.images import ImageFile
from predictor.labels.ensemble import find_members, predictions
from predictor.labels.top_k import COLUMNS, REPORTED_TOP_K, TopK
from predictor.model import common_pixel_range
from predictor.output import Output
from predictor.reading import ImageReader, ProgressBar
from predictor.task import PredictedRows, PredictionTask, Reject, Scores
from settings import SettingError, bad_setting, errors_if_given
from storage.tables import read_json
from training.run_folder import RunFolder

if TYPE_CHECKING:
    from config import PredictorConfig


class ClassificationTask(PredictionTask):
    """Implements `PredictionTask` for classifiers. Raises SettingError for settings that do not fit the runs."""

    def __init__(self, settings: "PredictorConfig", runs: list[RunFolder]):
        if len(runs) < 2 and (
            unused := errors_if_given(settings, ["policy"], "combines runs; name several: --run A,B")
        ):
            raise SettingError(*unused)
        self.settings = settings
        self.members = find_members(runs, settings.tta, settings.engine, settings.precision, settings.batch_size)
        self.classes = self.members[0].classes
        self.pixel_range = common_pixel_range(runs)
        if settings.top_k > len(self.classes):
            problem = f"the run has {len(self.classes)} classes; give at most this number"
            raise SettingError(bad_setting("top_k", settings.top_k, problem))
        self.top_k = TopK(self.classes, settings.top_k)
        self.columns = self.top_k.columns
        needed = min(max(REPORTED_TOP_K), len(self.classes)) if settings.evaluate else 0
        self.ranking = TopK(self.classes, needed if needed > settings.top_k else 0)
        self.evaluation_columns = self.ranking.label_columns
        if not settings.overwrite:
            _check_earlier_top_k(Output(settings.output, self.columns))
        self.depends_on = {"tta": settings.tta, "policy": settings.policy, "precision": settings.precision}

    def rows(self, images: Iterable[ImageFile], reject: Reject, progress: ProgressBar) -> PredictedRows:
        from predictor.labels.policies import WEIGHTED_POLICIES, combine, policy_weights
        from predictor.labels.validation import validate

        settings, policy = self.settings, self.settings.policy
        validations = [validate(member, settings.tta) for member in self.members if policy in WEIGHTED_POLICIES]
        weights = policy_weights(policy, validations)
        reader = ImageReader(images, reject, settings.workers, progress, self.pixel_range)
        for names, probabilities in predictions(self.members, reader, settings.tta):
            combined = combine(policy, probabilities, weights)
            cells = zip(self.top_k.rows(combined), self.ranking.labels(combined).tolist(), strict=True)
            yield names, [[*row, *labels] for row, labels in cells]

    def evaluate(self, output: Output, data: DataFolder) -> Scores:
        from predictor.labels.evaluation import evaluate_labels

        return evaluate_labels(output, self.top_k, self.ranking, data)


def _check_earlier_top_k(output: Output) -> None:
    """Raises SettingError if the output exists with another number of classes for each image.

    Earlier versions wrote five with --evaluate, whatever --top-k was.
    """
    columns = tuple((read_json(output.note) or {}).get("columns", ()))
    top_k = len(columns) // len(COLUMNS)
    if output.path.exists() and columns not in ((), output.columns) and columns == tuple(TopK((), top_k).columns):
        advice = f"give --top-k {top_k} to use it, name another file, or use --overwrite"
        problem = f"exists with the {top_k} most probable classes of each image; {advice}"
        raise SettingError(bad_setting("output", output.path, problem))
