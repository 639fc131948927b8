"""Xception (Chollet 2017, https://arxiv.org/abs/1610.02357): 20.9 M parameters, separable convolutions throughout."""

from classifiers.recipe import Recipe, main

RECIPE = Recipe("xception", backbone="xception")

if __name__ == "__main__":
    main(RECIPE)
