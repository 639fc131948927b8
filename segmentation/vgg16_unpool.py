"""S4's network of section IV: VGG16 down, unpooling and transposed convolutions up, with `--optimizer sgd`, `momentum`
or `adam`, which S4 found best.

29.4 M parameters: VGG16's 13 convolutions down (14.7 M) and 13 up, of which the last, 3x3 as they all are, gives the
logits.
"""

from segmentation.recipe import Recipe, main

RECIPE = Recipe("vgg16_unpool", backbone="vgg16_unpool", decoder=None, head="segmentation.decoders:convolution_3x3")

if __name__ == "__main__":
    main(RECIPE)
