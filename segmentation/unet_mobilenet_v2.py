"""A U-Net on MobileNetV2 up to block_16_project, frozen, with four transposed convolutions, for 128x128 pixels.

6,504,227 parameters with three classes, of which 4,660,323 are trained.
"""

from segmentation.recipe import Recipe, main

RECIPE = Recipe(
    "unet_mobilenet_v2",
    backbone="mobilenet_v2_to_block_16",
    decoder="segmentation.decoders:transposed_convolutions",
    head="segmentation.decoders:transposed_convolution",
    config="UNetMobileNetV2Config",
)

if __name__ == "__main__":
    main(RECIPE)
