"""Several runs predict together, and their probabilities are combined."""

import shutil

import numpy as np
import pytest

from config import PredictorConfig
from predictor.predict import predict
from settings import SettingError
from tests.conftest import table


def probabilities(two_runs, scenes, output, *names, **more) -> np.ndarray:
    """The probabilities (images, classes) in the CSV of a prediction."""
    predict(PredictorConfig(runs=two_runs, run=names, test_images=str(scenes / "val"), output=output, top_k=5, **more))
    rows = table(output)
    found = np.zeros((len(rows), 5))
    for number, row in enumerate(rows):
        for rank in ("", "_2", "_3", "_4", "_5"):
            found[number, int(row[f"class_index{rank}"])] = float(row[f"probability{rank}"])
    return found


def test_members_with_different_image_sizes(two_runs, scenes, tmp_path):
    small, wide, both = (
        probabilities(two_runs, scenes, tmp_path / f"{len(names)}{names[0]}.csv", *names)
        for names in (("small",), ("wide",), ("small", "wide"))
    )
    np.testing.assert_allclose(both, (small + wide) / 2, atol=2e-6)
    assert np.abs(small - wide).max() > 0.01
    geometric = probabilities(two_runs, scenes, tmp_path / "g.csv", "small", "wide", policy="geometric")
    expected = np.sqrt(small * wide)
    np.testing.assert_allclose(geometric, expected / expected.sum(axis=1, keepdims=True), atol=2e-3)


def test_views_are_averaged(two_runs, scenes, tmp_path):
    once = probabilities(two_runs, scenes, tmp_path / "n.csv", "wide")
    flipped = probabilities(two_runs, scenes, tmp_path / "f.csv", "wide", tta="flip")
    assert np.abs(once - flipped).max() > 1e-4
    np.testing.assert_allclose(flipped.sum(axis=1), 1, atol=1e-5)


def test_runs_that_cannot_be_combined(two_runs, tmp_path):
    other = tmp_path / "other"
    shutil.copytree(two_runs / "small", other)
    (other / "classes.csv").write_text("index,name\n0,a\n1,b\n2,c\n3,d\n4,e\n")
    for given, words in (
        ({"run": ("small", str(other))}, "other classes"),
        ({"run": ("small", "small")}, "named twice"),
        ({"run": ("small",), "policy": "vote"}, "combines runs; name several"),
        ({"run": ("small",), "tta": "ten-crop"}, "use flip"),
    ):
        with pytest.raises(SettingError, match=words):
            predict(PredictorConfig(runs=two_runs, output=tmp_path / "p.csv", **given))
