"""VGG (Simonyan & Zisserman 2015, https://arxiv.org/abs/1409.1556) with 16 and 19 layers.

Without the head they have 13 and 16 layers with 14,714,688 and 20,024,384 parameters.
"""

from backbones import CAFFE, Backbone

BACKBONES = {
    "vgg16": Backbone("keras.applications:VGG16", image_size=224, layers=19, normalisation=CAFFE),
    "vgg19": Backbone("keras.applications:VGG19", image_size=224, layers=22, normalisation=CAFFE),
}
