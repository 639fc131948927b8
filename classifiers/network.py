"""A classifier on a backbone: pictures of 0..255 in, logits out."""

from pathlib import Path

import keras

from backbones import Backbone, Normalisation
from backbones.build import build_backbone, load_weights
from layers.normalisation import Normalise
from training.freezing import freeze


def build_classifier(
    spec: Backbone,
    input_shape: tuple[int | None, int | None, int],
    classes: int,
    weights: str,
    frozen: int = 0,
    dropout: float = 0.0,
    normalisation: Normalisation | None = None,
) -> keras.Model:
    """RGB (batch, height, width, 3) of 0..255 -> logits (batch, classes). Normalisation is part of the graph.

    Arguments:
        spec: what it stands on.
        input_shape: height and width in pixels, None where they are open, and 3.
        weights: `imagenet`, `none` or a file of the backbone or the whole classifier.
        frozen: the backbone's layers[:frozen] do not learn; batch norm among them keeps its statistics.
        dropout: share of the features left out while training.
        normalisation: that of the spec if None.
    """
    of_whole_classifier = weights not in ("imagenet", "none") and not spec.is_variant
    backbone = build_backbone(spec, input_shape, "none" if of_whole_classifier else weights)
    normalisation = normalisation or spec.normalisation
    inputs = keras.Input(input_shape, name="image")
    x = Normalise(*normalisation, dtype="float32", name="normalise")(inputs)
    x = keras.layers.GlobalAveragePooling2D(name="pool")(backbone(x))
    x = keras.layers.Dropout(dropout, name="dropout")(x)
    logits = keras.layers.Dense(classes, dtype="float32", name="logits")(x)  # 32 bits whatever the rest computes with
    model = keras.Model(inputs, logits, name="classifier")
    freeze(model, frozen)
    if of_whole_classifier:
        load_weights(Path(weights), [model, backbone], with_normalisation=normalisation == spec.normalisation)
    return model
