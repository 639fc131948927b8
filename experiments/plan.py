"""The runs of an experiment, every one checked by the settings of its own module before the first begins."""

import difflib
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from experiments.catalogue import EXPERIMENTS
from experiments.experiment import Experiment, assignments, grid
from experiments.modules import check, config_of
from settings import SettingError, Settings, bad_setting, command_words, read_settings

OURS = ("data", "runs", "name", "seed", "resume", "debug", "verbose", "find_lr")
"""Settings of a run that are not for a variant to say."""


@dataclass(frozen=True)
class PlannedRun:
    """One run: a variant with a seed. `settings` is what all its flags and the module's own defaults make."""

    name: str
    variant: str
    seed: int
    module: str
    flags: tuple[str, ...]
    settings: Mapping[str, object]


def chosen_experiment(settings) -> tuple[str, Experiment]:
    """The name of its folder, and the experiment as the settings ask for it. Raises SettingError."""
    if settings.experiment is None:
        return _own_grid(settings)
    if settings.experiment not in EXPERIMENTS:
        close = difflib.get_close_matches(settings.experiment, EXPERIMENTS, n=1)
        hint = f" (did you mean {close[0]}?)" if close else ""
        raise SettingError(bad_setting("experiment", settings.experiment, f"there is none{hint}; LIST shows all"))
    if settings.vary:
        allowed = f"{settings.experiment} has its own variants; leave out one of both, and name a --module instead"
        raise SettingError(bad_setting("vary", ",".join(settings.vary), allowed))
    return settings.name or settings.experiment, EXPERIMENTS[settings.experiment]


def _own_grid(settings) -> tuple[str, Experiment]:
    if not (settings.module and settings.vary):
        raise SettingError(
            bad_setting("experiment", "", "name one, LIST shows all; or --module and --vary, what to vary of it")
        )
    config_of(settings.module)
    varied = assignments("vary", settings.vary)
    name = f"{settings.module.split('.')[1]}-{'-'.join(varied)}".replace("_", "-")
    return settings.name or name, grid(settings.module, varied)


def plan(experiment: Experiment, settings, data: str, runs: str, images: int) -> list[PlannedRun]:
    """The runs in their order: all variants with the first seed, then all with the next.

    `data` and `runs` are the folders that they use, `images` how many there are for training. Raises SettingError with
    all that is wrong.
    """
    shared = {name: ",".join(values) for name, values in assignments("set", settings.set).items()}
    chosen = settings.only or tuple(experiment.variants)
    _check_names(experiment, chosen, shared)
    planned, errors = [], defaultdict(set)
    for seed in range(settings.seed, settings.seed + settings.repeat):
        for variant in chosen:
            name = f"{_folder(variant)}-{seed}"
            module = settings.module or experiment.module_of(variant)
            given = {**experiment.settings, **experiment.variants[variant].settings, **shared}
            given |= {"epochs": str(settings.epochs)} if settings.epochs else {}
            given |= {"data": data, "runs": runs, "name": name, "seed": str(seed), "resume": "last", "verbose": "line"}
            try:
                planned.append(PlannedRun(name, variant, seed, module, *_checked(module, given, images)))
            except SettingError as error:
                for text in error.errors:
                    errors[text].add(variant)
    if errors:
        every = len(chosen)
        raise SettingError(
            *(text if len(of) == every else f"variant {', '.join(sorted(of))}: {text}" for text, of in errors.items())
        )
    _check_differences(planned)
    return planned


def _folder(variant: str) -> str:
    return re.sub(r"[^\w.=+-]+", "_", variant)


def _check_names(experiment: Experiment, chosen: Sequence[str], shared: Mapping[str, str]) -> None:
    """Of variants and of settings."""
    variants = experiment.variants
    errors = [
        bad_setting("only", name, f"should be among {', '.join(variants)}") for name in chosen if name not in variants
    ]
    varied = {name for variant in variants.values() for name in variant.settings}
    errors += [
        bad_setting(
            "set" if name in shared else "vary", name, "is not for a variant; --data, --name, --seed and --repeat are"
        )
        for name in sorted((shared.keys() | varied) & set(OURS))
    ]
    if errors:
        raise SettingError(*errors)


def _check_differences(planned: Sequence[PlannedRun]) -> None:
    """Raises SettingError if what is shared leaves two variants alike, or two would have one folder."""
    seen: dict[str, PlannedRun] = {}
    for run in planned:
        what = repr((run.module, {key: value for key, value in run.settings.items() if key != "name"}))
        for key in (run.name, what):
            other = seen.setdefault(key, run)
            if other is not run:
                raise SettingError(
                    f"variants {other.variant} and {run.variant} would be the same; --only chooses among variants"
                )


def _checked(module: str, given: Mapping[str, str], images: int) -> tuple[tuple[str, ...], dict[str, object]]:
    """The flags, and all the settings that they make, as they are written into a run's folder."""
    config = config_of(module)
    words = command_words({name: _switch(config, name, value) for name, value in given.items()})
    used: Settings = read_settings(config, words, f"python -m {module}")
    check(module, used, images)
    return tuple(words), used.model_dump(mode="json")


def _switch(config: type[Settings], name: str, value: str) -> str:
    """`true` and `no` of a switch as Python writes them."""
    info = config.model_fields.get(name)
    if info is None or info.annotation is not bool:
        return value
    meant = {"true": "True", "yes": "True", "1": "True", "false": "False", "no": "False", "0": "False"}
    if value.lower() not in meant:
        raise SettingError(bad_setting(name, value, "should be true or false"))
    return meant[value.lower()]
