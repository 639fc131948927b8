"""A U-Net from a data folder with masks to masks of other images."""

import re
from functools import partial

import cv2
import keras
import numpy as np
import pytest
from sklearn.metrics import accuracy_score, jaccard_score

from backbones import backbone
from datatransformer.layout import read_data_folder
from layers.keras_private import producing_layer
from layers.saved import load_saved_model
from segmentation.decoders import transposed_convolution, transposed_convolutions, unet
from segmentation.network import build_segmenter
from tests.conftest import assert_equal_arrays, history, run, saved_state, table, without_report
from tests.segmentation.conftest import train_unet
from training.freezing import backbone_of

FLAGS = ("--loss", "ce+dice", "--augment", "strong")


@pytest.fixture(scope="module")
def trained(masks, tmp_path_factory):
    return train_unet(masks, tmp_path_factory.mktemp("runs"), "--epochs", 3, *FLAGS)


def test_a_training_fills_its_run_folder(trained):
    rows = history(trained)
    assert len(rows) == 3 and rows[-1]["loss"] < rows[0]["loss"]
    assert {"accuracy", "accuracy_with_void", "mean_iou", "val_accuracy", "val_mean_iou"} <= rows[0].keys()
    figures = {path.name for path in (trained / "figures").iterdir()}
    assert {"augmentation.png", "learning_curve.png", "predictions.png", "confusion_matrix.png", "strip.png"} <= figures


def test_the_history_has_the_scores_of_the_checkpoint(masks, trained):
    """Against scikit-learn, at the size of the masks, which is the size of the network here."""
    data = read_data_folder(masks, "segmentation")
    model = load_saved_model(trained / "checkpoints" / "best.keras")
    images = np.stack([cv2.imread(path)[..., ::-1] for path in data.images("val")])
    truth = np.stack([cv2.imread(path, cv2.IMREAD_GRAYSCALE) for path in data.masks("val")]).ravel()
    predicted = model.predict(images.astype(np.float32), verbose=0).argmax(axis=-1).ravel()
    best = max(history(trained), key=lambda row: row["val_accuracy"])
    assert best["val_accuracy"] == pytest.approx(accuracy_score(truth, predicted), abs=2e-3)  # OpenCV's JPEG decoder
    summary = {row["measure"]: float(row["value"]) for row in table(trained / "figures" / "summary.csv")}
    occurring = np.union1d(truth, predicted)
    mean_iou = jaccard_score(truth, predicted, average="macro", labels=occurring)
    assert summary["mean_iou"] == pytest.approx(mean_iou, abs=5e-3)
    assert best["val_mean_iou"] == pytest.approx(summary["mean_iou"], abs=5e-3)


def test_a_resumed_run_ends_like_an_uninterrupted_one(masks, trained, tmp_path):
    with without_report():
        for epochs in (1, 3):
            folder = train_unet(masks, tmp_path, "--epochs", epochs, "--resume", "last", *FLAGS)
    assert history(folder) == history(trained)
    assert_equal_arrays(saved_state(folder), saved_state(trained))


@pytest.mark.parametrize("name", ["small", "mobilenet_v2", "cifar_resnet_20", "convnext_tiny"])
def test_a_unet_on_any_backbone_keeps_the_size_of_the_image(name):
    spec = backbone(name)
    decoder = partial(unet, decoder_filters=(8, 4))
    model = build_segmenter(spec, 3, "none", spec.layers, spec.normalisation, decoder)
    for height, width in ((32, 64), (45, 71)):
        assert model(np.zeros((1, height, width, 3), np.float32)).shape == (1, height, width, 3)
    assert not backbone_of(model).trainable_weights and model.trainable_weights
    doublings = [layer for layer in model.layers if isinstance(layer, keras.layers.UpSampling2D)]
    assert 2 ** len(doublings) == (4 if name.startswith("cifar") else 32), "as many as the backbone's halvings"


def test_skip_connections_of_mobilenet_v2():
    """The layers that TensorFlow's tutorial on segmentation joins too."""
    spec = backbone("mobilenet_v2")
    model = build_segmenter(spec, 3, "none", 0, spec.normalisation, partial(unet, decoder_filters=(8,)))
    names = [producing_layer(tensor).name for tensor in backbone_of(model).outputs[:-1]]
    assert names == [f"block_{number}_expand_relu" for number in (1, 3, 6, 13)]


def test_unet_mobilenet_v2_has_its_published_parameters():
    spec = backbone("mobilenet_v2_to_block_16")
    decoder, head = transposed_convolutions, transposed_convolution
    model = build_segmenter(spec, 3, "none", spec.layers, spec.normalisation, decoder, head)
    trained = sum(weight.shape.num_elements() for weight in model.trainable_weights)
    assert (model.count_params(), trained) == (6_504_227, 4_660_323)
    assert model(np.zeros((1, 128, 128, 3), np.float32)).shape == (1, 128, 128, 3)


def test_masks_of_other_images(trained, shared, tmp_path):
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
        file = name if name.endswith(".png") else f"{name}.png" if "." in name else f"{name}.png.png"
        mask = cv2.imdecode(np.frombuffer((tmp_path / "p.masks" / file).read_bytes(), np.uint8), cv2.IMREAD_UNCHANGED)
        assert mask.shape == (int(row["height"]), int(row["width"])) and mask.max() < len(shares)
        np.testing.assert_allclose(np.bincount(mask.ravel(), minlength=len(shares)) / mask.size, shares, atol=1e-5)
        for kind in ("colours", "overlays"):
            assert (tmp_path / f"p.{kind}" / file).exists()


def test_the_predictor_evaluates_as_the_training_did(trained, masks, tmp_path):
    done = run("predictor", "--run", trained, "--evaluate", masks, "--output", tmp_path / "e.csv")
    assert done.code == 0, done.err
    summary = (tmp_path / "e.evaluation" / "summary.csv").read_text()
    assert summary == (trained / "figures" / "summary.csv").read_text()
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
    done = run(module, "--data", masks, "--runs", tmp_path, *flags)
    assert done.code == 2 and re.search(words, done.err), done.err


@pytest.mark.parametrize(
    ("flags", "fields"), [(["--policy", "vote", "--top-k", 2], ["policy", "top_k"]), (["--tta", "ten-crop"], ["tta"])]
)
def test_the_predictor_refuses_settings_of_classifiers(trained, flags, fields):
    done = run("predictor", "--run", trained, *flags)
    lines = done.err.splitlines()
    assert done.code == 2 and len(lines) == len(fields), done.err
    for line, field in zip(lines, fields, strict=True):
        assert line.startswith(f"error: {field} = ")
