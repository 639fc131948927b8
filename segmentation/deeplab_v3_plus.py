"""DeepLabV3+ (Chen et al. 2018, https://arxiv.org/abs/1802.02611) on ResNet-50: 39,222,613 parameters with 21 classes.

No feature map is smaller than 1/16 of the image; the convolutions of the last stage of ResNet-50 are atrous instead.
"""

from segmentation.recipe import Recipe, main

RECIPE = Recipe(
    "deeplab_v3_plus",
    backbone="resnet50_atrous",
    decoder="segmentation.atrous_pyramid:atrous_pyramid",
    head="segmentation.atrous_pyramid:upsampled_convolution",
)

if __name__ == "__main__":
    main(RECIPE)
