"""ResNet-50 (He et al. 2016, https://arxiv.org/abs/1512.03385): 23.6 M parameters."""

from classifiers.recipe import Recipe, main

RECIPE = Recipe("resnet50", backbone="resnet50")

if __name__ == "__main__":
    main(RECIPE)
