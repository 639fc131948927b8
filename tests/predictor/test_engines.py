"""OpenVINO says what TensorFlow says, and where it cannot TensorFlow takes its place."""

import importlib.util
import os
import shutil

import keras
import numpy as np
import pytest

from predictor import engines
from predictor.members import Member, answering
from predictor.network import Network
from settings import WorkError
from tests.conftest import run
from training.run_folder import RunFolder

LIMIT = 1e-4
HAS_OPENVINO = importlib.util.find_spec("openvino") is not None
needs_openvino = pytest.mark.skipif(not HAS_OPENVINO, reason="openvino, an extra, is not installed")


@pytest.fixture
def trained(small_run, tmp_path) -> RunFolder:
    """A copy, so that what is kept in it is of this test alone."""
    return RunFolder(shutil.copytree(small_run, tmp_path / "run"))


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, shape, np.uint8)


@needs_openvino
def test_a_classifier_says_the_same_and_is_converted_once(trained):
    images = noise(3, 2, 32, 32, 3)
    by_tensorflow = Member(trained, trained.classes()).probabilities(images)
    by_openvino = Member(trained, trained.classes(), "openvino").probabilities(images)
    np.testing.assert_allclose(by_openvino, by_tensorflow, atol=LIMIT)
    (kept,) = trained.engines.iterdir()
    written = (kept / "model.bin").stat().st_mtime_ns
    Member(trained, trained.classes(), "openvino").probabilities(images)
    assert (kept / "model.bin").stat().st_mtime_ns == written
    os.utime(trained.best)
    Member(trained, trained.classes(), "auto").probabilities(images)
    (other,) = trained.engines.iterdir()
    assert other.name != kept.name, "of another checkpoint, and the earlier one is gone"


@needs_openvino
@pytest.mark.parametrize("tta", ["none", "multi-scale"])
def test_masks_are_the_same(trained, tta):
    images = keras.Input((None, None, 3), name="image")
    features = keras.layers.Conv2D(8, 3, padding="same", activation="relu")(images)
    keras.Model(images, keras.layers.Conv2D(5, 1)(features)).save(trained.best)
    pictures = noise(2, 40, 56, 3)
    answers = [Network(trained, tta, engine).answer(pictures).numpy() for engine in ("tensorflow", "openvino")]
    np.testing.assert_allclose(answers[1], answers[0], atol=LIMIT)


def test_what_it_cannot_take_falls_back_with_a_note(trained, monkeypatch, capfd):
    def refuse(model, folder):
        raise ValueError("no such operation\nand much more")

    monkeypatch.setattr(engines, "write_openvino", refuse)
    monkeypatch.setattr(engines, "find_spec", lambda name: True)
    images = noise(2, 32, 32, 3)
    found = answering(trained, "auto", (None, 32, 32, 3))(images).numpy()
    np.testing.assert_array_equal(found, answering(trained, "tensorflow", (None, 32, 32, 3))(images).numpy())
    said = capfd.readouterr().err
    assert "OpenVINO cannot take" in said and "no such operation" in said and "much more" not in said
    assert not list(trained.engines.iterdir())


def test_what_differs_is_not_used(monkeypatch):
    model = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Flatten(), keras.layers.Dense(2)])
    with pytest.raises(engines.NotTaken, match="differ by"):
        engines._check(model, lambda images: np.array([[0.0, np.nan]], np.float32), (8, 8))


def test_a_damaged_checkpoint_is_an_error_with_either(trained, monkeypatch):
    trained.best.write_bytes(b"PK\x03\x04nothing")
    monkeypatch.setattr(engines, "find_spec", lambda name: True)
    with pytest.raises(WorkError, match="is damaged"):
        answering(trained, "openvino", (None, 32, 32, 3))


@pytest.mark.skipif(HAS_OPENVINO, reason="openvino is installed")
def test_where_it_is_not_installed(small_run, scenes, tmp_path):
    flags = ("--run", small_run, "--test-images", scenes / "val", "--output", tmp_path / "p.csv")
    done = run("predictor", *flags, "--engine", "openvino")
    assert done.code == 1 and "pip install openvino" in done.err


@needs_openvino
def test_by_the_command(trained, scenes, tmp_path):
    flags = ("--run", trained.path, "--test-images", scenes / "val")
    tables = []
    for engine in ("tensorflow", "openvino"):
        done = run("predictor", *flags, "--engine", engine, "--output", tmp_path / f"{engine}.csv")
        assert done.code == 0 and done.err == "", done.err
        tables.append([line.rsplit(",", 1) for line in (tmp_path / f"{engine}.csv").read_text().splitlines()[1:]])
    for (said, probability), (said_too, probability_too) in zip(*tables, strict=True):
        assert said == said_too and float(probability) == pytest.approx(float(probability_too), abs=LIMIT)
