"""A small residual network for 128x128 pixels, 1.8 M parameters: trains from random weights on a CPU in minutes."""

from classifiers.recipe import Recipe, main

RECIPE = Recipe("small", backbone="small")

if __name__ == "__main__":
    main(RECIPE)
