"""`--split test`: the scores are of the test images alone, nothing chooses by them, and the run counts the looks."""

import csv
from pathlib import Path

import pytest

from settings import SettingError
from tests.conftest import make_data_folder, table
from tests.predictor.commands import predict_here
from training.test_looks import looks_sentence, read_looks


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("tested") / "data"
    make_data_folder(folder, source="scenes", pictures=40, picture_size=48, test_fraction=0.2)
    return folder


def test_the_scores_are_of_the_test_images(small_run, data, tmp_path):
    looks = read_looks(Path(small_run))
    result = predict_here(small_run, tmp_path / "p.csv", "--evaluate", data, "--split", "test")
    classes = {Path(row["image"]).relative_to("test").as_posix(): row["class"]
               for row in table(data / "manifest.csv") if row["split"] == "test"}  # fmt: skip
    with (tmp_path / "p.csv").open(newline="") as file:
        predicted = {row["image"]: row["class"] for row in csv.DictReader(file)}
    assert predicted.keys() == classes.keys() and len(classes) == 10
    right = sum(predicted[name] == class_name for name, class_name in classes.items())
    assert result["scores"]["accuracy"] == pytest.approx(right / 10)

    (first,) = read_looks(Path(small_run))[len(looks) :]
    assert (first["images"], first["score"]) == ("10", "accuracy") and float(first["value"]) == right / 10
    predict_here(small_run, tmp_path / "p.csv", "--evaluate", data, "--split", "test")
    assert len(read_looks(Path(small_run))) == len(looks) + 2
    assert f"{len(looks) + 2} times" in looks_sentence(Path(small_run))


def test_validation_is_no_look(small_run, data, tmp_path):
    before = read_looks(Path(small_run))
    predict_here(small_run, tmp_path / "p.csv", "--evaluate", data)
    assert read_looks(Path(small_run)) == before


def test_test_images_that_are_not_there(small_run, scenes, tmp_path):
    with pytest.raises(SettingError, match=r"split = 'test': .*has no test images; make it again with --test-fraction"):
        predict_here(small_run, tmp_path / "p.csv", "--evaluate", scenes, "--split", "test")
    with pytest.raises(SettingError, match=r"split = 'test'.*has no effect without evaluate"):
        predict_here(small_run, tmp_path / "p.csv", "--test-images", scenes / "val", "--split", "test")
