"""MobileNetV2 (Sandler et al. 2018, https://arxiv.org/abs/1801.04381): 2,257,984 parameters without its head."""

from backbones import Backbone

BACKBONES = {"mobilenet_v2": Backbone("keras.applications:MobileNetV2", image_size=224, layers=154)}
