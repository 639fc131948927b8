"""ResNet-50 (He et al. 2016, https://arxiv.org/abs/1512.03385): 23,587,712 parameters without its head."""

from backbones import CAFFE, Backbone

BACKBONES = {"resnet50": Backbone("keras.applications:ResNet50", image_size=224, layers=175, normalisation=CAFFE)}
