"""Prediction of several labels per image, by one run or several: the labels above their thresholds."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from datatransformer.layout import DataFolder
from datatransformer.manifest import LABEL_SEPARATOR
from log import logger
from predictor.images import ImageFile
from predictor.labels.ensemble import find_members, predictions
from predictor.labels.label_policies import check_policy, combine_labels, label_weights
from predictor.labels.label_scores import best_thresholds
from predictor.labels.thresholds import filled, read_thresholds
from predictor.model import common_pixel_range
from predictor.output import Output
from predictor.reading import ImageReader, ProgressBar
from predictor.task import PredictedRows, PredictionTask, Reject, Scores
from settings import SettingError, bad_setting, errors_if_given
from storage.tables import printable
from training.run_folder import RunFolder

if TYPE_CHECKING:
    from config import PredictorConfig
    from predictor.labels.validation import Validation

COLUMN = "probability_{}"
"""The column of a class. Its name alone could be that of another column."""


class TaggingTask(PredictionTask):
    """Implements `PredictionTask` for classifiers whose images may have several labels.

    Raises SettingError for settings that do not fit the runs.
    """

    def __init__(self, settings: "PredictorConfig", runs: list[RunFolder]):
        if len(runs) < 2 and (
            unused := errors_if_given(settings, ["policy"], "combines runs; name several: --run A,B")
        ):
            raise SettingError(*unused)
        check_policy(settings.policy)
        self.settings = settings
        self.members = find_members(runs, settings.tta, settings.engine, settings.precision, settings.batch_size)
        self.classes = self.members[0].classes
        self.pixel_range = common_pixel_range(runs)
        self.columns = ["labels", *(COLUMN.format(name) for name in self.classes)]
        self.evaluation_columns: list[str] = []
        given = settings.threshold
        if given is not None:
            self.thresholds: np.ndarray | None = np.full(len(self.classes), given)
        else:
            self.thresholds = read_thresholds(runs[0]) if len(runs) == 1 else None  # chosen when the runs are loaded
        if self._needs_validations():
            from predictor.labels.validation import validation_digest

            if len({validation_digest(run) for run in runs} - {None}) > 1:
                raise self._different_images()
        self.depends_on = {
            "tta": settings.tta,
            "policy": settings.policy,
            "precision": settings.precision,
            "thresholds": "of the runs together" if self.thresholds is None else self.thresholds.tolist(),
        }

    def rows(self, images: Iterable[ImageFile], reject: Reject, progress: ProgressBar) -> PredictedRows:
        settings = self.settings
        thresholds, weights = self._thresholds_and_weights()
        reader = ImageReader(images, reject, settings.workers, progress, self.pixel_range)
        for names, probabilities in predictions(self.members, reader, settings.tta):
            combined = combine_labels(settings.policy, probabilities, weights)
            yield names, [self._cells(values, thresholds) for values in combined]

    def _cells(self, probabilities: np.ndarray, thresholds: np.ndarray) -> list[object]:
        written = [f"{value:.6g}" for value in probabilities]
        labels = [
            name for name, value, least in zip(self.classes, written, thresholds, strict=True) if float(value) >= least
        ]
        return [printable(LABEL_SEPARATOR.join(labels)), *written]

    def _thresholds_and_weights(self) -> tuple[np.ndarray, np.ndarray | None]:
        """The thresholds (classes,), and the weights of the policy. For several runs both follow from their validation
        images."""
        policy = self.settings.policy
        if not self._needs_validations():
            assert self.thresholds is not None, "a single run has thresholds"
            return self.thresholds, None
        validations = self._validations()
        weights = label_weights(policy, validations)
        if self.thresholds is None:
            combined = combine_labels(policy, np.stack([one.probabilities for one in validations]), weights)
            self.thresholds = filled(best_thresholds(validations[0].labels, combined))
            logger.info(f"The thresholds are those of the {len(validations)} runs together on their validation images")
        return self.thresholds, weights

    def _needs_validations(self) -> bool:
        """Whether thresholds or weights of several runs follow from their validation images."""
        is_weighted = self.settings.policy in ("weighted", "class-weighted")
        return len(self.members) > 1 and (is_weighted or self.thresholds is None)

    def _validations(self) -> "list[Validation]":
        """The predictions of each run for the same validation images. Raises SettingError if these differ."""
        from predictor.labels.validation import validate

        validations = [validate(member, self.settings.tta) for member in self.members]
        if any(not validation.same_images(validations[0]) for validation in validations):
            raise self._different_images()
        return validations

    def _different_images(self) -> SettingError:
        problem = (
            "have different validation images, so thresholds and weights cannot be chosen for them together; "
            "give --threshold 0.5 and --policy mean, max or geometric"
        )
        return SettingError(bad_setting("run", ",".join(str(member.run.path) for member in self.members), problem))

    def evaluate(self, output: Output, data: DataFolder) -> Scores:
        from predictor.labels.label_evaluation import evaluate_output

        thresholds, _ = self._thresholds_and_weights()
        return evaluate_output(output, self.columns[1:], thresholds, data)
