"""ResNet-34 (He et al. 2016, https://arxiv.org/abs/1512.03385): 21,301,696 parameters without its head, 17,024 of them
statistics.

The network of KerasHub, with the same layers as in PyTorch. Keras has no ImageNet weights for it. The weights of timm,
which need this normalisation, can be converted to a file for `--weights` on a machine with network access and
`safetensors`:

    import keras_hub
    timm = keras_hub.models.Backbone.from_preset("hf://timm/resnet34.tv_in1k")
    timm.save_weights("resnet34.weights.h5")
"""

from typing import TYPE_CHECKING

from backbones import IMAGENET, Backbone

if TYPE_CHECKING:
    import keras

BACKBONES = {
    "resnet34": Backbone(
        "backbones.resnet34:network", image_size=224, layers=128, normalisation=IMAGENET, imagenet=False
    )
}


def network(
    input_shape: tuple[int | None, int | None, int], include_top: bool = False, weights: None = None
) -> "keras.Model":
    """The output has 1/32 of the input's height and width, and 512 channels."""
    import keras
    from keras_hub.models import ResNetBackbone

    resnet = ResNetBackbone(
        input_conv_filters=[64],
        input_conv_kernel_sizes=[7],
        stackwise_num_filters=[64, 128, 256, 512],
        stackwise_num_blocks=[3, 4, 6, 3],
        stackwise_num_strides=[1, 2, 2, 2],
        block_type="basic_block",
        image_shape=input_shape,
    )
    # a plain Keras model of the same layers: a saved model then loads without KerasHub
    return keras.Model(resnet.input, resnet.output, name="resnet34")
