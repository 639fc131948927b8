"""What a run says about an image, as objects."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


@dataclass(frozen=True)
class LabelPrediction:
    """The class of an image.

    Attributes:
        name: the file, or `image 1` for the first array.
        label: the most probable class.
        probabilities: of all classes, float32 (classes,), in the order of `classes`.
    """

    name: str
    label: str
    probability: float
    classes: tuple[str, ...]
    probabilities: "np.ndarray"

    @property
    def index(self) -> int:
        """The number of the class."""
        return self.classes.index(self.label)

    def cells(self) -> dict[str, object]:
        """A row of `table`."""
        return {"image": self.name, "class_index": self.index, "class": self.label, "probability": self.probability}


@dataclass(frozen=True)
class LabelsPrediction:
    """The labels of an image that may have several.

    Attributes:
        labels: those whose probability reaches their threshold.
        probabilities: of all classes, float32 (classes,), in the order of `classes`.
    """

    name: str
    labels: tuple[str, ...]
    classes: tuple[str, ...]
    probabilities: "np.ndarray"

    def cells(self) -> dict[str, object]:
        """A row of `table`."""
        columns = (f"probability_{one}" for one in self.classes)
        return {"image": self.name, "labels": "|".join(self.labels)} | dict(
            zip(columns, self.probabilities.tolist(), strict=True)
        )


@dataclass(frozen=True)
class MaskPrediction:
    """The class of each pixel.

    Attributes:
        mask: class indices, uint8 (height, width), at the image's own size.
    """

    name: str
    mask: "np.ndarray"
    classes: tuple[str, ...]

    @property
    def shares(self) -> "np.ndarray":
        """The share of the pixels that each class has, (classes,)."""
        import numpy as np

        return np.bincount(self.mask.ravel(), minlength=len(self.classes)) / self.mask.size

    def cells(self) -> dict[str, object]:
        """A row of `table`."""
        shares = zip(self.classes, self.shares.tolist(), strict=True)
        return {"image": self.name} | {f"share_{one}": share for one, share in shares}


@dataclass(frozen=True)
class CodePrediction:
    """What an auto-encoder makes of an image.

    Attributes:
        code: its numbers, float32 (latent,).
        reconstruction: the image from its code, RGB uint8 (height, width, 3), at the size of the model.
        anomaly: the loss in nats; high for images unlike those of the training.
    """

    name: str
    code: "np.ndarray"
    reconstruction: "np.ndarray"
    anomaly: float

    def cells(self) -> dict[str, object]:
        """A row of `table`."""
        return {"image": self.name, "anomaly": self.anomaly}


Prediction = LabelPrediction | LabelsPrediction | MaskPrediction | CodePrediction


def table(predictions: Sequence[Prediction]) -> "pd.DataFrame":
    """The predictions as a table, a row per image. Needs pandas."""
    import pandas as pd

    return pd.DataFrame([one.cells() for one in predictions])
