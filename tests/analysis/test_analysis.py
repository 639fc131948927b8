"""`python -m analysis`: a run's figures and its page; runs side by side; what it refuses."""

import csv
import json
import os
import re
import shutil
import time

import pytest

import classifiers.recipe
import classifiers.small
import segmentation.recipe
import segmentation.unet
from analysis.analyse import analyse
from analysis.report import write_report
from analysis.reproduce import commands
from analysis.subject import read_subject
from config import AnalysisConfig, ClassifierConfig, UNetConfig
from settings import SettingError, WorkError, command_words, given_values, read_settings
from tests.conftest import QUICK, run
from training.run_folder import RunFolder


def look(*flags) -> None:
    analyse(read_settings(AnalysisConfig, [str(flag) for flag in flags], "test"))


@pytest.fixture
def copied(small_run, tmp_path):
    """A run that may be changed."""
    return shutil.copytree(small_run, tmp_path / "copied")


def test_all_of_a_classifier(copied, capsys):
    look(copied, "--layer", "pool,block_2_out")
    said = capsys.readouterr().out
    assert "t-SNE, perplexity 3 as there are 10 points" in said and "Grad-CAM: the last feature map is a single" in said
    figures = RunFolder(copied).figures
    drawn = {file.stem for file in figures.glob("*.png")} - {"augmentation"}
    assert drawn - {"mistakes"} == {
        "learning_curve", "learning_rate", "predictions", "classes", "calibration", "confusion_matrix",
        "confusion_counts", "confusion_normalised", "confusion_logarithmic", "embedding_pool",
        "embedding_small-block_2_out", "feature_maps", "diagram",
    }  # fmt: skip
    assert all((figures / f"{name}.csv").is_file() for name in drawn)
    page = (copied / "report.html").read_text()
    assert page.count("<img") == len(drawn), "the training batch too, and one matrix in place of another"
    assert set(re.findall(r'src="([a-z]+:)', page)) == {"data:"} and "<script" not in page
    assert not re.search(r'(href|src)="(?!data:)', page), "nothing is fetched"
    assert "python -m classifiers.small" in page and "block_2_out" in page


def test_all_of_a_segmentation_run(tmp_path, capsys):
    data = tmp_path / "data"
    flags = ("--source", "squares", "--pictures", 10, "--picture-size", 128, "--data", data)
    assert run("datatransformer", *flags).code == 0
    argv = ["--data", data, "--runs", tmp_path, *QUICK, "--epochs", 1, "--image-size", "32x48", "--decoder-filters", 8]
    segmentation.recipe.train(segmentation.unet.RECIPE, read_settings(UNetConfig, list(map(str, argv)), "test"))
    page = tmp_path / "unet" / "report.html"
    assert "Which class is taken for which" in page.read_text(), "training writes one by itself"
    look(tmp_path / "unet", "--images", 4, "--points", 50)
    names = {file.name for file in (tmp_path / "unet" / "figures").glob("*.png")}
    embedded = {"embedding_small-block_4_out.png", "embedding_decoder_2_2_relu.png"}
    assert names >= embedded | {"confusion_logarithmic.png", "classes.png", "predictions.png", "feature_maps.png"}
    with (tmp_path / "unet" / "figures" / "embedding_decoder_2_2_relu.csv").open() as file:
        classes = [row["class"] for row in csv.DictReader(file)]
    assert 0 < classes.count("square") <= 25 and len(classes) <= 50
    with pytest.raises(SettingError, match="has curves, evaluation, embedding, maps, layers"):
        look(tmp_path / "unet", "--only", "gradcam")
    with pytest.raises(SettingError, match="are runs of kinds"):
        shutil.copytree(tmp_path / "unet", tmp_path / "other")
        config = json.loads((tmp_path / "other" / "config.json").read_text()) | {"kind": "classifier"}
        (tmp_path / "other" / "config.json").write_text(json.dumps(config))
        look("--runs", tmp_path, "--compare", "unet,other", "--output", tmp_path / "c")


def test_names_are_harmless_in_the_page(copied):
    classes = copied / "classes.csv"
    classes.write_text(classes.read_text().replace("beach", "<script>x</script>"))
    config = json.loads((copied / "config.json").read_text())
    config["settings"]["data"] = '"><img src=http://x>'
    (copied / "config.json").write_text(json.dumps(config))
    scores = copied / "figures" / "classes.csv"
    scores.write_text('class,f1\n"<script>x</script>",1\n')
    write_report(read_subject(RunFolder(copied)))
    page = (copied / "report.html").read_text()
    assert "<script" not in page and "&lt;script&gt;x" in page and "<img src=http" not in page


def test_figures_that_the_run_has_left_behind_are_not_shown(copied):
    look(copied, "--only", "layers")
    page = copied / "report.html"
    assert "Its blocks" in page.read_text()
    later = time.time() + 10
    os.utime(copied / "checkpoints" / "best.keras", (later, later))
    look(copied, "--only", "curves")
    assert "Its blocks" not in page.read_text() and "All layers" not in page.read_text()


def test_sessions_are_kept_and_how_to_train_again(scenes, tmp_path):
    flags = ("--data", scenes, "--runs", tmp_path, *QUICK, "--freeze", -20, "--learning-rates", "1e-3,1e-4")
    for more in (("--epochs", 1), ("--epochs", 2, "--resume", "last")):
        argv = list(map(str, (*flags, *more)))
        classifiers.recipe.train(classifiers.small.RECIPE, read_settings(ClassifierConfig, argv, "test"))
    folder = RunFolder(tmp_path / "small")
    first, second = folder.sessions()
    assert (first["epochs_done"], first["checkpoint"]) == ("0", "")
    assert (second["epochs_done"], second["checkpoint"]) == ("1", "last.keras")
    assert int(first["parameters"]) > int(first["learning"]) > 0
    assert folder.resumed() == [1]
    again = commands(read_subject(folder))
    shared = f"python -m classifiers.small --data {scenes} --name small-again"
    settings = "--batch-size 8 --image-size 32 --learning-rates 0.001,0.0001 --freeze=-20"
    assert again[0].startswith(shared) and set(settings.split()) <= set(again[0].split())
    assert "--epochs 1" in again[0] and "--resume" not in again[0]
    assert "--epochs 2" in again[1] and "--resume last" in again[1]
    rate = (tmp_path / "small" / "figures" / "learning_curve.csv").read_text()
    assert rate.startswith("epoch,stage,learning_rate")


def test_given_values_make_the_same_settings():
    argv = [
        "--freeze",
        "-20",
        "--mixed-precision",
        "--no-find-lr",
        "--learning-rates",
        "1e-3,1e-05",
        "--image-size=9x8",
    ]
    settings = read_settings(ClassifierConfig, argv, "test")
    assert read_settings(ClassifierConfig, command_words(given_values(settings)), "test") == settings


def test_comparison(copied, small_run, tmp_path, capsys):
    config = json.loads((copied / "config.json").read_text())
    config["settings"] |= {"optimizer": "sgd"}
    (copied / "config.json").write_text(json.dumps(config))
    look("--compare", f"{small_run},{copied}", "--output", tmp_path / "both")
    said = capsys.readouterr().out
    assert re.search(r"^optimizer +adam +sgd$", said, re.MULTILINE) and "image_size" not in said
    with (tmp_path / "both" / "comparison.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["run"] for row in rows] == ["small", "copied"] and rows[0]["val_accuracy"] == rows[1]["val_accuracy"]
    assert rows[0]["epochs_done"] == "3" and int(rows[0]["parameters"]) > 1e6
    assert {file.name for file in (tmp_path / "both").iterdir()} == {
        "comparison.csv", "comparison.html", "curves.csv", "curves.png",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        (["--layer", "block_9_out"], "the nearest are small/block_"),
        (["--layer", "pool", "--only", "maps"], "a map has height, width and channels"),
        (["--layer", "pool", "--only", "curves"], "which is not drawn"),
        (["--output", "x"], "--compare A,B,C"),
        (["--data", "nowhere"], "--data says where"),
        (["--compare", "a,b"], "use one"),
    ],
)
def test_what_is_refused(small_run, flags, expected):
    with pytest.raises(SettingError, match=expected):
        look(small_run, *flags)


def test_every_field_explains_itself():
    assert all(field.description and len(field.description) > 25 for field in AnalysisConfig.model_fields.values())


def test_a_run_is_also_named_by_its_flag(small_run):
    done = run("analysis", "--runs", small_run.parent, "--run", "smal")
    assert (
        done.code == 2
        and done.err == f"error: run = 'smal': there is no such run; in {small_run.parent} there are small\n"
    )
    done = run("analysis", "--compare", small_run)
    assert done.code == 2 and "two different runs" in done.err


def test_runs_without_history_and_unfinished_ones(copied, capsys):
    config = json.loads((copied / "config.json").read_text())
    config["settings"] |= {"epochs": 9}
    (copied / "config.json").write_text(json.dumps(config))
    look(copied, "--only", "curves")
    assert "is not finished: 3 of at most 9 epochs are done" in capsys.readouterr().out
    (copied / "history.csv").unlink()
    with pytest.raises(WorkError, match="has no history yet"):
        look(copied)


def test_a_data_folder_of_the_wrong_kind(small_run, tmp_path):
    (tmp_path / "manifest.csv").write_text("image,split,mask,source\ntrain/images/a.png,train,train/masks/a.png,a\n")
    (tmp_path / "classes.csv").write_text("index,name\n0,a\n")
    with pytest.raises(SettingError, match="is for segmentation; this command needs one for classification"):
        look(small_run, "--data", tmp_path)
