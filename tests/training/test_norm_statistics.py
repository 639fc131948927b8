"""`--norm-statistics`: what training does to the statistics of a pre-trained backbone's batch norm."""

import json

import keras
import numpy as np
import pytest

from backbones import backbones
from backbones.build import build_backbone
from classifiers.recipe import train
from classifiers.small import RECIPE
from config import ClassifierConfig, UNetConfig
from layers.batch_norm import choose_batch_norm
from layers.saved import load_saved_model
from segmentation import unet
from segmentation.recipe import train as train_segmenter
from settings import SettingError
from tests.conftest import history, settings_of, train_here, train_small, without_report
from training.freezing import backbone_of

NORMS = ("moving_mean", "moving_variance", "gamma", "beta")


def norms_of(path, checkpoint="last"):
    """The four arrays of each batch norm of the backbone: a list for each of NORMS."""
    model = load_saved_model(path / "checkpoints" / f"{checkpoint}.keras")
    layers = [layer for layer in backbone_of(model).layers if isinstance(layer, keras.layers.BatchNormalization)]
    return {name: np.concatenate([np.array(getattr(layer, name)) for layer in layers]) for name in NORMS}


def setting(path):
    return json.loads((path / "config.json").read_text())["settings"]["norm_statistics"]


@pytest.mark.parametrize("name", ["small", "mobilenet_v2", "cifar_resnet_20", "efficientnet_v2_b0"])
def test_kept_statistics_are_those_of_prediction_and_stay_so_when_saved(name, tmp_path):
    original = build_backbone(backbones()[name], (64, 64, 3), "none")
    rng = np.random.default_rng(0)
    for weight in original.weights:
        if weight.path.endswith(("moving_mean", "moving_variance")):
            weight.assign(rng.uniform(0.8, 1.2, weight.shape) - weight.path.endswith("moving_mean"))
    images = rng.uniform(-1, 1, (4, 64, 64, 3)).astype(np.float32)
    expected = original(images, training=False).numpy()
    kept = original
    choose_batch_norm(kept, "keep")
    np.testing.assert_array_equal(kept(images, training=False), expected)
    if name != "efficientnet_v2_b0":  # it drops whole blocks at random in training, and goes on to do so
        np.testing.assert_array_equal(kept(images, training=True), expected)
    before = [np.array(weight) for weight in kept.non_trainable_weights]
    inputs = keras.Input((64, 64, 3))
    keras.Model(inputs, kept(inputs)).save(tmp_path / "kept.keras")
    loaded = backbone_of(load_saved_model(tmp_path / "kept.keras"))
    loaded(images, training=True)
    np.testing.assert_array_equal(loaded(images, training=False), expected)
    is_norm = [weight.path.endswith(("moving_mean", "moving_variance")) for weight in kept.non_trainable_weights]
    for old, new, counts in zip(before, loaded.non_trainable_weights, is_norm, strict=True):
        assert not counts or np.array_equal(old, new)


def test_frozen_batch_norm_of_keras_2_uses_the_batch_in_training_only():
    original = build_backbone(backbones()["small"], (32, 32, 3), "none")
    choose_batch_norm(original, "keras2")
    norm = next(layer for layer in original.layers if isinstance(layer, keras.layers.BatchNormalization))
    images = np.random.default_rng(0).normal(3, 2, (4, 8, 8, norm.gamma.shape[0])).astype(np.float32)
    norm.trainable = False
    in_training = norm(images, training=True).numpy()
    np.testing.assert_allclose(in_training.mean((0, 1, 2)), 0, atol=1e-4)
    np.testing.assert_allclose(in_training.std((0, 1, 2)), 1, atol=1e-3)
    assert not np.array(norm.moving_mean).any(), "the statistics stay the same"
    np.testing.assert_allclose(norm(images, training=False), images / np.sqrt(1 + norm.epsilon), rtol=1e-5)
    norm.trainable = True
    norm(images, training=True)
    assert np.array(norm.moving_mean).all(), "a layer that is trained updates them"


@pytest.fixture(scope="module")
def donor(scenes, tmp_path_factory):
    """A run from random weights: its statistics are those of the training images."""
    return train_small(scenes, tmp_path_factory.mktemp("donor"), "--epochs", 1)


def test_auto_updates_the_statistics_of_random_weights(scenes, donor):
    assert setting(donor) == "update"
    assert np.any(norms_of(donor)["moving_mean"] != 0)


@pytest.mark.parametrize("given", ["auto", "keep", "update"])
def test_pre_trained_statistics(scenes, donor, tmp_path, given):
    weights = donor / "checkpoints" / "last.keras"
    run = train_small(scenes, tmp_path, "--epochs", 1, "--weights", weights, "--norm-statistics", given)
    before, after = norms_of(donor), norms_of(run)
    assert setting(run) == ("update" if given == "update" else "keep")
    for name in ("moving_mean", "moving_variance"):
        assert np.array_equal(before[name], after[name]) == (given != "update"), name
    for name in ("gamma", "beta"):
        assert np.mean(before[name] != after[name]) > 0.9, "scale and shift are trained"


def test_a_run_is_resumed_as_it_was_started(scenes, donor, tmp_path):
    weights = donor / "checkpoints" / "last.keras"
    flags = ("--weights", weights, "--resume", "last")
    run = train_small(scenes, tmp_path, "--epochs", 1, *flags)
    run = train_small(scenes, tmp_path, "--epochs", 2, *flags)
    np.testing.assert_array_equal(norms_of(run)["moving_mean"], norms_of(donor)["moving_mean"])
    with pytest.raises(SettingError, match="norm_statistics = 'update': this run was started with 'keep'"):
        train_small(scenes, tmp_path, "--epochs", 3, *flags, "--norm-statistics", "update")


def test_a_run_from_before_this_setting_goes_on_with_updates(scenes, donor, tmp_path):
    weights = donor / "checkpoints" / "last.keras"
    flags = ("--weights", weights, "--resume", "last")
    run = train_small(scenes, tmp_path, "--epochs", 1, *flags, "--norm-statistics", "update")
    config = json.loads((run / "config.json").read_text())
    del config["settings"]["norm_statistics"]
    (run / "config.json").write_text(json.dumps(config))
    with pytest.raises(SettingError, match="was started without this setting and updates them; use another --name"):
        train_small(scenes, tmp_path, "--epochs", 2, *flags, "--norm-statistics", "keep")
    before = norms_of(run)["moving_mean"]
    run = train_small(scenes, tmp_path, "--epochs", 2, *flags)
    assert setting(run) == "update" and np.any(before != norms_of(run)["moving_mean"])
    assert len(history(run)) == 2


def test_segmentation_keeps_the_statistics_of_its_encoder_alone(squares, donor, tmp_path):
    weights = donor / "checkpoints" / "last.keras"
    flags = ("--weights", weights, "--image-size", 64, "--epochs", 1, "--verbose", "none", "--backbone", "small")
    with without_report():
        run = train_here(lambda settings: train_segmenter(unet.RECIPE, settings), UNetConfig, squares, tmp_path, *flags)
    assert setting(run) == "keep"
    np.testing.assert_array_equal(norms_of(run)["moving_mean"], norms_of(donor)["moving_mean"])
    model = load_saved_model(run / "checkpoints" / "last.keras")
    decoder = model.get_layer("decoder_0_1_bn")
    assert type(decoder) is keras.layers.BatchNormalization and np.any(np.array(decoder.moving_mean) != 0)


def test_recalibration_has_nothing_to_do_where_statistics_are_kept(scenes, donor, tmp_path):
    weights = donor / "checkpoints" / "last.keras"
    settings = settings_of(
        ClassifierConfig, "--data", scenes, "--runs", tmp_path, "--image-size", 32, "--epochs", 1, "--verbose", "none",
        "--weights", weights, "--recalibrate-bn",
    )  # fmt: skip
    with without_report(), pytest.raises(Exception, match="no trainable batch norm"):
        train(RECIPE, settings)
