"""Every classifier: built, trained for a step, saved, loaded in a new process where it says the same."""

import functools
import importlib
import json
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

import classifiers
import config
from backbones import backbone
from classifiers import recipe
from classifiers.network import build_classifier
from layers.saved import load_saved_model
from tests.conftest import ROOT, run
from training.freezing import backbone_of

SHARED = ("recipe", "network", "batches", "objective")
MODULES = sorted(module.name for module in pkgutil.iter_modules(classifiers.__path__) if module.name not in SHARED)
VARIANTS = [(name, ()) for name in MODULES] + [
    ("inception_resnet_v2", ("--stem", "paper")),
    ("efficientnet_v2", ("--variant", "b0")),
    ("cifar_resnet", ("--depth", "56")),
]
QUICK_ONES = {"mobilenet_v2", "cifar_resnet"}
SLOW = {variant for variant in VARIANTS if variant[0] not in QUICK_ONES or "56" in variant[1]}
QUICK = [variant for variant in VARIANTS if variant not in SLOW]

PREDICT = """
import sys, json
sys.path.insert(0, sys.argv[1])
from command import import_tensorflow
import_tensorflow()
import numpy as np
from pathlib import Path
from layers.saved import load_saved_model
for path in sys.argv[2:]:
    model = load_saved_model(Path(path))
    images = np.random.default_rng(0).integers(0, 256, (2, *model.input_shape[1:]), np.uint8)
    print(json.dumps(model(images.astype("float32"), training=False).numpy().tolist()))
"""


@pytest.fixture(scope="module")
def trained(scenes, tmp_path_factory):
    """Trains a variant for a step, once; gives its checkpoint."""

    @functools.cache
    def train(name: str, flags: tuple[str, ...]) -> Path:
        module = importlib.import_module(f"classifiers.{name}")
        chosen = getattr(config, module.RECIPE.config)
        row = module.RECIPE.backbone
        row = backbone(row if isinstance(row, str) else row(chosen(_cli_parse_args=list(flags))))
        runs = tmp_path_factory.mktemp("variants")
        argv = ["--data", scenes, "--runs", runs, "--weights", "none", "--image-size", max(row.smallest, 32),
                "--batch-size", 4, "--steps-per-epoch", 1, "--epochs", 1, "--verbose", "none", "--optimizer", "sgd",
                "--learning-rates", "0.001,0.0001", *flags]  # fmt: skip
        recipe.train(module.RECIPE, chosen(_cli_parse_args=[str(word) for word in argv]))
        keras.backend.clear_session()
        return runs / name / "checkpoints" / "best.keras"

    return train


@pytest.mark.parametrize("variants", [QUICK, pytest.param(sorted(SLOW), marks=pytest.mark.slow)], ids=["quick", "slow"])
def test_trained_for_a_step_they_say_the_same_in_a_new_process(variants, trained):
    checkpoints = [trained(*variant) for variant in variants]
    command = [sys.executable, "-c", PREDICT, ROOT, *checkpoints]
    there = subprocess.run(command, capture_output=True, check=True, text=True).stdout.splitlines()[-len(variants) :]
    for checkpoint, line in zip(checkpoints, there, strict=True):
        model = load_saved_model(checkpoint)
        images = np.random.default_rng(0).integers(0, 256, (2, *model.input_shape[1:]), np.uint8)
        here = model(images.astype("float32"), training=False).numpy()
        assert here.shape == (2, 5) and np.ptp(here) > 0
        np.testing.assert_allclose(json.loads(line), here, rtol=1e-3, atol=1e-4, err_msg=str(checkpoint))


def test_every_module_says_what_it_is_without_tensorflow():
    """Its row and its class of settings are there, and the row's default size is none that it refuses."""
    for name in MODULES:
        module = importlib.import_module(f"classifiers.{name}")
        settings = getattr(config, module.RECIPE.config)(_cli_parse_args=[])
        row = module.RECIPE.backbone
        row = backbone(row if isinstance(row, str) else row(settings))
        assert module.RECIPE.name == name and row.image_size >= row.smallest


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--loss", "focal", "--mixup", 0.2], "loss = 'focal'.*--mixup.*--loss ce"),
        (["--loss", "focal", "--cutmix", 1, "--label-smoothing", 0.1], "--label-smoothing and --cutmix"),
        (["--freeze", 45], "the backbone has 44 layers; 44 freezes all"),
        (["--unfreeze-schedule", "head,-60", "--learning-rates", "1e-3,1e-4"], "unfreeze_schedule = '-60'.*44 layers"),
        (["--unfreeze-schedule", "head,all", "--learning-rates", "1e-2,1e-3,1e-4"], "names 2 stages, learning_rates 3"),
        (["--unfreeze-schedule", "head,-9,all", "--schedule", "cosine", "--epochs", 2], "less than the 3 stages"),
        (["--unfreeze-schedule", "head,-9,all", "--freeze", 3], "freeze = '3': unfreeze_schedule says"),
        (["--unfreeze-schedule", "head,most,all"], "should be head, all, or a number"),
        (["--class-weights", "ballanced"], "none, balanced, or a CSV file"),
    ],
)
def test_settings_that_do_not_go_together(scenes, tmp_path, flags, words):
    done = run("classifiers.small", "--data", scenes, "--runs", tmp_path, *flags)
    assert done.code == 2 and re.search(words, done.err), done.err


@pytest.mark.parametrize(("freeze", "learning"), [(0, 154), (50, 104), (-20, 20), (1000, 0)])
def test_freeze_is_a_slice_of_the_layers(freeze, learning):
    model = build_classifier(backbone("mobilenet_v2"), (96, 96, 3), 3, "none", freeze, 0.2)
    layers = backbone_of(model).layers
    assert [layer.trainable for layer in layers].count(True) == learning == len(layers[freeze:] if freeze else layers)
    assert all(layer.trainable for layer in layers[-learning:] if learning)


def test_frozen_batch_norm_keeps_its_statistics():
    model = build_classifier(backbone("small"), (32, 32, 3), 3, "none", 1000, 0.0)
    norms = [layer for layer in model.layers[2].layers if isinstance(layer, keras.layers.BatchNormalization)]
    before = [layer.get_weights() for layer in norms]
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    images = np.random.default_rng(0).uniform(0, 255, (8, 32, 32, 3))
    model.fit(images, np.zeros(8, int), verbose=0)
    for layer, weights in zip(norms, before, strict=True):
        for now, then in zip(layer.get_weights(), weights, strict=True):
            np.testing.assert_array_equal(now, then)
    np.testing.assert_allclose(model(images, training=True), model(images, training=False), rtol=1e-5)


@pytest.mark.parametrize("kind", ["model.keras", "model.weights.h5", "backbone.keras", "backbone.weights.h5"])
def test_weights_of_a_whole_classifier_or_its_backbone(kind, tmp_path, capsys):
    keras.utils.set_random_seed(1)
    donor = build_classifier(backbone("small"), (32, 32, 3), 3, "none", 0, 0.2)
    saved = donor if kind.startswith("model") else donor.layers[2]
    (saved.save if kind.endswith(".keras") else saved.save_weights)(tmp_path / kind)
    keras.utils.set_random_seed(2)
    model = build_classifier(backbone("small"), (32, 32, 3), 3, str(tmp_path / kind), 0, 0.2)
    same = [np.array_equal(a, b) for a, b in zip(model.get_weights(), donor.get_weights(), strict=True)]
    assert all(same[:-2]) and same[-2] == kind.startswith("model"), "the head only if it was in the file"
    assert str(tmp_path / kind) in capsys.readouterr().out


def test_a_head_for_other_classes_is_left_out_and_that_is_said(tmp_path, capsys):
    build_classifier(backbone("small"), (32, 32, 3), 7, "none", 0, 0.2).save(tmp_path / "seven.keras")
    build_classifier(backbone("small"), (32, 32, 3), 3, str(tmp_path / "seven.keras"), 0, 0.2)
    assert "start from random numbers: logits" in capsys.readouterr().out


def test_normalisation_is_in_the_model():
    """MobileNetV2's weights want -1..1; the classifier takes 0..255."""
    model = build_classifier(backbone("mobilenet_v2"), (96, 96, 3), 3, "none", 0, 0.2)
    normalise = model.get_layer("normalise")
    np.testing.assert_allclose(normalise(np.array([[0.0, 127.5, 255.0]])), [[-1, 0, 1]])
    expected = keras.applications.mobilenet_v2.preprocess_input(np.array([[0.0, 100.0, 255.0]]))
    np.testing.assert_allclose(normalise(np.array([[0.0, 100.0, 255.0]])), expected, rtol=1e-6)
