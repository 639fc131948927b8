"""A classifier on a backbone: pictures of 0..255 in, logits out."""

from pathlib import Path

import keras

from backbones import Backbone
from backbones._build import build_backbone, load_weights


def build_classifier(
    row: Backbone, size: tuple[int, int], classes: int, weights: str, freeze: int, dropout: float
) -> keras.Model:
    """RGB (batch, height, width, 3) of 0..255 -> logits (batch, classes). Normalisation is part of the graph.

    Arguments:
        row: what it stands on.
        size: height and width in pixels.
        weights: `imagenet`, `none` or a file of the backbone or the whole classifier.
        freeze: the backbone's layers[:freeze] do not learn; batch norm among them keeps its statistics.
        dropout: share of the features left out while training.
    """
    of_whole_classifier = weights not in ("imagenet", "none") and not row.rebuild
    backbone = build_backbone(row, (*size, 3), "none" if of_whole_classifier else weights)
    for layer in backbone.layers[:freeze] if freeze else []:
        layer.trainable = False
    inputs = keras.Input((*size, 3), name="image")
    x = keras.layers.Rescaling(row.scale, row.offset, name="normalise")(inputs)
    x = keras.layers.GlobalAveragePooling2D(name="pool")(backbone(x))
    x = keras.layers.Dropout(dropout, name="dropout")(x)
    model = keras.Model(inputs, keras.layers.Dense(classes, name="logits")(x), name="classifier")
    if of_whole_classifier:
        load_weights(Path(weights), [model, backbone])
    return model
