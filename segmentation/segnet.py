"""SegNet (Badrinarayanan et al. 2017, https://arxiv.org/abs/1511.00561), with the settings of its training on CamVid.

29.4 M parameters: 14.7 M in VGG16's 13 convolutions and as many in the 13 of the decoder. All of them are 3x3; the last
one gives the logits.
"""

from segmentation.recipe import Recipe, main

RECIPE = Recipe(
    "segnet", backbone="segnet", decoder=None, head="segmentation.decoders:convolution_3x3", config="SegNetConfig"
)

if __name__ == "__main__":
    main(RECIPE)
