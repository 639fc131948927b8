"""Class weights of the loss, for classifiers and segmentation."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from settings import SettingError, WorkError, bad_setting
from storage.tables import read_table

if TYPE_CHECKING:
    import numpy as np


def class_weights(name: str, labels: Sequence[int], classes: Sequence[str]) -> "np.ndarray | None":
    """The weight of each class, (classes,) float32; None for `none`.

    `balanced`: images / (classes * images of the class), so that all classes have the same total weight. Any other name
    is a CSV file of `name,weight`. Raises SettingError if the file does not have a weight for each class.
    """
    if name == "none":
        return None
    if name != "balanced":
        return weights_from_file(Path(name).expanduser(), classes, "none, balanced, or a CSV file of name,weight")
    import numpy as np
    from sklearn.utils.class_weight import compute_class_weight

    present = np.unique(labels)
    weights = np.ones(len(classes), np.float32)
    weights[present] = compute_class_weight(name, classes=present, y=np.asarray(labels))
    return weights


def weights_from_file(path: Path, classes: Sequence[str], allowed: str) -> "np.ndarray":
    """The weights in a CSV file; `allowed` names all possible values of the setting, for the error message."""
    import numpy as np

    if not path.is_file():
        raise SettingError(bad_setting("class_weights", path, f"should be {allowed}"))
    try:
        rows = [(row["name"], float(row["weight"] or "")) for row in read_table(path, ("name", "weight"))]
    except (WorkError, TypeError, ValueError) as error:
        raise SettingError(
            bad_setting("class_weights", path, f"should be a CSV file of name,weight: {error}")
        ) from error
    weights = dict(rows)
    errors = [f"{name} occurs twice" for name in weights if sum(name == other for other, _ in rows) > 1]
    errors += ["all weights are 0"] if not any(weights.values()) else []
    errors += [f"no weight for {name}" for name in classes if name not in weights]
    errors += [f"no class has the name {name}" for name in weights if name not in classes]
    errors += [f"the weight of {name} is {weight}" for name, weight in weights.items() if not 0 <= weight < math.inf]
    if errors:
        raise SettingError(bad_setting("class_weights", path, "; ".join(errors[:5])))
    return np.array([weights[name] for name in classes], np.float32)
