"""Tables, checked with numbers computed by hand."""

import pytest

from experiments.experiment import Experiment, Variant, display_name
from experiments.plan import PlannedRun
from experiments.results import ExperimentFolder
from experiments.table import best_variants, markdown, results_of, statistics_of, write_results
from settings import SettingError, WorkError
from storage.tables import read_table

EXPERIMENT = Experiment(
    "Rates",
    "classifiers.small",
    {"low": Variant({}, {"val_accuracy": 0.5}), "high": Variant({}), "never": Variant({}, {"val_accuracy": 0.25})},
    ("val_accuracy", "val_loss"),
    source="S9, Table 1",
    published_on="images",
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
        folder.record(run.name, run.module, run.settings, measured.get(run.name))
    return runs, folder


def test_mean_and_standard_deviation(done):
    results = results_of(*done)
    low = statistics_of(results, "low", "val_accuracy")
    assert (low.mean, low.runs) == (pytest.approx(0.6), 2)
    assert low.deviation == pytest.approx(0.02**0.5), "the deviations are 0.1 and 0.1, over n - 1"
    assert statistics_of(results, "high", "val_accuracy").deviation is None
    assert statistics_of(results, "never", "val_accuracy") is None


def test_the_best_variant_has_the_highest_accuracy_or_the_lowest_loss(done):
    results = results_of(*done)
    assert best_variants(EXPERIMENT, results) == ["high"]
    by_loss = Experiment("", "", EXPERIMENT.variants, ("val_loss",))
    assert best_variants(by_loss, results) == ["high"]
    assert best_variants(by_loss, {"low": []}) == []
    alike = {"low": [{"val_loss": 2.0}], "high": [{"val_loss": 2.0}], "never": [{"val_loss": 3.0}]}
    assert best_variants(by_loss, alike) == ["low", "high"]


def test_markdown_has_our_values_beside_the_published_ones(done):
    text = markdown(EXPERIMENT, results_of(*done), "three epochs")
    head, _, low, high, never = [line for line in text.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in (head, low, high, never)]
    assert cells[0] == ["variant", "validation accuracy", "S9", "validation loss", "epochs", "seconds", "runs"]
    assert cells[1] == ["low", "0.6000 ± 0.1414", "0.5", "14.00 ± 2.83", "3 ± 0", "12 ± 3", "2"]
    assert cells[2] == ["high", "0.6100", "not given", "1.5000", "3", "10", "1"]
    assert cells[3] == ["never", "not measured", "0.25", "not measured", "not measured", "not measured", "0"]
    for part in (
        "three epochs",
        "Highest validation accuracy of our runs: high",
        "S9, Table 1, on images",
        "High is better.",
    ):
        assert part in text


def test_results_have_one_row_per_run(done):
    runs, folder = done
    write_results(EXPERIMENT, runs, folder)
    rows = read_table(folder.results)
    assert [(row["variant"], row["seed"], row["val_loss"], row["published_val_accuracy"]) for row in rows] == [
        ("low", "0", "12.0", "0.5"),
        ("high", "0", "1.5", ""),
        ("low", "1", "16.0", "0.5"),
    ]


def test_other_settings_are_refused_and_other_folders_are_kept(done, tmp_path):
    _, folder = done
    folder.check_same_settings("low-0", "classifiers.small", {"epochs": 3, "new": 1})
    folder.check_same_settings("unknown", "classifiers.small", {"epochs": 4})
    with pytest.raises(SettingError, match="was started with 3\nuse --overwrite"):
        folder.check_same_settings("low-0", "classifiers.small", {"epochs": 4})
    with pytest.raises(SettingError, match=r"was started with classifiers\.small"):
        folder.check_same_settings("low-0", "classifiers.vgg16", {"epochs": 3})
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    with pytest.raises(SettingError, match="is not the folder of an experiment"):
        ExperimentFolder(tmp_path / "mine").check_is_experiment()
    folder.state_file.write_text("{")
    with pytest.raises(WorkError, match="damaged"):
        folder.state()


def test_sizes_of_earlier_versions_count_as_the_same(tmp_path):
    folder = ExperimentFolder(tmp_path)
    folder.record("old", "segmentation.unet", {"image_size": ["48", "96x80"], "crop": "32"})
    folder.check_same_settings("old", "segmentation.unet", {"image_size": "48x48,96x80", "crop": "32x32"})
    with pytest.raises(SettingError, match="image_size = '48x48'"):
        folder.check_same_settings("old", "segmentation.unet", {"image_size": "48x48", "crop": "32x32"})


def test_display_names():
    assert display_name("val_mean_iou") == "validation mean IoU"
    assert display_name("accuracy") == "training accuracy"
    assert display_name("full_size_mean_iou") == "mean IoU at the original image size"
    assert display_name("val_kl") == "validation KL"
    assert display_name("val_mse") == "validation squared error"
