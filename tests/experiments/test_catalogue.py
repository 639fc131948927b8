"""The entries of the catalogue, checked with the modules that they name, and grids of one's own."""

import pytest

from config import ExperimentsConfig
from experiments.catalogue import EXPERIMENTS
from experiments.experiment import display_name, parse_assignments
from experiments.modules import config_of, kind_of_runs
from experiments.plan import PlannedRun, chosen_experiment, plan_runs
from settings import SettingError
from tests.conftest import settings_of
from tests.several_labels import draw_shapes, make_label_folder
from training.kinds import CLASSIFIER, MULTILABEL, SEGMENTATION, kind_of_module


def planned(*flags: str) -> list[PlannedRun]:
    settings = settings_of(ExperimentsConfig, *flags)
    _, experiment = chosen_experiment(settings)
    return plan_runs(experiment, settings, "/data", "/runs", 1000)


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_variant_is_a_run_that_its_module_accepts(name):
    experiment = EXPERIMENTS[name]
    runs = planned(name, "--repeat", "2", "--seed", "5")
    assert [run.seed for run in runs] == [5] * len(experiment.variants) + [6] * len(experiment.variants)
    assert len({run.name for run in runs}) == len(runs)
    assert len({kind_of_module(run.module).task for run in runs}) == 1, "they share a data folder"
    for run in runs:
        variant = experiment.variants[run.variant]
        for key in {**experiment.settings, **variant.settings}:
            assert key in config_of(run.module).model_fields, key


@pytest.mark.parametrize("experiment", EXPERIMENTS.values(), ids=EXPERIMENTS)
def test_published_values_belong_to_measures(experiment):
    for variant in experiment.variants.values():
        assert set(variant.published or {}) <= set(experiment.measures)
        assert all(0 < value < 1 for value in (variant.published or {}).values())
    assert experiment.source and experiment.published_on and experiment.finding


def test_the_published_values_of_s0s_table_1():
    runs = EXPERIMENTS["freeze_depth"].variants
    assert [runs[name].published["val_accuracy"] for name in ("first 50 frozen", "first 20 frozen", "none frozen")] == [
        0.1057,
        0.5616,
        0.7512,
    ]
    stages = EXPERIMENTS["learning_rate_stages"].variants["1e-3 1e-4 1e-5"]
    assert stages.published["val_accuracy"] == 0.7905


def test_a_grid_has_every_combination_of_values():
    runs = planned(
        "--module", "classifiers.small", "--vary", "optimizer=sgd,adam", "--vary", "learning-rates=1e-2,1e-3"
    )
    assert [(run.settings["optimizer"], run.settings["learning_rates"]) for run in runs] == [
        ("sgd", [0.01]),
        ("sgd", [0.001]),
        ("adam", [0.01]),
        ("adam", [0.001]),
    ]
    assert runs[0].variant == "optimizer=sgd learning-rates=1e-2"
    assert runs[0].name == "optimizer=sgd_learning-rates=1e-2-0"


def test_switches_and_negative_numbers_can_be_varied_and_shared():
    runs = planned("--module", "segmentation.unet_resnet50", "--vary", "skip=true,no", "--set", "freeze=-3")
    assert [(run.settings["skip"], run.settings["freeze"]) for run in runs] == [(True, -3), (False, -3)]


def test_shared_settings_override_those_of_variants_and_only_chooses_variants():
    runs = planned(
        "one_cycle", "--set", "image-size=48,96", "--set", "batch-size=2", "--epochs", "7", "--only", "one-cycle"
    )
    assert len(runs) == 1
    assert runs[0].settings["image_size"] == "48x48,96x96" and runs[0].settings["batch_size"] == [2]
    assert runs[0].settings["epochs"] == 7


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ([], "LIST shows all"),
        (["freeze_dept"], "did you mean freeze_depth?"),
        (["freeze_depth", "--vary", "epochs=1,2"], "has its own variants"),
        (["freeze_depth", "--set", "freeze=1"], "would be the same"),
        (["freeze_depth", "--only", "none"], "should be among first 50 frozen"),
        (["freeze_depth", "--module", "classifiers.small"], "the backbone has 44 layers"),
        (["one_cycle", "--set", "learning-rates=1e-2,1e-3"], "has one learning rate"),
        (["vae_loss", "--set", "seed=3"], "is not for variants"),
        (["vae_loss", "--set", "latent-sise=3"], "did you mean --latent-size?"),
        (["--module", "classifiers.smal", "--vary", "epochs=1"], "did you mean classifiers.small?"),
        (["--module", "classifiers.network", "--vary", "epochs=1"], "is not a training command"),
        (["--module", "classifiers.small", "--vary", "optimiser=sgd"], "did you mean --optimizer?"),
        (
            ["--module", "classifiers.small", "--vary", "optimizer=sgd,adma"],
            "variant optimizer=adma: optimizer = 'adma'",
        ),
        (["--module", "classifiers.small", "--vary", "optimizer"], "NAME=VALUE"),
    ],
)
def test_wrong_settings_are_refused(flags, expected):
    with pytest.raises(SettingError) as error:
        planned(*flags)
    assert expected in str(error.value)


def test_an_error_of_all_variants_is_reported_once():
    with pytest.raises(SettingError) as error:
        planned("vae_loss", "--set", "batch-size=x")
    assert len(error.value.errors) == 1


def test_parse_assignments():
    assert parse_assignments("vary", ("a-b=1", "2", "c=3")) == {"a_b": ["1", "2"], "c": ["3"]}
    for wrong in (("1", "a=2"), ("a=1", "a=2"), ("a=",)):
        with pytest.raises(SettingError):
            parse_assignments("vary", wrong)


def test_a_data_folder_with_several_labels_is_measured_by_map(tmp_path):
    data = make_label_folder(tmp_path, draw_shapes(tmp_path / "raw", count=12))
    assert kind_of_runs("classifiers.small", data) is MULTILABEL
    assert kind_of_runs("classifiers.small", tmp_path / "nothing") is CLASSIFIER
    assert kind_of_runs("segmentation.unet", data) is SEGMENTATION, "which then refuses the folder"
    assert [display_name(measure) for measure in MULTILABEL.measures[:2]] == ["validation mAP", "validation F1 micro"]
