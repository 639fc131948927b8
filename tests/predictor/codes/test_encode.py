"""Predictions of an auto-encoder: codes in HDF5, losses in a CSV, reconstructions and new images; also resumed."""

from pathlib import Path

import cv2
import h5py
import numpy as np
import pytest

from config import VaeConfig
from datatransformer.layout import read_data_folder
from generation import vae
from layers.saved import load_saved_model
from pipeline.decode import decode_and_resize
from predictor.codes.encode import mark_last
from predictor.codes.latents import LatentsFile
from settings import SettingError, WorkError
from tests.conftest import run, table, train_here, without_report
from tests.predictor.commands import merge_here, predict_here, predict_interrupted


@pytest.fixture(scope="module")
def trained(scenes, tmp_path_factory) -> Path:
    """An auto-encoder with codes of three numbers, trained for 60 steps without figures."""
    runs = tmp_path_factory.mktemp("runs")
    flags = (
        "--image-size", 24, "--filters", "4,8", "--latent-size", 3, "--beta", 0.5,
        "--epochs", 10, "--learning-rates", 0.01, "--batch-size", 8, "--verbose", "none", "--cache", "none",
    )  # fmt: skip
    with without_report():
        return train_here(vae.train, VaeConfig, scenes, runs, *flags)


def latents(path: Path) -> dict[str, np.ndarray]:
    with h5py.File(path) as file:
        return {"image": file["image"].asstr()[:], "mean": file["mean"][:], "log_variance": file["log_variance"][:]}


def test_scores_codes_and_reconstructions_by_numpy(trained, scenes, tmp_path):
    predict_here(
        trained, tmp_path / "p.csv", "--test-images", scenes / "val", "--batch-size", 4,
        "--encoding-files", "latents,reconstruction",
    )  # fmt: skip
    rows, codes = table(tmp_path / "p.csv"), latents(tmp_path / "p.latents.h5")
    assert list(rows[0]) == ["image", "reconstruction", "kl", "anomaly"] and len(rows) == 10
    assert [row["image"] for row in rows] == list(codes["image"])
    model = load_saved_model(trained / "checkpoints" / "best.keras")
    for number, row in enumerate(rows):
        image = decode_and_resize((scenes / "val" / row["image"]).read_bytes(), (24, 24)).numpy()[None]
        mean, log_variance = (np.asarray(part) for part in model.get_layer("encoder")(image.astype(np.float32)))
        np.testing.assert_allclose(codes["mean"][number], mean[0], atol=1e-5)
        np.testing.assert_allclose(codes["log_variance"][number], log_variance[0], atol=1e-5)
        p, x = 1 / (1 + np.exp(-np.asarray(model.get_layer("decoder")(mean), np.float64))), image / 255
        reconstruction = -(x * np.log(p) + (1 - x) * np.log(1 - p)).sum()
        kl = 0.5 * (mean**2 + np.exp(log_variance) - log_variance - 1).sum()
        assert float(row["reconstruction"]) == pytest.approx(reconstruction, rel=1e-4)
        assert float(row["kl"]) == pytest.approx(kl, rel=1e-3)
        assert float(row["anomaly"]) == pytest.approx(reconstruction + 0.5 * kl, rel=1e-4), "beta is 0.5"
        drawn = cv2.imread(str(tmp_path / "p.reconstructions" / f"{row['image']}.png"))[..., ::-1]
        np.testing.assert_allclose(drawn, 255 * p[0], atol=0.51)


def test_the_broken_folder(trained, shared, tmp_path):
    done = run("predictor", "--run", trained, "--test-images", shared / "broken", "--output", tmp_path / "p.csv")
    assert done.code == 0 and "could not be read" in done.err
    rows, codes = table(tmp_path / "p.csv"), latents(tmp_path / "p.latents.h5")
    assert len(rows) == 18 and len(table(tmp_path / "p.rejected.csv")) == 4
    assert [row["image"] for row in rows] == list(codes["image"]) and codes["mean"].shape == (18, 3)
    assert not (tmp_path / "p.reconstructions").exists(), "only written if chosen"
    assert not list(tmp_path.glob(".*.rows"))


@pytest.fixture(scope="module")
def complete(trained, scenes, tmp_path_factory) -> Path:
    """The output of a command that was not interrupted."""
    output = tmp_path_factory.mktemp("complete") / "p.csv"
    predict_here(trained, output, "--test-images", scenes / "train", "--batch-size", 3)
    return output


def assert_same(output: Path, complete: Path) -> None:
    ours, theirs = table(output), table(complete)
    assert [row["image"] for row in ours] == [row["image"] for row in theirs]
    mine, other = latents(output.with_suffix(".latents.h5")), latents(complete.with_suffix(".latents.h5"))
    assert list(mine["image"]) == list(other["image"])
    for part in ("mean", "log_variance"):
        np.testing.assert_allclose(mine[part], other[part], rtol=1e-5, atol=1e-6)  # batches start at other images


def test_a_killed_command_resumes(trained, scenes, complete, tmp_path):
    output = tmp_path / "p.csv"
    flags = ("--test-images", scenes / "train", "--batch-size", 1, "--workers", 1)
    done = predict_interrupted(5, "--run", trained, "--output", output, *flags)
    assert done.code == -9 and len(table(output)) == 5
    assert (tmp_path / ".p.latents.rows").stat().st_size >= 5 * 24 and not (tmp_path / "p.latents.h5").exists()
    predict_here(trained, output, *flags)
    assert_same(output, complete)


@pytest.mark.parametrize("rows_kept", [1, 7, 49])
def test_an_incomplete_row_is_written_again(trained, scenes, complete, tmp_path, rows_kept):
    """A kill may leave an incomplete last line of the CSV and an incomplete last row of codes."""
    output, flags = tmp_path / "p.csv", ("--test-images", scenes / "train", "--batch-size", 4)
    codes, lines = latents(complete.with_suffix(".latents.h5")), complete.read_text().splitlines(keepends=True)
    output.write_text("".join(lines[: rows_kept + 1]) + lines[rows_kept + 1][:5])
    (tmp_path / ".p.csv.json").write_text((complete.parent / ".p.csv.json").read_text())
    plain = np.stack([codes["mean"], codes["log_variance"]], axis=1).astype("<f4").tobytes()
    (tmp_path / ".p.latents.rows").write_bytes(plain[: 24 * (rows_kept + 1) - 5])
    predict_here(trained, output, *flags)
    assert_same(output, complete)


def test_missing_codes_are_an_error(trained, scenes, complete, tmp_path):
    output = tmp_path / "p.csv"
    output.write_text("".join(complete.read_text().splitlines(keepends=True)[:5]))
    (tmp_path / ".p.csv.json").write_text((complete.parent / ".p.csv.json").read_text())
    with pytest.raises(WorkError, match=r"Remove p\.csv"):
        predict_here(trained, output, "--test-images", scenes / "train")
    output.unlink()
    predict_here(trained, output, "--test-images", scenes / "train")
    assert_same(output, complete)


def test_a_complete_output_is_kept(trained, scenes, complete, caplog):
    caplog.set_level("INFO", "scenelab")
    before = complete.with_suffix(".latents.h5").stat().st_mtime_ns
    predict_here(trained, complete, "--test-images", scenes / "train")
    assert "is complete" in caplog.text
    assert complete.with_suffix(".latents.h5").stat().st_mtime_ns == before
    with pytest.raises(SettingError, match="--overwrite"):
        predict_here(trained, complete, "--test-images", scenes / "train", "--encoding-files", "reconstruction")


def test_rows_before_rejected_images_become_hdf5(tmp_path):
    latents_file = LatentsFile(tmp_path / "p.csv", 2, 0)
    latents_file.append(np.ones((3, 2)), np.zeros((3, 2)))
    latents_file.rows.close()  # as after a kill
    with LatentsFile(tmp_path / "p.csv", 2, 3) as resumed:
        resumed.write_hdf5(["a", "b", "ünï"])
    assert list(latents(tmp_path / "p.latents.h5")["image"]) == ["a", "b", "ünï"]
    assert [path.name for path in tmp_path.iterdir()] == ["p.latents.h5"]


def test_the_last_item_is_marked():
    assert list(mark_last("abc")) == [("a", False), ("b", False), ("c", True)]
    assert list(mark_last("a")) == [("a", True)] and not list(mark_last(""))


def test_merged_shards_equal_the_output_of_one_process(trained, scenes, tmp_path):
    flags = ("--test-images", scenes / "val", "--encoding-files", "latents,reconstruction", "--batch-size", 2)
    predict_here(trained, tmp_path / "one" / "p.csv", *flags)
    output = tmp_path / "several" / "p.csv"
    for number in (1, 2, 3):
        predict_here(trained, output, *flags, "--shard", f"{number}/3")
    merge_here(output)
    assert_same(output, tmp_path / "one" / "p.csv")
    drawn = [{file.relative_to(folder) for file in folder.rglob("*.png")} for folder in (
        tmp_path / "one" / "p.reconstructions", output.with_name("p.reconstructions"),
    )]  # fmt: skip
    assert drawn[0] == drawn[1] and len(drawn[0]) == 10
    output.with_name("p-2-of-3.latents.h5").write_bytes(b"")
    with pytest.raises(WorkError, match=r"p-2-of-3\.latents\.h5 has 0 of 3 codes"):
        merge_here(output)


def test_images_unlike_the_training_have_a_high_score(trained, scenes, tmp_path):
    """Noise against scenes."""
    noise = tmp_path / "noise"
    noise.mkdir()
    generator = np.random.default_rng(0)
    for number in range(4):
        cv2.imwrite(str(noise / f"{number}.png"), 255 * generator.integers(0, 2, (24, 24, 3), np.uint8))
    for name, images in (("noise", noise), ("scenes", scenes / "val")):
        predict_here(trained, tmp_path / f"{name}.csv", "--test-images", images)
    scores = {name: [float(row["anomaly"]) for row in table(tmp_path / f"{name}.csv")] for name in ("noise", "scenes")}
    assert min(scores["noise"]) > np.mean(scores["scenes"])


def test_new_images(trained, tmp_path):
    output = tmp_path / "new.csv"
    result = predict_here(trained, output, "--samples", 11, "--seed", 4, "--batch-size", 4)
    assert result == {"output": tmp_path / "new.samples", "images": 11, "grid": tmp_path / "new.samples.png"}
    files = sorted((tmp_path / "new.samples").iterdir())
    assert [file.name for file in files] == [f"{number:02d}.png" for number in range(1, 12)] and not output.exists()
    codes = np.random.default_rng(4).standard_normal((11, 3))
    logits = load_saved_model(trained / "checkpoints" / "best.keras").get_layer("decoder")(codes.astype(np.float32))
    drawn = np.stack([cv2.imread(str(file))[..., ::-1] for file in files])
    np.testing.assert_allclose(drawn, 255 / (1 + np.exp(-np.asarray(logits))), atol=0.51)
    sheet = cv2.imread(str(tmp_path / "new.samples.png"))[..., ::-1]
    assert sheet.shape == (3 * 24 + 2 * 2, 4 * 24 + 3 * 2, 3)
    np.testing.assert_array_equal(sheet[26:50, 26:50], drawn[5])
    predict_here(trained, output, "--samples", 11, "--seed", 4)
    with pytest.raises(SettingError, match="--overwrite"):
        predict_here(trained, output, "--samples", 3)
    predict_here(trained, output, "--samples", 3, "--overwrite")
    assert len(list((tmp_path / "new.samples").iterdir())) == 3


def test_one_auto_encoder_at_a_time(trained, scenes, tmp_path):
    with pytest.raises(SettingError, match="one auto-encoder"):
        predict_here(f"{trained},{trained}", tmp_path / "p.csv")
    assert read_data_folder(scenes, None).task == "classification"
