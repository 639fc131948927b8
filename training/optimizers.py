"""Optimizers as the settings ask for them."""

import keras

from layers import optimizers
from training.freezing import backbone_of

ADAMW_DECAY = 0.01
"""What adamw takes if no weight decay is given."""

LAYER_GROUPS = 12
"""Parts into which layer-wise rate decay cuts a backbone, as Liu et al. 2022 (ConvNeXt) do whatever its depth."""


def make_optimizer(settings, model: keras.Model) -> keras.optimizers.Optimizer:
    """`optimizer`, `weight_decay`, `clip_norm`, `ema` and `layer_decay` of the settings, for the weights of `model`."""
    rate = settings.learning_rates[0]
    options = {
        "weight_decay": settings.weight_decay,
        "global_clipnorm": settings.clip_norm,
        "shares": learning_shares(model, settings.layer_decay),
    }
    if settings.ema:
        options |= {"use_ema": True, "ema_momentum": settings.ema}
    if settings.optimizer == "adamw":
        decay = ADAMW_DECAY if settings.weight_decay is None else settings.weight_decay
        return optimizers.AdamW(rate, **options | {"weight_decay": decay})
    if settings.optimizer == "momentum":
        return optimizers.SGD(rate, momentum=0.9, **options)
    return {"adam": optimizers.Adam, "sgd": optimizers.SGD}[settings.optimizer](rate, **options)


def learning_shares(model: keras.Model, decay: float) -> list[float]:
    """For each weight that learns its share of the learning rate: decay ** (parts of the backbone up to the head).

    Empty if all learn alike.
    """
    if decay == 1:
        return []
    layers = [layer for layer in backbone_of(model).layers if layer.weights]
    shares = {
        id(weight): decay ** (LAYER_GROUPS - number * LAYER_GROUPS // len(layers))
        for number, layer in enumerate(layers)
        for weight in layer.weights
    }
    return [shares.get(id(weight), 1.0) for weight in model.trainable_weights]
