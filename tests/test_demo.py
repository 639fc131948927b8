"""The demo: its commands are valid, its captions tell what was predicted, and all of it runs."""

import sys

import numpy as np
import pytest
from PIL import Image

import config
import demo
from tests.conftest import ROOT, run_code, settings_of

CONFIGS = {
    "datatransformer": config.DataTransformerConfig,
    "classifiers.efficientnet_lite": config.EfficientNetLiteConfig,
    "segmentation.unet": config.UNetConfig,
    "predictor": config.PredictorConfig,
}


@pytest.mark.parametrize("command", [command for _, command in demo.STEPS])
def test_the_settings_of_each_step_are_allowed(command):
    module, *flags = command.split()
    settings_of(CONFIGS[module], *flags)


def test_captions():
    assert demo.scene_caption(demo.Prediction("city_001.jpg", "city", 0.876)) == "city 88%"
    assert demo.scene_caption(demo.Prediction("night_road_004.jpg", "city", 0.4)) == "city 40%\nwrong: night_road"
    assert demo.mask_caption(np.array([[0, 0, 0, 0, 0, 1, 1, 1, 2, 7]])) == "sky 50%, water 30%"
    assert demo.mask_caption(np.zeros((2, 2), np.uint8)) == "sky 100%"


def test_a_failed_step_ends_the_demo(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["demo.py"])
    with pytest.raises(SystemExit) as end:
        demo.run_step("datatransformer --source nothing")
    assert end.value.code == 2


@pytest.mark.slow
def test_the_whole_demo(tmp_path):
    code = "import os, sys; os.chdir(sys.argv[1]); import demo; demo.main()"
    done = run_code(f"import sys; sys.path.insert(0, {str(ROOT)!r}); {code}", tmp_path)
    assert done.code == 0, done.err
    for words in ("Classifier: validation accuracy", "Segmentation: mean IoU", "Your own images"):
        assert words in done.out
    with Image.open(tmp_path / demo.OVERVIEW) as overview:
        assert overview.width > 1000
    assert len(demo.read_rows(tmp_path / demo.CLASSES)) == demo.TEST_IMAGES
