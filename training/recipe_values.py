"""Recipes: one name for the values of many settings that were measured to work well together."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeVar

from backbones import Backbone
from log import logger
from setting_flags import flag
from setting_types import as_text
from settings import with_values

if TYPE_CHECKING:
    from config import SupervisedConfig

AnySupervised = TypeVar("AnySupervised", bound="SupervisedConfig")

RecipeValues = Mapping[str, Mapping[str, object]]
"""The values of the settings of each recipe, by the name of the recipe."""

Recipes = Callable[[Backbone, bool], RecipeValues]
"""Takes the backbone, and whether it is pre-trained."""


def apply_recipe(settings: AnySupervised, spec: Backbone, recipes: Recipes) -> AnySupervised:
    """The settings with the values of their recipe, except what was given and what the command has no setting for.

    Logs these values.
    """
    if settings.recipe is None:
        return settings
    is_pretrained = spec.imagenet if settings.weights == "auto" else settings.weights != "none"
    takes = type(settings).model_fields.keys() - settings.model_fields_set
    values = {name: value for name, value in recipes(spec, is_pretrained)[settings.recipe].items() if name in takes}
    words = " ".join(f"{flag(name)} {as_text(value)}" for name, value in values.items())
    logger.info(f"Recipe {settings.recipe}: {words}")
    return with_values(settings, values)
