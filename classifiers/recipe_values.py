"""The recipes of classifiers, `--recipe quick` and `--recipe best`; docs/results/scenes.md has their measurements."""

from backbones import Backbone
from training.recipe_values import RecipeValues


def recipes(spec: Backbone, is_pretrained: bool) -> RecipeValues:
    """Pre-trained backbones are used as they are (quick) or fine-tuned (best); random ones are trained (both)."""
    if not is_pretrained:
        return RANDOM_WEIGHTS
    return {"quick": QUICK | {"freeze": spec.layers}, "best": BEST}


QUICK = {
    "cache": "features",
    "optimizer": "adamw",
    "schedule": "cosine",
    "learning_rates": (1e-3,),
    "epochs": 30,
    "label_smoothing": 0.1,
}
"""Only the last layer is trained, on features that are computed once. The number of frozen layers is added."""

BEST = {
    "unfreeze_schedule": ("head", "all"),
    "cache": "features",
    "optimizer": "adamw",
    "schedule": "cosine",
    "learning_rates": (1e-3,),
    "backbone_rate": 0.1,
    "epochs": 16,
    "label_smoothing": 0.1,
}
"""First the last layer as in `quick`, then all layers, the backbone at a lower rate."""

RANDOM_WEIGHTS = {
    "quick": {"optimizer": "adamw", "schedule": "one-cycle", "learning_rates": (3e-3,), "epochs": 15},
    "best": {
        "optimizer": "adamw",
        "weight_decay": 0.05,
        "schedule": "cosine",
        "learning_rates": (2e-3,),
        "epochs": 100,
        "ema": 0.99,
        "label_smoothing": 0.1,
        "cutmix": 1.0,
    },
}
"""For networks without pre-trained weights, such as `classifiers.small`."""
