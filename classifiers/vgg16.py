"""VGG16 (Simonyan & Zisserman 2015, https://arxiv.org/abs/1409.1556) without its dense layers: 14.7 M parameters."""

from classifiers.recipe import Recipe, main

RECIPE = Recipe("vgg16", backbone="vgg16")

if __name__ == "__main__":
    main(RECIPE)
