"""The stages of a training: image size, batch size, learning rate and frozen layers of each."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar, cast

from backbones import Backbone
from setting_types import Size
from settings import SettingError, bad_setting, errors_if_given

if TYPE_CHECKING:
    from config import SupervisedConfig, TrainingConfig

Item = TypeVar("Item")

STAGE_SETTINGS = ("image_size", "batch_size", "unfreeze_schedule", "learning_rates")
"""Settings with one value for all stages, or one for each."""


@dataclass(frozen=True)
class Stage:
    """Settings that change when the next stage starts.

    Attributes:
        size: height and width in pixels.
        batch_size: at most the number of training images.
        steps: batches in an epoch.
        learning_rate: the largest rate of the stage; a schedule may lower it.
        frozen: frozen layers of the backbone, as a slice layers[:frozen].
    """

    size: Size
    batch_size: int
    steps: int
    learning_rate: float
    frozen: int


def values_by_stage(settings: "TrainingConfig") -> dict[str, Sequence]:
    """The values of each setting in STAGE_SETTINGS that this kind of model has."""
    return {name: getattr(settings, name) for name in STAGE_SETTINGS if name in type(settings).model_fields}


def plan_stages(settings: "TrainingConfig", spec: Backbone | None, images: int) -> tuple[Stage, ...]:
    """The stages of a training on this number of images.

    `spec` is None for a model without a backbone; its settings name the image size.
    Raises SettingError if settings name different numbers of stages, or if the backbone does not support them.
    """
    values = values_by_stage(settings)
    values["learning_rates"] = _learning_rates(settings, values)
    count = max(map(len, values.values()))
    _check_counts(settings, values, count)
    rates = _one_per_stage(values["learning_rates"], count)
    batch_sizes = [min(size, images) for size in _one_per_stage(values["batch_size"], count)]
    if spec:
        supervised = cast("SupervisedConfig", settings)
        sizes = _one_per_stage(values["image_size"] or [Size(spec.image_size, spec.image_size)], count)
        frozen = _one_per_stage(frozen_layers(spec, supervised), count)
        _check_backbone(spec, supervised, sizes, frozen)
    else:
        sizes, frozen = _one_per_stage(values["image_size"], count), [0] * count
    return tuple(
        Stage(size, batch_size, _steps(settings, images // batch_size), rate, layers)
        for size, batch_size, rate, layers in zip(sizes, batch_sizes, rates, frozen, strict=True)
    )


def frozen_layers(spec: Backbone, settings: "SupervisedConfig") -> list[int]:
    """Frozen layers of the backbone in each stage, as a slice layers[:N]; a single number if all stages share it."""
    names = {"head": spec.layers, "all": 0}
    return [names[part] if part in names else int(part) for part in settings.unfreeze_schedule] or [settings.freeze]


def _learning_rates(settings: "TrainingConfig", values: dict[str, Sequence]) -> Sequence[float]:
    """The rates that were given; otherwise the default rates, but no more than there are stages."""
    rates = values["learning_rates"]
    stages = max(len(given) for name, given in values.items() if name != "learning_rates")
    if "learning_rates" in settings.model_fields_set:
        return rates
    if settings.schedule != "stages":
        return rates[:1]
    return rates[:stages] if stages > 1 else rates


def _one_per_stage(values: Sequence[Item], count: int) -> Sequence[Item]:
    return values if len(values) == count else [values[0]] * count


def _steps(settings: "TrainingConfig", full_batches: int) -> int:
    """Batches in an epoch. `full_batches` is the number that the training images fill."""
    wanted, per_call = settings.steps_per_epoch, settings.steps_per_execution
    if wanted and wanted % per_call:
        allowed = f"should be a multiple of --steps-per-execution {per_call}"
        raise SettingError(bad_setting("steps_per_epoch", wanted, allowed))
    if not wanted and full_batches < per_call:
        allowed = f"an epoch has {full_batches} batches; use at most {full_batches}"
        raise SettingError(bad_setting("steps_per_execution", per_call, allowed))
    return wanted or full_batches // per_call * per_call


def _check_counts(settings: "TrainingConfig", values: dict[str, Sequence], count: int) -> None:
    """Raises SettingError if a given value would not be used. A default value may be unused."""
    errors = []
    longest = next(name for name, given in values.items() if len(given) == count)
    for name, given in values.items():
        if 1 < len(given) < count or (len(given) == 1 < count and name == "unfreeze_schedule"):
            allowed = f"names {len(given)} stages, but {longest} names {count}; give a value for each stage"
            errors.append(bad_setting(name, _joined(given), allowed))
    if settings.schedule == "stages":
        if count > len(values["learning_rates"]):
            allowed = "needs as many --learning-rates, or another --schedule"
            errors.append(bad_setting(longest, _joined(values[longest]), allowed))
    else:
        if longest == "learning_rates" and count > 1 and not errors:
            allowed = f"schedule {settings.schedule} has one learning rate; give one"
            errors.append(bad_setting(longest, _joined(values[longest]), allowed))
        if settings.epochs < count:
            allowed = f"is less than the {count} stages; each stage needs at least one epoch"
            errors.append(bad_setting("epochs", settings.epochs, allowed))
        reason = f"has no effect with schedule {settings.schedule}; leave it out"
        errors += errors_if_given(settings, ("patience", "min_delta"), reason)
    if errors:
        raise SettingError(*errors)


def _check_backbone(spec: Backbone, settings: "SupervisedConfig", sizes: Sequence[Size], frozen: Sequence[int]) -> None:
    """Raises SettingError for sizes and frozen layers that the backbone does not have, and for unused settings."""
    by_stage = bool(settings.unfreeze_schedule)
    errors = [
        bad_setting("image_size", size, f"should be {spec.smallest} or more for this backbone")
        for size in sorted(set(sizes))
        if min(size) < spec.smallest
    ]
    if by_stage and settings.freeze:
        reason = "unfreeze_schedule names the frozen layers of each stage; give one of the two"
        errors += errors_if_given(settings, ["freeze"], reason)
    errors += [
        bad_setting(
            "unfreeze_schedule" if by_stage else "freeze",
            layers,
            f"the backbone has {spec.layers} layers; {spec.layers} freezes all of them",
        )
        for layers in sorted(set(frozen))
        if abs(layers) > spec.layers
    ]
    if set(frozen) == {spec.layers}:
        reason = "has no effect: all layers of the backbone are frozen in every stage; leave it out"
        unused = [name for name in ("backbone_rate", "layer_decay") if getattr(settings, name) != 1]
        errors += errors_if_given(settings, unused, reason)
    if errors:
        raise SettingError(*errors)


def _joined(values: Sequence[object]) -> str:
    return ",".join(f"{value:g}" if isinstance(value, float) else str(value) for value in values)
