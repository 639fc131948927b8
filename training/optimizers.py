"""Optimizers as the settings ask for them."""

from collections.abc import Sequence

import keras

from layers import optimizers
from training.freezing import backbone_of

ADAMW_DECAY = 0.01
"""What adamw takes if no weight decay is given."""

LAYER_GROUPS = 12
"""Parts into which layer-wise rate decay cuts a backbone, as Liu et al. 2022 (ConvNeXt) do whatever its depth."""


def make_optimizer(settings, shares: Sequence[float]) -> keras.optimizers.Optimizer:
    """`optimizer`, `weight_decay`, `clip_norm` and `ema` of the settings; `shares` as `learning_shares` gives them."""
    rate = settings.learning_rates[0]
    options = {
        "weight_decay": settings.weight_decay,
        "global_clipnorm": settings.clip_norm,
        "shares": shares,
    }
    if settings.ema:
        options |= {"use_ema": True, "ema_momentum": settings.ema}
    if settings.optimizer == "adamw":
        decay = ADAMW_DECAY if settings.weight_decay is None else settings.weight_decay
        return optimizers.AdamW(rate, **options | {"weight_decay": decay})
    if settings.optimizer == "momentum":
        return optimizers.SGD(rate, momentum=0.9, **options)
    return {"adam": optimizers.Adam, "sgd": optimizers.SGD}[settings.optimizer](rate, **options)


def learning_shares(model: keras.Model, backbone_rate: float, decay: float) -> list[float]:
    """For each weight that learns its share of the learning rate; empty if all learn alike.

    Within the backbone it is backbone_rate * decay ** (parts of the backbone up to the head), behind it 1.
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
