"""EfficientNetV2 (Tan & Le 2021, https://arxiv.org/abs/2104.00298), sizes S and B0.

20,331,360 and 5,919,312 parameters without head. Keras can include the normalisation in the network; here it is a layer
before it, as for every backbone, so that it can be changed.
"""

from backbones import IMAGENET, Backbone, Normalisation

WITHOUT_NORMALISATION = {"include_preprocessing": False}
DIVIDED_BY_128 = Normalisation((128.0, 128.0, 128.0), (128.0, 128.0, 128.0))

BACKBONES = {
    "efficientnet_v2_s": Backbone(
        "keras.applications:EfficientNetV2S",
        image_size=384,
        layers=512,
        normalisation=DIVIDED_BY_128,
        arguments=WITHOUT_NORMALISATION,
    ),
    "efficientnet_v2_b0": Backbone(
        "keras.applications:EfficientNetV2B0",
        image_size=224,
        layers=268,
        normalisation=IMAGENET,
        arguments=WITHOUT_NORMALISATION,
    ),
}
