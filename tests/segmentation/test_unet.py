"""A U-Net from a data folder with masks to masks of other pictures."""

import csv
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import cv2
import keras
import numpy as np
import pytest
from sklearn.metrics import accuracy_score, jaccard_score

from backbones import backbone
from config import DataTransformerConfig, UNetConfig
from datatransformer.layout import read_data_folder
from datatransformer.transformer import DataTransformer
from layers.saved import load_saved_model
from segmentation import recipe
from segmentation.decoders import doubling, transposed, unet
from segmentation.network import build_segmenter
from segmentation.unet import RECIPE
from settings import read_settings
from tests.conftest import run
from training.freezing import backbone_of

TINY = (
    "--image-size",
    32,
    "--batch-size",
    8,
    "--decoder-filters",
    "16,8",
    "--verbose",
    "none",
    "--learning-rates",
    0.01,
)


@pytest.fixture(scope="module")
def masks(tmp_path_factory) -> Path:
    """40 drawn scenes of 32x32 pixels with masks."""
    data = tmp_path_factory.mktemp("masks") / "data"
    DataTransformer(
        DataTransformerConfig(source="scenes", task="segmentation", pictures=40, picture_size=32, data=data)
    ).run()
    return data


def train(data, runs, *flags) -> Path:
    argv = [str(flag) for flag in ("--data", data, "--runs", runs, *TINY, *flags)]
    recipe.train(RECIPE, read_settings(UNetConfig, argv, "test"))
    return runs / "unet"


@pytest.fixture(scope="module")
def trained(masks, tmp_path_factory) -> Path:
    return train(masks, tmp_path_factory.mktemp("runs"), "--epochs", 3, "--loss", "ce+dice", "--augment", "strong")


def table(path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def history(folder) -> list[dict[str, float]]:
    return [{key: float(row[key]) for key in row if key != "seconds"} for row in table(folder / "history.csv")]


def last(folder) -> list[np.ndarray]:
    model = load_saved_model(folder / "checkpoints" / "last.keras", compiled=True)
    return [*model.get_weights(), *(np.asarray(variable) for variable in model.optimizer.variables)]


def test_the_run_folder_tells_all(trained):
    rows = history(trained)
    assert len(rows) == 3 and rows[-1]["loss"] < rows[0]["loss"]
    assert {"accuracy", "accuracy_with_void", "mean_iou", "val_accuracy", "val_mean_iou"} <= rows[0].keys()
    figures = {path.name for path in (trained / "figures").iterdir()}
    assert {"augmentation.png", "learning_curve.png", "predictions.png", "confusion_matrix.png"} <= figures


def test_what_history_says_is_what_the_checkpoint_does(masks, trained):
    """Validated by scikit-learn, at the size of the masks, which is that of the network here."""
    data = read_data_folder(masks, "segmentation")
    model = load_saved_model(trained / "checkpoints" / "best.keras")
    pictures = np.stack([cv2.imread(path)[..., ::-1] for path in data.images("val")])
    truth = np.stack([cv2.imread(path, cv2.IMREAD_GRAYSCALE) for path in data.masks("val")]).ravel()
    predicted = model.predict(pictures.astype(np.float32), verbose=0).argmax(axis=-1).ravel()
    best = max(history(trained), key=lambda row: row["val_accuracy"])
    assert best["val_accuracy"] == pytest.approx(accuracy_score(truth, predicted), abs=2e-3)  # OpenCV's JPEG decoder
    summary = {row["measure"]: float(row["value"]) for row in table(trained / "figures" / "summary.csv")}
    occurring = np.union1d(truth, predicted)
    assert summary["mean_iou"] == pytest.approx(
        jaccard_score(truth, predicted, average="macro", labels=occurring), abs=5e-3
    )
    assert best["val_mean_iou"] == pytest.approx(summary["mean_iou"], abs=5e-3)


def test_a_resumed_run_is_an_unbroken_one(masks, trained, tmp_path):
    for epochs in (1, 3):
        folder = train(
            masks, tmp_path, "--epochs", epochs, "--loss", "ce+dice", "--augment", "strong", "--resume", "last"
        )
    assert history(folder) == history(trained)
    for one, other in zip(last(folder), last(trained), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("name", ["small", "mobilenet_v2", "cifar_resnet_20", "convnext_tiny"])
def test_any_backbone_and_what_comes_out_has_the_size_of_what_went_in(name):
    row = backbone(name)
    decoder = partial(unet, settings=SimpleNamespace(decoder_filters=(8, 4)))
    model = build_segmenter(row, 3, "none", row.layers, row.normalisation, decoder)
    for height, width in ((32, 64), (45, 71)):
        assert model(np.zeros((1, height, width, 3), np.float32)).shape == (1, height, width, 3)
    assert not backbone_of(model).trainable_weights and model.trainable_weights
    ups = [layer for layer in model.layers if isinstance(layer, keras.layers.UpSampling2D)]
    assert 2 ** len(ups) == (4 if name.startswith("cifar") else 32), "as often as the backbone halves"


def test_skips_of_mobilenet_v2_are_those_of_s2():
    row = backbone("mobilenet_v2")
    model = build_segmenter(
        row, 3, "none", 0, row.normalisation, partial(unet, settings=SimpleNamespace(decoder_filters=(8,)))
    )
    names = [tensor._keras_history.operation.name for tensor in backbone_of(model).outputs[:-1]]
    assert names == [f"block_{number}_expand_relu" for number in (1, 3, 6, 13)]


def test_s2s_network_has_its_parameters():
    row = backbone("mobilenet_v2_to_block_16")
    decoder = partial(transposed, settings=None)
    model = build_segmenter(row, 3, "none", row.layers, row.normalisation, decoder, doubling)
    learning = sum(weight.shape.num_elements() for weight in model.trainable_weights)
    assert (model.count_params(), learning) == (6_504_227, 4_660_323), "S2 counts 1,843,904 that do not learn"
    assert model(np.zeros((1, 128, 128, 3), np.float32)).shape == (1, 128, 128, 3)


def test_masks_of_other_pictures(trained, shared, tmp_path):
    done = run(
        "predictor", "--run", trained, "--test-images", shared / "broken", "--output", tmp_path / "p.csv",
        "--mask-files", "index,colour,overlay", "--tta", "flip",
    )  # fmt: skip
    assert done.code == 0, done.err
    rows = table(tmp_path / "p.csv")
    assert len(rows) == 18 and len(table(tmp_path / "p.rejected.csv")) == 4
    for row in rows:
        shares = [float(value) for key, value in row.items() if key.startswith("share ")]
        assert sum(shares) == pytest.approx(1, abs=1e-4)
        name = row["image"].removeprefix("'")
        file = name if name.endswith(".png") else f"{name}.png"
        mask = cv2.imdecode(np.frombuffer((tmp_path / "p.masks" / file).read_bytes(), np.uint8), cv2.IMREAD_UNCHANGED)
        assert mask.shape == (int(row["height"]), int(row["width"])) and mask.max() < len(shares)
        np.testing.assert_allclose(np.bincount(mask.ravel(), minlength=len(shares)) / mask.size, shares, atol=1e-5)
        for kind in ("colours", "overlays"):
            assert (tmp_path / f"p.{kind}" / file).exists()


def test_evaluated_from_the_command_line(trained, masks, tmp_path):
    done = run("predictor", "--run", trained, "--evaluate", masks, "--output", tmp_path / "e.csv")
    assert done.code == 0, done.err
    ours = (tmp_path / "e.evaluation" / "summary.csv").read_text()
    assert ours == (trained / "figures" / "summary.csv").read_text(), "as after training"
    assert len(table(tmp_path / "e.evaluation" / "classes.csv")) == len(table(masks / "classes.csv"))


@pytest.mark.parametrize(
    ("module", "flags", "words"),
    [
        ("segmentation.unet", ["--loss", "ce+dise"], "loss = 'ce\\+dise'.*dice"),
        ("segmentation.unet", ["--backbone", "resnet5"], "backbone = 'resnet5'.*resnet50"),
        ("segmentation.unet", ["--class-weights", "median"], "class_weights = 'median'.*median-frequency"),
        ("segmentation.unet", ["--class-weights", "background:x"], "background:0.1"),
        ("classifiers.small", [], "is for segmentation; this command needs one for classification"),
    ],
)
def test_wrong_settings(masks, tmp_path, module, flags, words):
    import re

    done = run(module, "--data", masks, "--runs", tmp_path, *flags)
    assert done.code == 2 and re.search(words, done.err), done.err


def test_a_run_of_segmentation_refuses_what_is_for_classifiers(trained, tmp_path):
    done = run("predictor", "--run", trained, "--policy", "vote", "--top-k", 2, "--tta", "ten-crop")
    assert done.code == 2 and len(done.err.splitlines()) == 3
