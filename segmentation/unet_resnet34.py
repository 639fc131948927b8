"""The U-Net of fastai's `unet_learner` (https://arxiv.org/abs/2002.04688): ResNet-34 and a decoder of pixel shuffles.

41,221,268 trained parameters with three classes, and 100 more for each further class. With the statistics of batch
norm, which fastai does not count, there are 41,240,340. A usual training has two one-cycles, at half size and then at
full size from the weights of the first:

    python -m segmentation.unet_resnet34 --schedule one-cycle --learning-rates 1e-3,1e-4 --image-size 180x240,360x480
"""

from segmentation.recipe import Recipe, main

RECIPE = Recipe("unet_resnet34", backbone="resnet34", decoder="segmentation.pixel_shuffle:pixel_shuffle")

if __name__ == "__main__":
    main(RECIPE)
