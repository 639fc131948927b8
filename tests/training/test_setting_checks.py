"""No setting of a training is accepted and ignored."""

import pytest

from backbones import backbone
from config import ClassifierConfig, VaeConfig
from settings import SettingError
from tests.conftest import settings_of, train_small
from training.kinds import CLASSIFIER, SEGMENTATION
from training.progress import check_same_model
from training.run_folder import RunFolder
from training.setting_checks import (
    UNUSED_BY_FIND_LR,
    cache_for_data_service,
    check_unused_settings,
    initial_weights,
)
from training.stages import plan_stages
from training.start import _log_reduced_batches

GIVEN = {
    "epochs": "3", "steps_per_epoch": "2", "steps_per_execution": "2", "patience": "2", "min_delta": "0", "ema": "0.9",
    "stop_at": "0.5", "recalibrate_bn": "", "keep_checkpoints": "", "learning_rates": "1e-3",
    "schedule": "cosine",
}  # fmt: skip


def settings(*flags: object) -> ClassifierConfig:
    return settings_of(ClassifierConfig, *flags)


@pytest.mark.parametrize("field", [*UNUSED_BY_FIND_LR, "learning_rates", "schedule"])
def test_find_lr_refuses_settings_without_effect(field):
    flag = f"--{field.replace('_', '-')}" + (f"={GIVEN[field]}" if GIVEN[field] else "")
    with pytest.raises(SettingError, match=f"^{field} = .*: has no effect with --find-lr; leave it out$"):
        check_unused_settings(settings("--find-lr", flag))
    check_unused_settings(settings(flag))


@pytest.mark.parametrize(
    "flags",
    [
        (),
        ("--no-keep-checkpoints", "--no-recalibrate-bn"),
        ("--image-size", "32,48", "--learning-rates", "1e-3,1e-4"),
        ("--image-size", "32,48", "--schedule", "constant"),
        ("--verbose", "line", "--seed", 3, "--resume", "never", "--jit", "--mixed-precision", "--batch-size", 4),
    ],
)
def test_find_lr_allows_settings_with_an_effect(flags):
    check_unused_settings(settings("--find-lr", *flags))


def test_find_lr_for_a_model_without_a_backbone():
    with pytest.raises(SettingError, match="patience = "):
        check_unused_settings(settings_of(VaeConfig, "--find-lr", "--patience", 3))


@pytest.mark.parametrize("strategy", ["auto", "none", "mirrored"])
def test_a_worker_timeout_needs_several_workers(strategy):
    with pytest.raises(SettingError, match="worker_timeout = '5': only --strategy multi-worker waits"):
        check_unused_settings(settings("--strategy", strategy, "--worker-timeout", 5))
    check_unused_settings(settings("--strategy", "multi-worker", "--worker-timeout", 5))


@pytest.mark.parametrize("cache", ["memory", "features"])
def test_a_data_service_cannot_use_the_cache_of_this_process(cache):
    with pytest.raises(SettingError, match=f"cache = '{cache}': the workers of --data-service cannot use"):
        cache_for_data_service(settings("--data-service", "grpc://localhost:1", "--cache", cache))


def test_weights_that_are_not_available():
    with pytest.raises(SettingError, match="this model has no ImageNet weights"):
        initial_weights(backbone("small"), settings("--weights", "imagenet"))
    with pytest.raises(SettingError, match="should be imagenet, none, or a file"):
        initial_weights(backbone("small"), settings("--weights", "missing.keras"))


def test_class_weights_in_the_loss_cannot_change(tmp_path):
    """The checkpoints of a segmentation network contain them; a classifier has them in its batches."""
    run = RunFolder(tmp_path / "run")
    before = {"seed": 0, "class_weights": "none", "data": "data"}
    run.write_config("segmentation", "unet", before, ("a", "b"))
    changed = before | {"class_weights": "balanced"}
    check_same_model(run, CLASSIFIER, changed, ("a", "b"))
    with pytest.raises(SettingError, match="class_weights = 'balanced': this run was started with 'none'"):
        check_same_model(run, SEGMENTATION, changed, ("a", "b"))


def test_a_batch_larger_than_the_data_is_reported(caplog):
    caplog.set_level("INFO", "scenelab")
    for flags in (("--batch-size", 60), ()):  # the default is 32
        chosen = settings(*flags)
        _log_reduced_batches(chosen, plan_stages(chosen, backbone("small"), 20))
    assert caplog.messages == ["The batch size is 20, because there are no more training images"]


def test_a_refused_setting_leaves_no_run_behind(scenes, tmp_path):
    with pytest.raises(SettingError, match="epochs = "):
        train_small(scenes, tmp_path / "runs", "--find-lr", "--epochs", 3)
    assert not (tmp_path / "runs" / "small").exists()
