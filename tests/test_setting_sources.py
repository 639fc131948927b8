"""Values come from flags, variables, a settings file and config.py, in this order, and pass the same checks."""

import sys

import pytest

import config
from config import ClassifierConfig, DataTransformerConfig, PredictorConfig, SegmentationConfig, TrainingConfig
from config_defaults import DEFAULTS
from datatransformer.transformer import DataTransformer
from predictor.writing import read_evaluation_data
from setting_types import as_text
from settings import SettingError, errors_if_given, given_values, read_settings
from tests.conftest import ROOT

SMALL, UNET = "python -m classifiers.small", "python -m segmentation.unet"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def edit(monkeypatch, one, **values):
    """Gives fields of a class in config.py other values, as an editor does."""
    for name, value in values.items():
        monkeypatch.setattr(one.model_fields[name], "default", value)


def test_config_defaults_are_those_of_config():
    sys.path.insert(0, str(ROOT / "docs"))
    from pages.defaults_module import defaults_module

    assert (ROOT / "config_defaults.py").read_text("utf-8") == defaults_module(), "run python docs/generate.py defaults"


def test_a_flag_wins_over_a_variable_that_over_the_file_and_that_over_config(folder, monkeypatch):
    edit(monkeypatch, TrainingConfig, epochs=1, seed=1, patience=1, worker_timeout=1.0)
    (folder / "scenelab.toml").write_text("epochs = 2\nseed = 2\npatience = 2\n")
    monkeypatch.setenv("SCENELAB_EPOCHS", "3")
    monkeypatch.setenv("SCENELAB_SEED", "3")
    settings = read_settings(ClassifierConfig, ["--epochs", "4"], SMALL)
    assert (settings.epochs, settings.seed, settings.patience, settings.worker_timeout) == (4, 3, 2, 1.0)
    names = [settings.source_of(name).name for name in ("epochs", "seed", "patience", "worker_timeout")]
    assert names == ["flag", "environment variable", "scenelab.toml", "config.py"]
    assert settings.source_of("augment") is None
    assert set(given_values(settings)) == {"epochs", "seed", "patience", "worker_timeout"}


def test_tables_of_the_file_hold_for_their_commands(folder):
    (folder / "my.toml").write_text(
        "epochs = 2\n[classifiers]\nepochs = 3\nbatch_size = 7\n[classifiers.small]\nlearning_rates = [1e-2, 1e-3]\n"
        "image_size = 96\ndebug = true\n[segmentation.unet]\nskip = false\n"
    )
    file = ["--config", "my.toml"]
    small = read_settings(ClassifierConfig, file, SMALL)
    assert (small.epochs, small.batch_size, small.learning_rates) == (3, (7,), (0.01, 0.001))
    assert small.image_size == ((96, 96),) and small.debug is True
    assert read_settings(ClassifierConfig, file, "python -m classifiers.resnet50").learning_rates[0] == 1e-3
    unet = read_settings(config.UNetConfig, file, UNET)
    assert (unet.epochs, unet.batch_size, unet.skip) == (2, (8,), False)
    assert "config" not in given_values(unet)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("epoch = 2", "scenelab.toml: unknown setting epoch (did you mean epochs?)"),
        ("[classifiers.smal]\nepochs = 2", "scenelab.toml: no command is named [classifiers.smal]"),
        (
            "[classifiers.small]\nskip = true",
            "scenelab.toml, [classifiers.small]: classifiers.small has no setting skip",
        ),
        ("[training]\nepochs = 2", "scenelab.toml: no command is named [training]"),
        ("[layers]\nepochs = 2", "scenelab.toml: no command is named [layers]"),
        ("epochs = true", "epochs = 'True': should be a valid integer"),
        ("[predictor]\ntopk = 2", "scenelab.toml, [predictor]: unknown setting topk (did you mean top_k?)"),
        ("epochs = ''", "scenelab.toml: epochs has no value; leave the line out"),
        ("json = true", "scenelab.toml: json has no effect here; give the flag --json"),
        ("epochs = 0", "epochs = '0': should be greater than or equal to 1 (the value is in scenelab.toml)"),
        ("epochs = 2.5", "epochs = '2.5': should be a valid integer"),
        ("epochs = [2", "scenelab.toml: cannot be read as TOML"),
        ("epochs = 2\nepochs = 3", "scenelab.toml: cannot be read as TOML"),
    ],
)
def test_what_is_wrong_in_the_file_is_named(text, expected, folder):
    (folder / "scenelab.toml").write_text(text)
    with pytest.raises(SettingError) as error:
        read_settings(ClassifierConfig, [], SMALL)
    assert any(line.startswith(expected) for line in error.value.errors), error.value.errors


def test_a_missing_file_is_refused(folder):
    with pytest.raises(SettingError, match=r"config = 'other.toml': does not exist"):
        read_settings(ClassifierConfig, ["--config", "other.toml"], SMALL)


def test_a_value_of_a_general_table_is_no_error_where_it_has_no_effect(folder):
    (folder / "scenelab.toml").write_text("worker_timeout = 5\n")
    settings = read_settings(ClassifierConfig, [], SMALL)
    assert errors_if_given(settings, ["worker_timeout"], "has no effect") == []
    (folder / "scenelab.toml").write_text("[classifiers.small]\nworker_timeout = 5\n")
    settings = read_settings(ClassifierConfig, [], SMALL)
    assert errors_if_given(settings, ["worker_timeout"], "has no effect") == [
        "worker_timeout = '5': has no effect (the value is in scenelab.toml)"
    ]


def test_an_edited_value_of_config_is_checked_like_a_flag(folder, monkeypatch):
    edit(monkeypatch, TrainingConfig, worker_timeout=5.0)
    settings = read_settings(ClassifierConfig, [], SMALL)
    assert errors_if_given(settings, ["worker_timeout"], "has no effect") == [
        "worker_timeout = '5': has no effect (the value is in config.py)"
    ]
    edit(monkeypatch, TrainingConfig, epochs=0)
    with pytest.raises(SettingError, match=r"epochs = '0': should be .* \(the value is in config.py\)"):
        read_settings(ClassifierConfig, [], SMALL)


def test_images_edited_in_config_beside_a_data_folder_to_evaluate_are_refused(folder, monkeypatch):
    edit(monkeypatch, PredictorConfig, test_images="photos")
    settings = read_settings(PredictorConfig, ["--evaluate", "."], "python -m predictor")
    with pytest.raises(SettingError, match="evaluate already chooses the images"):
        read_evaluation_data(settings, "classification")


def test_raw_images_edited_in_config_are_read(folder, monkeypatch):
    edit(monkeypatch, DataTransformerConfig, raw_images=folder)
    settings = read_settings(DataTransformerConfig, ["--source", "scenes"], "python -m datatransformer")
    with pytest.raises(SettingError, match=r"raw_images = .*: has no effect with source scenes.*in config.py"):
        DataTransformer(settings).run()


def test_an_edited_value_holds_for_the_classes_below_it(folder, monkeypatch):
    edit(monkeypatch, TrainingConfig, batch_size=(5,))
    assert read_settings(ClassifierConfig, [], SMALL).batch_size == (5,)
    assert read_settings(config.UNetConfig, [], UNET).batch_size == (5,)
    edit(monkeypatch, SegmentationConfig, batch_size=(6,))
    assert read_settings(config.UNetConfig, [], UNET).batch_size == (6,)
    assert read_settings(ClassifierConfig, [], SMALL).batch_size == (5,)


def test_every_class_of_config_is_in_the_defaults():
    for name, fields in DEFAULTS.items():
        one = getattr(config, name)
        assert {field: as_text(one.model_fields[field].default) for field in fields} == fields
