"""Inception-ResNet-v2 (Szegedy et al. 2017, https://arxiv.org/abs/1602.07261): 54 M parameters.

Keras gives it the stem of Inception-ResNet-v1; `--stem paper` gives it that of the paper.
"""

from classifiers.recipe import Recipe, main

BACKBONES = {"keras": "inception_resnet_v2", "paper": "inception_resnet_v2_paper_stem"}

RECIPE = Recipe(
    "inception_resnet_v2", backbone=lambda settings: BACKBONES[settings.stem], config="InceptionResNetV2Config"
)

if __name__ == "__main__":
    main(RECIPE)
