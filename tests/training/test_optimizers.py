"""Optimizers: weight decay, shares of the learning rate, momentum, moving average; all are saved with a model."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from backbones import backbone
from classifiers.network import build_classifier
from config import ClassifierConfig
from layers import optimizers
from layers.saved import load_saved_model
from tests.conftest import settings_of
from training.optimizers import learning_rate_shares, make_optimizer


def optimizer_settings(**changed: object) -> ClassifierConfig:
    """Settings with SGD and a rate of 0.5, apart from those that are `changed`."""
    values = {"optimizer": "sgd", "learning_rates": 0.5} | changed
    flags = [f"--{name.replace('_', '-')}={value}" for name, value in values.items()]
    return settings_of(ClassifierConfig, *flags)


@pytest.fixture
def model() -> keras.Model:
    keras.utils.set_random_seed(0)
    return build_classifier(backbone("small"), (32, 32, 3), 3, "none")


def compiled(model: keras.Model, *, layer_decay: float = 1.0, backbone_rate: float = 1.0, **changed) -> keras.Model:
    shares = learning_rate_shares(model, backbone_rate, layer_decay)
    model.compile(make_optimizer(optimizer_settings(**changed), shares), "mse")
    model.optimizer.build(model.trainable_weights)
    return model


def moved(model, gradients) -> dict[str, np.ndarray]:
    """The change of each weight in one step."""
    before = {weight.path: weight.numpy() for weight in model.trainable_weights}
    model.optimizer.apply(gradients, model.trainable_weights)
    return {weight.path: weight.numpy() - before[weight.path] for weight in model.trainable_weights}


def constant(model, value: float) -> list:
    return [keras.ops.full(weight.shape, value) for weight in model.trainable_weights]


@pytest.mark.parametrize("name", ["adam", "adamw", "sgd", "momentum"])
def test_biases_and_norms_do_not_decay_also_after_loading(name, model, tmp_path):
    compiled(model, optimizer=name, weight_decay=0.1, layer_decay=0.5).save(tmp_path / "model.keras")
    loaded = load_saved_model(tmp_path / "model.keras", compiled=True)
    before = {weight.path: weight.numpy() for weight in loaded.trainable_weights}
    for path, distance in moved(loaded, constant(loaded, 0.0)).items():
        if path.endswith("kernel"):
            share = 0.5**12 if path.startswith("stem") else 1.0 if path.startswith("logits") else None
            if share:
                np.testing.assert_allclose(distance, -0.05 * share * before[path], rtol=1e-3, atol=5e-8)
        else:
            assert not distance.any(), path
            assert path.split("/")[-1] in ("gamma", "beta", "bias")


def test_layers_near_the_input_learn_slowly(model, tmp_path):
    shares = dict(
        zip([weight.path for weight in model.trainable_weights], learning_rate_shares(model, 1.0, 0.5), strict=True)
    )
    assert shares["stem_conv/kernel"] == pytest.approx(0.5**12)
    assert shares["block_4_shortcut_bn/gamma"] == pytest.approx(0.5)
    assert list(shares.values()) == sorted(shares.values()) and shares["logits/bias"] == 1
    compiled(model, layer_decay=0.5).save(tmp_path / "model.keras")
    for one in (model, load_saved_model(tmp_path / "model.keras", compiled=True)):
        for path, distance in moved(one, constant(one, 1.0)).items():
            np.testing.assert_allclose(distance, -0.5 * shares[path], rtol=2e-3, err_msg=path)


def test_the_gradient_norm_is_clipped(model):
    steps = moved(compiled(model, clip_norm=1.0), constant(model, 7.0))
    norm = np.sqrt(sum((distance**2).sum() for distance in steps.values()))
    assert norm == pytest.approx(0.5, rel=1e-2), "the learning rate times the norm"


def test_a_weight_decay_of_0_turns_it_off():
    assert make_optimizer(optimizer_settings(optimizer="adamw", weight_decay=0.0), []).weight_decay == 0
    assert make_optimizer(optimizer_settings(optimizer="adamw"), []).weight_decay == 0.01


@pytest.mark.parametrize("name", ["convnext_tiny", "efficientnet_v2_b0"])
def test_shares_and_decay_are_saved_for_any_network(name, tmp_path):
    """Nested layers change their path when they are loaded, and ConvNeXt's scales have no unique names."""
    model = compiled(build_classifier(backbone(name), (32, 32, 3), 3, "none"), layer_decay=0.7, weight_decay=0.1)
    model.save(tmp_path / "model.keras")
    loaded = load_saved_model(tmp_path / "model.keras", compiled=True)
    assert loaded.optimizer.shares == model.optimizer.shares and min(loaded.optimizer.shares) < 0.02
    assert loaded.optimizer.decays == model.optimizer.decays
    for weight, decays in zip(loaded.trainable_weights, loaded.optimizer.decays, strict=True):
        assert decays == (len(weight.shape) > 1), weight.path


def test_the_moving_average_soon_forgets_the_initial_weights(model):
    compiled(model, ema=0.9999)
    for _ in range(30):
        model.optimizer.apply(constant(model, 0.1), model.trainable_weights)
    bias = model.get_layer("logits").bias
    average = dict(zip(map(id, model.trainable_weights), model.optimizer.moving_averages, strict=True))
    assert float(average[id(bias)][0]) < 0.8 * float(bias[0]) < 0, (
        "a constant 0.9999 would still be near the first step"
    )


def test_the_encoder_learns_at_a_share_of_the_rate(model):
    for path, distance in moved(compiled(model, backbone_rate=0.1), constant(model, 1.0)).items():
        np.testing.assert_allclose(distance, -0.5 if path.startswith("logits") else -0.05, rtol=2e-3, err_msg=path)


@pytest.mark.parametrize("name", ["adam", "momentum"])
def test_momentum_changes_from_batch_to_batch(name, model):
    """Against the formula, within one graph, in which a number would be a constant."""
    compiled(model, optimizer=name)
    optimizer = model.optimizer
    index = [weight.path for weight in model.trainable_weights].index("logits/bias")
    slots = optimizer._momentums if name == "adam" else optimizer.momentums
    step = tf.function(lambda: optimizer.apply(constant(model, 1.0), model.trainable_weights))
    velocity = 0.0
    for momentum in (0.95, 0.5, 0.85):
        optimizer.set_momentum(momentum)
        step()
        velocity = momentum * velocity + (1 - momentum if name == "adam" else -0.5)
        np.testing.assert_allclose(slots[index][0], velocity, rtol=1e-5)
        assert optimizer.current_momentum == pytest.approx(momentum)
    assert optimizer.get_config()["beta_1" if name == "adam" else "momentum"] == 0.9, "the configured one"


def test_unwrapping_from_a_loss_scale_optimizer(model):
    compiled(model, optimizer="adam")
    wrapped = keras.optimizers.LossScaleOptimizer(model.optimizer)
    assert optimizers.unwrap_optimizer(wrapped) is optimizers.unwrap_optimizer(model.optimizer) is model.optimizer
    optimizers.unwrap_optimizer(wrapped).set_momentum(0.8)
    assert model.optimizer.current_momentum == pytest.approx(0.8)


def test_sgd_without_momentum_stays_without(model):
    compiled(model).optimizer.set_momentum(0.9)
    assert model.optimizer.current_momentum == 0
