"""A U-Net (Ronneberger et al. 2015, https://arxiv.org/abs/1505.04597) on any backbone: `--backbone`."""

from segmentation.recipe import Recipe, main

RECIPE = Recipe(
    "unet",
    backbone=lambda settings: settings.backbone,
    decoder="segmentation.decoders:unet",
    decoder_settings=("decoder_filters", "skip"),
    config="UNetConfig",
)

if __name__ == "__main__":
    main(RECIPE)
