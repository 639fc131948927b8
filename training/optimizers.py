"""The optimizer that the settings describe."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import keras

from layers import optimizers
from training.freezing import backbone_of

if TYPE_CHECKING:
    from config import TrainingConfig

ADAMW_DECAY = 0.01
"""Weight decay of adamw if the settings give none."""

LAYER_GROUPS = 12
"""Groups of a backbone's layers in layer-wise rate decay: always 12, as in Liu et al. 2022 (ConvNeXt)."""


def make_optimizer(settings: "TrainingConfig", shares: Sequence[float]) -> keras.optimizers.Optimizer:
    """The optimizer with weight decay, clipping and moving average; `shares` is a result of `learning_rate_shares`."""
    rate, decay = settings.learning_rates[0], settings.weight_decay
    if settings.optimizer == "adamw" and decay is None:
        decay = ADAMW_DECAY
    options: dict[str, Any] = {"weight_decay": decay, "global_clipnorm": settings.clip_norm, "shares": shares}
    if settings.ema:
        options |= {"use_ema": True, "ema_momentum": settings.ema}
    if settings.optimizer == "momentum":
        options["momentum"] = 0.9
    classes = {
        "adam": optimizers.Adam, "adamw": optimizers.AdamW, "sgd": optimizers.SGD, "momentum": optimizers.SGD,
    }  # fmt: skip
    return classes[settings.optimizer](rate, **options)


def learning_rate_shares(model: keras.Model, backbone_rate: float, decay: float) -> list[float]:
    """The share of the learning rate for each trainable weight; empty if all are trained at the full rate.

    A weight of the backbone has backbone_rate * decay ** (groups of layers from it to the head); other weights have 1.
    """
    if decay == backbone_rate == 1:
        return []
    layers = [layer for layer in backbone_of(model).layers if layer.weights]
    shares = {
        id(weight): backbone_rate * decay ** (LAYER_GROUPS - number * LAYER_GROUPS // len(layers))
        for number, layer in enumerate(layers)
        for weight in layer.weights
    }
    return [shares.get(id(weight), 1.0) for weight in model.trainable_weights]
