"""An exported run gives the same outputs as the run, when it is loaded as its README says."""

import importlib.util
import json
import re
import shutil
import sys
from dataclasses import replace
from importlib.metadata import packages_distributions

import keras
import numpy as np
import pytest

import scenelab
from config import ExportConfig
from datatransformer.layout import write_classes
from generation.network import build_vae
from layers.pooling import MaxPoolWithIndices2D, MaxUnpool2D
from layers.saved import load_saved_model
from predictor.export.__main__ import export as export_run
from predictor.export.agreement import MAX_DIFFERENCE
from predictor.export.formats import FORMATS
from predictor.export.readme import TITLE
from settings import SettingError, Settings, WorkError
from tests.conftest import run, settings_of

ODD_NAMES = ("=1+1", "'=x", "''-y", "it's", "-5")
AVAILABLE = [name for name, form in FORMATS.items() if all(map(importlib.util.find_spec, form.packages))]


def export(trained, output, *flags):
    return run("predictor.export", "--run", trained, "--output", output, *flags)


def run_example(folder, title: str, monkeypatch, **variables) -> dict:
    """All variables after the README's example code for a model has run."""
    text = (folder / "README.md").read_text().split(f"## {title}\n")[1]
    monkeypatch.chdir(folder / (re.search(r"in (?:the folder `(\w+)`|this folder)", text)[1] or ""))
    exec(re.search(r"```python\n(.*?)```", text, re.DOTALL)[1], variables)
    return variables


@pytest.fixture(scope="module")
def pooled_run(small_run, scenes, tmp_path_factory):
    """A segmentation run for images of any size, with unpooling and random weights."""
    folder = tmp_path_factory.mktemp("pooled") / "pooled"
    shutil.copytree(small_run, folder)
    config = (folder / "config.json").read_text().replace('"kind": "classifier"', '"kind": "segmentation"')
    (folder / "config.json").write_text(config)
    images = keras.Input((None, None, 3), name="image")
    features = keras.layers.Conv2D(8, 3, padding="same", activation="relu")(images)
    maxima, positions = MaxPoolWithIndices2D()(features)
    restored = MaxUnpool2D()(keras.layers.Conv2D(8, 3, padding="same")(maxima), positions, like=features)
    logits = keras.layers.Conv2D(5, 1)(restored)
    keras.Model(images, logits).save(folder / "checkpoints" / "best.keras")
    return folder


def check(trained, output, name, shape, monkeypatch) -> None:
    images = np.random.default_rng(0).uniform(0, 255, shape).astype(np.float32)
    expected = load_saved_model(trained / "checkpoints" / "best.keras")(images, training=False).numpy()
    found = run_example(output, name, monkeypatch, images=images)["logits"]
    np.testing.assert_allclose(found, expected, atol=MAX_DIFFERENCE * np.abs(expected).max())


def test_a_savedmodel(small_run, tmp_path, monkeypatch):
    output = tmp_path / "out"
    done = export(small_run, output, "--json")
    assert done.code == 0 and "checked on 8 images" in done.err, done.err
    result = json.loads(done.out)
    assert result["output"] == str(output) and result["images"] == 8
    (exported,) = result["models"]
    assert (
        exported["file"] == exported["format"] == "savedmodel" and exported["difference"]["relative"] < MAX_DIFFERENCE
    )
    assert (output / "classes.csv").read_text() == (small_run / "classes.csv").read_text()
    assert (output / "README.md").read_text().startswith(TITLE)
    check(small_run, output, "savedmodel", (3, 32, 32, 3), monkeypatch)
    done = export(small_run, output)
    assert done.code == 2 and "--overwrite" in done.err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out"], "no other files remain"


def test_the_code_of_the_readme_leads_from_an_image_to_names(small_run, pooled_run, scenes, tmp_path, monkeypatch):
    photo = next((scenes / "val").rglob("*.jpg"))
    for trained in (small_run, pooled_run):
        output = tmp_path / trained.name
        export_run(settings_of(ExportConfig, "--run", trained, "--output", output, "--test-images", scenes / "val"))
        shutil.copy(photo, output / "photo.jpg")
        if trained == pooled_run:
            write_classes(output, ODD_NAMES)
        monkeypatch.chdir(output)
        variables: dict = {}
        text = (output / "README.md").read_text()
        installed = {
            re.split("==", name)[0] for line in re.findall(r"`pip install (.+?)`", text) for name in line.split()
        }
        for block in re.findall(r"```python\n(.*?)```", text, re.DOTALL):
            exec(block, variables)
            for module in set(re.findall(r"^(?:import|from) (\w+)", block, re.MULTILINE)) - sys.stdlib_module_names:
                assert {name.lower() for name in packages_distributions()[module]} & installed, module
        expected = scenelab.load(trained).predict(photo)
        if trained == small_run:
            np.testing.assert_allclose(variables["probabilities"][0], expected.probabilities, atol=0.02)
            assert variables["names"][variables["index"]] in expected.classes
        else:
            assert variables["mask"].shape == (32, 32) and variables["names"] == list(ODD_NAMES)


@pytest.mark.skipif(AVAILABLE == ["savedmodel"], reason="other formats need the extra `export`")
def test_other_formats(small_run, tmp_path, monkeypatch):
    output = tmp_path / "out"
    others = AVAILABLE[1:]
    done = export(small_run, output, "--format", ",".join(others))
    assert done.code == 0 and done.err == "", done.err
    for name in others:
        check(small_run, output, name, (3, 32, 32, 3), monkeypatch)


def test_masks_of_any_size_with_unpooling(pooled_run, scenes, tmp_path, monkeypatch):
    output = tmp_path / "out"
    done = export(pooled_run, output, "--format", ",".join(AVAILABLE), "--test-images", scenes / "val")
    assert done.code == 0, done.err
    for name in AVAILABLE:
        check(pooled_run, output, name, (2, 32, 32, 3), monkeypatch)
        row = next(line for line in (output / "README.md").read_text().splitlines() if line.startswith(f"| {name} |"))
        assert ("| any |" if FORMATS[name].keeps_any_size else "| 32 x 32 |") in row
        if FORMATS[name].keeps_any_size:
            check(pooled_run, output, name, (1, 27, 45, 3), monkeypatch)


@pytest.mark.parametrize("channels", [1, 3])
def test_an_autoencoder(small_run, scenes, channels, tmp_path, monkeypatch):
    folder, output = tmp_path / "vae", tmp_path / "out"
    shutil.copytree(small_run, folder)
    config = json.loads((folder / "config.json").read_text())
    config |= {"kind": "autoencoder", "model": "vae"}
    config["settings"] |= {"latent_size": 3, "image_size": "28x20"}
    (folder / "config.json").write_text(json.dumps(config))
    keras.utils.set_random_seed(0)
    model = build_vae((28, 20), channels, 3, (4, 8))
    model.save(folder / "checkpoints" / "best.keras")
    done = export(folder, output, "--format", ",".join(AVAILABLE), "--test-images", scenes / "val")
    assert done.code == 0 and done.err == "", done.err
    images = np.random.default_rng(0).uniform(0, 255, (3, 28, 20, 3)).astype(np.float32)
    codes = model.get_layer("encoder")(images)[0].numpy()
    drawn = 255 / (1 + np.exp(-model.get_layer("decoder")(codes).numpy()))
    assert drawn.shape == (3, 28, 20, channels)
    for name in AVAILABLE:
        found = run_example(output, f"encoder {name}", monkeypatch, images=images)["codes"]
        np.testing.assert_allclose(found, codes, atol=MAX_DIFFERENCE * np.abs(codes).max())
        found = run_example(output, f"decoder {name}", monkeypatch, codes=codes)["images"]
        np.testing.assert_allclose(found, drawn, atol=255 * MAX_DIFFERENCE)


def test_a_model_with_other_outputs_is_not_exported(small_run, tmp_path, monkeypatch):
    wrong = FORMATS["savedmodel"]
    load = wrong.load
    changed = replace(wrong, load=lambda folder: lambda images: load(folder)(images) + 1)
    monkeypatch.setitem(FORMATS, "savedmodel", changed)
    with pytest.raises(WorkError, match="differs from the run"):
        export_run(ExportConfig(run=(str(small_run),), output=tmp_path / "out"))
    assert list(tmp_path.iterdir()) == []


def test_wrong_settings_and_runs(small_run, scenes, tmp_path):
    done = export(small_run, tmp_path / "out", "--format", "onyx")
    assert done.code == 2 and "'onnx'" in done.err
    done = export(small_run, scenes, "--overwrite")
    assert done.code == 2 and "is not an export" in done.err
    done = export(small_run, tmp_path / "out", "--test-images", tmp_path / "nothing")
    assert done.code == 2 and "test_images" in done.err
    (tmp_path / "run").mkdir()
    for name in ("config.json", "classes.csv"):
        shutil.copy(small_run / name, tmp_path / "run")
    done = export(tmp_path / "run", tmp_path / "out")
    assert done.code == 1 and "Train it first" in done.err
    config = (small_run / "config.json").read_text().replace('"classifier"', '"regressor"')
    (tmp_path / "run" / "config.json").write_text(config)
    done = export(tmp_path / "run", tmp_path / "out")
    assert done.code == 2 and "run of kind regressor" in done.err


@pytest.mark.skipif(importlib.util.find_spec("tf2onnx") is not None, reason="tf2onnx is installed")
def test_a_missing_package_is_named(small_run, tmp_path):
    done = export(small_run, tmp_path / "out", "--format", "onnx")
    assert done.code == 1 and "pip install" in done.err and "tf2onnx" in done.err


def test_each_setting_changes_the_export(small_run, scenes, tmp_path):
    """Its fields are listed here so that a new one needs a case."""
    other = shutil.copytree(small_run, tmp_path / "runs" / "other")
    file = sorted((scenes / "val" / "beach").iterdir())[0]
    cases = {
        "test_images": ({"run": (str(small_run),), "test_images": str(file)}, lambda result, _: result["images"] == 1),
        "runs": ({"runs": other.parent}, lambda result, _: result["images"] == 8),
        "run": ({"run": (str(other),)}, lambda _, readme: readme.startswith(f"{TITLE}: other")),
        "format": ({"run": (str(other),), "format": tuple(AVAILABLE)},
                   lambda result, _: [model["format"] for model in result["models"]] == AVAILABLE),
        "output": ({"run": (str(other),)}, lambda result, _: result["output"] == tmp_path / "to_output"),
        "overwrite": ({"run": (str(other),), "overwrite": True, "output": tmp_path / "to_run"}, lambda *_: True),
    }  # fmt: skip
    in_int8 = {"precision", "max_loss", "data"}  # see test_int8.py
    assert cases.keys() | in_int8 == ExportConfig.model_fields.keys() - Settings.model_fields.keys()
    for name, (given, is_effective) in cases.items():
        result = export_run(ExportConfig(**{"output": tmp_path / f"to_{name}"} | given))
        assert is_effective(result, (result["output"] / "README.md").read_text()), name
    with pytest.raises(SettingError, match="--overwrite"):
        export_run(ExportConfig(run=(str(other),), output=tmp_path / "to_run"))
