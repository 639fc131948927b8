"""A segmentation network on a backbone: pictures of 0..255 in, logits of every pixel out."""

from collections.abc import Callable
from pathlib import Path

import keras

from backbones import Backbone, Normalisation
from backbones.build import build_backbone, load_weights
from layers.normalisation import Normalise
from layers.shapes import CropLike, PadToMultiple
from segmentation.decoders import convolution
from settings import SettingError, bad_setting
from training.freezing import freeze

PROBE = 512
"""Height and width in pixels at which the sizes of feature maps are looked at: large, since some networks take off a
few pixels at each convolution."""

MULTIPLE = 32
"""Sides are padded to it, and what comes out is cropped again: backbones halve five times."""


def build_segmenter(
    spec: Backbone,
    classes: int,
    weights: str,
    frozen: int,
    normalisation: Normalisation,
    decoder: Callable | None,
    head: Callable = convolution,
) -> keras.Model:
    """RGB (batch, height, width, 3) of 0..255, of any size -> logits (batch, height, width, classes).

    Arguments:
        spec: what it stands on.
        weights: `imagenet`, `none` or a file of the backbone or the whole network.
        frozen: the backbone's layers[:frozen] do not learn.
        decoder: takes the padded picture and the backbone's feature maps by how often they are halved, gives features
            of the picture's size; None if the backbone's output has that size.
        head: takes those features and the count of classes, gives the logits in float32.
    """
    is_file = weights not in ("imagenet", "none")
    encoder = backbone = build_backbone(spec, (None, None, 3), "none" if is_file else weights)
    inputs = keras.Input((None, None, 3), name="image")
    x = Normalise(*normalisation, dtype="float32", name="normalise")(inputs)
    x = PadToMultiple(MULTIPLE, name="pad")(x)
    if decoder is None:
        x = backbone(x)
    else:
        encoder, halvings = feature_maps(spec, backbone)
        x = decoder(x, dict(zip(halvings, keras.tree.flatten(encoder(x)), strict=True)))
    # 32 bits whatever the rest computes with
    x = head(x, classes)
    model = keras.Model(inputs, CropLike(dtype="float32", name="crop")(x, inputs), name="segmenter")
    freeze(model, frozen)
    if is_file:
        _take_file(Path(weights), spec, model, backbone)
    return model


def _take_file(path: Path, spec: Backbone, model: keras.Model, backbone: keras.Model) -> None:
    """A file may be of the whole network, of its backbone or, for a variant, of what that is made from."""
    try:
        load_weights(path, [model, backbone])
    except SettingError:
        if not spec.is_variant:
            raise
        backbone.set_weights(build_backbone(spec, (None, None, 3), str(path)).get_weights())


def feature_maps(spec: Backbone, backbone: keras.Model) -> tuple[keras.Model, list[int]]:
    """The backbone with an output for each halving of the picture, its own last; and how often each has been halved.

    A feature map is the last of its size, padding left aside: what the network has made of that size when it halves it.
    Raises SettingError for a backbone that has a decoder of its own.
    """
    probe = build_backbone(spec, (PROBE, PROBE, 3), "none")
    if probe.output.shape[1] == PROBE:
        raise SettingError(bad_setting("backbone", backbone.name, "has a decoder already and can take no other"))
    last_of: dict[int, int] = {}
    for number, layer in enumerate(probe.layers):
        shape = layer.output.shape
        if isinstance(layer, keras.layers.ZeroPadding2D | keras.layers.InputLayer) or len(shape) < 4 or shape[1] == 1:
            continue  # what is one pixel high are the weights of channels, no picture
        last_of[round(PROBE / shape[1]).bit_length() - 1] = number
    halvings = sorted(number for number in last_of if number)
    outputs = [backbone.layers[last_of[number]].output for number in halvings[:-1]]
    return keras.Model(backbone.input, [*outputs, backbone.output], name=backbone.name), halvings
