"""`python -m analysis`: the figures and the report of a run, comparisons of runs, and refused settings."""

import json
import logging
import os
import re
import shutil
from functools import partial

import keras
import numpy as np
import pytest

from analysis.report import write_report
from analysis.reproduce import commands
from analysis.trained_run import read_run
from backbones import backbone
from config import ClassifierConfig, UNetConfig
from datatransformer.layout import read_data_folder
from segmentation.decoders import unet
from segmentation.network import build_segmenter
from setting_flags import command_words
from settings import SettingError, WorkError, given_values
from tests.analysis.commands import analyse_here
from tests.conftest import run, settings_of, table, train_small
from tests.plots.figures import figures, texts
from training.run_folder import RunFolder


@pytest.fixture(autouse=True)
def logged(caplog):
    """All messages of a test."""
    caplog.set_level(logging.INFO)
    return caplog


@pytest.fixture
def copied(small_run, tmp_path):
    """A run that may be changed."""
    return shutil.copytree(small_run, tmp_path / "copied")


def change_settings(folder, **settings) -> None:
    config = json.loads((folder / "config.json").read_text())
    config["settings"] |= settings
    (folder / "config.json").write_text(json.dumps(config))


def test_all_parts_of_a_classifier(copied, logged):
    assert "Confusion matrix" in (copied / "report.html").read_text(), "training writes a report"
    result = analyse_here(copied, "--layer", "pool,block_2_out")
    assert "t-SNE, perplexity 3, reduced for 10 points" in logged.text
    assert "Grad-CAM: the last feature map is a single pixel" in logged.text
    figures = RunFolder(copied).figures
    drawn = {file.stem for file in figures.glob("*.png")} - {"augmentation"}
    assert drawn - {"mistakes"} == {
        "learning_curve", "learning_rate", "predictions", "classes", "calibration", "confusion_matrix",
        "embedding_pool", "embedding_small-block_2_out", "feature_maps", "diagram",
    }  # fmt: skip
    assert all((figures / f"{name}.csv").is_file() for name in drawn)
    page = (copied / "report.html").read_text()
    assert page.count("<img") == len(drawn | {"augmentation"}), "no figure twice"
    assert set(re.findall(r'src="([a-z]+:)', page)) == {"data:"} and "<script" not in page
    assert not re.search(r'(href|src)="(?!data:)', page), "nothing is downloaded"
    assert "python -m classifiers.small" in page and "block_2_out" in page
    assert result["parts"] == ["curves", "evaluation", "embedding", "maps", "gradcam", "layers"]
    assert result["report"] == copied / "report.html" and result["finished"] and result["epochs"] == 3
    assert 0 <= result["best"]["val_accuracy"] <= 1


@pytest.fixture(scope="module")
def unet_run(squares, tmp_path_factory):
    """The run of a U-Net on squares that was never trained."""
    keras.utils.set_random_seed(0)
    spec, classes = backbone("small"), read_data_folder(squares, "segmentation").classes
    decoder = partial(unet, decoder_filters=[8])
    unet_run = RunFolder(tmp_path_factory.mktemp("unet") / "unet")
    settings = UNetConfig(epochs=1, image_size="32x48").model_dump(mode="json") | {"data": str(squares)}
    unet_run.write_config("segmentation", "unet", settings, classes)
    build_segmenter(spec, len(classes), "none", 0, spec.normalisation, decoder).save(unet_run.best)
    row = {"epoch": 1.0, "stage": 0.0, "learning_rate": 1e-3, "loss": 1.0, "accuracy": 0.5, "mean_iou": 0.2}
    unet_run.write_history([row | {"val_loss": 1.0, "val_accuracy": 0.5, "val_mean_iou": 0.2, "seconds": 1.0}])
    return unet_run.path


def test_all_parts_of_a_segmentation_run(unet_run):
    result = analyse_here(unet_run, "--images", 4, "--points", 50)
    assert result["parts"] == ["curves", "evaluation", "embedding", "maps", "layers"]
    names = {file.name for file in (unet_run / "figures").glob("*.png")}
    embedded = {"embedding_small-block_4_out.png", "embedding_decoder_2_2_relu.png"}
    assert names >= embedded | {"confusion_matrix.png", "classes.png", "predictions.png", "feature_maps.png"}
    classes = [row["class"] for row in table(unet_run / "figures" / "embedding_decoder_2_2_relu.csv")]
    assert 0 < classes.count("square") <= 25 and len(classes) <= 50


def test_grad_cam_is_only_for_classifiers(unet_run):
    with pytest.raises(SettingError, match="has curves, evaluation, embedding, maps, layers"):
        analyse_here(unet_run, "--only", "gradcam")


def test_runs_of_different_kinds_cannot_be_compared(unet_run, small_run, tmp_path):
    with pytest.raises(SettingError, match="are runs of the kinds segmentation and classifier"):
        analyse_here("--compare", f"{unet_run},{small_run}", "--output", tmp_path / "c")
    assert not (tmp_path / "c").exists()


def test_names_are_escaped_in_the_page(copied):
    classes = copied / "classes.csv"
    classes.write_text(classes.read_text().replace("beach", "<script>x</script>"))
    change_settings(copied, data='"><img src=http://x>')
    scores = copied / "figures" / "classes.csv"
    scores.write_text('class,f1\n"<script>x</script>",1\n')
    write_report(read_run(RunFolder(copied)))
    page = (copied / "report.html").read_text()
    assert "<script" not in page and "&lt;script&gt;x" in page and "<img src=http" not in page


def test_outdated_figures_are_not_shown(copied):
    analyse_here(copied, "--only", "layers")
    page = copied / "report.html"
    assert "Blocks of the model" in page.read_text()
    later = (copied / "figures" / "diagram.png").stat().st_mtime + 10
    os.utime(copied / "checkpoints" / "best.keras", (later, later))
    analyse_here(copied, "--only", "curves")
    assert "Blocks of the model" not in page.read_text() and "All layers" not in page.read_text()


def test_the_clock_was_set_back_after_training(copied):
    os.utime(copied / "checkpoints" / "best.keras", (3e9, 3e9))
    analyse_here(copied, "--only", "layers")
    page = (copied / "report.html").read_text()
    assert "Blocks of the model" in page and "All layers" in page


def test_the_report_repeats_the_commands_of_all_sessions(scenes, tmp_path):
    flags = ("--freeze", -20, "--learning-rates", "1e-3,1e-4", "--steps-per-epoch", 1, "--augment", "none")
    for more in (("--epochs", 1), ("--epochs", 2, "--resume", "last")):
        train_small(scenes, tmp_path, *flags, *more, report=True)
    folder = RunFolder(tmp_path / "small")
    first, second = folder.sessions()
    assert (first.epochs_done, first.checkpoint) == (0, "")
    assert (second.epochs_done, second.checkpoint) == (1, "last.keras")
    assert first.parameters > first.learning > 0
    lines = commands(read_run(folder))
    start = f"python -m classifiers.small --data {scenes} --name small-again"
    settings = "--batch-size 8 --image-size 32x32 --learning-rates 0.001,0.0001 --freeze=-20"
    assert lines[0].startswith(start) and set(settings.split()) <= set(lines[0].split())
    assert "--epochs 1" in lines[0] and "--resume" not in lines[0]
    assert "--epochs 2" in lines[1] and "--resume last" in lines[1]
    rate = (tmp_path / "small" / "figures" / "learning_curve.csv").read_text()
    assert rate.startswith("epoch,stage,learning_rate")


def test_flags_made_of_settings_give_the_same_settings():
    flags = ("--freeze", -20, "--mixed-precision", "--no-find-lr", "--learning-rates", "1e-3,1e-05", "--image-size=9x8")
    settings = settings_of(ClassifierConfig, *flags)
    assert settings_of(ClassifierConfig, *command_words(given_values(settings))) == settings


def test_comparison(copied, small_run, tmp_path, logged):
    change_settings(copied, optimizer="sgd")
    result = analyse_here("--compare", f"{small_run},{copied}", "--output", tmp_path / "both")
    assert re.search(r"^optimizer +adam +sgd$", logged.text, re.MULTILINE) and "image_size" not in logged.text
    rows = table(tmp_path / "both" / "comparison.csv")
    assert [row["run"] for row in rows] == ["small", "copied"] and rows[0]["val_accuracy"] == rows[1]["val_accuracy"]
    assert rows[0]["epochs_done"] == "3" and int(rows[0]["parameters"]) > 1e6
    assert {file.name for file in (tmp_path / "both").iterdir()} == {
        "comparison.csv", "comparison.html", "curves.csv", "curves.png",
    }, "without the scores of classes, which no run has yet"  # fmt: skip
    assert f"python -m analysis {small_run} --only evaluation" in (tmp_path / "both" / "comparison.html").read_text()
    assert [entry["run"] for entry in result["runs"]] == [small_run, copied] and result["runs"][0]["epochs"] == 3


def test_a_comparison_shows_the_scores_of_each_class_in_each_run(small_run, tmp_path):
    runs = [shutil.copytree(small_run, tmp_path / name) for name in ("one", "two")]
    for path in runs:
        analyse_here(path, "--only", "evaluation")
    analyse_here("--compare", ",".join(map(str, runs)), "--output", tmp_path / "both")
    rows, of_run = table(tmp_path / "both" / "classes.csv"), table(runs[0] / "figures" / "classes.csv")
    assert [row["class"] for row in rows] == [row["class"] for row in of_run]
    assert [row["two"] for row in rows] == [row["f1"] for row in of_run]


def test_a_comparison_of_masks_shows_those_of_all_runs_side_by_side(unet_run, tmp_path):
    other = shutil.copytree(unet_run, tmp_path / "other")
    for path in (unet_run, other):
        analyse_here(path, "--only", "evaluation")
    with figures() as saved:
        analyse_here("--compare", f"{unet_run},{other}", "--output", tmp_path / "both")
    grid = next(figure for figure in saved if "true mask" in texts(figure))
    assert [axes.get_title() for axes in grid.axes[:4]] == ["image", "true mask", unet_run.name, "other"]
    image, truth, one, two = (axes.images[0].get_array() for axes in grid.axes[:4])
    np.testing.assert_array_equal(one, two)
    assert image.shape == truth.shape == one.shape
    of_run = table(unet_run / "figures" / "classes.csv")
    assert [row["other"] for row in table(tmp_path / "both" / "classes.csv")] == [row["iou"] for row in of_run]


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        (["--layer", "block_9_out"], "similar names are small/block_"),
        (["--layer", "pool", "--only", "maps"], "is not a feature map"),
        (["--only", "gradcam", "--data", "nowhere"], "was trained on by --data"),
    ],
)
def test_wrong_settings_are_refused(small_run, flags, expected):
    with pytest.raises(SettingError, match=expected):
        analyse_here(small_run, *flags)


def test_a_comparison_needs_two_runs(small_run):
    with pytest.raises(SettingError, match="two different runs"):
        analyse_here("--compare", small_run)


def test_the_result_is_one_json_object(small_run):
    done = run("analysis", "--runs", small_run.parent, "--run", "small", "--only", "curves", "--json")
    assert done.code == 0 and json.loads(done.out)["report"] == str(small_run / "report.html")


def test_an_unknown_run_is_refused_with_the_known_runs(small_run):
    done = run("analysis", "--runs", small_run.parent, "--run", "smal")
    assert done.code == 2 and done.out == ""
    assert done.err.startswith("error: run = 'smal': ") and "small" in done.err.removeprefix("error: run = 'smal': ")


def test_an_unfinished_run_and_a_run_without_history(copied, logged):
    change_settings(copied, epochs=9)
    assert not analyse_here(copied, "--only", "curves")["finished"]
    assert "is not finished: 3 of at most 9 epochs are done" in logged.text
    (copied / "history.csv").unlink()
    with pytest.raises(WorkError, match="is lost, or the run is a packed one"):
        analyse_here(copied)


def test_a_data_folder_with_another_task_is_refused(small_run, tmp_path):
    (tmp_path / "manifest.csv").write_text("image,split,mask,source\ntrain/images/a.png,train,train/masks/a.png,a\n")
    (tmp_path / "classes.csv").write_text("index,name\n0,a\n")
    with pytest.raises(SettingError, match=r"segmentation.*classification"):
        analyse_here(small_run, "--data", tmp_path)
