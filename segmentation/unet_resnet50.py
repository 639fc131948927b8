"""A U-Net on a ResNet-50 that is cut at half its depth (`--cut`), with skip connections or without (`--no-skip`).

256x256x3 -> 256x256x21 for the classes of PASCAL VOC: 8,025,909 parameters, or 6,514,485 without skip connections.
`python -m experiments LIST` has comparisons of its learning rates, class weights and skip connections.
"""

from segmentation.recipe import Recipe, main

RECIPE = Recipe(
    "unet_resnet50",
    backbone=lambda settings: f"resnet50_to_{settings.cut}",
    decoder="segmentation.decoders:unet",
    decoder_settings=("decoder_filters", "skip"),
    config="UNetResNet50Config",
)

if __name__ == "__main__":
    main(RECIPE)
