"""Every classifier: trained for a step, saved, and loaded in a new process, where it gives the same logits."""

import functools
import importlib
import json
import logging
import pkgutil
import re
from functools import partial
from pathlib import Path

import keras
import numpy as np
import pytest

import classifiers
import config
from backbones import backbone, chosen_backbone
from classifiers import recipe
from classifiers.network import build_classifier
from layers.saved import load_saved_model
from settings import SettingError
from tests.conftest import (
    assert_equal_arrays,
    noise,
    run,
    run_code,
    settings_of,
    train_here,
    train_small,
    without_report,
)
from training.freezing import backbone_of

SHARED = ("recipe", "recipe_values", "network", "batches", "objective", "multilabel")
WITHOUT_DEFAULT = ("preset",)
"""Tested by test_preset.py, because a preset must be named."""

MODULES = sorted(
    module.name for module in pkgutil.iter_modules(classifiers.__path__) if module.name not in SHARED + WITHOUT_DEFAULT
)
VARIANTS = [(name, ()) for name in MODULES] + [
    ("inception_resnet_v2", ("--stem", "paper")),
    ("efficientnet_v2", ("--variant", "b0")),
    ("cifar_resnet", ("--depth", "56")),
]
QUICK = [("mobilenet_v2", ()), ("cifar_resnet", ())]
SLOW = sorted(set(VARIANTS) - set(QUICK))

PREDICT = """
import sys, json
from command import import_tensorflow
import_tensorflow()
import numpy as np
from pathlib import Path
from layers.saved import load_saved_model
for path in sys.argv[1:]:
    model = load_saved_model(Path(path))
    images = np.random.default_rng(0).integers(0, 256, (2, *model.input_shape[1:]), np.uint8)
    print(json.dumps(model(images.astype("float32"), training=False).numpy().tolist()))
"""


@pytest.fixture(scope="module")
def trained(scenes, tmp_path_factory):
    """A function that trains a variant for a step, once, and returns its checkpoint. Results are not drawn."""

    @functools.cache
    def train(name: str, flags: tuple[str, ...]) -> Path:
        module = importlib.import_module(f"classifiers.{name}")
        config_class = getattr(config, module.RECIPE.config)
        spec = chosen_backbone(module.RECIPE.backbone, settings_of(config_class, *flags))
        runs = tmp_path_factory.mktemp("variants")
        common = (
            "--weights", "none", "--image-size", max(spec.smallest, 32), "--batch-size", 4, "--steps-per-epoch", 1,
            "--epochs", 1, "--verbose", "none", "--optimizer", "sgd", "--learning-rates", "0.001,0.0001",
        )  # fmt: skip
        with without_report():
            run = train_here(partial(recipe.train, module.RECIPE), config_class, scenes, runs, *common, *flags)
        keras.backend.clear_session()
        return run / "checkpoints" / "best.keras"

    return train


@pytest.mark.parametrize("variants", [QUICK, pytest.param(SLOW, marks=pytest.mark.slow)], ids=["quick", "slow"])
def test_a_trained_classifier_gives_the_same_logits_in_a_new_process(variants, trained):
    checkpoints = [trained(*variant) for variant in variants]
    done = run_code(PREDICT, *checkpoints)
    assert done.code == 0, done.err
    lines = done.out.splitlines()[-len(variants) :]
    for checkpoint, line in zip(checkpoints, lines, strict=True):
        model = load_saved_model(checkpoint)
        images = noise(2, *model.input_shape[1:])
        logits = model(images.astype("float32"), training=False).numpy()
        assert logits.shape == (2, 5) and np.ptp(logits) > 0
        np.testing.assert_allclose(json.loads(line), logits, rtol=1e-3, atol=1e-4, err_msg=str(checkpoint))


def test_every_module_has_a_recipe_that_is_complete():
    """It needs no TensorFlow; its default size is not one that it refuses."""
    for name in MODULES:
        module = importlib.import_module(f"classifiers.{name}")
        spec = chosen_backbone(module.RECIPE.backbone, settings_of(getattr(config, module.RECIPE.config)))
        assert module.RECIPE.name == name and spec.image_size >= spec.smallest


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--loss", "focal", "--mixup", 0.2], "loss = 'focal'.*--mixup.*--loss ce"),
        (["--loss", "focal", "--cutmix", 1, "--label-smoothing", 0.1], "--label-smoothing and --cutmix"),
        (["--batch-size", 1, "--mixup", 0.2], "batch_size = '1': --mixup mixes the images of a batch; use 2 or more"),
        (["--freeze", 45], "the backbone has 44 layers; 44 freezes all"),
        (["--unfreeze-schedule", "head,-60", "--learning-rates", "1e-3,1e-4"], "unfreeze_schedule = '-60'.*44 layers"),
        (
            ["--unfreeze-schedule", "head,all", "--learning-rates", "1e-2,1e-3,1e-4"],
            "names 2 stages, but learning_rates names 3",
        ),
        (["--unfreeze-schedule", "head,-9,all", "--schedule", "cosine", "--epochs", 2], "less than the 3 stages"),
        (["--unfreeze-schedule", "head,-9,all", "--freeze", 3], "freeze = '3': unfreeze_schedule names"),
        (["--unfreeze-schedule", "head,most,all"], "should be head, all, or a number"),
        (["--class-weights", "ballanced"], "none, balanced, or a CSV file"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(scenes, tmp_path, flags, words):
    with pytest.raises(SettingError) as error:
        train_small(scenes, tmp_path, *flags)
    assert re.search(words, str(error.value)), error.value
    assert not list(tmp_path.iterdir())


def test_a_wrong_setting_is_an_exit_code_and_a_line(scenes, tmp_path):
    done = run("classifiers.small", "--data", scenes, "--runs", tmp_path, "--loss", "focal", "--mixup", 0.2)
    assert done.code == 2 and done.err.startswith("error: loss = 'focal'") and len(done.err.splitlines()) == 1


@pytest.mark.parametrize(("freeze", "trained"), [(0, 154), (50, 104), (-20, 20), (1000, 0)])
def test_freeze_is_a_slice_of_the_layers(freeze, trained):
    model = build_classifier(backbone("mobilenet_v2"), (96, 96, 3), 3, "none", freeze, 0.2)
    layers = backbone_of(model).layers
    assert [layer.trainable for layer in layers].count(True) == trained == len(layers[freeze:] if freeze else layers)
    assert all(layer.trainable for layer in layers[-trained:] if trained)


def test_frozen_batch_norm_keeps_its_statistics():
    model = build_classifier(backbone("small"), (32, 32, 3), 3, "none", 1000, 0.0)
    norms = [layer for layer in model.layers[2].layers if isinstance(layer, keras.layers.BatchNormalization)]
    before = [layer.get_weights() for layer in norms]
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    images = np.random.default_rng(0).uniform(0, 255, (8, 32, 32, 3))
    model.fit(images, np.zeros(8, int), verbose=0)
    for layer, weights in zip(norms, before, strict=True):
        assert_equal_arrays(layer.get_weights(), weights)
    np.testing.assert_allclose(model(images, training=True), model(images, training=False), rtol=1e-5)


@pytest.mark.parametrize("kind", ["model.keras", "model.weights.h5", "backbone.keras", "backbone.weights.h5"])
def test_weights_of_a_complete_classifier_or_of_its_backbone(kind, tmp_path, caplog):
    caplog.set_level(logging.INFO, "scenelab")
    keras.utils.set_random_seed(1)
    donor = build_classifier(backbone("small"), (32, 32, 3), 3, "none", 0, 0.2)
    saved = donor if kind.startswith("model") else donor.layers[2]
    (saved.save if kind.endswith(".keras") else saved.save_weights)(tmp_path / kind)
    keras.utils.set_random_seed(2)
    model = build_classifier(backbone("small"), (32, 32, 3), 3, str(tmp_path / kind), 0, 0.2)
    same = [np.array_equal(*pair) for pair in zip(model.get_weights(), donor.get_weights(), strict=True)]
    assert all(same[:-2]) and same[-2] == kind.startswith("model"), "the head only if it is in the file"
    assert str(tmp_path / kind) in caplog.text


def test_a_head_for_other_classes_is_not_loaded_and_is_reported(tmp_path, caplog):
    caplog.set_level(logging.INFO, "scenelab")
    build_classifier(backbone("small"), (32, 32, 3), 7, "none", 0, 0.2).save(tmp_path / "seven.keras")
    build_classifier(backbone("small"), (32, 32, 3), 3, str(tmp_path / "seven.keras"), 0, 0.2)
    assert re.search("random.*: logits", caplog.text), caplog.text


def test_normalisation_is_in_the_model():
    """MobileNetV2's weights expect -1..1; the classifier takes 0..255."""
    model = build_classifier(backbone("mobilenet_v2"), (96, 96, 3), 3, "none", 0, 0.2)
    normalise = model.get_layer("normalise")
    np.testing.assert_allclose(normalise(np.array([[0.0, 127.5, 255.0]])), [[-1, 0, 1]])
    expected = keras.applications.mobilenet_v2.preprocess_input(np.array([[0.0, 100.0, 255.0]]))
    np.testing.assert_allclose(normalise(np.array([[0.0, 100.0, 255.0]])), expected, rtol=1e-6)
