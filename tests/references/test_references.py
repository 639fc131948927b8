"""Each network gives the outputs that another implementation gives with the same weights.

The outputs in NAME.npz were computed by `make_backbones.py` and `make_segmenters.py`; README.md tells how.
"""

import re
from collections.abc import Callable, Iterator
from pkgutil import resolve_name

import keras
import numpy as np
import pytest

import config
from backbones import Normalisation, backbone, chosen_backbone
from backbones.build import build_backbone
from segmentation.network import build_segmenter
from tests.conftest import settings_of
from tests.references.weights import FOLDER, image, sample, value

AS_IT_IS = Normalisation((0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
CLASSES = 5
SEGMENTERS = ("unet_resnet34", "unet_resnet50", "unet_mobilenet_v2", "segnet", "vgg16_unpool", "segnet_basic")
OF_SEGMENTERS = (*SEGMENTERS, "segnet_basic_picture_norm")
NAMES = sorted(path.stem for path in FOLDER.glob("*.npz") if path.stem != "efficientnet_lite")  # which has its own test
COSTLY = {"cifar_resnet_110", "efficientnet_v2_s", "inception_resnet_v2"}
TOLERANCE = 1e-4
"""Largest difference, as a share of the largest value. A batch norm with an epsilon of 1e-3 in place of 1e-5 exceeds
it."""


def layers_with_weights(model: keras.Model) -> Iterator[keras.layers.Layer]:
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from layers_with_weights(layer)
        elif layer.weights:
            yield layer


def names_of(layers: list[keras.layers.Layer]) -> dict[int, str]:
    """Names that do not depend on what was built before: `conv2d_17` becomes the rank among them, as `conv2d:0`."""
    names, numbered = {}, {}
    for layer in layers:
        match = re.fullmatch(r"(conv2d|batch_normalization|layer_normalization)(?:_(\d+))?", layer.name)
        if match:
            numbered.setdefault(match[1], []).append((int(match[2] or 0), id(layer)))
        names[id(layer)] = layer.name
    for kind, found in numbered.items():
        names |= {identity: f"{kind}:{rank}" for rank, (_, identity) in enumerate(sorted(found))}
    return names


def set_reference_weights(model: keras.Model) -> None:
    layers = list(layers_with_weights(model))
    names = names_of(layers)
    assert len(set(names.values())) == len(layers)
    for layer in layers:
        for weight in layer.weights:
            kind = re.sub(r"^variable(_\d+)?$", "scale", weight.name)
            kind = {("SeparableConv2D", "kernel"): "depthwise_kernel"}.get((type(layer).__name__, kind), kind)
            weight.assign(value(names[id(layer)], kind, weight.shape))


def build(name: str, shape: tuple[int, int, int]) -> keras.Model:
    if name not in OF_SEGMENTERS:
        return build_backbone(backbone(name), shape, "none")
    recipe = resolve_name(f"segmentation.{name.removesuffix('_picture_norm')}:RECIPE")
    flags = {"segnet_basic": ("--norm", "batch")}.get(name, ())
    settings = settings_of(getattr(config, recipe.config), *flags)
    spec, decoder = chosen_backbone(recipe.backbone, settings), recipe.resolve_decoder(settings)
    return build_segmenter(spec, CLASSES, "none", 0, AS_IT_IS, decoder, recipe.resolve_head())


def difference(name: str, change: Callable[[keras.Model], keras.Model] = lambda model: model) -> float:
    """The largest difference between the outputs, as a share of the largest value. `change` spoils the network."""
    with np.load(FOLDER / f"{name}.npz") as file:
        reference = dict(file)
    _, *shape = reference["image"].tolist()
    model = change(build(name, tuple(shape)))
    set_reference_weights(model)
    factor = 50 if name.startswith("segnet_basic") else 1
    output = model(factor * image(*shape), training=False).numpy()
    assert output.shape == tuple(reference["shape"])
    return float(np.abs(sample(output) - reference["values"]).max() / np.abs(reference["values"]).max())


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] * (name in COSTLY)) for name in NAMES], ids=NAMES
)
def test_the_output_is_that_of_the_other_implementation(name):
    found = difference(name)
    print(f"{name}: {found:.1e}")
    assert found < TOLERANCE


def without_last_relu(model: keras.Model) -> keras.Model:
    """unet_resnet34 as it once was, in one of its two faults: nothing follows the addition of the last block."""
    added = model.get_layer("picture_add").output
    return keras.Model(model.input, model.get_layer("logits")(added))


def with_larger_epsilon(model: keras.Model) -> keras.Model:
    for layer in layers_with_weights(model):
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.epsilon = 1e-3
    return model


@pytest.mark.parametrize(("name", "change"), [("unet_resnet34", without_last_relu), ("resnet34", with_larger_epsilon)])
def test_the_comparison_sees_a_fault(name, change):
    found = difference(name, change)
    print(f"{name} with a fault: {found:.1e}")
    assert found > 3 * TOLERANCE
