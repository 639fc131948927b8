"""S1's U-Net: a ResNet-34 encoder and the decoder of fastai's `unet_learner`, pixel shuffles and all.

41,221,268 parameters with three classes, as fastai counts them, and 100 more for each further class; with the
statistics of batch norm, which fastai leaves out, 41,240,340. S1 trained in two one-cycles, at half size and then at
full size from the weights left over:

    python -m segmentation.unet_resnet34 --schedule one-cycle --learning-rates 1e-3,1e-4 --image-size 180x240,360x480
"""

from segmentation.recipe import Recipe, main

RECIPE = Recipe("unet_resnet34", backbone="resnet34", decoder="segmentation.pixel_shuffle:pixel_shuffle")

if __name__ == "__main__":
    main(RECIPE)
