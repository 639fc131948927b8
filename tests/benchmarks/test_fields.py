"""Every setting of `python -m benchmarks` has an effect, or is refused."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from benchmarks import __main__ as command
from benchmarks import datatransformer, training
from benchmarks._measure import Comparison, Result
from config import BenchmarksConfig
from setting_flags import flag
from settings import SettingError, Settings
from tests.conftest import settings_of


@pytest.fixture
def measured(tmp_path, monkeypatch) -> Callable[..., dict]:
    """Runs the first comparison of a benchmark, but measures nothing. Returns what `--json` prints."""

    def measure(comparison: Comparison, rounds: int) -> list[Result]:
        raw = comparison.variants[0].arguments[0]
        photograph = int(cv2.imread(str(raw / "class00" / "000000.jpg")).mean())
        return [Result(variant.name, comparison.amount, [1.0] * rounds, photograph) for variant in comparison.variants]

    def first(settings: BenchmarksConfig):
        comparisons = datatransformer.comparisons(settings)
        yield next(comparisons)

    monkeypatch.setattr(command, "measure", measure)
    monkeypatch.setattr(
        command, "all_benchmarks", lambda: {"datatransformer": type("Fake", (), {"comparisons": first})}
    )
    return lambda *argv: command.main(
        settings_of(BenchmarksConfig, "datatransformer", "--output", tmp_path / "results", "--amount", 40, *argv)
    )


def first_variant(result: dict) -> dict:
    return result["comparisons"][0]["ways"][0]


EFFECTS: dict[str, Callable[[dict], object]] = {
    "pictures": lambda result: first_variant(result)["peak_bytes"],
    "amount": lambda result: first_variant(result)["amount"],
    "rounds": lambda result: first_variant(result)["seconds"],
    "output": lambda result: result["output"],
}
"""For each field a result that changes with it."""


@pytest.fixture
def values(tmp_path) -> dict[str, object]:
    folder = tmp_path / "photographs"
    folder.mkdir()
    cv2.imwrite(str(folder / "white.png"), np.full((50, 50, 3), 255, np.uint8))
    return {"pictures": folder, "amount": 60, "rounds": 5, "output": tmp_path / "elsewhere"}


@pytest.mark.parametrize(
    "field", sorted(BenchmarksConfig.model_fields.keys() - Settings.model_fields.keys() - {"benchmark"})
)
def test_every_setting_has_an_effect(field, values, measured):
    assert EFFECTS[field](measured(flag(field), values[field])) != EFFECTS[field](measured())


@pytest.mark.parametrize("field", sorted(BenchmarksConfig.model_fields.keys() - set(command.USED_BY_LIST)))
def test_list_refuses_all_other_settings(field, values):
    with pytest.raises(SettingError, match=f"{field} = .*has no effect with LIST"):
        command.main(settings_of(BenchmarksConfig, "LIST", flag(field), values[field]))


def test_benchmark_must_be_in_the_list():
    listed = command.main(settings_of(BenchmarksConfig))["benchmarks"]
    assert set(listed) == {"datatransformer", "input", "listing", "prediction", "training"}
    with pytest.raises(SettingError, match="benchmark = 'inptu'"):
        command.main(settings_of(BenchmarksConfig, "inptu"))


def test_the_benchmark_of_training_needs_a_data_folder(tmp_path: Path):
    with pytest.raises(SettingError, match=r"^pictures = "):
        next(training.comparisons(settings_of(BenchmarksConfig, "training", "--pictures", tmp_path)))
