"""`--recipe`: the values that it stands for, and those that were given beside it."""

import json

import pytest

import classifiers.efficientnet_lite
import classifiers.recipe_values
import config
import segmentation.recipe_values
import segmentation.unet
from backbones import backbones
from classifiers import recipe
from settings import SettingError
from tests.conftest import QUICK, run, settings_of, train_small
from training.recipe_values import apply_recipe
from training.stages import plan_stages

CONFIGS = {classifiers.recipe_values: config.ClassifierConfig, segmentation.recipe_values: config.UNetConfig}


@pytest.mark.parametrize("name", ["quick", "best"])
@pytest.mark.parametrize("is_pretrained", [True, False])
@pytest.mark.parametrize("module", CONFIGS, ids=lambda module: module.__name__)
def test_the_values_of_a_recipe_pass_the_checks_of_flags(module, is_pretrained, name):
    spec = backbones()["efficientnet_lite0"]
    values = module.recipes(spec, is_pretrained)[name]
    config_class = CONFIGS[module]
    checked = config_class(**values)
    assert {key: getattr(checked, key) for key in values} == values
    given = ("--recipe", name, *(() if is_pretrained else ("--weights", "none")))
    used = apply_recipe(settings_of(config_class, *given), spec, module.recipes)
    assert plan_stages(used, spec, 100) == plan_stages(checked, spec, 100)
    assert used.model_fields_set == {word[2:] for word in given[::2]}, "only what was given counts as given"


def test_what_was_given_replaces_a_value_of_the_recipe(caplog):
    caplog.set_level("INFO", "scenelab")
    settings = settings_of(config.ClassifierConfig, "--recipe", "quick", "--epochs", 3)
    used = apply_recipe(settings, backbones()["small"], classifiers.recipe_values.recipes)
    assert (used.epochs, used.schedule) == (3, "one-cycle")
    assert "Recipe quick: " in caplog.text and "--schedule one-cycle" in caplog.text and "--epochs" not in caplog.text


def test_config_json_has_the_values(scenes, tmp_path):
    folder = train_small(scenes, tmp_path, "--recipe", "quick", "--epochs", 1)
    settings = json.loads((folder / "config.json").read_text())["settings"]
    assert (settings["recipe"], settings["schedule"], settings["epochs"]) == ("quick", "one-cycle", 1)
    assert settings["weights"] == "none" and settings["cache"] == "memory"


def test_quick_trains_the_head_on_features_of_pre_trained_weights(scenes, tmp_path):
    done = run(
        "classifiers.efficientnet_lite", "--data", scenes, "--runs", tmp_path, *QUICK, "--recipe", "quick",
        "--image-size", 64, "--epochs", 8,
    )  # fmt: skip
    assert done.code == 0, done.err
    settings = json.loads((tmp_path / "efficientnet_lite" / "config.json").read_text())["settings"]
    assert (settings["freeze"], settings["cache"], settings["weights"]) == (141, "features", "imagenet")
    assert settings["norm_statistics"] == "keep"


def test_a_value_that_does_not_suit_what_was_given_is_refused(scenes, tmp_path):
    settings = settings_of(
        config.EfficientNetLiteConfig, "--data", scenes, "--runs", tmp_path, "--recipe", "quick", "--freeze", 3
    )
    with pytest.raises(SettingError, match="cache = 'features': needs a completely frozen backbone"):
        recipe.train(classifiers.efficientnet_lite.RECIPE, settings)
