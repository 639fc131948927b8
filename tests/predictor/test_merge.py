"""Merged shards equal the output of one process, and missing parts are reported."""

import json
import shutil
from functools import partial
from pathlib import Path

import pytest

from config import MergeConfig
from settings import SettingError, Settings, WorkError
from tests.predictor.commands import merge_here, predict_here


def predict_shards(run: Path, output: Path, total: int, *flags) -> None:
    for number in range(1, total + 1):
        predict_here(run, output, "--engine", "tensorflow", "--shard", f"{number}/{total}", *flags)


def predict_at_once(run: Path, output: Path, *flags) -> dict[str, object]:
    return predict_here(run, output, "--engine", "tensorflow", *flags)


def files(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_the_broken_folder_in_shards(small_run, shared, tmp_path, caplog):
    one, several = tmp_path / "one" / "p.csv", tmp_path / "several" / "p.csv"
    predict_at_once(small_run, one, "--test-images", shared / "broken")
    predict_shards(small_run, several, 3, "--test-images", shared / "broken")
    assert merge_here(several) == {"output": several, "shards": 3, "images": 18, "rejected": 4}
    assert several.read_bytes() == one.read_bytes() and one.read_bytes().count(b"\n") == 19
    rejected = several.with_name("p.rejected.csv").read_bytes()
    assert rejected == one.with_name("p.rejected.csv").read_bytes() and rejected.count(b"\n") == 5
    caplog.set_level("INFO", "scenelab")
    predict_at_once(small_run, several, "--test-images", shared / "broken")
    assert "is complete: 22 images" in caplog.text


def test_more_shards_than_images(small_run, scenes, tmp_path):
    folder = scenes / "val" / "beach"
    predict_at_once(small_run, tmp_path / "one.csv", "--test-images", folder)
    predict_shards(small_run, tmp_path / "p.csv", 3, "--test-images", folder)
    merge_here(tmp_path / "p.csv")
    assert (tmp_path / "p.csv").read_bytes() == (tmp_path / "one.csv").read_bytes()
    assert not (tmp_path / "p.rejected.csv").exists()


def test_merged_shards_are_evaluated_without_another_prediction(small_run, scenes, tmp_path, caplog):
    caplog.set_level("INFO", "scenelab")
    predict_shards(small_run, tmp_path / "several" / "p.csv", 2, "--evaluate", scenes)
    assert not list(tmp_path.rglob("summary.csv")) and "the command without --shard evaluates them" in caplog.text
    merge_here(tmp_path / "several" / "p.csv")
    results = [
        predict_at_once(small_run, tmp_path / name / "p.csv", "--evaluate", scenes) for name in ("one", "several")
    ]
    assert "is complete" in caplog.text and results[0]["scores"] == results[1]["scores"]
    tables = [
        {name: content for name, content in files(tmp_path / folder / "p.evaluation").items() if name.endswith(".csv")}
        for folder in ("one", "several")
    ]
    assert tables[0] == tables[1] and "ranking.csv" in tables[0] and len(tables[0]) > 3


def test_a_missing_ranking_of_a_shard_is_reported(small_run, scenes, tmp_path):
    predict_shards(small_run, tmp_path / "p.csv", 2, "--evaluate", scenes)
    (tmp_path / "p-2-of-2.evaluation" / "ranking.csv").unlink()
    with pytest.raises(WorkError, match=r"p-2-of-2\.evaluation/ranking\.csv does not have the rows"):
        merge_here(tmp_path / "p.csv")


def test_masks_of_shards(segmenter, shared, tmp_path):
    kinds = "index,colour,coco,labelme,yolo,label-studio"
    flags = ("--test-images", shared / "broken", "--mask-files", kinds)
    predict_at_once(segmenter, tmp_path / "one" / "p.csv", *flags)
    predict_shards(segmenter, tmp_path / "several" / "p.csv", 3, *flags)
    merge_here(tmp_path / "several" / "p.csv")
    several = files(tmp_path / "several")
    for name, content in files(tmp_path / "one").items():
        assert several[name] == content, name
    next((tmp_path / "several" / "p-1-of-3.yolo" / "labels").iterdir()).unlink()
    with pytest.raises(WorkError, match=r"p-1-of-3\.yolo has annotations of \d of \d images"):
        merge_here(tmp_path / "several" / "p.csv")
    next((tmp_path / "several" / "p-2-of-3.masks").iterdir()).unlink()
    with pytest.raises(WorkError, match=r"p-2-of-3\.masks has 6 of 7 images"):
        merge_here(tmp_path / "several" / "p.csv")


@pytest.fixture(scope="module")
def three(small_run, scenes, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("three")
    predict_shards(small_run, folder / "p.csv", 3, "--test-images", scenes / "val")
    return folder


def remove_rows(file: Path) -> None:
    file.write_text("".join(file.read_text().splitlines(keepends=True)[:-2]))


def tear(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-3])


def repeat_a_row(file: Path) -> None:
    lines = file.read_text().splitlines(keepends=True)
    file.write_text("".join([*lines[:-1], lines[1]]))


def change_note(key: str, value: object, file: Path) -> None:
    note = file.with_name(f".{file.name}.json")
    note.write_text(json.dumps(json.loads(note.read_text()) | {key: value}))


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (Path.unlink, r"p-2-of-3\.csv does not exist; .*--shard 2/3"),
        (remove_rows, r"p-2-of-3\.csv has 1 of 3 images; .*--shard 2/3"),
        (tear, r"p-2-of-3\.csv has 2 of 3 images"),
        (repeat_a_row, r"p-2-of-3\.csv has 3 images that differ from the 3 images"),
        (lambda file: file.with_name(f".{file.name}.json").unlink(), r"\.p-2-of-3\.csv\.json.*does not exist"),
        (lambda file: shutil.copy(file.with_name(".p-1-of-3.csv.json"), file.with_name(f".{file.name}.json")),
         r"p-2-of-3\.csv was made as shard 1 of 3"),
        (partial(change_note, "tta", "flip"), r"p-2-of-3\.csv was made with different tta than .*p-1-of-3\.csv"),
        (partial(change_note, "pictures", [11, "0"]),
         r"p-2-of-3\.csv is a shard of 11 images, but .*p-1-of-3\.csv of 10"),
    ],
)  # fmt: skip
def test_missing_parts_are_reported_and_nothing_is_written(three, tmp_path, spoil, words):
    folder = Path(shutil.copytree(three, tmp_path / "three"))
    spoil(folder / "p-2-of-3.csv")
    with pytest.raises(WorkError, match=words):
        merge_here(folder / "p.csv")
    assert not (folder / "p.csv").exists()


def test_shards_with_different_totals_and_no_shards(three, tmp_path):
    folder = Path(shutil.copytree(three, tmp_path / "three"))
    shutil.copy(folder / "p-1-of-3.csv", folder / "p-1-of-4.csv")
    with pytest.raises(SettingError, match=r"p-1-of-3\.csv, p-1-of-4\.csv"):
        merge_here(folder / "p.csv")
    with pytest.raises(SettingError, match="no shards such as q-1-of-2"):
        merge_here(folder / "q.csv")


def test_another_output_is_only_replaced_with_overwrite(three, small_run, scenes, tmp_path):
    folder = Path(shutil.copytree(three, tmp_path / "three"))
    predict_at_once(small_run, folder / "p.csv", "--test-images", scenes / "train" / "beach")
    with pytest.raises(SettingError, match="--overwrite"):
        merge_here(folder / "p.csv")
    merge_here(folder / "p.csv", "--overwrite")
    assert (folder / "p.csv").read_bytes().count(b"\n") == 11


def test_shards_of_another_machine(three, small_run, scenes, tmp_path):
    """There the run and the images have other paths and times."""
    folder, copy = Path(shutil.copytree(three, tmp_path / "three")), tmp_path / "copy"
    for name in ("p-2-of-3.csv", ".p-2-of-3.csv.json"):
        (folder / name).unlink()
    shutil.copytree(small_run, copy / "run", copy_function=shutil.copyfile)
    shutil.copytree(scenes / "val", copy / "val")
    predict_at_once(copy / "run", folder / "p.csv", "--shard", "2/3", "--test-images", copy / "val")
    merge_here(folder / "p.csv")
    assert (folder / "p-2-of-3.csv").read_bytes() == (three / "p-2-of-3.csv").read_bytes()


def test_every_setting_has_a_test():
    """These tests show that a setting has an effect. A new field needs a test too."""
    tests = {
        "output": test_shards_with_different_totals_and_no_shards,
        "overwrite": test_another_output_is_only_replaced_with_overwrite,
    }
    assert tests.keys() == MergeConfig.model_fields.keys() - Settings.model_fields.keys()
