"""MobileNetV2 (Sandler et al. 2018, https://arxiv.org/abs/1801.04381): small and fast, 2.3 M parameters."""

from classifiers.recipe import Recipe, main

RECIPE = Recipe("mobilenet_v2", backbone="mobilenet_v2")

if __name__ == "__main__":
    main(RECIPE)
