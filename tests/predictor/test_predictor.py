"""`python -m predictor` from a run and images to a CSV."""

import json
import shutil
from pathlib import Path

import keras
import numpy as np
import pytest

from datatransformer.layout import read_data_folder
from layers.saved import load_saved_model
from pipeline.decode import decode_and_resize
from tests.conftest import run, table
from tests.predictor.commands import predict_interrupted


def predict(small_run, images, output, *flags, **options):
    return run("predictor", "--run", small_run, "--test-images", images, "--output", output, *flags, **options)


def test_rows_agree_with_the_keras_model(small_run, scenes, tmp_path):
    done = predict(small_run, scenes / "val", tmp_path / "p.csv", "--top-k", 3, "--batch-size", 4)
    assert done.code == 0 and done.err == "", done.err
    rows = table(tmp_path / "p.csv")
    columns = [f"{name}{rank}" for rank in ("", "_2", "_3") for name in ("class_index", "class", "probability")]
    assert list(rows[0]) == ["image", *columns]
    assert [row["image"] for row in rows] == sorted(row["image"] for row in rows) and len(rows) == 10
    model = load_saved_model(small_run / "checkpoints" / "best.keras")
    classes = read_data_folder(scenes, "classification").classes
    for row in rows:
        image = decode_and_resize((scenes / "val" / row["image"]).read_bytes(), (32, 32))
        logits = model.predict(image[None], verbose=0)[0].astype(np.float64)
        probabilities = np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum()
        order = np.argsort(-probabilities)
        assert [int(row["class_index"]), int(row["class_index_2"])] == list(order[:2])
        assert row["class"] == classes[order[0]]
        assert float(row["probability"]) == pytest.approx(probabilities[order[0]], abs=2e-4)


def test_the_broken_folder(small_run, shared, tmp_path):
    done = predict(small_run, shared / "broken", tmp_path / "p.csv")
    assert done.code == 0 and "4 of 22 images could not be read" in done.err
    rows, rejected = table(tmp_path / "p.csv"), table(tmp_path / "p.rejected.csv")
    assert len(rows) == 18
    assert {row["image"] for row in rejected} == {"README.md", "text.jpg", "truncated.jpg", "zero-byte.jpg"}
    names = {row["image"] for row in rows}
    assert "'=cmd.jpg" in names and "with space & ünïcode 图.jpg" in names
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row.values())
    again = predict(small_run, shared / "broken", tmp_path / "p.csv", "--json")
    assert again.code == 0 and "is complete: 22 images" in again.err
    result = json.loads(again.out)
    assert {name: result[name] for name in ("output", "images", "rejected")} == {
        "output": str(tmp_path / "p.csv"), "images": 18, "rejected": 4,
    }  # fmt: skip


def test_odd_names(small_run, shared, tmp_path):
    good = (shared / "broken" / "gray.jpg").read_bytes()
    (tmp_path / "in").mkdir()
    for name in (b"two\nlines.jpg", b"-minus.jpg", b"\xff\xfe.jpg", b'quote".jpg', b"comma,.jpg"):
        Path(bytes(tmp_path / "in").decode() + "/" + name.decode(errors="surrogateescape")).write_bytes(good)
    for _ in range(2):
        assert predict(small_run, tmp_path / "in", tmp_path / "p.csv").code == 0
        rows = table(tmp_path / "p.csv")
        assert len(rows) == 5
    assert {row["image"] for row in rows} == {
        "two\\x0alines.jpg", "'-minus.jpg", "\\udcff\\udcfe.jpg", 'quote".jpg', "comma,.jpg",
    }  # fmt: skip


def test_a_single_file_and_a_pattern(small_run, scenes, tmp_path):
    file = sorted((scenes / "val" / "beach").iterdir())[0]
    assert predict(small_run, file, tmp_path / "one.csv").code == 0
    assert [row["image"] for row in table(tmp_path / "one.csv")] == [file.name]
    assert predict(small_run, f"{scenes}/val/*/*.jpg", tmp_path / "glob.csv").code == 0
    assert len(table(tmp_path / "glob.csv")) == 10


def test_a_killed_command_resumes_after_the_last_complete_row(small_run, scenes, shared, tmp_path):
    images = tmp_path / "in"
    shutil.copytree(scenes / "train", images)
    for place in ("aaa", "city", "zzz"):
        (images / place).mkdir(exist_ok=True)
        shutil.copy(shared / "broken" / "text.jpg", images / place)
    assert predict(small_run, images, tmp_path / "complete.csv", "--batch-size", 1).code == 0
    output = tmp_path / "p.csv"
    flags = ["--run", small_run, "--test-images", images, "--output", output, "--batch-size", 1]
    assert predict_interrupted(8, *flags).code == -9
    assert len(table(output)) == 8
    with output.open("ab") as file:
        file.write(b"forest/forest_00009.jpg,2,for")
    with (tmp_path / "p.rejected.csv").open("a") as file:
        file.write("zzz/text.jpg,a rejected image after the last row\n")
    done = run("predictor", *flags)
    assert done.code == 0 and "Resuming after 9 of 53 images" in done.out, "one rejected image is before the eighth row"
    assert output.read_text() == (tmp_path / "complete.csv").read_text()
    assert (tmp_path / "p.rejected.csv").read_text() == (tmp_path / "complete.rejected.csv").read_text()


def test_rows_of_other_images_or_settings_are_not_mixed(small_run, scenes, tmp_path):
    output = tmp_path / "p.csv"
    assert predict(small_run, scenes / "val", output).code == 0
    before = output.read_bytes()
    for images, flags in ((scenes / "train", []), (scenes / "val", ["--top-k", 2])):
        done = predict(small_run, images, output, *flags)
        assert done.code == 2 and "--overwrite" in done.err
    assert output.read_bytes() == before
    assert predict(small_run, scenes / "train", output, "--overwrite").code == 0
    assert len(table(output)) == 50
    output.write_text("".join(output.read_text().splitlines(keepends=True)[:21]))
    done = predict(small_run, scenes / "train", output, "--overwrite")
    assert "Resuming after 20 of 50 images" in done.out, "an interrupted command keeps its rows"
    assert len(table(output)) == 50


def test_errors_of_runs_and_images(small_run, scenes, tmp_path):
    (tmp_path / "a").mkdir()
    shutil.copy(small_run / "config.json", tmp_path / "a")
    shutil.copy(small_run / "classes.csv", tmp_path / "a")
    done = predict(tmp_path / "a", scenes / "val", tmp_path / "p.csv")
    assert done.code == 1 and "Train it first" in done.err
    (tmp_path / "a" / "checkpoints").mkdir()
    (tmp_path / "a" / "checkpoints" / "best.keras").write_bytes(b"PK\x03\x04nothing")
    done = predict(tmp_path / "a", scenes / "val", tmp_path / "p.csv")
    assert done.code == 1 and "is damaged" in done.err
    text = (tmp_path / "a" / "config.json").read_text()
    (tmp_path / "a" / "config.json").write_text(text.replace('"classifier"', '"generation"'))
    done = predict(tmp_path / "a", scenes / "val", tmp_path / "p.csv")
    assert done.code == 2 and "run of kind generation" in done.err
    done = predict(small_run, scenes / "nothing", tmp_path / "p.csv")
    assert done.code == 2 and "test_images" in done.err
    done = predict(small_run, scenes / "val", tmp_path / "p.csv", "--top-k", 9)
    assert done.code == 2 and "5 classes" in done.err


def test_code_in_a_checkpoint_is_not_run(small_run, scenes, tmp_path):
    folder = tmp_path / "evil"
    shutil.copytree(small_run, folder)
    inputs = keras.Input((32, 32, 3))
    outputs = keras.layers.Lambda(lambda x: x[:, 0, 0, :])(inputs)
    keras.Model(inputs, outputs).save(folder / "checkpoints" / "best.keras")
    done = predict(folder, scenes / "val", tmp_path / "p.csv")
    assert done.code == 1 and "evil/checkpoints/best.keras is damaged or" in done.err
