"""Inception-ResNet-v2 (Szegedy et al. 2017, https://arxiv.org/abs/1602.07261), the network of S0: 54 M parameters.

All layers learn by default and the learning rates are S0's; `--stem paper` gives it the stem that S0 missed in Keras.
"""

from classifiers.recipe import Recipe, main

BACKBONES = {"keras": "inception_resnet_v2", "paper": "inception_resnet_v2_paper_stem"}

RECIPE = Recipe(
    "inception_resnet_v2", backbone=lambda settings: BACKBONES[settings.stem], config="InceptionResNetV2Config"
)

if __name__ == "__main__":
    main(RECIPE)
