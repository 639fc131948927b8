"""`python -m classifiers.preset`: trains a classifier on a preset, and the run predicts in a new process."""

import subprocess
import sys

import pytest

from tests.backbones import presets
from tests.conftest import run, table

QUICK = ("--epochs", 1, "--batch-size", 8, "--verbose", "none")


def test_without_a_preset_the_command_says_what_to_give(tmp_path):
    for flags, words in (((), "preset is not set: give a folder"), (("--preset", "resnet50"), "give a folder")):
        done = run("classifiers.preset", "--data", tmp_path, *flags)
        assert done.code == 2 and words in done.err


@pytest.mark.slow
@pytest.mark.parametrize("name", ["dinov2", "mobilenet"])
def test_a_run_on_a_preset_predicts_in_a_new_process(name, scenes, tmp_path):
    preset = presets.save_preset(tmp_path / name, presets.BACKBONES[name](), image_size=(32, 32), scale=1 / 255)
    flags = ("--data", scenes, "--runs", tmp_path / "runs", "--preset", preset, *QUICK)
    done = run("classifiers.preset", *flags, "--unfreeze-schedule", "head,all", "--learning-rates", "1e-2,1e-3",
               "--epochs", 2, "--schedule", "constant", "--cache", "features")  # fmt: skip
    assert done.code == 0, done.err
    image = next((scenes / "val").rglob("*.jpg"), None) or next((scenes / "val").rglob("*.png"))
    run_folder = tmp_path / "runs" / "preset"
    done = run("predictor", "--run", run_folder, "--test-images", image, "--output", tmp_path / "out.csv")
    assert done.code == 0, done.err
    assert len(table(tmp_path / "out.csv")) == 1
    script = subprocess.run([sys.executable, "load.py", image], cwd=run_folder, capture_output=True, text=True)
    assert script.returncode == 0, script.stderr
