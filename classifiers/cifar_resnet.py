"""ResNet for 32x32 pixels (He et al. 2016, https://arxiv.org/abs/1512.03385, section 4.2)."""

from classifiers.recipe import Recipe, main

RECIPE = Recipe("cifar_resnet", backbone=lambda settings: f"cifar_resnet_{settings.depth}", config="CifarResNetConfig")

if __name__ == "__main__":
    main(RECIPE)
