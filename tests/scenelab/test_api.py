"""`import scenelab`: predictions of files and arrays are those of the commands, and nothing is printed."""

from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import scenelab
from datatransformer.pictures.images import UnreadableImage
from tests.conftest import run, table, train_here, without_report


@pytest.fixture(scope="session")
def images(scenes) -> list[Path]:
    return sorted((scenes / "val").rglob("*.jpg"))


def by_command(run_folder: Path, images: Path, output: Path, *flags: object) -> list[dict[str, str]]:
    """The rows that `python -m predictor` writes."""
    done = run("predictor", "--run", run_folder, "--test-images", images, "--output", output, *flags)
    assert done.code == 0, done.err
    return table(output)


def test_labels_are_those_of_the_command(small_run, scenes, images, tmp_path):
    rows = by_command(small_run, scenes / "val", tmp_path / "rows.csv", "--engine", "tensorflow")
    predictions = scenelab.load(small_run).predict(images)
    assert [one.label for one in predictions] == [row["class"] for row in rows]
    np.testing.assert_allclose(
        [one.probability for one in predictions], [float(row["probability"]) for row in rows], atol=1e-5
    )
    first = predictions[0]
    assert first.name == str(images[0]) and first.classes[first.index] == first.label
    assert first.probabilities.sum() == pytest.approx(1, abs=1e-5) and first.probabilities.max() == first.probability


def test_an_array_and_a_single_file_are_predicted_as_in_a_list(small_run, images):
    run = scenelab.load("small", runs=small_run.parent)
    expected = run.predict(images[:2])
    assert run.predict(images[1]).label == expected[1].label
    pixels = np.asarray(Image.open(images[0]).convert("RGB"))
    np.testing.assert_allclose(run.predict(pixels).probabilities, expected[0].probabilities, atol=1e-3)
    gray = run.predict([np.full((40, 30), 128, np.uint8)])
    assert gray[0].name == "image 1" and run.predict([]) == []


@pytest.mark.parametrize(
    ("image", "reason"),
    [
        ("missing.jpg", "missing.jpg: cannot be read: No such file or directory"),
        (np.zeros((4, 4, 3)), "image 1: should be uint8"),
        (np.zeros((0, 4), np.uint8), "image 1: has no pixels"),
        (np.zeros((4, 4, 4), np.uint8), "image 1: should be uint8"),
    ],
)
def test_an_unreadable_image_is_named(image, reason, small_run):
    with pytest.raises(UnreadableImage, match=reason):
        scenelab.load(small_run).predict(image)


def test_a_run_tells_about_itself(small_run, scenes):
    run = scenelab.load(small_run)
    assert (run.kind, run.model, len(run.classes), run.settings["epochs"]) == ("classifier", "small", 5, 3)
    best = max(float(row["val_accuracy"]) for row in table(small_run / "history.csv"))
    assert run.scores["val_accuracy"] == best == pytest.approx(run.evaluate(scenes)["accuracy"], abs=1e-4)
    with pytest.raises(scenelab.SettingError, match="no such run"):
        scenelab.load("nothing")


def test_masks_are_those_of_the_command(squares, tmp_path):
    from config import SegNetBasicConfig
    from segmentation import recipe
    from segmentation.segnet_basic import RECIPE

    with without_report():
        flags = ["--epochs", 1, "--verbose", "none", "--image-size", 64, "--batch-size", 2]
        path = train_here(partial(recipe.train, RECIPE), SegNetBasicConfig, squares, tmp_path, *flags)
    folder = squares / "val" / "images"
    by_command(path, folder, tmp_path / "masks.csv", "--engine", "tensorflow", "--mask-files", "index")
    files = sorted(folder.iterdir())[:3]
    for file, prediction in zip(files, scenelab.load(path).predict(files), strict=True):
        expected = np.asarray(Image.open(tmp_path / "masks.masks" / f"{file.stem}.png"))
        np.testing.assert_array_equal(prediction.mask, expected)
        assert prediction.shares.sum() == pytest.approx(1) and prediction.mask.shape == (128, 128)


def test_codes_have_the_anomaly_of_the_command(scenes, images, tmp_path):
    from config import VaeConfig
    from generation import vae

    with without_report():
        path = train_here(
            vae.train, VaeConfig, scenes, tmp_path, "--epochs", 1, "--verbose", "none", "--batch-size", 16
        )
    rows = by_command(path, scenes / "val", tmp_path / "codes.csv")
    predictions = scenelab.load(path).predict(images)
    np.testing.assert_allclose([one.anomaly for one in predictions], [float(row["anomaly"]) for row in rows], rtol=1e-4)
    assert predictions[0].reconstruction.shape == (32, 32, 3) and predictions[0].code.ndim == 1


def test_prepare_and_train_take_the_settings_as_keywords_and_print_nothing(scenes, tmp_path, capfd):
    data = scenelab.prepare(scenes / "train", data=tmp_path / "data", val_fraction=0.5)
    assert (data.task, len(data.classes), len(data.images("val"))) == ("classification", 5, 25)
    with without_report():
        same = {"epochs": 1, "runs": tmp_path / "runs", "name": "one"}
        run = scenelab.train(data, "small", image_size=32, batch_size=8, **same)
        again = scenelab.train(str(data.path), "classifiers.small", image_size="32", batch_size=[8], **same)
    assert run.path == again.path == tmp_path / "runs" / "one" and run.settings["epochs"] == 1
    assert capfd.readouterr().out == ""


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"epoch": 1}, r"unknown flag --epoch \(did you mean --epochs\?\)"),
        ({"epochs": 0}, "epochs = '0': should be greater"),
        ({"model": "smal"}, "model = 'smal': should be one of"),
        ({"model": "unet"}, "model = 'unet': is not for classification"),
        ({"data": "nothing", "model": "unet"}, "there is no such folder"),
    ],
)
def test_wrong_keywords_are_refused(values, reason, scenes):
    with pytest.raises(scenelab.SettingError, match=reason):
        scenelab.train(**({"data": scenes} | values))


def test_predictions_as_a_table(small_run, images):
    pytest.importorskip("pandas")
    frame = scenelab.table(scenelab.load(small_run).predict(images[:3]))
    assert list(frame.columns) == ["image", "class_index", "class", "probability"] and len(frame) == 3
    assert list(scenelab.load(small_run).history["epoch"]) == [1, 2, 3]
