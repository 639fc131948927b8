"""Inception-ResNet-v2 with the stem of the paper: Szegedy et al. 2017, https://arxiv.org/abs/1602.07261, figure 3.

The stem turns 299x299x3 into 35x35x384, the input of the Inception-ResNet-A modules, so all modules have the widths of
the paper: 384, then 1152 after Reduction-A (384+384+384, figures 7 and 17; the 1154 printed there is not the sum) and
2144 after Reduction-B (1152+384+288+320, figure 18). Keras has 320, 1088, 2080. The number of modules, 10, 20 and 10,
is that of Keras and of the authors' own code; figure 15 shows 5, 10 and 5.
"""

from typing import TYPE_CHECKING, Any

from backbones import Backbone
from log import logger

if TYPE_CHECKING:
    import keras

BACKBONES = {
    "inception_resnet_v2_paper_stem": Backbone(
        "keras.applications:InceptionResNetV2",
        image_size=299,
        layers=778,
        smallest=75,
        rebuild="backbones.inception_resnet_v2_paper_stem:with_paper_stem",
    )
}

WIDTHS = {"block35": 384, "block17": 1152, "block8": 2144}
LAST_OF_KERAS_STEM = "mixed_5b"
SHARED_WITH_KERAS_STEM = ("stem_1_conv", "stem_1_bn", "stem_2_conv", "stem_2_bn", "stem_3_conv", "stem_3_bn")


def with_paper_stem(network: "keras.Model", has_weights: bool) -> "keras.Model":
    """Keras's network -> the paper's, with the same weights in every layer of the same shape. Logs the other layers."""
    import keras

    inputs = keras.Input(network.input_shape[1:])
    names = [layer.name for layer in network.layers]
    keras_stem = set(names[: names.index(LAST_OF_KERAS_STEM)])

    def call(layer: keras.layers.Layer, *args: Any, **kwargs: Any) -> Any:
        if layer.name in keras_stem:
            return inputs  # unused, because the output of Keras's stem is replaced
        return paper_stem(inputs) if layer.name == LAST_OF_KERAS_STEM else layer(*args, **kwargs)

    model = keras.models.clone_model(network, inputs, clone_function=_widened, call_function=call)
    if has_weights:
        _copy_weights(network, model)
    return model


def paper_stem(inputs: "keras.KerasTensor") -> "keras.KerasTensor":
    """(batch, 299, 299, 3) -> (batch, 35, 35, 384), the stem of Inception-v4 and Inception-ResNet-v2 (figure 3)."""
    from keras.layers import Concatenate, MaxPooling2D

    x = _conv(inputs, "stem_1", 32, 3, strides=2)  # 149
    x = _conv(x, "stem_2", 32, 3)  # 147
    x = _conv(x, "stem_3", 64, 3, padding="same")
    pool = MaxPooling2D(3, 2, name="stem_4_pool")(x)  # 73
    x = Concatenate(name="stem_4_mixed")([pool, _conv(x, "stem_4", 96, 3, strides=2)])  # 160 channels
    short = _conv(_conv(x, "stem_5a_1", 64, 1, padding="same"), "stem_5a_2", 96, 3)  # 71
    long = _conv(x, "stem_5b_1", 64, 1, padding="same")
    long = _conv(long, "stem_5b_2", 64, (7, 1), padding="same")
    long = _conv(long, "stem_5b_3", 64, (1, 7), padding="same")
    x = Concatenate(name="stem_5_mixed")([short, _conv(long, "stem_5b_4", 96, 3)])  # 192 channels
    pool = MaxPooling2D(3, 2, name="stem_6_pool")(x)  # 35
    return Concatenate(name="stem_6_mixed")([_conv(x, "stem_6", 192, 3, strides=2), pool])  # 384 channels


def _conv(
    x: "keras.KerasTensor",
    name: str,
    filters: int,
    size: int | tuple[int, int],
    strides: int = 1,
    padding: str = "valid",
) -> "keras.KerasTensor":
    """Convolution, batch norm without scale, ReLU: the `conv2d_bn` of Keras's Inception networks."""
    from keras.layers import Activation, BatchNormalization, Conv2D

    x = Conv2D(filters, size, strides, padding, use_bias=False, name=f"{name}_conv")(x)
    return Activation("relu", name=f"{name}_relu")(BatchNormalization(scale=False, name=f"{name}_bn")(x))


def _widened(layer: "keras.layers.Layer") -> "keras.layers.Layer":
    """A copy of a layer; the last convolution of a module has as many filters as the module's width here."""
    config = layer.get_config()
    module = layer.name.split("_")[0]
    if module in WIDTHS and layer.name.endswith("_conv"):
        config["filters"] = WIDTHS[module]
    return type(layer).from_config(config)


def _copy_weights(network: "keras.Model", model: "keras.Model") -> None:
    donors = {layer.name: layer for layer in network.layers}
    first = [layer for layer in network.layers if layer.weights][: len(SHARED_WITH_KERAS_STEM)]
    donors |= dict(zip(SHARED_WITH_KERAS_STEM, first, strict=True))
    layers = [layer for layer in model.layers if layer.weights]
    random = []
    for layer in layers:
        donor = donors.get(layer.name)
        if donor and [weight.shape for weight in donor.weights] == [weight.shape for weight in layer.weights]:
            layer.set_weights(donor.get_weights())
        else:
            random.append(layer.name)
    matching = len(layers) - len(random)
    logger.info(
        f"The paper's stem: Keras's weights match {matching} of {len(layers)} layers. "
        f"These start from random weights: {', '.join(random)}"
    )
