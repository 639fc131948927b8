"""The network of a classifier: a backbone and a head. It takes images of 0..255 and gives logits."""

from pathlib import Path

import keras

from backbones import Backbone, Normalisation
from backbones.build import build_backbone, load_weights
from layers.batch_norm import choose_batch_norm
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
    norm_statistics: str = "update",
) -> keras.Model:
    """RGB (batch, height, width, 3) of 0..255 -> logits (batch, classes). Normalisation is part of the graph.

    Arguments:
        spec: the backbone.
        input_shape: height, width and channels (3). Height and width are None if the images may have any size.
        weights: `imagenet`, `none`, or a file of the backbone or of the complete classifier.
        frozen: the backbone's layers[:frozen] are not trained; batch norm among them keeps its statistics.
        dropout: share of the features that is dropped in training.
        normalisation: None is that of the spec.
        norm_statistics: what the backbone's batch norm does with the statistics of its initial weights.
    """
    is_classifier_file = weights not in ("imagenet", "none") and not spec.is_variant
    backbone = build_backbone(spec, input_shape, "none" if is_classifier_file else weights)
    choose_batch_norm(backbone, norm_statistics)
    normalisation = normalisation or spec.normalisation
    inputs = keras.Input(input_shape, name="image")
    x = Normalise(*normalisation, dtype="float32", name="normalise")(inputs)
    x = keras.layers.GlobalAveragePooling2D(name="pool")(backbone(x))
    x = keras.layers.Dropout(dropout, name="dropout")(x)
    logits = keras.layers.Dense(classes, dtype="float32", name="logits")(x)  # float32 also in mixed precision
    model = keras.Model(inputs, logits, name="classifier")
    freeze(model, frozen)
    if is_classifier_file:
        load_weights(Path(weights), [model, backbone], with_normalisation=normalisation == spec.normalisation)
    return model
