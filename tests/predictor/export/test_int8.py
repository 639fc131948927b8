"""An export in 8 bits: what it costs is measured and written, and what costs too much is refused."""

import importlib.util
import json
import re
import shutil
from pathlib import Path

import keras
import numpy as np
import pytest

from config import ExportConfig
from datatransformer.layout import read_data_folder
from layers.saved import load_saved_model
from pipeline.decode import decode_and_resize
from predictor.engines import conversion
from predictor.export import int8
from predictor.export.__main__ import export
from predictor.export.formats import FORMATS
from predictor.export.int8 import QUANTISERS, Cost, Measured, check_loss
from settings import SettingError, WorkError
from tests.conftest import make_data_folder, settings_of
from training.run_folder import RunFolder

SIZE = 32
AVAILABLE = [
    name
    for name, row in QUANTISERS.items()
    if all(map(importlib.util.find_spec, FORMATS[name].packages | row.packages))
]
needs_a_format = pytest.mark.skipif(not AVAILABLE, reason="needs the extras `export` and `int8`")


@pytest.fixture(scope="module")
def tiny_run(tmp_path_factory) -> RunFolder:
    """A classifier with random weights, and the data folder that it names."""
    folder = tmp_path_factory.mktemp("tiny")
    data = make_data_folder(folder / "data", source="scenes", pictures=30, picture_size=SIZE)
    classes = read_data_folder(data, "classification").classes
    trained = RunFolder(folder / "tiny")
    trained.write_config("classifier", "small", {"seed": 0, "image_size": str(SIZE), "data": str(data)}, classes)
    shutil.copy(data / "classes.csv", trained.path)
    keras.utils.set_random_seed(0)
    images = keras.Input((SIZE, SIZE, 3), name="image")
    features = keras.layers.Conv2D(32, 3, 2, activation="relu")(keras.layers.Rescaling(1 / 255)(images))
    features = keras.layers.Conv2D(128, 3, 2, activation="relu")(features)
    features = keras.layers.Conv2D(128, 3, 2, activation="relu")(features)
    logits = keras.layers.Dense(len(classes))(keras.layers.GlobalAveragePooling2D()(features))
    trained.best.parent.mkdir(exist_ok=True)
    keras.Model(images, logits).save(trained.best)
    return trained


def changed(trained: RunFolder, folder, **values) -> RunFolder:
    """A copy of the run with other values in its `config.json`; those of `settings` are added to the others."""
    shutil.copytree(trained.path, folder)
    config = json.loads((folder / "config.json").read_text())
    settings = config["settings"] | values.pop("settings", {})
    (folder / "config.json").write_text(json.dumps({**config, **values, "settings": settings}))
    return RunFolder(folder)


def in_int8(trained: RunFolder, output, *flags):
    return export(settings_of(ExportConfig, "--run", trained.path, "--output", output, "--precision", "int8", *flags))


def from_readme(output, name: str, images: np.ndarray, monkeypatch) -> np.ndarray:
    """The logits by the code in the README of the export."""
    text = (output / "README.md").read_text().split(f"## {name}\n")[1]
    variables: dict = {"images": images}
    monkeypatch.chdir(output)
    exec(re.search(r"```python\n(.*?)```", text, re.DOTALL)[1], variables)
    return variables["logits"]


@needs_a_format
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] * (name != "openvino")) for name in AVAILABLE]
)
def test_a_format_in_8_bits(name, tiny_run, tmp_path, monkeypatch, caplog):
    caplog.set_level("INFO", "scenelab")
    output = tmp_path / "out"
    (found,) = in_int8(tiny_run, output, "--format", name, "--max-loss", 1)["models"]
    f32, eight = found["f32"], found["int8"]
    assert found["bytes"] == eight["bytes"] < 0.4 * f32["bytes"], "weights of a quarter of the bytes"
    assert eight["bytes"] == sum(file.stat().st_size for file in output.glob("model.*")), "f32 is not left there"
    assert f32["milliseconds"] > 0 and eight["milliseconds"] > 0
    data = read_data_folder(tiny_run.path.parent / "data", "classification")
    images = [decode_and_resize(Path(path).read_bytes(), (SIZE, SIZE)).numpy() for path in data.images("val")]
    images = np.stack(images).astype(np.float32)
    expected = load_saved_model(tiny_run.best)(images, training=False).numpy()
    logits = from_readme(output, name, images, monkeypatch)
    np.testing.assert_array_equal(FORMATS[name].load(output)(images), logits)
    assert 1e-6 < np.abs(logits - expected).mean() < 0.1 * np.abs(expected).max(), "of 8 bits, and close to the run"
    for measured, answers in ((f32, expected), (eight, logits)):
        assert measured["scores"] == {"accuracy": pytest.approx((answers.argmax(1) == data.labels("val")).mean())}
    both = [f"{measured['scores']['accuracy']:.4f}" for measured in (f32, eight)]
    assert f"| {name} | accuracy | {both[0]} | {both[1]} |" in (output / "README.md").read_text()
    assert f"{name}, on {len(images)} validation images: accuracy {both[0]} in f32, {both[1]} in int8; " in caplog.text


@needs_a_format
def test_a_score_that_falls_too_much_is_refused(tiny_run, tmp_path, monkeypatch):
    """The run is packed, so its data folder is named. It also has the images on which the f32 model is checked."""
    packed = changed(tiny_run, tmp_path / "packed", settings={"data": ""})
    scores = iter([{"accuracy": 0.95}, {"accuracy": 0.9}])
    monkeypatch.setattr(int8, "measure", lambda *arguments: next(scores))
    flags = ("--format", AVAILABLE[0], "--max-loss", 0.04, "--data", tiny_run.path.parent / "data")
    with pytest.raises(WorkError, match=r"accuracy on 5 validation images is 0\.9000, and 0\.9500 in f32.*--max-loss"):
        in_int8(packed, tmp_path / "out", *flags)
    assert [path.name for path in tmp_path.iterdir()] == ["packed"]


@pytest.mark.slow
@needs_a_format
def test_masks_of_any_size_in_8_bits(tiny_run, tmp_path, monkeypatch):
    data = make_data_folder(tmp_path / "data", source="scenes", task="segmentation", pictures=15, picture_size=SIZE)
    trained = changed(tiny_run, tmp_path / "masks", kind="segmentation", settings={"data": str(data)})
    shutil.copy(data / "classes.csv", trained.path)
    images = keras.Input((None, None, 3), name="image")
    features = keras.layers.Conv2D(32, 5, 2, padding="same", activation="relu")(images)
    logits = keras.layers.Conv2D(len(trained.classes()), 1)(keras.layers.UpSampling2D(2)(features))
    keras.Model(images, logits).save(trained.best)
    output = tmp_path / "out"
    for model in in_int8(trained, output, "--format", ",".join(AVAILABLE), "--max-loss", 1)["models"]:
        assert model["f32"]["scores"].keys() == model["int8"]["scores"].keys() == {"accuracy", "mean_iou"}
        sides = (27, 45) if FORMATS[model["format"]].keeps_any_size else (SIZE, SIZE)
        noise = np.random.default_rng(0).uniform(0, 255, (1, *sides, 3)).astype(np.float32)
        expected = load_saved_model(trained.best)(noise, training=False).numpy()
        found = from_readme(output, model["format"], noise, monkeypatch)
        assert 0 < np.abs(found - expected).mean() < 0.1 * np.abs(expected).max()


def test_the_deciding_score_is_compared():
    def cost(before: float, after: float) -> Cost:
        return Cost(*(Measured({"accuracy": 0.5, "mean_iou": score}, 1, 1.0) for score in (before, after)), images=3)

    for before, after, limit in ((0.9, 0.89, 0.02), (0.9, 0.95, 0), (0.5, 0.5, 0)):
        check_loss("onnx", cost(before, after), "mean_iou", limit)
    for before, after, limit in ((0.9, 0.87, 0.02), (0.9, float("nan"), 1), (float("nan"), 0.9, 1)):
        with pytest.raises(WorkError, match="mean IoU on 3 validation images"):
            check_loss("onnx", cost(before, after), "mean_iou", limit)


def test_settings_that_do_not_go_together(tiny_run, tmp_path):
    output = tmp_path / "out"
    for flags, message in (
        (("--data", "data"), "data = 'data': has no effect in f32"),
        (("--max-loss", 0.1), "max_loss = '0.1': has no effect in f32"),
    ):
        with pytest.raises(SettingError, match=re.escape(message)):
            export(settings_of(ExportConfig, "--run", tiny_run.path, "--output", output, *flags))
    with pytest.raises(SettingError, match=r"savedmodel is exported in f32 only; .* --format onnx, openvino, litert"):
        in_int8(tiny_run, output, "--format", "onnx,savedmodel")
    with pytest.raises(SettingError, match="is an auto-encoder, which is exported in f32"):
        in_int8(changed(tiny_run, tmp_path / "vae", kind="autoencoder"), output, "--format", "onnx")
    with pytest.raises(SettingError, match=r"data is not set: .* the run is packed; .* by --data"):
        in_int8(changed(tiny_run, tmp_path / "packed", settings={"data": ""}), output, "--format", "onnx")
    with pytest.raises(SettingError, match=r"data = .*calibrated on the training images of .* by --data"):
        in_int8(tiny_run, output, "--format", "onnx", "--data", tmp_path / "nothing")
    assert not output.exists()


def test_a_missing_package_is_named(tiny_run, tmp_path, monkeypatch):
    monkeypatch.setattr(conversion, "find_spec", lambda name: None if name == "nncf" else True)
    with pytest.raises(WorkError, match="--format openvino --precision int8 needs nncf: pip install nncf"):
        in_int8(tiny_run, tmp_path / "out", "--format", "openvino")
