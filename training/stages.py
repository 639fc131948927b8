"""The stages of a training, read from the settings: what is trained at which size, at which rate, and what learns."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from backbones import Backbone
from setting_types import Size
from settings import SettingError, bad_setting

if TYPE_CHECKING:
    from config import TrainingConfig

Item = TypeVar("Item")

BY_STAGE = ("image_size", "batch_size", "unfreeze_schedule", "learning_rates")
"""Settings that hold a value for each stage, or one for all."""


def values_by_stage(settings: "TrainingConfig") -> dict[str, Sequence]:
    """The settings that hold a value for each stage, or one for all."""
    return {name: getattr(settings, name) for name in BY_STAGE if name in type(settings).model_fields}


@dataclass(frozen=True)
class Stage:
    """What holds until the next stage begins.

    Attributes:
        size: height and width in pixels.
        batch_size: no more than there are training images.
        steps: batches in an epoch.
        learning_rate: the largest.
        frozen: how many of the backbone's layers do not learn, as a slice layers[:N].
    """

    size: Size
    batch_size: int
    steps: int
    learning_rate: float
    frozen: int


def plan_stages(settings, spec: Backbone | None, images: int) -> tuple[Stage, ...]:
    """The stages for so many training images; `spec` is None for a model without a backbone, whose settings name sizes.

    Raises SettingError if settings name different numbers of stages, or what the backbone cannot do.
    """
    named = values_by_stage(settings)
    named["learning_rates"] = _rates(settings, named)
    count = max(map(len, named.values()))
    _check_counts(settings, named, count)
    sizes = _for_all(named["image_size"], count, spec and Size(spec.image_size, spec.image_size))
    frozen = _for_all(frozen_layers(spec, settings) if spec else [], count, 0)
    if spec:
        _check_backbone(spec, settings, sizes, frozen)
    batch_sizes = [min(size, images) for size in _for_all(named["batch_size"], count)]
    rates = _for_all(named["learning_rates"], count)
    return tuple(
        Stage(size, batch_size, _steps(settings, images // batch_size), rate, layers)
        for size, batch_size, rate, layers in zip(sizes, batch_sizes, rates, frozen, strict=True)
    )


def _steps(settings, fill: int) -> int:
    """Batches in an epoch; the training images `fill` so many."""
    asked, at_once = settings.steps_per_epoch, settings.steps_per_execution
    if asked and asked % at_once:
        raise SettingError(
            bad_setting("steps_per_epoch", asked, f"should be a multiple of --steps-per-execution {at_once}")
        )
    if not asked and fill < at_once:
        raise SettingError(
            bad_setting("steps_per_execution", at_once, f"an epoch has {fill} batches; {fill} is the most")
        )
    return asked or fill // at_once * at_once


def _rates(settings, named: dict[str, Sequence]) -> Sequence[float]:
    """Those that were asked for; of the default ones as many as there are stages."""
    rates = named["learning_rates"]
    stages = max(len(values) for name, values in named.items() if name != "learning_rates")
    if "learning_rates" in settings.model_fields_set:
        return rates
    if settings.schedule != "stages":
        return rates[:1]
    return rates[:stages] if stages > 1 else rates


def _for_all(values: Sequence[Item], count: int, default: Item | None = None) -> Sequence[Item]:
    """One for each stage."""
    values = values or [default]
    return values if len(values) == count else [values[0]] * count


def frozen_layers(spec: Backbone, settings) -> list[int]:
    """Of each stage, or of all, how many of the backbone's layers do not learn, as a slice layers[:N]."""
    names = {"head": spec.layers, "all": 0}
    return [names[part] if part in names else int(part) for part in settings.unfreeze_schedule] or [settings.freeze]


def _check_counts(settings, named: dict[str, Sequence], count: int) -> None:
    """What is given on purpose must be of use; a default may be of none."""
    errors = []
    longest = next(name for name, values in named.items() if len(values) == count)
    for name, values in named.items():
        if 1 < len(values) < count or (len(values) == 1 < count and name == "unfreeze_schedule"):
            allowed = f"names {len(values)} stages, {longest} {count}; give each stage its own"
            errors.append(bad_setting(name, _listed(values), allowed))
    if settings.schedule == "stages":
        if count > len(named["learning_rates"]):
            errors.append(
                bad_setting(longest, _listed(named[longest]), "needs as many --learning-rates, or another --schedule")
            )
    else:
        if longest == "learning_rates" and count > 1 and not errors:
            allowed = f"schedule {settings.schedule} has one rate; name one"
            errors.append(bad_setting(longest, _listed(named[longest]), allowed))
        if settings.epochs < count:
            errors.append(
                bad_setting("epochs", settings.epochs, f"is less than the {count} stages; each needs its share")
            )
        errors += [
            bad_setting(name, getattr(settings, name), f"is of no use with schedule {settings.schedule}; leave it out")
            for name in ("patience", "min_delta")
            if name in settings.model_fields_set
        ]
    if errors:
        raise SettingError(*errors)


def _check_backbone(spec: Backbone, settings, sizes: Sequence[Size], frozen: Sequence[int]) -> None:
    errors, parts = [], settings.unfreeze_schedule
    errors += [
        bad_setting("image_size", size, f"should be {spec.smallest} or more for this backbone")
        for size in sorted(set(sizes))
        if min(size) < spec.smallest
    ]
    if parts and settings.freeze:
        errors.append(
            bad_setting("freeze", settings.freeze, "unfreeze_schedule says what is frozen in each stage; use one")
        )
    errors += [
        bad_setting(
            "unfreeze_schedule" if parts else "freeze",
            layers,
            f"the backbone has {spec.layers} layers; {spec.layers} freezes all of them",
        )
        for layers in sorted(set(frozen))
        if abs(layers) > spec.layers
    ]
    if errors:
        raise SettingError(*errors)


def _listed(values: Sequence[object]) -> str:
    return ",".join(f"{value:g}" if isinstance(value, float) else str(value) for value in values)
