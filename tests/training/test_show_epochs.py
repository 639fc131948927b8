"""The screen shows loss, deciding score and the time that is left."""

import re

import pytest

from tests.conftest import run_small
from training.kinds import AUTOENCODER, SEGMENTATION
from training.show_epochs import ShowEpochs, seconds_left


def test_a_line_per_epoch(scenes, tmp_path):
    done = run_small(scenes, tmp_path, "--epochs", 2, "--verbose", "line")
    first, second = [line for line in done.out.splitlines() if line.startswith("Epoch ")]
    number, seconds = r"\d\.\d{4}", r"[\d.]+ s"
    begin = rf"loss {number}, validation accuracy {number}"
    assert_matches(first, rf"Epoch 1/2: {begin} \(best so far\), {seconds}, about {seconds} left")
    assert_matches(second, rf"Epoch 2/2: {begin}( \(best so far\))?, {seconds}")


def assert_matches(text: str, pattern: str) -> None:
    assert re.fullmatch(pattern, text), text


@pytest.mark.parametrize(
    ("kind", "logs", "shown"),
    [
        (SEGMENTATION, {"loss": 1.0, "val_accuracy": 0.5, "val_mean_iou": 0.2}, "validation accuracy 0.5000"),
        (AUTOENCODER, {"loss": 1.0, "val_loss": 3.0}, "validation loss 3.0000 (best so far)"),
    ],
)
def test_the_deciding_score_is_shown(kind, logs, shown, capsys):
    lines = ShowEpochs(kind, 9, "line", best=0.5 if kind is SEGMENTATION else -4.0)
    lines.on_epoch_begin(8)
    lines.on_epoch_end(8, logs)
    assert capsys.readouterr().out.startswith(f"Epoch 9/9: loss 1.0000, {shown}, 0.0 s\n")


def test_the_first_epoch_of_a_session_does_not_count_for_the_time_that_is_left():
    assert seconds_left([60.0], 2) == 120 and seconds_left([60.0, 10.0, 20.0], 4) == 60
