"""The Inception-ResNet-v2 of Keras, which has the stem of v1: 54,336,736 parameters without its head.

Szegedy et al. 2017, https://arxiv.org/abs/1602.07261. The paper's stem for v2 is in `inception_resnet_v2_paper_stem`.
"""

from backbones import Backbone

BACKBONES = {
    "inception_resnet_v2": Backbone("keras.applications:InceptionResNetV2", image_size=299, layers=780, smallest=75)
}
