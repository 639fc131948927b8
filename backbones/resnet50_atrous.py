"""ResNet-50 whose last stage does not halve (Chen et al. 2018, https://arxiv.org/abs/1802.02611, section 3.1).

Its 3x3 convolutions are atrous instead, so that each looks as far as before and the weights of ResNet-50 fit. The last
feature map is 1/16 of the height and width of the picture, not 1/32. 23,587,712 parameters without its head.
"""

from backbones import CAFFE, Backbone

BACKBONES = {
    "resnet50_atrous": Backbone(
        "keras.applications:ResNet50",
        image_size=224,
        layers=175,
        normalisation=CAFFE,
        rebuild="backbones.resnet50_atrous:atrous",
    )
}


def atrous(resnet, has_weights: bool):
    import keras

    model = keras.models.clone_model(resnet, clone_function=_with_holes)
    model.set_weights(resnet.get_weights())
    return keras.Model(model.input, model.output, name="resnet50_atrous")


def _with_holes(layer):
    """A copy of a layer; the convolutions of the last stage without strides, the 3x3 ones with holes."""
    config = layer.get_config()
    if layer.name.startswith("conv5_") and "kernel_size" in config:
        config |= {"strides": 1, "dilation_rate": 2 if max(config["kernel_size"]) > 1 else 1}
    return type(layer).from_config(config)
