"""How much each class counts in the loss."""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from datatransformer.tables import read_table
from settings import SettingError, WorkError, fault


def class_weights(name: str, labels: Sequence[int], classes: Sequence[str]) -> np.ndarray | None:
    """(classes,) float32; None for `none`.

    `balanced`: images / (classes * images of the class), so that each class counts the same. Anything else is a CSV
    file of `name,weight`. Raises SettingError if that does not give each class a weight.
    """
    if name == "none":
        return None
    if name != "balanced":
        return _from_file(Path(name).expanduser(), classes)
    from sklearn.utils.class_weight import compute_class_weight

    present = np.unique(labels)
    weights = np.ones(len(classes), np.float32)
    weights[present] = compute_class_weight(name, classes=present, y=np.asarray(labels))
    return weights


def _from_file(path: Path, classes: Sequence[str]) -> np.ndarray:
    if not path.is_file():
        raise SettingError(fault("class_weights", path, "should be none, balanced, or a CSV file of name,weight"))
    try:
        weights = {row["name"]: float(row["weight"]) for row in read_table(path, ("name", "weight"))}
    except (WorkError, TypeError, ValueError) as error:
        raise SettingError(fault("class_weights", path, f"should be a CSV file of name,weight: {error}")) from error
    faults = [f"no weight for {name}" for name in classes if name not in weights]
    faults += [f"no class is called {name}" for name in weights if name not in classes]
    faults += [f"{name} weighs {weight}" for name, weight in weights.items() if not 0 <= weight < math.inf]
    if faults:
        raise SettingError(fault("class_weights", path, "; ".join(faults[:5])))
    return np.array([weights[name] for name in classes], np.float32)
