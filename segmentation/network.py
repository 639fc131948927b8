"""A segmentation network: a backbone, a decoder and a head. It takes images of 0..255 and gives logits per pixel."""

from collections.abc import Callable
from pathlib import Path
from pkgutil import resolve_name

import keras

from backbones import Backbone, Normalisation
from backbones.build import build_backbone, load_weights
from layers.batch_norm import choose_batch_norm
from layers.normalisation import Normalise
from layers.preset import PresetBackbone
from layers.shapes import CropLike, PadToMultiple
from segmentation.decoders import FeatureMaps, convolution
from settings import SettingError, bad_setting
from training.freezing import freeze

PROBE_SIZE = 512
"""Height and width in pixels at which the sizes of feature maps are compared. It is large because some networks remove
a few pixels with each convolution."""

PADDING_MULTIPLE = 32
"""Images are padded to multiples of this many pixels, since backbones halve them five times. Logits are cropped again.
"""

Decoder = Callable[[keras.KerasTensor, FeatureMaps], keras.KerasTensor]
Head = Callable[[keras.KerasTensor, int], keras.KerasTensor]


def build_segmenter(
    spec: Backbone,
    classes: int,
    weights: str,
    frozen: int,
    normalisation: Normalisation,
    decoder: Decoder | None,
    head: Head = convolution,
    norm_statistics: str = "update",
) -> keras.Model:
    """RGB (batch, height, width, 3) of 0..255, of any size -> logits (batch, height, width, classes).

    Arguments:
        spec: the backbone.
        weights: `imagenet`, `none`, or a file of the backbone or of the complete network.
        frozen: the backbone's layers[:frozen] are not trained.
        decoder: takes the padded image and the backbone's feature maps and gives features. None if the backbone has a
            decoder of its own, so that its output has the size of the image.
        head: takes features and the number of classes and gives logits of the image's size in float32.
        norm_statistics: what the backbone's batch norm does with the statistics of its initial weights.
    """
    is_file = weights not in ("imagenet", "none")
    backbone = build_backbone(spec, (None, None, 3), "none" if is_file else weights)
    choose_batch_norm(backbone, norm_statistics)
    inputs = keras.Input((None, None, 3), name="image")
    x = Normalise(*normalisation, dtype="float32", name="normalise")(inputs)
    x = PadToMultiple(PADDING_MULTIPLE, name="pad")(x)
    if decoder is None:
        features = backbone(x)
    else:
        encoder, halvings = encoder_of(spec, backbone)
        features = decoder(x, dict(zip(halvings, keras.tree.flatten(encoder(x)), strict=True)))
    logits = head(features, classes)
    model = keras.Model(inputs, CropLike(dtype="float32", name="crop")(logits, inputs), name="segmenter")
    freeze(model, frozen)
    if is_file:
        _load_file(Path(weights), spec, model, backbone)
    return model


def _load_file(path: Path, spec: Backbone, model: keras.Model, backbone: keras.Model) -> None:
    """Loads a file of the complete network, of its backbone, or of the network that a variant is made from."""
    try:
        load_weights(path, [model, backbone])
    except SettingError:
        if not spec.is_variant:
            raise
        backbone.set_weights(build_backbone(spec, (None, None, 3), str(path)).get_weights())


def encoder_of(spec: Backbone, backbone: keras.Model) -> tuple[keras.Model, list[int]]:
    """The backbone with several feature maps as outputs, and the number of halvings of each; the deepest is last.

    The feature map of a size is the one that the spec's pyramid names, otherwise the output of the last layer of that
    size, apart from padding. Raises SettingError for a backbone that has a decoder of its own.
    """
    probe = build_backbone(spec, (PROBE_SIZE, PROBE_SIZE, 3), "none")
    if probe.output.shape[1] == PROBE_SIZE:
        raise SettingError(bad_setting("backbone", backbone.name, "has a decoder of its own; use another backbone"))
    if spec.pyramid:
        named = resolve_name(spec.pyramid)
        maps = {_halvings(probed): one for probed, one in zip(named(probe), named(backbone), strict=True)}
        halvings = sorted(count for count in maps if count)
        outputs = [maps[count] for count in halvings[:-1]]
        return _with_maps(backbone, outputs), halvings
    last_layers: dict[int, int] = {}
    for number, layer in enumerate(probe.layers):
        shape = layer.output.shape
        if isinstance(layer, keras.layers.ZeroPadding2D | keras.layers.InputLayer) or len(shape) < 4 or shape[1] == 1:
            continue  # an output of one pixel holds weights of channels, as in squeeze-and-excitation
        last_layers[_halvings(layer.output)] = number
    halvings = sorted(count for count in last_layers if count)
    outputs = [backbone.layers[last_layers[count]].output for count in halvings[:-1]]
    return _with_maps(backbone, outputs), halvings


def _with_maps(backbone: keras.Model, maps: list[keras.KerasTensor]) -> keras.Model:
    """The backbone with these feature maps as outputs, before its own output."""
    if isinstance(backbone, PresetBackbone):
        return backbone.with_maps(maps)
    return keras.Model(backbone.input, [*maps, backbone.output], name=backbone.name)


def _halvings(probed: keras.KerasTensor) -> int:
    """How often the height of a feature map of the probe was halved."""
    return round(PROBE_SIZE / probed.shape[1]).bit_length() - 1
