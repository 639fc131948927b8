"""SegNet (S3; Badrinarayanan et al. 2017, https://arxiv.org/abs/1511.00561), trained as on CamVid.

29.4 M parameters: VGG16's 13 convolutions down (14.7 M) and 13 up, of which the last, 3x3 as they all are, gives the
logits.
"""

from segmentation.recipe import Recipe, main

RECIPE = Recipe(
    "segnet", backbone="segnet", decoder=None, head="segmentation.decoders:convolution_3x3", config="SegNetConfig"
)

if __name__ == "__main__":
    main(RECIPE)
