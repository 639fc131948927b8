"""Inception-v3 (Szegedy et al. 2016, https://arxiv.org/abs/1512.00567): 21,802,784 parameters without its head."""

from backbones import Backbone

BACKBONES = {"inception_v3": Backbone("keras.applications:InceptionV3", image_size=299, layers=311, smallest=75)}
