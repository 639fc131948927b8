"""VGG16 (Simonyan & Zisserman 2015) with batch norm, for 32x32 pixels as in CIFAR-10: 14.7 M parameters."""

from classifiers.recipe import Recipe, main

RECIPE = Recipe("cifar_vgg16", backbone="cifar_vgg16", config="CifarConfig")

if __name__ == "__main__":
    main(RECIPE)
