"""Freezing of a backbone's layers."""

import keras


def backbone_of(model: keras.Model) -> keras.Model:
    """The backbone within `model`: its first layer that is itself a model."""
    return next(layer for layer in model.layers if isinstance(layer, keras.Model))


def freeze(model: keras.Model, count: int) -> bool:
    """Freezes layers[:count] of the backbone and unfreezes the others; 0 unfreezes all.

    Frozen batch norm keeps its statistics. Returns whether the trainable weights have changed; if so, a compiled model
    must be compiled again.
    """
    layers = backbone_of(model).layers
    before = [weight.path for weight in model.trainable_weights]
    frozen = len(layers[:count]) if count else 0
    for number, layer in enumerate(layers):
        layer.trainable = number >= frozen
    return before != [weight.path for weight in model.trainable_weights]
