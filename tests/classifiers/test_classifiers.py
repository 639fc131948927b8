"""Every classifier: built, trained for a step, saved, loaded in a new process where it says the same."""

import json
import pkgutil
import subprocess
import sys

import keras
import numpy as np
import pytest

import classifiers
from backbones import backbone
from classifiers.network import build_classifier
from tests.conftest import ROOT, run

MODULES = sorted(
    module.name for module in pkgutil.iter_modules(classifiers.__path__) if module.name not in ("recipe", "network")
)
SLOW = {"inception_resnet_v2"}
VARIANTS = [pytest.param(name, [], marks=[pytest.mark.slow] * (name in SLOW)) for name in MODULES]
VARIANTS.append(("inception_resnet_v2", ["--stem", "paper"]))

PREDICT = """
import sys, json
sys.path.insert(0, sys.argv[1])
from command import import_tensorflow
import_tensorflow()
import numpy as np
from pathlib import Path
from layers.saved import load_saved_model
model = load_saved_model(Path(sys.argv[2]))
print(json.dumps(model.predict(np.load(sys.argv[3]), verbose=0).tolist()))
"""


@pytest.mark.parametrize(
    ("name", "flags"), VARIANTS, ids=lambda value: "-".join(value) if isinstance(value, list) else value
)
def test_from_the_command_line_to_a_prediction_in_a_new_process(name, flags, scenes, tmp_path):
    done = run(
        f"classifiers.{name}", "--data", scenes, "--runs", tmp_path, "--weights", "none", "--image-size", 80,
        "--batch-size", 4, "--steps-per-epoch", 1, "--epochs", 1, "--verbose", "none", "--optimizer", "sgd", *flags,
    )  # fmt: skip
    assert done.code == 0, done.err
    checkpoint = tmp_path / name / "checkpoints" / "best.keras"
    images = np.random.default_rng(0).integers(0, 256, (2, 80, 80, 3), np.uint8)
    np.save(tmp_path / "images.npy", images)
    command = [sys.executable, "-c", PREDICT, ROOT, checkpoint, tmp_path / "images.npy"]
    there = json.loads(subprocess.run(command, capture_output=True, check=True, text=True).stdout.splitlines()[-1])
    here = keras.saving.load_model(checkpoint, compile=False).predict(images, verbose=0)
    assert here.shape == (2, 5)
    np.testing.assert_allclose(there, here, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("freeze", "learning"), [(0, 154), (50, 104), (-20, 20), (1000, 0)])
def test_freeze_is_a_slice_of_the_layers(freeze, learning):
    model = build_classifier(backbone("mobilenet_v2"), (96, 96), 3, "none", freeze, 0.2)
    layers = next(layer for layer in model.layers if isinstance(layer, keras.Model)).layers
    assert [layer.trainable for layer in layers].count(True) == learning == len(layers[freeze:] if freeze else layers)
    assert all(layer.trainable for layer in layers[-learning:] if learning)


def test_frozen_batch_norm_keeps_its_statistics():
    model = build_classifier(backbone("small"), (32, 32), 3, "none", 1000, 0.0)
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
    donor = build_classifier(backbone("small"), (32, 32), 3, "none", 0, 0.2)
    saved = donor if kind.startswith("model") else donor.layers[2]
    (saved.save if kind.endswith(".keras") else saved.save_weights)(tmp_path / kind)
    keras.utils.set_random_seed(2)
    model = build_classifier(backbone("small"), (32, 32), 3, str(tmp_path / kind), 0, 0.2)
    same = [np.array_equal(a, b) for a, b in zip(model.get_weights(), donor.get_weights(), strict=True)]
    assert all(same[:-2]) and same[-2] == kind.startswith("model"), "the head only if it was in the file"
    assert str(tmp_path / kind) in capsys.readouterr().out


def test_a_head_for_other_classes_is_left_out_and_that_is_said(tmp_path, capsys):
    build_classifier(backbone("small"), (32, 32), 7, "none", 0, 0.2).save(tmp_path / "seven.keras")
    build_classifier(backbone("small"), (32, 32), 3, str(tmp_path / "seven.keras"), 0, 0.2)
    assert "start from random numbers: logits" in capsys.readouterr().out


def test_normalisation_is_in_the_model():
    """MobileNetV2's weights want -1..1; the classifier takes 0..255."""
    model = build_classifier(backbone("mobilenet_v2"), (96, 96), 3, "none", 0, 0.2)
    normalise = model.get_layer("normalise")
    np.testing.assert_allclose(normalise(np.array([[0.0, 127.5, 255.0]])), [[-1, 0, 1]])
    expected = keras.applications.mobilenet_v2.preprocess_input(np.array([[0.0, 100.0, 255.0]]))
    np.testing.assert_allclose(normalise(np.array([[0.0, 100.0, 255.0]])), expected, rtol=1e-6)
