"""VGG19 (Simonyan & Zisserman 2015, https://arxiv.org/abs/1409.1556) without its dense layers: 20.0 M parameters."""

from classifiers.recipe import Recipe, main

RECIPE = Recipe("vgg19", backbone="vgg19")

if __name__ == "__main__":
    main(RECIPE)
