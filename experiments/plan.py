"""The planned runs of an experiment. All are checked by the settings of their modules before the first one starts."""

import difflib
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from experiments.catalogue import EXPERIMENTS
from experiments.experiment import Experiment, grid, parse_assignments
from experiments.modules import check, config_of
from passed_words import config_words
from setting_flags import command_words
from settings import SettingError, Settings, bad_setting, read_settings

if TYPE_CHECKING:
    from config import ExperimentsConfig, TrainingConfig

RESERVED = ("data", "runs", "name", "seed", "resume", "debug", "config", "verbose", "find_lr")
"""Settings that the experiment chooses, and a variant may not."""

SWITCH_VALUES = {"true": "True", "yes": "True", "1": "True", "false": "False", "no": "False", "0": "False"}


@dataclass(frozen=True)
class PlannedRun:
    """One run: a variant with a seed. `settings` are the complete settings that its flags result in."""

    name: str
    variant: str
    seed: int
    module: str
    flags: tuple[str, ...]
    settings: dict[str, Any]


def chosen_experiment(settings: "ExperimentsConfig") -> tuple[str, Experiment]:
    """The folder name and the experiment that the settings describe. Raises SettingError."""
    if settings.experiment is None:
        return _own_grid(settings)
    if settings.experiment not in EXPERIMENTS:
        close = difflib.get_close_matches(settings.experiment, EXPERIMENTS, n=1)
        hint = f" (did you mean {close[0]}?)" if close else ""
        raise SettingError(bad_setting("experiment", settings.experiment, f"is unknown{hint}; LIST shows all"))
    if settings.vary:
        allowed = f"{settings.experiment} has its own variants; use either its name, or --module and --vary"
        raise SettingError(bad_setting("vary", ",".join(settings.vary), allowed))
    return settings.name or settings.experiment, EXPERIMENTS[settings.experiment]


def _own_grid(settings: "ExperimentsConfig") -> tuple[str, Experiment]:
    if not (settings.module and settings.vary):
        allowed = "name a comparison (LIST shows all), or use --module and --vary for one of your own"
        raise SettingError(bad_setting("experiment", "", allowed))
    config_of(settings.module)
    values_of = parse_assignments("vary", settings.vary)
    name = f"{settings.module.split('.')[1]}-{'-'.join(values_of)}".replace("_", "-")
    return settings.name or name, grid(settings.module, values_of)


def plan_runs(
    experiment: Experiment, settings: "ExperimentsConfig", data: str, runs: str, images: int
) -> list[PlannedRun]:
    """The runs in their order: all variants with the first seed, then all with the next seed.

    Arguments:
        data, runs: the folders that the runs use.
        images: the number of training images.

    Raises SettingError with all errors of all variants.
    """
    shared = {name: ",".join(values) for name, values in parse_assignments("set", settings.set).items()}
    chosen = settings.only or tuple(experiment.variants)
    _check_names(experiment, chosen, shared)
    planned: list[PlannedRun] = []
    errors: dict[str, set[str]] = defaultdict(set)
    for seed in range(settings.seed, settings.seed + settings.repeat):
        for variant in chosen:
            name = f"{_folder_name(variant)}-{seed}"
            module = settings.module or experiment.module_of(variant)
            given = {**experiment.settings, **experiment.variants[variant].settings, **shared}
            given |= {"epochs": str(settings.epochs)} if settings.epochs else {}
            given |= {"data": data, "runs": runs, "name": name, "seed": str(seed), "resume": "last", "verbose": "line"}
            try:
                checked = _checked(module, given, images, config_words(settings))
                planned.append(PlannedRun(name, variant, seed, module, *checked))
            except SettingError as error:
                for line in error.errors:
                    errors[line].add(variant)
    if errors:
        raise SettingError(*(_with_variants(line, variants, len(chosen)) for line, variants in errors.items()))
    _check_differences(planned)
    return planned


def _with_variants(error: str, variants: set[str], count: int) -> str:
    """The error after the names of its variants, unless all `count` variants have it."""
    return error if len(variants) == count else f"variant {', '.join(sorted(variants))}: {error}"


def _folder_name(variant: str) -> str:
    return re.sub(r"[^\w.=+-]+", "_", variant)


def _check_names(experiment: Experiment, chosen: Sequence[str], shared: Mapping[str, str]) -> None:
    """Raises SettingError for unknown variants, and for settings that are not for variants."""
    variants = experiment.variants
    errors = [
        bad_setting("only", name, f"should be among {', '.join(variants)}") for name in chosen if name not in variants
    ]
    varied = {name for variant in variants.values() for name in variant.settings}
    for name in sorted((shared.keys() | varied) & set(RESERVED)):
        allowed = "is not for variants; use --data, --name, --seed and --repeat of this command"
        errors.append(bad_setting("set" if name in shared else "vary", name, allowed))
    if errors:
        raise SettingError(*errors)


def _check_differences(planned: Sequence[PlannedRun]) -> None:
    """Raises SettingError if two variants have the same settings or the same folder."""
    seen: dict[str, PlannedRun] = {}
    for run in planned:
        content = repr((run.module, {key: value for key, value in run.settings.items() if key != "name"}))
        for key in (run.name, content):
            other = seen.setdefault(key, run)
            if other is not run:
                raise SettingError(
                    f"variants {other.variant} and {run.variant} would be the same; use --only to choose one of them"
                )


def _checked(
    module: str, given: Mapping[str, str], images: int, more: Sequence[str]
) -> tuple[tuple[str, ...], dict[str, Any]]:
    """The flags, and the settings they result in, as in the run's `config.json`. Raises SettingError."""
    config = config_of(module)
    words = [*command_words({name: _normalised(config, name, value) for name, value in given.items()}), *more]
    used = read_settings(config, words, f"python -m {module}")
    check(module, cast("TrainingConfig", used), images)
    return tuple(words), used.model_dump(mode="json")


def _normalised(config: type[Settings], name: str, value: str) -> str:
    """The value of a switch as `True` or `False`; other values unchanged."""
    info = config.model_fields.get(name)
    if info is None or info.annotation is not bool:
        return value
    if value.lower() not in SWITCH_VALUES:
        raise SettingError(bad_setting(name, value, "should be true or false"))
    return SWITCH_VALUES[value.lower()]
