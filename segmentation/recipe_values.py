"""The recipes of segmentation, `--recipe quick` and `--recipe best`; docs/results/camvid.md has their measurements."""

from backbones import Backbone
from training.recipe_values import RecipeValues


def recipes(spec: Backbone, is_pretrained: bool) -> RecipeValues:
    """Pre-trained encoders are used as they are (quick) or fine-tuned (best); random ones are trained (both)."""
    if not is_pretrained:
        return {"quick": SHARED | {"epochs": 15}, "best": SHARED | {"epochs": 60}}
    return {
        "quick": SHARED | {"freeze": spec.layers, "epochs": 8},
        "best": SHARED | {"backbone_rate": 0.3, "epochs": 14, "loss": "ce+dice"},
    }


SHARED = {"optimizer": "adamw", "schedule": "one-cycle", "learning_rates": (1e-3,)}
