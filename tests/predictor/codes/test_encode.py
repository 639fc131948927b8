"""Pictures through a trained auto-encoder: codes in HDF5, scores in a CSV, new pictures; killed and continued."""

import csv
import signal
import time
from pathlib import Path

import cv2
import h5py
import numpy as np
import pytest

from config import MergeConfig, PredictorConfig, VaeConfig
from datatransformer.layout import read_data_folder
from generation import vae
from layers.saved import load_saved_model
from pipeline.decode import decode_and_resize
from predictor.codes.encode import with_last
from predictor.codes.latents import Latents
from predictor.merge import merge
from predictor.predict import predict
from settings import SettingError, WorkError, read_settings
from tests.conftest import run, start


@pytest.fixture(scope="module")
def trained(scenes, tmp_path_factory) -> Path:
    """Codes of three numbers, learnt in 60 steps; the figures are left out."""
    runs = tmp_path_factory.mktemp("runs")
    flags = (
        "--image-size", 24, "--filters", "4,8", "--latent-size", 3, "--beta", 0.5,
        "--epochs", 10, "--learning-rates", 0.01, "--batch-size", 8,
    )  # fmt: skip
    argv = [str(flag) for flag in ("--data", scenes, "--runs", runs, *flags, "--verbose", "none", "--cache", "none")]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(vae, "report", lambda *_: None)
        vae.train(read_settings(VaeConfig, argv, "test"))
    return runs / "vae"


def here(trained: Path, output: Path, *flags) -> None:
    """The command in this process."""
    argv = [str(flag) for flag in ("--run", trained, "--output", output, *flags)]
    predict(read_settings(PredictorConfig, argv, "test"))


def table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def latents(path: Path) -> dict[str, np.ndarray]:
    with h5py.File(path) as file:
        return {"image": file["image"].asstr()[:], "mean": file["mean"][:], "log_variance": file["log_variance"][:]}


def test_scores_codes_and_reconstructions_by_numpy(trained, scenes, tmp_path):
    here(
        trained, tmp_path / "p.csv", "--test-images", scenes / "val", "--batch-size", 4,
        "--encoding-files", "latents,reconstruction",
    )  # fmt: skip
    rows, codes = table(tmp_path / "p.csv"), latents(tmp_path / "p.latents.h5")
    assert list(rows[0]) == ["image", "reconstruction", "kl", "anomaly"] and len(rows) == 10
    assert [row["image"] for row in rows] == list(codes["image"])
    model = load_saved_model(trained / "checkpoints" / "best.keras")
    for number, row in enumerate(rows):
        picture = decode_and_resize((scenes / "val" / row["image"]).read_bytes(), (24, 24)).numpy()[None]
        mean, log_variance = (np.asarray(part) for part in model.get_layer("encoder")(picture.astype(np.float32)))
        np.testing.assert_allclose(codes["mean"][number], mean[0], atol=1e-5)
        np.testing.assert_allclose(codes["log_variance"][number], log_variance[0], atol=1e-5)
        p, x = 1 / (1 + np.exp(-np.asarray(model.get_layer("decoder")(mean), np.float64))), picture / 255
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
    assert not (tmp_path / "p.reconstructions").exists(), "not asked for"
    assert not list(tmp_path.glob(".*.rows"))


@pytest.fixture(scope="module")
def whole(trained, scenes, tmp_path_factory) -> Path:
    """The outcome of a command that nothing has interrupted."""
    output = tmp_path_factory.mktemp("whole") / "p.csv"
    here(trained, output, "--test-images", scenes / "train", "--batch-size", 3)
    return output


def assert_same(output: Path, whole: Path) -> None:
    ours, theirs = table(output), table(whole)
    assert [row["image"] for row in ours] == [row["image"] for row in theirs]
    mine, other = latents(output.with_suffix(".latents.h5")), latents(whole.with_suffix(".latents.h5"))
    assert list(mine["image"]) == list(other["image"])
    for part in ("mean", "log_variance"):
        np.testing.assert_allclose(mine[part], other[part], rtol=1e-5, atol=1e-6)  # batches begin elsewhere


def test_killed_and_started_again(trained, scenes, whole, tmp_path):
    output = tmp_path / "p.csv"
    flags = ("--run", trained, "--test-images", scenes / "train", "--output", output, "--batch-size", 1, "--workers", 1)
    process = start("predictor", *flags)
    end = time.monotonic() + 120
    while not (output.exists() and output.read_text().count("\n") > 5) and process.poll() is None:
        assert time.monotonic() < end
        time.sleep(0.0005)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    done = len(table(output))
    rows = tmp_path / ".p.latents.rows"
    if done < 50:  # else it was too quick for us
        assert rows.stat().st_size >= done * 24 and not (tmp_path / "p.latents.h5").exists()
    here(trained, *flags[5:6], *flags[2:4], *flags[6:])
    assert_same(output, whole)


@pytest.mark.parametrize("rows_kept", [1, 7, 49])
def test_a_torn_row_is_written_again(trained, scenes, whole, tmp_path, rows_kept):
    """As a kill may leave it: the last line of the CSV and the last row of codes are torn."""
    output, flags = tmp_path / "p.csv", ("--test-images", scenes / "train", "--batch-size", 4)
    codes, lines = latents(whole.with_suffix(".latents.h5")), whole.read_text().splitlines(keepends=True)
    output.write_text("".join(lines[: rows_kept + 1]) + lines[rows_kept + 1][:5])
    (tmp_path / ".p.csv.json").write_text((whole.parent / ".p.csv.json").read_text())
    plain = np.stack([codes["mean"], codes["log_variance"]], axis=1).astype("<f4").tobytes()
    (tmp_path / ".p.latents.rows").write_bytes(plain[: 24 * (rows_kept + 1) - 5])
    here(trained, output, *flags)
    assert_same(output, whole)


def test_codes_that_are_gone_are_an_error(trained, scenes, whole, tmp_path):
    output = tmp_path / "p.csv"
    output.write_text("".join(whole.read_text().splitlines(keepends=True)[:5]))
    (tmp_path / ".p.csv.json").write_text((whole.parent / ".p.csv.json").read_text())
    with pytest.raises(WorkError, match=r"remove p\.csv"):
        here(trained, output, "--test-images", scenes / "train")
    output.unlink()
    here(trained, output, "--test-images", scenes / "train")
    assert_same(output, whole)


def test_whole_work_is_not_done_again(trained, scenes, whole, capsys):
    before = whole.with_suffix(".latents.h5").stat().st_mtime_ns
    here(trained, whole, "--test-images", scenes / "train")
    assert "is whole" in capsys.readouterr().out
    assert whole.with_suffix(".latents.h5").stat().st_mtime_ns == before
    with pytest.raises(SettingError, match="--overwrite"):
        here(trained, whole, "--test-images", scenes / "train", "--encoding-files", "reconstruction")


def test_rows_that_end_in_rejects_still_become_hdf5(tmp_path):
    kept = Latents(tmp_path / "p.csv", 2, 0)
    kept.append(np.ones((3, 2)), np.zeros((3, 2)))
    kept.rows.close()  # killed
    with Latents(tmp_path / "p.csv", 2, 3) as resumed:
        resumed.gather(["a", "b", "ünï"])
    assert list(latents(tmp_path / "p.latents.h5")["image"]) == ["a", "b", "ünï"]
    assert [path.name for path in tmp_path.iterdir()] == ["p.latents.h5"]


def test_the_last_is_known():
    assert list(with_last("abc")) == [("a", False), ("b", False), ("c", True)]
    assert list(with_last("a")) == [("a", True)] and not list(with_last(""))


def test_shards_become_what_one_process_writes(trained, scenes, tmp_path):
    flags = ("--test-images", scenes / "val", "--encoding-files", "latents,reconstruction", "--batch-size", 2)
    here(trained, tmp_path / "one" / "p.csv", *flags)
    output = tmp_path / "several" / "p.csv"
    for number in (1, 2, 3):
        here(trained, output, *flags, "--shard", f"{number}/3")
    merge(read_settings(MergeConfig, ["--output", str(output)], "test"))
    assert_same(output, tmp_path / "one" / "p.csv")
    drawn = [{file.relative_to(folder) for file in folder.rglob("*.png")} for folder in (
        tmp_path / "one" / "p.reconstructions", output.with_name("p.reconstructions"),
    )]  # fmt: skip
    assert drawn[0] == drawn[1] and len(drawn[0]) == 10
    output.with_name("p-2-of-3.latents.h5").write_bytes(b"")
    with pytest.raises(WorkError, match=r"p-2-of-3\.latents\.h5 has 0 of 3 codes"):
        merge(read_settings(MergeConfig, ["--output", str(output)], "test"))
    with pytest.raises(SettingError, match="shard = '1/2'"):
        here(trained, output, "--samples", 3, "--shard", "1/2")


def test_what_is_unlike_the_training_has_a_high_score(trained, scenes, tmp_path):
    """Noise against scenes."""
    noise = tmp_path / "noise"
    noise.mkdir()
    generator = np.random.default_rng(0)
    for number in range(4):
        cv2.imwrite(str(noise / f"{number}.png"), 255 * generator.integers(0, 2, (24, 24, 3), np.uint8))
    for name, images in (("noise", noise), ("scenes", scenes / "val")):
        here(trained, tmp_path / f"{name}.csv", "--test-images", images)
    scores = {name: [float(row["anomaly"]) for row in table(tmp_path / f"{name}.csv")] for name in ("noise", "scenes")}
    assert min(scores["noise"]) > np.mean(scores["scenes"])


def test_new_pictures(trained, tmp_path, capsys):
    output = tmp_path / "new.csv"
    here(trained, output, "--samples", 11, "--seed", 4, "--batch-size", 4)
    files = sorted((tmp_path / "new.samples").iterdir())
    assert [file.name for file in files] == [f"{number:02d}.png" for number in range(1, 12)] and not output.exists()
    codes = np.random.default_rng(4).standard_normal((11, 3))
    logits = load_saved_model(trained / "checkpoints" / "best.keras").get_layer("decoder")(codes.astype(np.float32))
    drawn = np.stack([cv2.imread(str(file))[..., ::-1] for file in files])
    np.testing.assert_allclose(drawn, 255 / (1 + np.exp(-np.asarray(logits))), atol=0.51)
    sheet = cv2.imread(str(tmp_path / "new.samples.png"))[..., ::-1]
    assert sheet.shape == (3 * 24 + 2 * 2, 4 * 24 + 3 * 2, 3)
    np.testing.assert_array_equal(sheet[26:50, 26:50], drawn[5])
    here(trained, output, "--samples", 11, "--seed", 4)
    with pytest.raises(SettingError, match="--overwrite"):
        here(trained, output, "--samples", 3)
    here(trained, output, "--samples", 3, "--overwrite")
    assert len(list((tmp_path / "new.samples").iterdir())) == 3


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--tta", "flip", "--top-k", 2], "tta = 'flip'(.|\n)*top_k = '2'"),
        (["--policy", "vote", "--mask-files", "index"], "policy = 'vote'(.|\n)*mask_files"),
        (["--tile", 64, "--overlap", 3, "--evaluate", "x"], "tile = '64'(.|\n)*overlap = '3'(.|\n)*evaluate = 'x'"),
        (["--seed", 3], "seed = '3'.*--samples"),
        (["--samples", 3, "--test-images", "x"], "test_images = 'x'"),
        (["--samples", 3, "--encoding-files", "latents"], "encoding_files"),
    ],
)
def test_settings_that_are_of_no_use_are_refused(trained, tmp_path, flags, words):
    with pytest.raises(SettingError, match=words):
        here(trained, tmp_path / "p.csv", *flags)


@pytest.mark.parametrize("flags", [["--samples", 3], ["--encoding-files", "latents"], ["--seed", 1]])
def test_a_classifier_refuses_what_is_for_auto_encoders(small_run, tmp_path, flags):
    with pytest.raises(SettingError, match="is for runs of an auto-encoder"):
        here(small_run, tmp_path / "p.csv", *flags)


def test_one_auto_encoder_at_a_time(trained, scenes, tmp_path):
    with pytest.raises(SettingError, match="one auto-encoder"):
        here(f"{trained},{trained}", tmp_path / "p.csv")
    assert read_data_folder(scenes, None).task == "classification"
