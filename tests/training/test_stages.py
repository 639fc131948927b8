"""The stages that settings describe: sizes, batches, rates, frozen layers."""

import pytest

from backbones import backbone
from config import ClassifierConfig, SegmentationConfig, UNetMobileNetV2Config
from settings import SettingError
from tests.conftest import settings_of
from training.stages import plan_stages

IMAGES = 50


def planned(*flags: object, config=SegmentationConfig):
    return plan_stages(settings_of(config, *flags), backbone("small"), IMAGES)


def test_a_single_value_applies_to_all_stages():
    stages = planned("--image-size", "48x64", "--batch-size", 60)
    assert [stage.learning_rate for stage in stages] == [1e-3, 1e-4, 1e-5]
    assert {(stage.size, stage.batch_size, stage.steps) for stage in stages} == {((48, 64), 50, 1)}, (
        "at most the 50 images"
    )


def test_each_stage_has_its_own_values():
    stages = planned("--image-size", "90x120,180x240", "--batch-size", "8,2", "--learning-rates", "1e-2,1e-3")
    assert [(stage.size, stage.batch_size, stage.steps, stage.learning_rate) for stage in stages] == [
        ((90, 120), 8, 6, 1e-2),
        ((180, 240), 2, 25, 1e-3),
    ]


@pytest.mark.parametrize(("schedule", "rates"), [("one-cycle", [1e-3, 1e-3]), ("stages", [1e-3, 1e-4])])
def test_there_is_a_default_rate_for_each_stage(schedule, rates):
    stages = planned("--image-size", "32,64", "--schedule", schedule)
    assert [stage.learning_rate for stage in stages] == rates


def test_frozen_layers_can_change_in_any_schedule():
    stages = planned("--unfreeze-schedule", "head,all", "--schedule", "one-cycle", config=ClassifierConfig)
    assert [stage.frozen for stage in stages] == [backbone("small").layers, 0]
    assert stages[0].size == (128, 128), "that of the backbone"


def test_an_epoch_is_a_multiple_of_steps_per_execution():
    (one,), (four,) = (planned("--schedule", "constant", *flags) for flags in ([], ["--steps-per-execution", 4]))
    assert one.steps % 4 and four.steps == one.steps // 4 * 4


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (
            ("--image-size", "32,48,64", "--learning-rates", "1e-2,1e-3"),
            "learning_rates = '0.01,0.001': names 2 stages, but image_size names 3",
        ),
        (
            ("--image-size", "32,64", "--batch-size", "8,4,2"),
            "image_size = '32x32,64x64': names 2 stages, but batch_size names 3",
        ),
        (
            ("--image-size", "32,64", "--learning-rates", "1e-2"),
            "needs as many --learning-rates, or another --schedule",
        ),
        (
            ("--schedule", "one-cycle", "--learning-rates", "1e-2,1e-3"),
            "schedule one-cycle has one learning rate; give one",
        ),
        (("--schedule", "one-cycle", "--image-size", "32,64", "--epochs", 1), "is less than the 2 stages"),
        (("--schedule", "cosine", "--patience", 3), "patience = '3': has no effect with schedule cosine"),
        (("--image-size", "64,16"), "image_size = '16x16': should be 32 or more"),
        (("--unfreeze-schedule", "head,all", "--freeze", 3), "freeze = '3': unfreeze_schedule names"),
        (("--freeze", 900), "freeze = '900': the backbone has"),
        (("--freeze", 44, "--layer-decay", 0.5), "layer_decay = '0.5': has no effect: all layers of the backbone are"),
        (
            ("--unfreeze-schedule", "head", "--learning-rates", 1e-3, "--backbone-rate", 0.1),
            "backbone_rate = '0.1': has",
        ),
        (("--steps-per-execution", 99), "steps_per_execution = '99': an epoch has"),
        (("--steps-per-execution", 5, "--steps-per-epoch", 12), "steps_per_epoch = '12': should be a multiple of"),
    ],
)
def test_settings_that_do_not_fit_are_refused(flags, message):
    with pytest.raises(SettingError) as error:
        planned(*flags)
    assert message in str(error.value)


def test_a_default_number_of_frozen_layers_gives_way_to_an_unfreeze_schedule():
    flags = ("--unfreeze-schedule", "head,all", "--schedule", "constant")
    assert settings_of(UNetMobileNetV2Config).freeze == 150
    assert [stage.frozen for stage in planned(*flags, config=UNetMobileNetV2Config)] == [44, 0]
