"""EfficientNetV2 (Tan & Le 2021, https://arxiv.org/abs/2104.00298): S with 20.3 M parameters, B0 with 5.9 M."""

from classifiers.recipe import Recipe, main

RECIPE = Recipe(
    "efficientnet_v2",
    backbone=lambda settings: f"efficientnet_v2_{settings.variant}",
    config="EfficientNetV2Config",
)

if __name__ == "__main__":
    main(RECIPE)
