"""Inception-v3 (Szegedy et al. 2016, https://arxiv.org/abs/1512.00567): 21.8 M parameters."""

from classifiers.recipe import Recipe, main

RECIPE = Recipe("inception_v3", backbone="inception_v3")

if __name__ == "__main__":
    main(RECIPE)
