"""What an experiment is: pure data, of which a command, a table and a figure are made."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import product

from settings import SettingError, bad_setting
from training.kinds import kind_of_module

Overrides = Mapping[str, str]
"""Settings by the name of their field, each as it would be written behind its flag; `True` or `False` for a switch."""

LOWER_IS_BETTER = ("loss", "reconstruction", "kl", "mse", "seconds")
"""Endings of measures."""


@dataclass(frozen=True)
class Variant:
    """One of the things that are compared.

    Attributes:
        settings: what is particular to it.
        published: the source's own figure of each measure that it gives; None if it gives none.
        module: if it is another than that of the experiment.
    """

    settings: Overrides
    published: Mapping[str, float] | None = None
    module: str | None = None


@dataclass(frozen=True)
class Experiment:
    """A comparison.

    Attributes:
        title: what is compared.
        module: the training command, `classifiers.small`.
        settings: those that all variants share.
        variants: by name.
        measures: columns of a run's history, of its best epoch, and those that `results.measured` adds to them. The
            first decides which variant is called the best.
        source: who made this comparison before, and where it is written; empty if nobody did.
        published_on: what the published figures were measured on.
        finding: what the source concludes.
        caution: what should be known when the numbers are read.
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
    """`val_mean_iou` in words."""
    words = measure.replace("_", " ").replace("iou", "IoU").replace("kl", "KL").replace("mse", "squared error")
    if words.startswith("full size "):
        return f"{words.removeprefix('full size ')} at the pictures' own size"
    return words.replace("val ", "validation ") if words.startswith("val ") else f"training {words}"


def grid(module: str, varied: Mapping[str, list[str]]) -> Experiment:
    """Every combination of the values of some settings."""
    combinations = (dict(zip(varied, values, strict=True)) for values in product(*varied.values()))
    variants = {
        " ".join(f"{name.replace('_', '-')}={value}" for name, value in combination.items()): Variant(combination)
        for combination in combinations
    }
    names = " and ".join(name.replace("_", " ") for name in varied)
    return Experiment(f"{module} by {names}", module, variants, kind_of_module(module).measures)


def assignments(field_name: str, words: tuple[str, ...]) -> dict[str, list[str]]:
    """`optimizer=sgd`, `adam`, `freeze=3` -> {optimizer: [sgd, adam], freeze: [3]}: one without a name has the last.

    Raises SettingError if the first has none, or a name has no value or is there twice.
    """
    found: dict[str, list[str]] = {}
    for word in words:
        name, equals, value = word.partition("=")
        key = name.strip().removeprefix("--").replace("-", "_")
        if (equals and (key in found or not value.strip())) or not (equals or found):
            raise SettingError(
                bad_setting(field_name, ",".join(words), "should be NAME=VALUE, each name once: freeze=50")
            )
        if equals:
            found[key] = [value.strip()]
        else:
            found[list(found)[-1]].append(word)
    return found
