"""EfficientNetV2 (Tan & Le 2021, https://arxiv.org/abs/2104.00298), sizes S and B0.

20,331,360 and 5,919,312 parameters without head. Keras would put the normalisation into the network; here it stands
before it, as for every backbone, so that it can be exchanged.
"""

from backbones import IMAGENET, Backbone, Normalisation

PLAIN = {"include_preprocessing": False}
AROUND_ZERO_BY_128 = Normalisation((128.0, 128.0, 128.0), (128.0, 128.0, 128.0))

BACKBONES = {
    "efficientnet_v2_s": Backbone(
        "keras.applications:EfficientNetV2S",
        image_size=384,
        layers=512,
        normalisation=AROUND_ZERO_BY_128,
        arguments=PLAIN,
    ),
    "efficientnet_v2_b0": Backbone(
        "keras.applications:EfficientNetV2B0", image_size=224, layers=268, normalisation=IMAGENET, arguments=PLAIN
    ),
}
