"""The description of an experiment. It is pure data for the command, the tables and the figures."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import product

from settings import SettingError, bad_setting
from training.kinds import kind_of_module

Overrides = Mapping[str, str]
"""Settings by field name, each with the text that its flag takes; `True` or `False` for a switch."""

LOWER_IS_BETTER = ("loss", "reconstruction", "kl", "mse", "seconds")
"""Endings of measures."""


@dataclass(frozen=True)
class Variant:
    """One of the compared variants.

    Attributes:
        settings: the settings of this variant alone.
        published: the measures that the source publishes for it; None if there are none.
        module: its training command; None for that of the experiment.
    """

    settings: Overrides
    published: Mapping[str, float] | None = None
    module: str | None = None


@dataclass(frozen=True)
class Experiment:
    """A comparison of variants.

    Attributes:
        title: the subject of the comparison.
        module: the training command, for example `classifiers.small`.
        settings: the settings that all variants share.
        variants: the variants by name.
        measures: columns of the history's best epoch, and those that `results.measure` adds. The first one decides
            which variant is best.
        source: the publication with this comparison; empty if there is none.
        published_on: the data of the published values.
        finding: the conclusion of the source.
        caution: a warning for the interpretation of the numbers.
    """

    title: str
    module: str
    variants: Mapping[str, Variant]
    measures: tuple[str, ...]
    settings: Overrides = field(default_factory=dict)
    source: str = ""
    published_on: str = ""
    finding: str = ""
    caution: str = ""

    def module_of(self, variant: str) -> str:
        return self.variants[variant].module or self.module


def lower_is_better(measure: str) -> bool:
    return measure.endswith(LOWER_IS_BETTER)


def display_name(measure: str) -> str:
    """`val_mean_iou` -> `validation mean IoU`."""
    words = measure.replace("_", " ").replace("iou", "IoU").replace("kl", "KL").replace("mse", "squared error")
    words = words.replace(" map", " mAP").replace("f1", "F1")
    if words.startswith("full size "):
        return f"{words.removeprefix('full size ')} at the original image size"
    return words.replace("val ", "validation ") if words.startswith("val ") else f"training {words}"


def grid(module: str, values_of: Mapping[str, list[str]]) -> Experiment:
    """An experiment with a variant for every combination of the values of these settings."""
    combinations = (dict(zip(values_of, values, strict=True)) for values in product(*values_of.values()))
    variants = {
        " ".join(f"{name.replace('_', '-')}={value}" for name, value in combination.items()): Variant(combination)
        for combination in combinations
    }
    names = " and ".join(name.replace("_", " ") for name in values_of)
    return Experiment(f"{module} by {names}", module, variants, kind_of_module(module).measures)


def parse_assignments(field_name: str, words: tuple[str, ...]) -> dict[str, list[str]]:
    """`optimizer=sgd`, `adam`, `freeze=3` -> {optimizer: [sgd, adam], freeze: [3]}.

    A word without a name is one more value of the name before it. Raises SettingError if the first word has no name, or
    a name has no value or is repeated.
    """
    values_of: dict[str, list[str]] = {}
    for word in words:
        name, equals, value = word.partition("=")
        key = name.strip().removeprefix("--").replace("-", "_")
        if (equals and (key in values_of or not value.strip())) or not (equals or values_of):
            allowed = "should be NAME=VALUE, each name once: freeze=50"
            raise SettingError(bad_setting(field_name, ",".join(words), allowed))
        if equals:
            values_of[key] = [value.strip()]
        else:
            values_of[list(values_of)[-1]].append(word)
    return values_of
