"""`python -m predictor.select` ranks combinations of runs."""

import shutil

import pytest

from config import SelectConfig
from predictor.labels.ensemble import find_members
from predictor.select import select
from settings import SettingError, Settings
from tests.conftest import table


def test_every_combination_is_scored(two_runs, tmp_path, caplog):
    caplog.set_level("INFO", "scenelab")
    (runs := tmp_path / "my runs").symlink_to(two_runs)
    result = select(SelectConfig(runs=runs, run=("small", "wide"), output=tmp_path / "s.csv"))
    rows = table(tmp_path / "s.csv")
    assert len(rows) == 2 + 7 and {row["runs"] for row in rows} == {"small", "wide", "small+wide"}
    accuracies = [float(row["accuracy"]) for row in rows]
    assert accuracies == sorted(accuracies, reverse=True)
    best = max(float(row["val_accuracy"]) for row in table(two_runs / "small" / "history.csv"))
    alone = next(row for row in rows if row["runs"] == "small")
    assert float(alone["accuracy"]) == pytest.approx(best, abs=1e-5), "as in the training"
    assert f"Next: python -m predictor --run '{runs}/" in caplog.text
    assert result["combinations"] == 9 and result["output"] == tmp_path / "s.csv"
    assert result["best"]["scores"]["accuracy"] == pytest.approx(accuracies[0], abs=1e-6)
    assert "+".join(path.name for path in result["best"]["runs"]) == rows[0]["runs"]


def test_wrong_runs_and_outputs(two_runs, tmp_path):
    with pytest.raises(SettingError, match="two to 12 runs"):
        select(SelectConfig(runs=two_runs, run=("small",), output=tmp_path / "s.csv"))
    (tmp_path / "other.csv").write_text("name,age\n")
    with pytest.raises(SettingError, match="is not a ranking"):
        select(SelectConfig(runs=two_runs, run=("small", "wide"), output=tmp_path / "other.csv"))
    with pytest.raises(SettingError, match="is named twice"):
        select(SelectConfig(runs=two_runs, run=("small", str(two_runs / "small")), output=tmp_path / "s.csv"))


def test_each_setting_has_an_effect(two_runs, tmp_path, monkeypatch):
    """Its fields are listed here so that a new one needs a case."""
    used: list[tuple[str, str, str, str]] = []

    def record(runs, tta, engine, precision):
        used.append((runs[0].path.name, tta, engine, precision))
        return find_members(runs, tta)

    monkeypatch.setattr("predictor.select.find_members", record)
    plain = {"runs": two_runs, "run": ("small", "wide"), "output": tmp_path / "plain.csv"}
    other_runs = shutil.copytree(two_runs, tmp_path / "runs")
    (other_runs / "small").rename(other_runs / "third")
    cases = {
        "runs": {"runs": other_runs, "run": ("third", "wide")}, "run": {"run": ("wide", "small")},
        "tta": {"tta": "flip"}, "engine": {"engine": "tensorflow"}, "precision": {"precision": "bf16"},
        "output": {"output": tmp_path / "other.csv"},
    }  # fmt: skip
    assert cases.keys() == SelectConfig.model_fields.keys() - Settings.model_fields.keys()
    select(SelectConfig(**plain))
    for given in cases.values():
        select(SelectConfig(**plain | given))
    assert used == [
        ("small", "none", "auto", "f32"), ("third", "none", "auto", "f32"), ("wide", "none", "auto", "f32"),
        ("small", "flip", "auto", "f32"), ("small", "none", "tensorflow", "f32"), ("small", "none", "auto", "bf16"),
        ("small", "none", "auto", "f32"),
    ]  # fmt: skip
    assert (tmp_path / "other.csv").exists()
