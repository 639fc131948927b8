"""MobileNetV2 (Sandler et al. 2018, https://arxiv.org/abs/1801.04381): 2,257,984 parameters without its head.

S2 uses the layers up to `block_16_project`, without the last convolution: 1,841,984 parameters.
"""

from backbones import Backbone

BACKBONES = {
    "mobilenet_v2": Backbone("keras.applications:MobileNetV2", image_size=224, layers=154),
    "mobilenet_v2_to_block_16": Backbone(
        "keras.applications:MobileNetV2", image_size=128, layers=150, cut="block_16_project"
    ),
}
