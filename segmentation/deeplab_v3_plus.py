"""DeepLabV3+ (Chen et al. 2018, https://arxiv.org/abs/1802.02611) on ResNet-50: 39,222,613 parameters with 21 classes.

What S2 would try next. No feature map is smaller than 1/16 of the picture; behind that convolutions are atrous.
"""

from segmentation.recipe import Recipe, main

RECIPE = Recipe(
    "deeplab_v3_plus",
    backbone="resnet50_atrous",
    decoder="segmentation.pyramid:pyramid",
    head="segmentation.pyramid:enlarged",
)

if __name__ == "__main__":
    main(RECIPE)
