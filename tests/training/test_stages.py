"""What the settings make of stages: sizes, batches, rates, what learns."""

import pytest

from backbones import backbone
from config import ClassifierConfig, SegmentationConfig
from settings import SettingError
from training.stages import plan_stages

IMAGES = 50


def planned(*flags: object, config=SegmentationConfig):
    return plan_stages(config(_cli_parse_args=[str(flag) for flag in flags]), backbone("small"), IMAGES)


def test_one_value_is_for_all_stages():
    stages = planned("--image-size", "48x64", "--batch-size", 60)
    assert [stage.learning_rate for stage in stages] == [1e-3, 1e-4, 1e-5]
    assert {(stage.size, stage.batch_size, stage.steps) for stage in stages} == {((48, 64), 50, 1)}, (
        "50 images, no more"
    )


def test_each_stage_has_its_own():
    stages = planned("--image-size", "90x120,180x240", "--batch-size", "8,2", "--learning-rates", "1e-2,1e-3")
    assert [(stage.size, stage.batch_size, stage.steps, stage.learning_rate) for stage in stages] == [
        ((90, 120), 8, 6, 1e-2),
        ((180, 240), 2, 25, 1e-3),
    ]


@pytest.mark.parametrize(("schedule", "rates"), [("one-cycle", [1e-3, 1e-3]), ("stages", [1e-3, 1e-4])])
def test_default_rates_are_as_many_as_there_are_stages(schedule, rates):
    stages = planned("--image-size", "32,64", "--schedule", schedule)
    assert [stage.learning_rate for stage in stages] == rates


def test_what_learns_can_change_in_any_schedule():
    stages = planned("--unfreeze-schedule", "head,all", "--schedule", "one-cycle", config=ClassifierConfig)
    assert [stage.frozen for stage in stages] == [backbone("small").layers, 0]
    assert stages[0].size == (128, 128), "that of the backbone"


def test_an_epoch_is_a_multiple_of_the_steps_that_are_done_in_one_go():
    (one,), (four,) = (planned("--schedule", "constant", *flags) for flags in ([], ["--steps-per-execution", 4]))
    assert one.steps % 4 and four.steps == one.steps // 4 * 4


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (
            ("--image-size", "32,48,64", "--learning-rates", "1e-2,1e-3"),
            "learning_rates = '0.01,0.001': names 2 stages",
        ),
        (("--image-size", "32,64", "--batch-size", "8,4,2"), "image_size = '32,64': names 2 stages, batch_size 3"),
        (
            ("--image-size", "32,64", "--learning-rates", "1e-2"),
            "needs as many --learning-rates, or another --schedule",
        ),
        (("--schedule", "one-cycle", "--learning-rates", "1e-2,1e-3"), "schedule one-cycle has one rate; name one"),
        (("--schedule", "one-cycle", "--image-size", "32,64", "--epochs", 1), "is less than the 2 stages"),
        (("--schedule", "cosine", "--patience", 3), "patience = '3': is of no use with schedule cosine"),
        (("--image-size", "64,16"), "image_size = '16x16': should be 32 or more"),
        (("--unfreeze-schedule", "head,all", "--freeze", 3), "freeze = '3': unfreeze_schedule says"),
        (("--freeze", 900), "freeze = '900': the backbone has"),
        (("--steps-per-execution", 99), "steps_per_execution = '99': an epoch has"),
        (("--steps-per-execution", 5, "--steps-per-epoch", 12), "steps_per_epoch = '12': should be a multiple of"),
    ],
)
def test_what_does_not_fit_is_said(flags, said):
    with pytest.raises(SettingError) as error:
        planned(*flags)
    assert said in str(error.value)
