"""ConvNeXt (Liu et al. 2022, https://arxiv.org/abs/2201.03545), size Tiny: 27,820,128 parameters without its head."""

from backbones import IMAGENET, Backbone

BACKBONES = {
    "convnext_tiny": Backbone(
        "keras.applications:ConvNeXtTiny",
        image_size=224,
        layers=132,
        normalisation=IMAGENET,
        arguments={"include_preprocessing": False},
    )
}
