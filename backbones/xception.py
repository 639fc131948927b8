"""Xception (Chollet 2017, https://arxiv.org/abs/1610.02357): 20,861,480 parameters without its head."""

from backbones import Backbone

BACKBONES = {"xception": Backbone("keras.applications:Xception", image_size=299, layers=132, smallest=71)}
