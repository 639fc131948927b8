"""OpenVINO predicts what TensorFlow predicts, approximately in fewer bits; TensorFlow replaces it where it fails."""

import importlib.util
import os
import re
import shutil

import keras
import numpy as np
import pytest

from config import PredictorConfig, SelectConfig
from predictor.engines import choice, conversion, openvino_engine
from predictor.engines.openvino_engine import MAX_DIFFERENCE
from predictor.labels.ensemble import Member, find_members
from predictor.labels.validation import validate
from predictor.masks.segmenter import Network
from predictor.model import load_runner
from predictor.predict import predict
from predictor.select import select
from settings import SettingError, WorkError
from tests.conftest import history, make_data_folder, noise, run, run_code
from training.run_folder import RunFolder

HAS_OPENVINO = importlib.util.find_spec("openvino") is not None
needs_openvino = pytest.mark.skipif(not HAS_OPENVINO, reason="openvino, an extra, is not installed")
needs_nncf = pytest.mark.skipif(importlib.util.find_spec("nncf") is None, reason="nncf, an extra, is not installed")


@pytest.fixture
def needs_bf16():
    if not (HAS_OPENVINO and openvino_engine.supports_precision("bf16")):
        pytest.skip("openvino, or a processor with bf16")


@pytest.fixture
def trained(small_run, tmp_path) -> RunFolder:
    """A copy of the run, so that its stored models belong to this test alone."""
    return RunFolder(shutil.copytree(small_run, tmp_path / "run"))


@needs_openvino
def test_a_classifier_predicts_the_same_and_is_converted_once(trained):
    images = noise(3, 2, 32, 32, 3)
    by_tensorflow = Member(trained, trained.classes()).probabilities(images)
    by_openvino = Member(trained, trained.classes(), "openvino").probabilities(images)
    np.testing.assert_allclose(by_openvino, by_tensorflow, atol=MAX_DIFFERENCE)
    (kept,) = trained.engines.iterdir()
    written = (kept / "model.bin").stat().st_mtime_ns
    Member(trained, trained.classes(), "openvino").probabilities(images)
    assert (kept / "model.bin").stat().st_mtime_ns == written
    os.utime(trained.best)
    Member(trained, trained.classes(), "auto").probabilities(images)
    (other,) = trained.engines.iterdir()
    assert other.name != kept.name, "the model of the earlier checkpoint is removed"


@needs_openvino
def test_the_first_calls_of_several_threads_do_not_deadlock(trained):
    """In a new process, where the tables are empty. Without `_fill_dtype_tables` nine of ten processes hung."""
    Member(trained, trained.classes(), "openvino").probabilities(noise(1, 2, 32, 32, 3))
    (folder,) = trained.engines.iterdir()
    program = f"""
import sys, threading
from pathlib import Path
import numpy as np
from predictor.engines.openvino_model import OpenVINOModel
sys.setswitchinterval(1e-6)
model, begin = OpenVINOModel(Path({str(folder)!r})), threading.Barrier(4)
def first():
    begin.wait()
    print(model(np.zeros((1, 32, 32, 3), np.float32)).shape, flush=True)
threads = [threading.Thread(target=first) for _ in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()
"""
    for _ in range(3):
        done = run_code(program)
        assert done.code == 0 and len(done.out.splitlines()) == 4, done.err


@needs_openvino
@pytest.mark.parametrize("tta", ["none", "multi-scale"])
def test_masks_are_the_same(trained, tta):
    small_network(trained, 5)
    for by_tiles, images in ((False, noise(9, 32, 32, 3)), (True, noise(2, 40, 56, 3))):
        answers = [
            Network(trained, tta, engine, by_tiles=by_tiles).probabilities(images)
            for engine in ("tensorflow", "openvino")
        ]
        np.testing.assert_allclose(answers[1], answers[0], atol=MAX_DIFFERENCE)


def test_a_failed_conversion_falls_back_to_tensorflow_with_a_warning(trained, monkeypatch, caplog):
    def refuse(*arguments):
        raise ValueError("no such operation\nand much more")

    monkeypatch.setattr(openvino_engine, "write_openvino", refuse)
    monkeypatch.setattr(openvino_engine, "find_spec", lambda name: True)
    images = noise(2, 32, 32, 3)
    found = load_runner(trained, "auto", "f32", (32, 32)).predict(images).numpy()
    np.testing.assert_array_equal(found, load_runner(trained, "tensorflow", "f32", (32, 32)).predict(images).numpy())
    (warning,) = [record.message for record in caplog.records if record.name == "scenelab"]
    assert "OpenVINO cannot use" in warning and "no such operation" in warning and "much more" not in warning
    assert not list(trained.engines.iterdir())


def test_a_new_engine_is_a_module_and_a_line_of_the_table(trained, monkeypatch, tmp_path):
    (tmp_path / "halving.py").write_text(
        "from predictor.engines.runner import Runner\n"
        "TITLE, PRECISIONS = 'Halving', ('f32', 'f16')\n"
        "is_preferred = lambda: True\n"
        "check = lambda run, precision: None\n"
        "make_runner = lambda request: Runner(lambda images: images / 2, 5)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(choice, "ENGINES", {"halving": "halving", **choice.ENGINES})
    for engine, precision in (("halving", "f32"), ("auto", "f32"), ("auto", "f16")):
        choice.check_engine(trained, engine, precision)
        assert load_runner(trained, engine, precision, (32, 32)).predict(np.full((1, 32, 32, 3), 4.0)).max() == 2
    with pytest.raises(SettingError, match="is for Halving; TensorFlow predicts in f32"):
        choice.check_engine(trained, "tensorflow", "f16")


def test_a_model_with_other_probabilities_is_not_used():
    model = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Flatten(), keras.layers.Dense(2)])
    with pytest.raises(conversion.ConversionError, match="differ by"):
        openvino_engine._check_agreement(model, lambda images: np.array([[0.0, np.nan]], np.float32), (8, 8), "softmax")


def test_probabilities_are_compared_as_the_kind_of_run_has_them():
    """Logits that are all larger by one are equal classes, but other labels."""
    dense = keras.layers.Dense(2, kernel_initializer="zeros")
    model = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Flatten(), dense])

    def larger(images):
        return model(images).numpy() + 1

    openvino_engine._check_agreement(model, larger, (8, 8), "softmax")
    with pytest.raises(conversion.ConversionError, match="differ by"):
        openvino_engine._check_agreement(model, larger, (8, 8), "sigmoid")


def test_a_damaged_checkpoint_is_an_error(trained, monkeypatch):
    trained.best.write_bytes(b"PK\x03\x04nothing")
    monkeypatch.setattr(openvino_engine, "find_spec", lambda name: True)
    with pytest.raises(WorkError, match="is damaged"):
        load_runner(trained, "openvino", "f32", (32, 32))


@pytest.mark.skipif(HAS_OPENVINO, reason="openvino is installed")
def test_openvino_is_not_installed(small_run, scenes, tmp_path):
    flags = ("--run", small_run, "--test-images", scenes / "val", "--output", tmp_path / "p.csv")
    done = run("predictor", *flags, "--engine", "openvino")
    assert done.code == 1 and "pip install openvino" in done.err


@needs_openvino
def test_the_command(trained, scenes, tmp_path):
    flags = ("--run", trained.path, "--test-images", scenes / "val")
    tables = []
    for engine in ("tensorflow", "openvino"):
        done = run("predictor", *flags, "--engine", engine, "--output", tmp_path / f"{engine}.csv")
        assert done.code == 0 and done.err == "", done.err
        tables.append([line.rsplit(",", 1) for line in (tmp_path / f"{engine}.csv").read_text().splitlines()[1:]])
    for (said, probability), (said_too, probability_too) in zip(*tables, strict=True):
        assert said == said_too and float(probability) == pytest.approx(float(probability_too), abs=MAX_DIFFERENCE)


def small_network(trained: RunFolder, classes: int) -> None:
    """Replaces the best checkpoint by a small network."""
    images = keras.Input((None, None, 3), name="image")
    features = keras.layers.Conv2D(8, 5, 2, padding="same", activation="relu")(images)
    logits = keras.layers.Conv2D(classes, 1)(keras.layers.UpSampling2D(2)(features))
    keras.Model(images, logits).save(trained.best)


def test_bf16_is_similar_and_uses_the_f32_model(trained, needs_bf16):
    images = noise(3, 2, 32, 32, 3)
    in_f32 = Member(trained, trained.classes(), "openvino").probabilities(images)
    in_bf16 = Member(trained, trained.classes(), "openvino", "bf16").probabilities(images)
    assert 1e-6 < np.abs(in_bf16 - in_f32).max() < 0.05
    assert len(list(trained.engines.iterdir())) == 1


@needs_nncf
def test_int8_is_calibrated_once_and_logs_both_accuracies(trained, caplog):
    caplog.set_level("INFO", "scenelab")
    of_f32, of_int8 = (validate(find_members([trained], "none", "auto", precision)[0]) for precision in ("f32", "int8"))
    assert 1e-6 < np.abs(of_int8.probabilities - of_f32.probabilities).max() < 0.2, "they are stored in different files"
    before, after = map(float, re.search(r"accuracy (\S+) in f32, (\S+) in int8", caplog.text).groups())
    best = max(row["val_accuracy"] for row in history(trained.path))
    assert before == pytest.approx(best, abs=1e-4), "as in the training"
    assert after == pytest.approx(of_int8.correct.mean(), abs=1e-4)
    plain, quantised = sorted(trained.engines.iterdir(), key=lambda folder: "int8" in folder.name)
    assert (quantised / "model.bin").stat().st_size < 0.4 * (plain / "model.bin").stat().st_size
    caplog.clear()
    Member(trained, trained.classes(), "auto", "int8").probabilities(noise(3, 2, 32, 32, 3))
    assert caplog.text == "", "it is not quantised again"


@needs_nncf
def test_masks_in_int8(trained, tmp_path, caplog):
    caplog.set_level("INFO", "scenelab")
    data = make_data_folder(tmp_path / "masks", source="scenes", task="segmentation", pictures=15, picture_size=32)
    shutil.copy(data / "classes.csv", trained.path)
    settings = {"seed": 0, "image_size": "32", "data": str(data)}
    trained.write_config("segmentation", "small", settings, trained.classes())
    small_network(trained, len(trained.classes()))
    images = noise(2, 32, 32, 3)
    in_f32, in_int8 = (Network(trained, "flip", "auto", name).probabilities(images) for name in ("f32", "int8"))
    assert 0 < np.abs(in_int8 - in_f32).mean() < 0.1
    assert re.search(r"On 5 validation .* in int8; mean IoU 0\.\d+ in f32, 0\.\d+ in int8", caplog.text)
    shutil.rmtree(trained.engines)
    shutil.rmtree(data)
    with pytest.raises(WorkError, match="calibrated on the training images"):
        Network(trained, "none", "auto", "int8").probabilities(images)
    assert ["-f32-" in folder.name for folder in trained.engines.iterdir()] == [True], "the f32 model is not removed"


def test_unavailable_precisions(trained, monkeypatch):
    with pytest.raises(SettingError, match="TensorFlow predicts in f32"):
        find_members([trained], "none", "tensorflow", "bf16")
    monkeypatch.setattr(openvino_engine, "supports_precision", lambda precision: precision == "f32")
    monkeypatch.setattr(conversion, "find_spec", lambda name: True)
    with pytest.raises(SettingError, match="this processor computes in f32"):
        find_members([trained], "none", "auto", "bf16")
    monkeypatch.setattr(openvino_engine, "supports_precision", lambda precision: True)
    monkeypatch.setattr(conversion, "find_spec", lambda name: None if name == "nncf" else True)
    with pytest.raises(WorkError, match="pip install nncf"):
        find_members([trained], "none", "openvino", "int8")
    monkeypatch.setattr(openvino_engine, "write_openvino", lambda *arguments: 1 / 0)
    with pytest.raises(WorkError, match=r"in bf16 .*--precision f32"):
        load_runner(trained, "auto", "bf16", (32, 32))


def test_rows_of_two_precisions_are_not_mixed(trained, scenes, tmp_path, needs_bf16):
    settings = {"run": (str(trained.path),), "test_images": str(scenes / "val"), "output": tmp_path / "p.csv"}
    predict(PredictorConfig(**settings, precision="bf16"))
    with pytest.raises(SettingError, match="--overwrite"):
        predict(PredictorConfig(**settings))


def test_runs_are_selected_by_the_engine_that_will_predict(trained, tmp_path, caplog, needs_bf16):
    caplog.set_level("INFO", "scenelab")
    other = shutil.copytree(trained.path, tmp_path / "other")
    chosen = {"run": (str(trained.path), str(other)), "output": tmp_path / "s.csv", "precision": "bf16"}
    with pytest.raises(SettingError, match="TensorFlow predicts in f32"):
        select(SelectConfig(**chosen, engine="tensorflow"))
    shutil.rmtree(trained.validation)
    select(SelectConfig(**chosen))
    assert "--precision bf16" in caplog.text
    assert [file.name for file in trained.validation.iterdir()] == ["none-bf16.npz"]
