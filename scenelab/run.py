"""A trained run as a Python object: its scores, and predictions of files and arrays."""

import tempfile
from collections.abc import Mapping, Sequence
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, cast, overload

from command import class_in_config, import_tensorflow
from predictor.model import check_trained
from scenelab.predictions import Prediction
from settings import read_settings, with_values
from training.run_folder import RunFolder

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from config import PredictorConfig
    from scenelab.prediction import Predictor


class Run:
    """A run. Its model is loaded when it first predicts.

    Attributes:
        folder: the run on disk.
    """

    def __init__(self, folder: RunFolder):
        check_trained(folder)
        self.folder = folder

    def __repr__(self) -> str:
        return f"<Run {self.path}: {self.model}, {len(self.classes)} classes>"

    @property
    def path(self) -> Path:
        """The folder of the run."""
        return self.folder.path

    @property
    def kind(self) -> str:
        """`classifier`, `multilabel`, `segmentation` or `autoencoder`."""
        return self.folder.kind.name

    @property
    def model(self) -> str:
        """The name of the network."""
        return str(self.folder.config()["model"])

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes in their order."""
        return self.folder.classes()

    @property
    def settings(self) -> Mapping[str, object]:
        """The settings that the run was trained with."""
        return self.folder.config()["settings"]

    @property
    def scores(self) -> Mapping[str, float]:
        """The row of the best epoch: scores on the training images, and, with the prefix `val_`, on those for
        validation."""
        return self.folder.best_scores()

    @property
    def history(self) -> "pd.DataFrame":
        """A row per epoch. Needs pandas."""
        import pandas as pd

        return pd.DataFrame(self.folder.history())

    @overload
    def predict(  # type: ignore[overload-overlap]
        self, images: "str | PathLike[str] | np.ndarray", max_pixels: int | None = None
    ) -> Prediction: ...

    @overload
    def predict(
        self, images: "Sequence[str | PathLike[str] | np.ndarray]", max_pixels: int | None = None
    ) -> list[Prediction]: ...

    def predict(
        self,
        images: "str | PathLike[str] | np.ndarray | Sequence[str | PathLike[str] | np.ndarray]",
        max_pixels: int | None = None,
    ) -> Prediction | list[Prediction]:
        """Predicts an image, or a list of images.

        Arguments:
            images: files of any kind that the commands read, or arrays RGB uint8 (height, width, 3), or gray
                (height, width).
            max_pixels: most pixels of an image, as in `PredictorConfig`. None: 178 million.

        Raises UnreadableImage, a ValueError with the name of the file and the reason.
        """
        if isinstance(images, Sequence) and not isinstance(images, str):
            return self._predictor.predict(images, max_pixels)
        return self._predictor.predict([images], max_pixels)[0]

    def evaluate(self, data: str | PathLike[str], output: str | PathLike[str] | None = None) -> dict[str, float]:
        """The scores on the validation images of a data folder, as `python -m predictor --evaluate` measures them.

        `output`: the CSV for the predictions, beside which tables and figures are written; None: nothing is kept.
        """
        from predictor.predict import predict

        config = cast("type[PredictorConfig]", class_in_config("PredictorConfig"))
        with tempfile.TemporaryDirectory() as scratch:
            file = Path(output) if output is not None else Path(scratch) / "evaluation.csv"
            words = ["--evaluate", str(data), "--output", str(file), "--overwrite"]
            settings = read_settings(config, words, "python -m predictor")
            result = predict(with_values(settings, {"run": (str(self.path),)}))  # a path may have a comma
        return dict(result["scores"])  # type: ignore[call-overload]

    @cached_property
    def _predictor(self) -> "Predictor":
        import_tensorflow()
        from scenelab.prediction import make_predictor

        return make_predictor(self.folder)
