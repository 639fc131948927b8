"""ConvNeXt-Tiny (Liu et al. 2022, https://arxiv.org/abs/2201.03545): 27.8 M parameters."""

from classifiers.recipe import Recipe, main

RECIPE = Recipe("convnext", backbone="convnext_tiny")

if __name__ == "__main__":
    main(RECIPE)
