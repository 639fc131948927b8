"""`scenelab train FOLDER` goes from real images to a report, and `scenelab check` says what is wrong in a folder."""

import json
import shutil
from pathlib import Path

import pytest

from passed_words import flags_of, parted, with_flags, without_flags
from scenelab.train_folder import beside, run_name
from tests.conftest import table
from tests.scenelab.test_scenelab_command import scenelab

QUICK = ("--image-size", 32, "--batch-size", 8, "--verbose", "none")


@pytest.fixture
def photos(shared, tmp_path):
    """Photographs of three classes, ten of each, and a broken file."""
    source = shared / "scene15"
    rows = table(source / "labels.csv")
    for label in sorted({row["label"] for row in rows})[:3]:
        folder = tmp_path / "photos" / f"class_{label}"
        folder.mkdir(parents=True)
        for row in [row for row in rows if row["label"] == label][:10]:
            shutil.copy(source / "images" / row["image"], folder)
    (folder / "broken.jpg").write_bytes(b"no picture")
    return tmp_path / "photos"


def test_from_photographs_to_a_report_in_one_command(photos, tmp_path):
    photos = photos.rename(tmp_path / "my photos")
    words = ["train", photos, "--model", "small", "--epochs", 1, *QUICK, "--val-fraction", 0.3, "--seed", 5, "--json"]
    done = scenelab(*words, cwd=tmp_path)
    assert done.code == 0, done.err
    result = json.loads(done.out)
    data, run = tmp_path / "my photos-data", tmp_path / "runs" / "my photos"
    assert result["data"] == str(data) and (run / "report.html").is_file() and result["epochs"] == 1
    assert len(table(data / "manifest.csv")) == 30 and len(list((data / "val").rglob("*.jpg"))) == 9
    assert [row["reason"] for row in table(data / "rejected.csv")]
    config = json.loads((run / "config.json").read_text())
    assert config["model"] == "small" and config["settings"]["recipe"] == "quick" and config["seed"] == 5
    assert (
        "scores of each class" in (run / "report.html").read_text().lower()
        or (run / "figures" / "per_class.csv").exists()
    )
    *_, done_line, page, following = done.err.strip().splitlines()
    assert done_line.startswith("Done: validation accuracy ") and page == "Open this page: runs/my photos/report.html"
    assert following == "Next: scenelab predict NEW_IMAGES --run 'runs/my photos'"
    assert done.err.count("Next: ") == 1
    again = scenelab(*words, cwd=tmp_path)
    assert again.code == 0 and "nothing to do" in again.err and "was finished before" in again.err
    predicted = scenelab("predict", photos / "class_0", "--run", run, "--output", "new.csv", cwd=tmp_path)
    assert predicted.code == 0 and len(table(tmp_path / "new.csv")) == 10


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["--epoch", 3], "unknown flag --epoch (did you mean --epochs?)"),
        (["--epochs", 0], "epochs = '0': should be greater than or equal to 1"),
        (["--model", "smal"], "model = 'smal': should be one of"),
        (["--model", "small", "--skip"], "unknown flag --skip"),
        (["--val-fraction", 2], "val_fraction = '2': should be"),
        (["--raw-images", "other"], "--raw-images: the folder of images stands behind the command"),
        (["--strategy", "multi-worker"], "make it first: scenelab prepare"),
        (["--model", "vae", "--recipe", "best"], "recipe = 'best': generation.vae has none"),
        (["more"], "more: each value stands behind its flag"),
    ],
)
def test_wrong_settings_are_refused_before_anything_is_made(words, reason, photos, tmp_path):
    done = scenelab("train", photos, *words, cwd=tmp_path)
    assert done.code == 2 and reason in done.err, done.err
    assert not (tmp_path / "photos-data").exists() and not (tmp_path / "runs").exists()


def test_a_data_folder_is_trained_on_as_it_is(scenes, tmp_path):
    done = scenelab("train", scenes, "--val-fraction", 0.5, cwd=tmp_path)
    assert done.code == 2 and "is a data folder already" in done.err
    done = scenelab("train", scenes, "--data", "other", cwd=tmp_path)
    assert done.code == 2 and "is a data folder already" in done.err
    flags = ["--model", "small", "--epochs", 1, *QUICK, "--name", "mine", "--seed", 3]
    done = scenelab("train", scenes, *flags, cwd=tmp_path)
    assert done.code == 0, done.err
    assert (tmp_path / "runs" / "mine" / "report.html").is_file() and not list(tmp_path.glob("*-data"))


def test_a_folder_is_checked_without_keeping_anything(photos, tmp_path):
    before = sorted(photos.parent.rglob("*"))
    done = scenelab("check", photos, "--json", cwd=tmp_path)
    assert done.code == 0, done.err
    result = json.loads(done.out)
    (rejected,) = result["rejected_files"]
    assert result["images"] == 30 and result["classes"] == 3 and rejected["file"].endswith("broken.jpg")
    assert "broken.jpg: " in done.err and sorted(photos.parent.rglob("*")) == before
    assert scenelab("check", cwd=tmp_path).code == 2
    done = scenelab("check", photos, "--data", "made", cwd=tmp_path)
    assert done.code == 2 and "leave it out" in done.err and not (tmp_path / "made").exists()
    assert "/tmp" not in scenelab("check", photos.name, cwd=tmp_path).out, "nothing is said about files that are gone"


def test_names_that_follow_from_the_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert beside(Path("photos")) == Path("photos-data") and beside(Path("a/photos/")) == Path("a/photos-data")
    assert beside(Path()) == tmp_path.with_name(f"{tmp_path.name}-data")
    assert run_name(Path("cats,dogs")) == "cats_dogs" and run_name(Path("/")) == "images"


@pytest.mark.slow
def test_a_settings_file_wins_over_what_the_command_was_not_given(scenes, tmp_path):
    """The recipe of the file, not quick; and its learning rates, which the recipe would set."""
    (tmp_path / "scenelab.toml").write_text('[classifiers]\nrecipe = "best"\nname = "filed"\nepochs = 1\n')
    done = scenelab("train", scenes, "--model", "small", *QUICK, cwd=tmp_path)
    assert done.code == 0, done.err
    settings = json.loads((tmp_path / "runs" / "filed" / "config.json").read_text())["settings"]
    assert settings["recipe"] == "best" and settings["epochs"] == 1


def test_words_are_divided_among_the_commands():
    from config import ClassifierConfig, DataTransformerConfig, TrainFolderConfig

    words = [
        "photos",
        "--overwrite",
        "more",
        "--epochs",
        "3",
        "--val-fraction=0.1",
        "--json",
        "--seed",
        "2",
        "--name",
        "x",
    ]
    others = [DataTransformerConfig, ClassifierConfig]
    mine, rest = parted(words, TrainFolderConfig, others)
    assert mine == ["photos", "more", "--json", "--name", "x"]
    assert rest == ["--overwrite", "--epochs", "3", "--val-fraction=0.1", "--seed", "2"]
    of_data = flags_of(DataTransformerConfig)
    assert with_flags(rest, of_data, others) == ["--overwrite", "--val-fraction=0.1", "--seed", "2"]
    assert without_flags(rest, of_data - flags_of(ClassifierConfig), others) == ["--epochs", "3", "--seed", "2"]
