"""Class weights of the loss, for classifiers and segmentation."""

import math
from collections import Counter
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from log import logger
from settings import SettingError, WorkError, bad_setting
from storage.column_names import CLASS_NAME, INDEX, WEIGHT, normal_name
from storage.user_tables import open_user_table

if TYPE_CHECKING:
    import numpy as np

SHOWN = 12
"""Weights that a message shows."""


def class_weights(name: str, labels: Sequence[int], classes: Sequence[str]) -> "np.ndarray | None":
    """The weight of each class, (classes,) float32; None for `none`.

    `balanced`: images / (classes * images of the class), so that all classes have the same total weight. Any other name
    is a CSV file of `name,weight` or `index,weight`. Raises SettingError if the file does not have a weight for each
    class.
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
    """The weights in a file; `allowed` names all possible values of the setting, for the error message."""
    import numpy as np

    if not path.is_file():
        raise SettingError(bad_setting("class_weights", path, f"should be {allowed}"))
    try:
        rows = _rows(path, classes)
    except (WorkError, TypeError, ValueError) as error:
        raise SettingError(
            bad_setting("class_weights", path, f"should be a CSV file of name,weight: {error}")
        ) from error
    weights = dict(rows)
    names = Counter(name for name, _ in rows)
    errors = [f"{name} occurs twice" for name, count in names.items() if count > 1]
    errors += ["all weights are 0"] if not any(weights.values()) else []
    errors += [f"no weight for {name}" for name in classes if name not in weights]
    errors += [f"no class has the name {name}" for name in weights if name not in classes]
    errors += [f"the weight of {name} is {weight}" for name, weight in weights.items() if not 0 <= weight < math.inf]
    if errors:
        raise SettingError(bad_setting("class_weights", path, "; ".join(errors[:5])))
    listed = ", ".join(f"{name} {weights[name]:g}" for name in classes[:SHOWN])
    _say(f"Class weights from {path}, {open_user_table(path).kind}: {listed}{', ...' if len(classes) > SHOWN else ''}")
    return np.array([weights[name] for name in classes], np.float32)


@cache
def _say(text: str) -> None:
    """Logs a message once, though the weights are read when settings are checked and when they are used."""
    logger.info(text)


def _rows(path: Path, classes: Sequence[str]) -> list[tuple[str, float]]:
    """The name of a class and a weight for each row. Classes may be given by their index too."""
    table = open_user_table(path)
    names = [normal_name(name) for name in table.header or ()]
    weight = next((names.index(name) for name in WEIGHT if name in names), None)
    key = next((names.index(name) for name in (*CLASS_NAME, *INDEX) if name in names and name not in WEIGHT), None)
    if table.header is None and table.width == 2:
        key, weight = 0, 1
    if weight is None or key is None:
        found = f"its columns are {', '.join(table.header)}" if table.header else f"it is {table.description}"
        raise WorkError(f"there is no column of names and one of weights; {found}")
    cells = [(row[key], row[weight]) if len(row) == table.width else ("", "") for _, row in table.rows()]
    if short := next((number for number, row in table.rows() if len(row) != table.width), None):
        raise WorkError(f"line {short} has not {table.width} cells")
    if not table.header and not all(_is_number(value) for _, value in cells):
        cells = [(value, name) for name, value in cells]
    if all(name.isdecimal() and int(name) < len(classes) for name, _ in cells) and not {*classes} & {
        n for n, _ in cells
    }:
        cells = [(classes[int(name)], value) for name, value in cells]
    return [(name, _number(value)) for name, value in cells]


def _number(text: str) -> float:
    """A number, also with a decimal comma. Raises ValueError for other texts."""
    return float(text.replace(",", ".") if text.count(",") == 1 else text)


def _is_number(text: str) -> bool:
    try:
        _number(text)
    except ValueError:
        return False
    return True
