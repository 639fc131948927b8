"""The command: a grid with one impossible variant, interrupted, gone on with, looked at."""

import csv
import signal
import time
from pathlib import Path

import pytest

from tests.conftest import run, start

EPOCHS = 15
"""So many that there is time to interrupt them on a busy machine."""


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def grid(scenes: Path, output: Path, *more: object) -> list:
    return [
        "--module", "classifiers.small", "--vary", "weights=nowhere.h5,none", "--vary", "dropout=0.1,0.2",
        "--set", "image-size=32", "--set", "batch-size=8", "--data", scenes, "--limit", 20, "--epochs", EPOCHS,
        "--output", output, "--name", "grid", *more,
    ]  # fmt: skip


@pytest.fixture(scope="module")
def interrupted(scenes, tmp_path_factory) -> tuple[Path, list]:
    """Stopped by Ctrl-C in the third variant, the first that can be trained."""
    output = tmp_path_factory.mktemp("comparisons")
    history = output / "grid" / "runs" / "weights=none_dropout=0.1-0" / "history.csv"
    process = start("experiments", *grid(scenes, output))
    end = time.monotonic() + 120
    while not history.exists():
        assert process.poll() is None and time.monotonic() < end, process.communicate()
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 130 and "Traceback" not in err
    assert "Stopped in run 3 of 4. Run the same command again" in err
    assert "Stopping after this batch" in out
    return output / "grid", grid(scenes, output)


def test_it_goes_on_and_a_variant_that_fails_keeps_no_other_from_running(interrupted):
    folder, flags = interrupted
    begun = rows_of(folder / "runs" / "weights=none_dropout=0.1-0" / "history.csv")
    assert 1 <= len(begun) < EPOCHS
    done = run("experiments", *flags)
    assert done.code == 1
    assert "2 of 4 runs failed: weights=nowhere.h5_dropout=0.1-0" in done.err and "should be imagenet, none" in done.err
    runs = {value: folder / "runs" / f"weights=none_dropout={value}-0" for value in (0.1, 0.2)}
    histories = {value: rows_of(run / "history.csv") for value, run in runs.items()}
    assert all(len(history) == EPOCHS for history in histories.values())
    assert histories[0.1][: len(begun)] == begun, "what was done is not done again"
    for row, value in zip(rows_of(folder / "results.csv"), histories, strict=True):
        best = max(float(epoch["val_accuracy"]) for epoch in histories[value])
        assert row["variant"] == f"weights=none dropout={value}" and float(row["val_accuracy"]) == pytest.approx(best)
        assert float(row["seconds"]) == pytest.approx(sum(float(epoch["seconds"]) for epoch in histories[value]))
    assert "not measured" in (folder / "table.md").read_text()
    for name in ("comparison", "curves"):
        assert (folder / f"{name}.png").stat().st_size > 5000
        assert rows_of(folder / f"{name}.csv")
    assert len(rows_of(folder / "curves.csv")) == 2 * EPOCHS


def test_what_is_finished_is_not_run_again(interrupted):
    folder, flags = interrupted
    if not (folder / "results.csv").exists():
        pytest.skip("needs the test before")
    done = run("experiments", *flags, "--only", "weights=none dropout=0.1,weights=none dropout=0.2")
    assert done.code == 0 and done.out.count("done before") == 2 and "is finished" not in done.out
    other = run("experiments", *flags, "--epochs", EPOCHS + 1)
    assert other.code == 2 and f"was begun with {EPOCHS}" in other.err and "--overwrite begins" in other.err
    assert len(rows_of(folder / "results.csv")) == 2


def test_a_folder_of_the_wrong_kind_is_refused(scenes, tmp_path):
    done = run("experiments", "skip_connections", "--data", scenes, "--output", tmp_path / "none")
    assert done.code == 2 and "is for classification; this command needs one for segmentation" in done.err
    done = run("experiments", "vae_loss", "--data", tmp_path, "--output", tmp_path / "none")
    assert done.code == 2 and "is no data folder" in done.err
    assert not (tmp_path / "none").exists()


def test_help_and_a_misspelt_flag():
    done = run("experiments", "--help")
    assert done.code == 0 and all(word in done.out for word in ("--vary", "--repeat", "LIST", "default: "))
    done = run("experiments", "--repaet", 2, "LIST")
    assert done.code == 2 and "did you mean --repeat?" in done.err


def test_list_shows_all():
    done = run("experiments", "LIST")
    assert done.code == 0
    named = {line.split(":")[0] for line in done.out.splitlines() if not line.startswith(" ")}
    assert named >= {
        "freeze_depth", "learning_rate_stages", "image_size", "one_cycle", "optimizers", "class_weights",
        "skip_connections", "cifar_learning_rates", "vae_loss", "vae_latent_size", "vae_learning_rate",
    }  # fmt: skip
