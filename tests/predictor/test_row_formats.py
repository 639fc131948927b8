"""Predictions as JSON, as Parquet and on standard output are those of the CSV; nothing to predict is an exit code."""

import csv
import io
import json
import shutil

import pytest

from settings import NothingDone, SettingError
from tests.conftest import run, table
from tests.predictor.commands import predict_here


def typed(rows: list[dict[str, str]]) -> list[dict[str, object]]:
    return [
        {"image": row["image"], "class_index": int(row["class_index"]), "class": row["class"],
         "probability": float(row["probability"])}
        for row in rows
    ]  # fmt: skip


def test_json_has_the_rows_with_numbers(small_run, scenes, tmp_path):
    result = predict_here(small_run, tmp_path / "p.json", "--test-images", scenes / "val")
    assert result["output"] == tmp_path / "p.json" and result["images"] == 10
    assert json.loads((tmp_path / "p.json").read_text()) == typed(table(tmp_path / "p.csv"))
    before = (tmp_path / "p.json").read_bytes()
    (tmp_path / "p.json").unlink()
    predict_here(small_run, tmp_path / "p.json", "--test-images", scenes / "val")
    assert (tmp_path / "p.json").read_bytes() == before, "it is made again from the complete CSV"


def test_parquet_has_the_rows_with_numbers(small_run, scenes, tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    predict_here(small_run, tmp_path / "p.parquet", "--test-images", scenes / "val")
    assert parquet.read_table(tmp_path / "p.parquet").to_pylist() == typed(table(tmp_path / "p.csv"))


def test_rows_go_to_standard_output_and_messages_do_not(small_run, scenes, tmp_path):
    done = run("predictor", "--run", small_run, "--test-images", scenes / "val", "--output", "-", cwd=tmp_path)
    assert done.code == 0 and "10 images predicted" in done.err and not list(tmp_path.iterdir())
    predict_here(small_run, tmp_path / "p.csv", "--test-images", scenes / "val")
    assert list(csv.DictReader(io.StringIO(done.out))) == table(tmp_path / "p.csv")


@pytest.mark.parametrize(
    ("output", "flags", "reason"),
    [
        ("-", ("--evaluate", "data"), "more files are written beside it"),
        ("-", ("--json",), "--json prints there too"),
        ("p.json", ("--shard", "1/2"), "shards are joined as CSV"),
        ("-", ("--shard", "1/2"), "shards are joined as CSV"),
        ("p.xlsx", (), "is written as CSV; give a name that ends in .csv"),
    ],
)
def test_outputs_that_cannot_be(output, flags, reason, small_run, tmp_path):
    with pytest.raises(SettingError, match=reason):
        predict_here(small_run, tmp_path / output if output != "-" else "-", "--test-images", tmp_path, *flags)


def test_a_file_of_others_is_not_overwritten(small_run, scenes, tmp_path):
    (tmp_path / "p.json").write_text("mine")
    with pytest.raises(SettingError, match="exists and was not made by this command"):
        predict_here(small_run, tmp_path / "p.json", "--test-images", scenes / "val")
    assert (tmp_path / "p.json").read_text() == "mine"


def test_a_shard_without_readable_images_is_done(small_run, scenes, tmp_path):
    folder = tmp_path / "images"
    shutil.copytree(scenes / "val" / "beach", folder)
    (folder / "a.jpg").write_bytes(b"no image")
    result = predict_here(small_run, tmp_path / "p.csv", "--test-images", folder, "--shard", "1/3")
    assert (result["images"], result["rejected"]) == (0, 1) and result["output"] == tmp_path / "p-1-of-3.csv"


def test_nothing_could_be_predicted(small_run, tmp_path):
    folder = tmp_path / "broken"
    folder.mkdir()
    (folder / "a.jpg").write_bytes(b"no image")
    for _ in range(2):
        with pytest.raises(NothingDone, match="None of the 1 images could be read"):
            predict_here(small_run, tmp_path / "p.csv", "--test-images", folder)
    done = run("predictor", "--run", small_run, "--test-images", folder, "--output", tmp_path / "p.csv", "--json")
    assert done.code == 3 and json.loads(done.out)["exit_code"] == 3


def test_new_images_are_predicted_wherever_their_names_sort(small_run, scenes, tmp_path):
    folder = tmp_path / "images"
    shutil.copytree(scenes / "val", folder)
    (folder / "b.txt").write_text("no image")
    predict_here(small_run, tmp_path / "p.csv", "--test-images", folder)
    before = (tmp_path / "p.csv").read_text()
    first = next(folder.rglob("*.jpg"))
    shutil.copy(first, folder / "0_first.jpg")
    result = predict_here(small_run, tmp_path / "p.csv", "--test-images", folder)
    assert (result["images"], result["rejected"]) == (11, 1)
    text = (tmp_path / "p.csv").read_text()
    assert text.startswith(before) and text.removeprefix(before).startswith("0_first.jpg,")
    first.unlink()
    result = predict_here(small_run, tmp_path / "p.csv", "--test-images", folder)
    assert (result["images"], result["rejected"]) == (11, 1), "the row of an image that is gone stays"
    assert (tmp_path / "p.csv").read_text() == text
