"""Prediction by one classifier or several: the most probable classes of each picture."""

from collections.abc import Callable, Iterable, Iterator

from datatransformer.layout import DataFolder
from predictor.labels.ensemble import find_members, predictions
from predictor.labels.top_k import TOP, TopK
from predictor.output import Output
from predictor.pictures import ImageFile
from predictor.reading import ImageReader
from settings import SettingError, bad_setting, errors_if_given
from training.run_folder import RunFolder

Rows = Iterator[tuple[list[str], Iterable[list[object]]]]


class Classification:
    """What `predict` needs to know of it. Raises SettingError if the runs cannot predict so."""

    task = "classification"

    def __init__(self, settings, runs: list[RunFolder]):
        if settings.policy != "mean" and len(runs) < 2:
            raise SettingError(bad_setting("policy", settings.policy, "combines several runs; name them as --run A,B"))
        if unused := errors_if_given(settings, ("mask_files", "tile", "overlap"), "is for runs of segmentation"):
            raise SettingError(*unused)
        self.settings, self.runs = settings, runs
        self.members = find_members(runs, settings.tta, settings.engine, settings.precision)
        self.classes = self.members[0].classes
        if settings.top_k > len(self.classes):
            raise SettingError(bad_setting("top_k", settings.top_k, f"the run knows {len(self.classes)} classes"))
        least = min(max(TOP), len(self.classes)) if settings.evaluate else 1  # an evaluation needs more than is asked
        self.ranks = TopK(self.classes, max(settings.top_k, least))
        self.columns = self.ranks.columns
        self.depends_on = {"tta": settings.tta, "policy": settings.policy, "precision": settings.precision}

    def rows(self, rest: Iterable[ImageFile], output: Output, bar: Callable[[Iterable], Iterable]) -> Rows:
        from predictor.labels.policies import FROM_VALIDATION, combine, policy_weights
        from predictor.labels.validation import validate

        settings, policy = self.settings, self.settings.policy
        asked = self.members if policy in FROM_VALIDATION else []
        weights = policy_weights(policy, [validate(member, settings.tta) for member in asked])
        reading = ImageReader(rest, output.reject, settings.workers, bar)
        for names, of_members in predictions(self.members, reading, settings.tta, settings.batch_size):
            yield names, self.ranks.rows(combine(policy, of_members, weights))

    def evaluate(self, output: Output, data: DataFolder) -> None:
        from predictor.labels.evaluation import evaluate

        evaluate(output, self.ranks, data)
