"""Class weights where an image may have several labels."""

import numpy as np
import pytest

from pipeline.positive_weights import LARGEST_WEIGHT, positive_weights
from settings import SettingError


def test_balanced_weighs_both_sides_of_a_label_equally():
    label_sets = [[0, 1], [1], [1], [1, 2]] + [[1]] * 96
    weights = positive_weights("balanced", label_sets, ["a", "b", "c"])
    np.testing.assert_allclose(weights, [LARGEST_WEIGHT, 1 / LARGEST_WEIGHT, LARGEST_WEIGHT])
    np.testing.assert_allclose(positive_weights("balanced", [[0], [], [1], [0, 1]], ["a", "b"]), [1, 1])
    np.testing.assert_allclose(positive_weights("balanced", [[0], [], [], []], ["a"]), [3])
    assert positive_weights("none", label_sets, ["a", "b", "c"]) is None


def test_weights_of_a_file(tmp_path):
    file = tmp_path / "weights.csv"
    file.write_text("name,weight\nb,2\na,0.5\n")
    np.testing.assert_allclose(positive_weights(str(file), [], ["a", "b"]), [0.5, 2])
    with pytest.raises(SettingError, match="no weight for c"):
        positive_weights(str(file), [], ["a", "b", "c"])
