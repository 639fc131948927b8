"""S4's U-Net (section V): ResNet-50 cut at half its depth (`--cut`), with concatenations or (`--no-skip`) without.

256x256x3 -> 256x256x21 for PASCAL VOC, 8,025,909 parameters, 6,514,485 without concatenations. S4 trained it by
`--class-weights background:0.1 --batch-size 32 --optimizer momentum --learning-rates 1e-4` and compared that with rates
and optimizers (momentum or adam at 1e-3), with other weights of the background (`--class-weights none`,
`background:0.01`, `balanced`) and with `--no-skip`.
"""

from segmentation.recipe import Recipe, main

RECIPE = Recipe(
    "unet_resnet50",
    backbone=lambda settings: f"resnet50_to_{settings.cut}",
    decoder="segmentation.decoders:unet_with_or_without_skips",
    config="UNetResNet50Config",
)

if __name__ == "__main__":
    main(RECIPE)
