"""Every setting of `python -m experiments` has an effect, or is refused."""

from collections.abc import Callable
from typing import NamedTuple

import pytest

from config import ExperimentsConfig
from experiments import __main__ as command
from experiments.plan import PlannedRun
from experiments.results import ExperimentFolder
from setting_flags import flag
from settings import SettingError, Settings
from tests.conftest import settings_of

GRID = ("--module", "classifiers.small", "--vary", "optimizer=sgd,adam")


class Planned(NamedTuple):
    """The arguments of `run_experiment`."""

    runs: list[PlannedRun]
    folder: ExperimentFolder
    conditions: str


@pytest.fixture
def planned(scenes, tmp_path, monkeypatch) -> Callable[..., Planned]:
    """Runs the command up to its first training."""
    monkeypatch.setattr(command, "run_experiment", lambda experiment, *planned: Planned(*planned))
    (tmp_path / "linked").symlink_to(scenes)
    monkeypatch.chdir(tmp_path)

    def run(*flags: str) -> Planned:
        settings = settings_of(ExperimentsConfig, "--data", scenes, "--output", tmp_path / "output", *flags)
        return command.main(settings)

    return run


EFFECTS: dict[str, tuple[list[str], Callable[[Planned], object]]] = {
    "data": ([*GRID, "--data", "linked"], lambda planned: planned.conditions),
    "limit": ([*GRID, "--limit", "10"], lambda planned: planned.runs[0].settings["data"]),
    "experiment": (["learning_rate_stages"], lambda planned: planned.folder.path.name),
    "module": (["--module", "classifiers.resnet50", *GRID[2:]], lambda planned: planned.runs[0].module),
    "vary": ([*GRID[:2], "--vary", "dropout=0.1,0.2"], lambda planned: [run.variant for run in planned.runs]),
    "set": ([*GRID, "--set", "batch-size=4"], lambda planned: planned.runs[0].settings["batch_size"]),
    "only": ([*GRID, "--only", "optimizer=adam"], lambda planned: [run.variant for run in planned.runs]),
    "epochs": ([*GRID, "--epochs", "3"], lambda planned: planned.runs[0].settings["epochs"]),
    "repeat": ([*GRID, "--repeat", "2"], lambda planned: [run.seed for run in planned.runs]),
    "output": ([*GRID, "--output", "elsewhere"], lambda planned: planned.folder.path),
    "name": ([*GRID, "--name", "mine"], lambda planned: planned.folder.path.name),
    "seed": ([*GRID, "--seed", "7"], lambda planned: [run.settings["seed"] for run in planned.runs]),
}
"""For each field: flags, and a result that differs from that of GRID alone."""

OTHER_TESTS = {*Settings.model_fields, "overwrite"}


@pytest.mark.parametrize("field", ExperimentsConfig.model_fields)
def test_every_setting_has_an_effect(field, planned):
    if field not in OTHER_TESTS:
        flags, result = EFFECTS[field]
        assert result(planned(*flags)) != result(planned(*GRID))


def test_overwrite_removes_the_earlier_experiment(planned):
    folder = planned(*GRID).folder
    folder.record("optimizer=sgd-0", "classifiers.small", {"epochs": 999})
    with pytest.raises(SettingError, match="use --overwrite"):
        planned(*GRID)
    assert not planned(*GRID, "--overwrite").folder.state()


VALUES = {"vary": "a=1", "set": "a=1", "only": "a", "name": "a", "module": "classifiers.small", "overwrite": None}


@pytest.mark.parametrize("field", sorted(ExperimentsConfig.model_fields.keys() - set(command.USED_BY_LIST)))
def test_list_refuses_all_other_settings(field):
    value = VALUES.get(field, "3")
    settings = settings_of(ExperimentsConfig, "LIST", flag(field), *([value] if value else []))
    with pytest.raises(SettingError, match=f"{field} = .*has no effect with LIST"):
        command.main(settings)


def test_a_listed_comparison_refuses_vary_and_a_grid_needs_a_module(planned):
    for flags in (["vae_loss", "--vary", "epochs=1,2"], ["--vary", "epochs=1,2"], ["--module", "classifiers.small"]):
        with pytest.raises(SettingError, match="--module and --vary"):
            planned(*flags)


def test_the_effects_are_those_of_existing_fields():
    assert EFFECTS.keys() | OTHER_TESTS == set(ExperimentsConfig.model_fields)
