"""VGG16 and its mirror image of unpooling and transposed convolutions (Noh et al. 2015,
https://arxiv.org/abs/1505.04366, without the dense layers).

29.4 M parameters: 14.7 M in VGG16's 13 convolutions and as many in the 13 of the decoder. All of them are 3x3; the last
one gives the logits.
"""

from segmentation.recipe import Recipe, main

RECIPE = Recipe("vgg16_unpool", backbone="vgg16_unpool", decoder=None, head="segmentation.decoders:convolution_3x3")

if __name__ == "__main__":
    main(RECIPE)
