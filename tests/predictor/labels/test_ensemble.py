"""Several runs that predict together: what each says is combined, and which of them go together best is found."""

import csv
import shutil

import numpy as np
import pytest

from classifiers import recipe
from classifiers.small import RECIPE
from config import ClassifierConfig, PredictorConfig, SelectConfig
from predictor.predict import predict
from predictor.select import select
from settings import SettingError


@pytest.fixture(scope="module")
def runs(small_run, scenes, tmp_path_factory):
    """`small`, and `wide`, which takes pictures of another size and proportion."""
    folder = tmp_path_factory.mktemp("ensemble")
    shutil.copytree(small_run, folder / "small")
    flags = ["--data", scenes, "--runs", folder, "--name", "wide", "--image-size", "32x48", "--batch-size", 8,
             "--epochs", 2, "--verbose", "none"]  # fmt: skip
    recipe.train(RECIPE, ClassifierConfig(_cli_parse_args=[str(flag) for flag in flags]))
    return folder


def probabilities(runs, scenes, output, *names, **more) -> np.ndarray:
    """(pictures, classes) as the CSV of a prediction has them."""
    predict(PredictorConfig(runs=runs, run=names, test_images=str(scenes / "val"), output=output, top_k=5, **more))
    with output.open(newline="") as file:
        rows = list(csv.DictReader(file))
    table = np.zeros((len(rows), 5))
    for number, row in enumerate(rows):
        for rank in ("", "_2", "_3", "_4", "_5"):
            table[number, int(row[f"label{rank}"])] = float(row[f"probability{rank}"])
    return table


def test_members_of_other_sizes_are_asked_together(runs, scenes, tmp_path):
    small, wide, both = (
        probabilities(runs, scenes, tmp_path / f"{len(names)}{names[0]}.csv", *names)
        for names in (("small",), ("wide",), ("small", "wide"))
    )
    np.testing.assert_allclose(both, (small + wide) / 2, atol=2e-6)
    assert np.abs(small - wide).max() > 0.01
    geometric = probabilities(runs, scenes, tmp_path / "g.csv", "small", "wide", policy="geometric")
    expected = np.sqrt(small * wide)
    np.testing.assert_allclose(geometric, expected / expected.sum(axis=1, keepdims=True), atol=2e-3)


def test_views_are_averaged(runs, scenes, tmp_path):
    once = probabilities(runs, scenes, tmp_path / "n.csv", "wide")
    flipped = probabilities(runs, scenes, tmp_path / "f.csv", "wide", tta="flip")
    assert np.abs(once - flipped).max() > 1e-4
    np.testing.assert_allclose(flipped.sum(axis=1), 1, atol=1e-5)


def test_every_combination_is_scored(runs, tmp_path, capsys):
    select(SelectConfig(runs=runs, run=("small", "wide"), output=tmp_path / "s.csv"))
    with (tmp_path / "s.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 2 + 7 and {row["runs"] for row in rows} == {"small", "wide", "small+wide"}
    accuracies = [float(row["accuracy"]) for row in rows]
    assert accuracies == sorted(accuracies, reverse=True)
    with (runs / "small" / "history.csv").open(newline="") as file:
        best = max(float(row["val_accuracy"]) for row in csv.DictReader(file))
    alone = next(row for row in rows if row["runs"] == "small")
    assert float(alone["accuracy"]) == pytest.approx(best, abs=1e-5), "what training said of it"
    assert "Next: python -m predictor --run" in capsys.readouterr().out


def test_what_cannot_go_together(runs, tmp_path):
    other = tmp_path / "other"
    shutil.copytree(runs / "small", other)
    (other / "classes.csv").write_text("index,name\n0,a\n1,b\n2,c\n3,d\n4,e\n")
    for given, words in (
        ({"run": ("small", str(other))}, "other classes"),
        ({"run": ("small", "small")}, "named twice"),
        ({"run": ("small",), "policy": "vote"}, "combines several runs"),
        ({"run": ("small",), "tta": "ten-crop"}, "use flip"),
    ):
        with pytest.raises(SettingError, match=words):
            predict(PredictorConfig(runs=runs, output=tmp_path / "p.csv", **given))
    with pytest.raises(SettingError, match="two to 12 runs"):
        select(SelectConfig(runs=runs, run=("small",), output=tmp_path / "s.csv"))
