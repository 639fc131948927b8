"""The features of a frozen backbone: training on them, and their files."""

import re

import keras
import numpy as np
import pytest
import tensorflow as tf

from config import SegmentationConfig
from layers import optimizers
from layers.saved import load_saved_model
from settings import SettingError
from tests.conftest import assert_equal_arrays, evaluate, history, saved_state, settings_of, train_small
from training.callbacks import FollowSchedule
from training.compiled import split_at_backbone
from training.feature_cache import FeatureCache, read_features

FROZEN = ("--freeze", 44, "--schedule", "constant", "--learning-rates", "1e-2")
RECIPES = ("--label-smoothing", 0.1, "--class-weights", "balanced", "--ema", 0.9, "--feature-views", 2)


def test_training_on_features_equals_training_on_images(scenes, tmp_path, monkeypatch):
    steps = []
    step = optimizers.Adam.update_step
    monkeypatch.setattr(
        optimizers.Adam, "update_step", lambda self, *given: steps.append(given[1].name) or step(self, *given)
    )
    images = train_small(scenes, tmp_path, *FROZEN, "--epochs", 2, "--name", "images", "--augment", "none")
    assert steps == ["logits/kernel:0", "logits/bias:0"], "a step is traced once"
    features = train_small(scenes, tmp_path, *FROZEN, "--epochs", 2, "--name", "features", "--cache", "features")
    for row, expected in zip(history(features), history(images), strict=True):
        assert row == pytest.approx(expected, rel=1e-5)
    for actual, expected in zip(saved_state(features), saved_state(images), strict=True):
        np.testing.assert_allclose(actual, expected, rtol=1e-4, atol=1e-6)
    loss, accuracy = evaluate(features / "checkpoints" / "last.keras", scenes)
    last = history(features)[-1]
    assert last["val_loss"] == pytest.approx(loss, rel=1e-5), "the checkpoint contains the complete model"
    assert last["val_accuracy"] == pytest.approx(accuracy)


def test_a_resumed_run_equals_an_uninterrupted_one_with_all_options(scenes, tmp_path):
    flags = (*FROZEN, *RECIPES, "--cache", "features", "--resume", "last")
    uninterrupted = train_small(scenes, tmp_path, *flags, "--name", "uninterrupted", "--epochs", 2)
    resumed = train_small(scenes, tmp_path, *flags, "--name", "resumed", "--epochs", 1)
    files = {file: file.stat().st_mtime_ns for file in (resumed / "cache").iterdir()}
    assert len(files) == 3, "two versions of the training images, and the validation images"
    train_small(scenes, tmp_path, *flags, "--name", "resumed", "--epochs", 2)
    assert {file: file.stat().st_mtime_ns for file in (resumed / "cache").iterdir()} == files
    assert history(resumed) == history(uninterrupted)
    for name in ("last", "best"):
        assert_equal_arrays(saved_state(resumed, name), saved_state(uninterrupted, name))


def test_images_replace_features_once_the_backbone_is_trained(scenes, tmp_path, caplog, monkeypatch):
    caplog.set_level("INFO", "scenelab")
    first_batches = []
    monkeypatch.setattr(
        FollowSchedule, "on_train_batch_begin", lambda self, batch, logs=None: first_batches.append(batch)
    )
    flags = ("--unfreeze-schedule", "head,all", "--schedule", "cosine", "--learning-rates", "1e-2", "--epochs", 2)
    run = train_small(scenes, tmp_path, *flags, "--cache", "features", "--steps-per-execution", 3)
    assert [row["stage"] for row in history(run)] == [0, 1] and "all: 1,7" in caplog.text
    assert first_batches == [0, 3] * 2, "six batches per epoch, three per call"
    last = load_saved_model(run / "checkpoints" / "last.keras", compiled=True)
    assert len(last.trainable_weights) > 2 and int(last.optimizer.iterations) == 6, "the optimizer of the second stage"


@pytest.mark.slow
@pytest.mark.parametrize("flags", [("--steps-per-execution", 3), ("--jit",)])
def test_steps_per_execution_and_jit_do_not_change_the_result(scenes, tmp_path, flags):
    common = ("--epochs", 2, "--dropout", 0)
    plain = train_small(scenes, tmp_path, *common, "--name", "plain")
    other = train_small(scenes, tmp_path, *common, *flags, "--name", "other")
    assert history(other)[0] == pytest.approx(history(plain)[0], rel=1e-3)


@pytest.fixture
def extractor():
    images = keras.Input((4, 4, 3))
    x = keras.layers.Rescaling(1 / 255)(images)
    backbone_in = keras.Input((4, 4, 3))
    backbone = keras.Model(backbone_in, keras.layers.Conv2D(5, 3)(backbone_in))
    x = keras.layers.GlobalAveragePooling2D()(backbone(x))
    model = keras.Model(images, keras.layers.Dense(2)(keras.layers.Dropout(0.5)(x)))
    extractor, head = split_at_backbone(model)
    assert extractor.output.shape == (None, 5) and head.count_params() == 12
    return extractor


IMAGES = np.random.default_rng(0).integers(0, 256, (10, 4, 4, 3)).astype(np.uint8)
BATCHES = tf.data.Dataset.from_tensor_slices(IMAGES).batch(4)


def test_an_interrupted_computation_is_resumed(extractor, tmp_path):
    expected = extractor.predict(IMAGES.astype("float32"), verbose=0)
    batches = []

    def stop_after(count: int):
        def after_batch():
            batches.append(1)
            if len(batches) == count:
                raise KeyboardInterrupt

        return after_batch

    with pytest.raises(KeyboardInterrupt):
        FeatureCache(extractor, tmp_path, stop_after(2)).load_or_compute(BATCHES, 4, 10, "these", "features")
    (unfinished,) = tmp_path.iterdir()
    assert unfinished.suffix == ".partial"
    with unfinished.open("ab") as file:
        file.write(b"incomplete")
    features = FeatureCache(extractor, tmp_path, stop_after(0)).load_or_compute(BATCHES, 4, 10, "these", "features")
    assert len(batches) == 3, "one batch was left"
    assert [file.suffix for file in tmp_path.iterdir()] == [".f32"]
    np.testing.assert_allclose(features, expected, rtol=1e-5)


def test_outdated_files_are_not_read(extractor, tmp_path):
    def features(which: str) -> np.ndarray:
        return FeatureCache(extractor, tmp_path, lambda: None).load_or_compute(BATCHES, 4, 10, which, "features")

    before = np.array(features("these"))
    features("these"), features("others")
    assert len(list(tmp_path.iterdir())) == 2
    extractor.set_weights([2 * weight for weight in extractor.get_weights()])
    np.testing.assert_allclose(features("these"), 2 * before, rtol=1e-5)
    assert len(list(tmp_path.iterdir())) == 3


def test_each_image_has_a_row_of_one_table():
    tables = [np.arange(6, dtype=np.float32).reshape(3, 2), 10 + np.arange(6, dtype=np.float32).reshape(3, 2)]
    rows = read_features(tables, tf.constant([2, 0, 1]), tf.constant([0, 1, 1]))
    np.testing.assert_array_equal(rows, [[4, 5], [10, 11], [12, 13]])


@pytest.mark.parametrize(
    "flags, message",
    [
        ([], r"cache = 'features': needs a completely frozen backbone, by --freeze 44 .all of its layers."),
        (["--freeze", "43"], "--freeze 44"),
        (["--freeze", "44", "--mixup", "0.2"], "mixup = '0.2': mixes images again in each batch"),
        (["--freeze", "44", "--cutmix", "1"], "cutmix"),
        (["--freeze", "44", "--augment", "strong"], "augment = 'strong': has no effect .* unless --feature-views"),
        (["--freeze", "44", "--random-erasing", "0.3"], "random_erasing"),
        (["--freeze", "44", "--augment", "none", "--feature-views", "2"], "feature_views = '2': .* all .* the same"),
        (["--cache", "memory", "--feature-views", "2"], "feature_views = '2': is for --cache features"),
        (["--freeze", "44", "--strategy", "multi-worker"], "strategy = 'multi-worker': --cache features is for one"),
    ],
)
def test_settings_that_features_do_not_support(scenes, tmp_path, flags, message):
    with pytest.raises(SettingError) as error:
        train_small(scenes, tmp_path, "--cache", "features", *flags)
    assert re.search(message, str(error.value)) and not (tmp_path / "small").exists()


def test_segmentation_has_no_feature_cache():
    with pytest.raises(SettingError, match="cache = 'features': should be 'none', 'memory' or 'disk'"):
        settings_of(SegmentationConfig, "--cache", "features")
