"""Optimizers by the names that the settings use."""

import keras

WEIGHT_DECAY = 0.01
"""Of adamw; biases and normalisation are left out."""


def make_optimizer(name: str, learning_rate: float) -> keras.optimizers.Optimizer:
    if name == "adamw":
        optimizer = keras.optimizers.AdamW(learning_rate, weight_decay=WEIGHT_DECAY)
        optimizer.exclude_from_weight_decay(var_names=["bias", "beta", "gamma"])
        return optimizer
    if name == "momentum":
        return keras.optimizers.SGD(learning_rate, momentum=0.9)
    return {"adam": keras.optimizers.Adam, "sgd": keras.optimizers.SGD}[name](learning_rate)
