"""Which layers of a model's backbone learn."""

import keras


def backbone_of(model: keras.Model) -> keras.Model:
    """The network within `model` that it stands on."""
    return next(layer for layer in model.layers if isinstance(layer, keras.Model))


def freeze(model: keras.Model, count: int) -> bool:
    """Lets the backbone's layers[:count] not learn and the others learn; 0 lets all of them learn.

    Frozen batch norm keeps its statistics. Returns whether other weights learn now than before; a compiled model must
    then be compiled again.
    """
    layers = backbone_of(model).layers
    before = [weight.path for weight in model.trainable_weights]
    frozen = len(layers[:count]) if count else 0
    for number, layer in enumerate(layers):
        layer.trainable = number >= frozen
    return before != [weight.path for weight in model.trainable_weights]
