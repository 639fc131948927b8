"""RUN/load.py gives the logits of the project's own loading, in a process in which the project cannot be imported."""

import ast
import json
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import keras
import numpy as np
import pytest
from PIL import Image

from generation.network import build_vae
from layers.saved import load_saved_model
from tests.conftest import ROOT, noise, table, train_small, write_image
from tests.predictor.commands import predict_here
from tests.predictor.export.test_export_of_all import build, variants
from training.layer_source import layer_source, own_layers
from training.load_script import update_load_script, write_load_script
from training.run_folder import RunFolder

WITHOUT_PROJECT = """
import runpy, sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {rooms!r}:
            raise ImportError("the project: " + name)
sys.meta_path.insert(0, Refuse())
"""
ROOMS = sorted(path.stem for path in ROOT.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists())
LOGITS = """
import numpy as np
for folder in sys.argv[1:]:
    images = np.load(folder + "/images.npy")
    model = runpy.run_path(folder + "/load.py")["load_model"]()
    np.save(folder + "/logits.npy", model(images, training=False))
"""
SCRIPT = "sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0], run_name='__main__')"


def run_alone(code: str, folder: Path, *arguments: object) -> str:
    """Runs Python code in `folder` and a process that refuses the project's modules. Returns what it prints."""
    command = [sys.executable, "-I", "-c", WITHOUT_PROJECT.format(rooms=ROOMS) + code, *map(str, arguments)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def make_run(folder: Path, kind: str, model: keras.Model, images: np.ndarray) -> Path:
    """A run folder with the model as its best checkpoint, and the images that it shall be tried with."""
    run = RunFolder(folder)
    settings = {"seed": 0, "image_size": "{}x{}".format(*images.shape[1:3])}
    run.write_config(kind, "model", settings, [f"class {number}" for number in range(model.output_shape[-1])])
    write_load_script(run, json.loads(model.to_json()))
    model.save(run.best)
    np.save(folder / "images.npy", images.astype(np.float32))
    return folder


def assert_same_logits(folders: Iterable[Path], tmp_path: Path) -> None:
    folders = list(folders)
    run_alone(LOGITS, tmp_path, *folders)
    for folder in folders:
        model = load_saved_model(folder / "checkpoints" / "best.keras")
        own = keras.ops.convert_to_numpy(model(np.load(folder / "images.npy"), training=False))
        np.testing.assert_allclose(np.load(folder / "logits.npy"), own, rtol=1e-6, atol=1e-6, err_msg=folder.name)


def build_run(folder: Path, variant: tuple[str, ...]) -> Path:
    keras.utils.set_random_seed(0)
    model = build(*variant)
    side = model.input_shape[1] or 64
    kind = "classifier" if variant[0].startswith("classifiers") else "segmentation"
    return make_run(folder, kind, model, noise(2, side, side, 3))


def test_networks_of_each_kind(tmp_path):
    """The basic SegNet has unpooling, response normalisation and layers that fit sizes."""
    folders = [
        build_run(tmp_path / name, (name,)) for name in ("segmentation.segnet_basic", "classifiers.cifar_resnet")
    ]
    vae = build_vae((16, 16), 1, 2, (4, 4), seed=0)
    code = keras.Model(vae.input, vae.get_layer("encoder")(vae.input)[0])  # the logits are of a random code
    elbo = make_run(tmp_path / "vae", "autoencoder", vae, noise(2, 16, 16, 3))
    assert_same_logits([*folders, make_run(tmp_path / "code", "autoencoder", code, noise(2, 16, 16, 3))], tmp_path)
    run_alone(LOGITS, tmp_path, elbo)
    assert np.load(elbo / "logits.npy").shape == (2, 16, 16, 1)


@pytest.mark.slow
@pytest.mark.parametrize("variant", variants(), ids=" ".join)
def test_every_network(variant, tmp_path):
    assert_same_logits([build_run(tmp_path / "run", variant)], tmp_path)
    keras.backend.clear_session()


def test_the_script_predicts_as_the_predictor(small_run, scenes, tmp_path):
    predict_here(small_run, tmp_path / "p.csv", "--test-images", scenes / "val")
    rows = table(tmp_path / "p.csv")
    each = "predict = runpy.run_path(sys.argv[1])['predict']\nfor image in sys.argv[2:]: predict(image)"
    images = [scenes / "val" / row["image"] for row in rows]
    printed = run_alone(each, tmp_path, small_run / "load.py", *images).splitlines()
    assert len(printed) == 5 * len(rows) == 50
    for row, first in zip(rows, printed[::5], strict=True):
        name, probability = first.split("\t")
        assert name == row["class"] and float(probability) == pytest.approx(float(row["probability"]), abs=1e-4)


def test_a_file_that_is_no_image(small_run, tmp_path):
    (tmp_path / "note.txt").write_text("no image")
    for name in ("nothing.jpg", "note.txt"):
        words = [sys.executable, small_run / "load.py", name]
        done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 1 and f"{name} cannot be read: " in done.stderr and "Traceback" not in done.stderr


def test_masks_and_codes(tmp_path):
    write_image(tmp_path / "a.png", size=(50, 40))
    folder = build_run(tmp_path / "run", ("segmentation.segnet_basic",))
    with_row(folder)
    printed = run_alone(SCRIPT, tmp_path, folder / "load.py", "a.png", "mask.png").splitlines()
    with Image.open(tmp_path / "mask.png") as mask:
        shares = np.bincount(np.asarray(mask).ravel(), minlength=5) / 2000
        assert mask.size == (50, 40)
    assert printed == [f"class {number}\t{share:.6f}" for number, share in enumerate(shares)]
    vae = make_run(tmp_path / "vae", "autoencoder", build_vae((16, 16), 3, 2, (4, 4)), noise(1, 16, 16, 3))
    with_row(vae)
    assert len(run_alone(SCRIPT, tmp_path, vae / "load.py", "a.png").splitlines()) == 2


def test_thresholds_of_several_labels(tmp_path):
    write_image(tmp_path / "a.png")
    inputs = keras.Input((8, 8, 3))
    pooled = keras.layers.GlobalAveragePooling2D()(inputs)
    model = keras.Model(inputs, keras.layers.Dense(3, "linear", kernel_initializer="zeros")(pooled))
    folder = make_run(tmp_path / "run", "multilabel", model, noise(1, 8, 8, 3))
    with_row(folder)
    (folder / "thresholds.csv").write_text("name,threshold\nclass 0,0.4\nclass 1,0.6\n")
    printed = run_alone(SCRIPT, tmp_path, folder / "load.py", "a.png").splitlines()
    assert printed == ["class 0\t0.500000\t*", "class 1\t0.500000", "class 2\t0.500000\t*"]


def with_row(folder: Path) -> None:
    """Saves the checkpoint again with a row of history, as training does."""
    run = RunFolder(folder)
    run.save(load_saved_model(run.best), {"epoch": 1, "stage": 0}, is_best=True, keep=False)


def test_all_layers_are_self_contained():
    classes = {
        node.name for file in (ROOT / "layers").glob("*.py") for node in ast.parse(file.read_text()).body
        if isinstance(node, ast.ClassDef) and any("register" in ast.unparse(one) for one in node.decorator_list)
    }  # fmt: skip
    for name in classes:
        source = "from __future__ import annotations\nimport keras\n" + layer_source({name})
        assert "layers." not in source.replace("keras.layers.", "")
        if "optimizers" not in source:
            compile(source, name, "exec")
    assert layer_source(set()) == ""


def test_only_what_the_model_holds():
    config = {"config": [{"registered_name": "scenelab>Normalise"}, {"registered_name": None}],
              "compile_config": {"loss": {"registered_name": "scenelab>SegmentationLoss"}}}  # fmt: skip
    assert own_layers(config) == {"Normalise"}
    assert "class SegmentationLoss" not in layer_source({"Normalise"})


def test_names_of_any_script_and_older_runs(scenes, tmp_path):
    folder = train_small(scenes, tmp_path, "--epochs", 1)
    assert not (folder / "load.py").read_text(encoding="utf-8").count("SegmentationLoss")
    run = RunFolder(folder)
    run.load_script.unlink()
    (folder / "classes.csv").write_text('index,name\n0,+5\n1,"a""b"\n2,猫\n3,_x\n4,a\\b\n', encoding="utf-8")
    update_load_script(run)
    image = next((scenes / "val").rglob("*.*"))
    printed = run_alone(SCRIPT, tmp_path, folder / "load.py", image).splitlines()
    assert {line.split("\t")[0] for line in printed} == {"+5", 'a"b', "猫", "_x", "a\\b"}
