"""The recipes of segmentation, `--recipe quick` and `--recipe best`; docs/results/camvid.md has their measurements."""

from backbones import Backbone
from training.recipe_values import RecipeValues


def recipes(spec: Backbone, is_pretrained: bool) -> RecipeValues:
    """Pre-trained encoders are used as they are (quick) or fine-tuned (best); random ones are trained (both)."""
    if not is_pretrained:
        return RANDOM_WEIGHTS
    return {"quick": PRETRAINED | {"freeze": spec.layers, "epochs": 8}, "best": BEST}


PRETRAINED = {
    "optimizer": "adamw",
    "schedule": "one-cycle",
    "learning_rates": (2e-3,),
    "decoder_filters": (128, 64, 32, 16, 16),
}
"""A decoder of half the usual width takes half the time, and is no worse on CamVid."""

BEST = PRETRAINED | {
    "backbone_rate": 0.3,
    "loss": "ce+dice",
    "class_weights": "root-frequency",
    "batch_size": (4,),
    "epochs": 22,
}
"""The encoder learns at a lower rate than the decoder. Dice and the weights make rare classes count."""

RANDOM = {"optimizer": "adamw", "schedule": "cosine", "learning_rates": (2e-3,), "ema": 0.99}

RANDOM_WEIGHTS = {"quick": RANDOM | {"epochs": 15}, "best": RANDOM | {"epochs": 50}}
"""For networks without pre-trained weights."""
