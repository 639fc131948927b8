"""Tables against numbers by hand."""

import pytest

from experiments.experiment import Experiment, Variant, display_name
from experiments.plan import PlannedRun
from experiments.results import ExperimentFolder
from experiments.table import best_variants, markdown, outcome, results_of, write_results
from settings import SettingError, WorkError
from storage.tables import read_table

EXPERIMENT = Experiment(
    "Rates",
    "classifiers.small",
    {"low": Variant({}, {"val_accuracy": 0.5}), "high": Variant({}), "never": Variant({}, {"val_accuracy": 0.25})},
    ("val_accuracy", "val_loss"),
    source="S9, Table 1",
    published_on="pictures",
    finding="High is better.",
)


@pytest.fixture
def done(tmp_path):
    """Two runs of `low`, one of `high`, none of `never`."""
    folder = ExperimentFolder(tmp_path / "rates")
    runs = [
        PlannedRun(f"{variant}-{seed}", variant, seed, "classifiers.small", (), {"epochs": 3})
        for seed in (0, 1)
        for variant in EXPERIMENT.variants
    ]
    measured = {
        "low-0": {"val_accuracy": 0.5, "val_loss": 12.0, "epochs": 3, "seconds": 10.0},
        "low-1": {"val_accuracy": 0.7, "val_loss": 16.0, "epochs": 3, "seconds": 14.0},
        "high-0": {"val_accuracy": 0.61, "val_loss": 1.5, "epochs": 3, "seconds": 9.6},
    }
    for run in runs:
        folder.note(run.name, run.module, run.settings, measured.get(run.name))
    return runs, folder


def test_mean_and_spread(done):
    results = results_of(*done)
    low = outcome(results, "low", "val_accuracy")
    assert (low.mean, low.runs) == (pytest.approx(0.6), 2)
    assert low.spread == pytest.approx(0.02**0.5), "the deviations are 0.1 and 0.1, over n - 1"
    assert outcome(results, "high", "val_accuracy").spread is None
    assert outcome(results, "never", "val_accuracy") is None


def test_the_best_is_the_greatest_accuracy_and_the_least_loss(done):
    results = results_of(*done)
    assert best_variants(EXPERIMENT, results) == ["high"]
    by_loss = Experiment("", "", EXPERIMENT.variants, ("val_loss",))
    assert best_variants(by_loss, results) == ["high"]
    assert best_variants(by_loss, {"low": []}) == []
    alike = {"low": [{"val_loss": 2.0}], "high": [{"val_loss": 2.0}], "never": [{"val_loss": 3.0}]}
    assert best_variants(by_loss, alike) == ["low", "high"]


def test_markdown_has_ours_beside_theirs(done):
    text = markdown(EXPERIMENT, results_of(*done), "three epochs")
    head, _, low, high, never = [line for line in text.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in (head, low, high, never)]
    assert cells[0] == ["variant", "validation accuracy", "S9", "validation loss", "epochs", "seconds", "runs"]
    assert cells[1] == ["low", "0.6000 ± 0.1414", "0.5", "14.00 ± 2.83", "3 ± 0", "12 ± 3", "2"]
    assert cells[2] == ["high", "0.6100", "not given", "1.5000", "3", "10", "1"]
    assert cells[3] == ["never", "not measured", "0.25", "not measured", "not measured", "not measured", "0"]
    for part in (
        "three epochs",
        "Greatest validation accuracy here: high",
        "S9, Table 1, on pictures",
        "High is better.",
    ):
        assert part in text


def test_results_have_a_row_a_run(done):
    runs, folder = done
    write_results(EXPERIMENT, runs, folder)
    rows = read_table(folder.results)
    assert [(row["variant"], row["seed"], row["val_loss"], row["published_val_accuracy"]) for row in rows] == [
        ("low", "0", "12.0", "0.5"),
        ("high", "0", "1.5", ""),
        ("low", "1", "16.0", "0.5"),
    ]


def test_other_settings_are_refused_and_what_was_not_made_here_stays(done, tmp_path):
    _, folder = done
    folder.check_same("low-0", "classifiers.small", {"epochs": 3, "new": 1})
    folder.check_same("unknown", "classifiers.small", {"epochs": 4})
    with pytest.raises(SettingError, match="begun with 3\n--overwrite"):
        folder.check_same("low-0", "classifiers.small", {"epochs": 4})
    with pytest.raises(SettingError, match=r"begun with classifiers\.small"):
        folder.check_same("low-0", "classifiers.vgg16", {"epochs": 3})
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    with pytest.raises(SettingError, match="not made here"):
        ExperimentFolder(tmp_path / "mine").remove()
    folder.state_file.write_text("{")
    with pytest.raises(WorkError, match="damaged"):
        folder.state()


def test_measures_in_words():
    assert display_name("val_mean_iou") == "validation mean IoU"
    assert display_name("accuracy") == "training accuracy"
    assert display_name("full_size_mean_iou") == "mean IoU at the pictures' own size"
    assert display_name("val_kl") == "validation KL"
    assert display_name("val_mse") == "validation squared error"
