"""ResNet-50 (He et al. 2016, https://arxiv.org/abs/1512.03385) up to the end of a stage, or up to half its depth.

S4 uses it "truncated by half": 25 of its 50 layers are the first convolution and 8 of the 16 blocks of three layers, so
the first half ends with `conv4_block1_out`. Without its head it has 229,760, 1,460,096, 2,980,224, 8,589,184 or, up to
the last block, all 23,587,712 parameters. Weight files are those of the complete network.
"""

from backbones import CAFFE, Backbone

CUTS = {
    "conv2_block3_out": 39,
    "conv3_block4_out": 81,
    "conv4_block1_out": 93,
    "conv4_block6_out": 143,
    "conv5_block3_out": 175,
}
"""The last layer of each backbone, by its name in Keras, and the number of layers up to it."""

BACKBONES = {
    f"resnet50_to_{cut}": Backbone(
        "keras.applications:ResNet50",
        image_size=224,
        layers=layers,
        normalisation=CAFFE,
        cut=cut,
    )
    for cut, layers in CUTS.items()
}
