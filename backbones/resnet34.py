"""ResNet-34 (He et al. 2016, https://arxiv.org/abs/1512.03385): 21,301,696 parameters without its head, 17,024 of them
statistics.

KerasHub's network, with the layers of PyTorch's. It has no ImageNet weights of its own to download. Those of timm, for
which the normalisation here is right, become a file for `--weights` on a machine with a network and `safetensors`:

    import keras_hub
    timm = keras_hub.models.Backbone.from_preset("hf://timm/resnet34.tv_in1k")
    timm.save_weights("resnet34.weights.h5")
"""

from backbones import IMAGENET, Backbone

BACKBONES = {
    "resnet34": Backbone(
        "backbones.resnet34:network", image_size=224, layers=128, normalisation=IMAGENET, imagenet=False
    )
}


def network(input_shape, include_top=False, weights=None):
    """Output is 1/32 of the input's height and width, 512 channels."""
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
    # its layers are Keras's own: without its class around them a saved model loads without KerasHub
    return keras.Model(resnet.input, resnet.output, name="resnet34")
