"""ResNet-50 without strides in the last stage (Chen et al. 2018, https://arxiv.org/abs/1802.02611, section 3.1).

The 3x3 convolutions of that stage are atrous instead, so that their field of view stays the same and the weights of
ResNet-50 match. The last feature map has 1/16 of the height and width of the image, not 1/32. 23,587,712 parameters
without its head.
"""

from typing import TYPE_CHECKING

from backbones import CAFFE, Backbone

if TYPE_CHECKING:
    import keras

BACKBONES = {
    "resnet50_atrous": Backbone(
        "keras.applications:ResNet50",
        image_size=224,
        layers=175,
        normalisation=CAFFE,
        rebuild="backbones.resnet50_atrous:atrous",
    )
}


def atrous(resnet: "keras.Model", has_weights: bool) -> "keras.Model":
    """ResNet-50 -> the network with atrous convolutions and the same weights."""
    import keras

    model = keras.models.clone_model(resnet, clone_function=_without_strides)
    model.set_weights(resnet.get_weights())
    return keras.Model(model.input, model.output, name="resnet50_atrous")


def _without_strides(layer: "keras.layers.Layer") -> "keras.layers.Layer":
    """A copy of a layer; convolutions of the last stage have no strides, and the 3x3 ones a dilation rate of 2."""
    config = layer.get_config()
    if layer.name.startswith("conv5_") and "kernel_size" in config:
        config |= {"strides": 1, "dilation_rate": 2 if max(config["kernel_size"]) > 1 else 1}
    return type(layer).from_config(config)
