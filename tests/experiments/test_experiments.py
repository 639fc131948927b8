"""The command: a grid with one variant that cannot be trained, interrupted, resumed, and run again."""

import json
import signal
from pathlib import Path

import cv2
import numpy as np
import pytest

from plots.palette import BLUE, SERIES_COLOURS
from tests.conftest import Ran, run, start, table, wait_for

EPOCHS = 12
"""Enough that a run can be interrupted after its first epoch on a busy machine."""

VARIANTS = ("weights=nowhere.h5 dropout=0.1", "weights=none dropout=0.1", "weights=none dropout=0.2")


def grid(scenes: Path, output: Path, *more: object) -> list:
    return [
        "--module", "classifiers.small", "--vary", "weights=nowhere.h5,none", "--vary", "dropout=0.1,0.2",
        "--only", ",".join(VARIANTS), "--set", "image-size=32", "--set", "batch-size=8", "--set", "steps-per-epoch=1",
        "--data", scenes, "--limit", 20, "--epochs", EPOCHS, "--output", output, "--name", "grid", *more,
    ]  # fmt: skip


@pytest.fixture(scope="module")
def interrupted(scenes, tmp_path_factory) -> tuple[Path, list, Ran, list[dict[str, str]]]:
    """The folder, flags, output and history of a grid after Ctrl-C in the second variant. The first is invalid."""
    output = tmp_path_factory.mktemp("comparisons")
    history = output / "grid" / "runs" / "weights=none_dropout=0.1-0" / "history.csv"
    process = start("experiments", *grid(scenes, output))
    wait_for(history.exists, process)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=120)
    return output / "grid", grid(scenes, output), Ran(process.returncode, out, err), table(history)


@pytest.fixture(scope="module")
def resumed(interrupted) -> Ran:
    """The output of the same command, run to its end."""
    _, flags, _, _ = interrupted
    return run("experiments", *flags)


def test_ctrl_c_ends_the_current_run_and_tells_how_to_resume(interrupted):
    _, _, done, history = interrupted
    assert done.code == 130 and "Traceback" not in done.err
    assert "Stopped in run 2 of 3. Run the same command again" in done.err
    assert "Stopping after this batch" in done.out
    assert 1 <= len(history) < EPOCHS


def test_it_resumes_and_a_failed_variant_does_not_stop_the_others(interrupted, resumed):
    folder, _, _, before = interrupted
    assert resumed.code == 1
    assert "1 of 3 runs failed: weights=nowhere.h5_dropout=0.1-0" in resumed.err
    assert "should be imagenet, none" in resumed.err
    runs = {value: folder / "runs" / f"weights=none_dropout={value}-0" for value in (0.1, 0.2)}
    histories = {value: table(run / "history.csv") for value, run in runs.items()}
    assert all(len(history) == EPOCHS for history in histories.values())
    assert histories[0.1][: len(before)] == before, "finished epochs are not repeated"
    for row, value in zip(table(folder / "results.csv"), histories, strict=True):
        best = max(float(epoch["val_accuracy"]) for epoch in histories[value])
        assert row["variant"] == f"weights=none dropout={value}" and float(row["val_accuracy"]) == pytest.approx(best)
        assert float(row["seconds"]) == pytest.approx(sum(float(epoch["seconds"]) for epoch in histories[value]))
    assert "not measured" in (folder / "table.md").read_text()
    assert len(table(folder / "comparison.csv")) == 3 * 3, "a row per variant and measure"
    assert len(table(folder / "curves.csv")) == 2 * EPOCHS
    assert has_colours(folder / "comparison.png", [BLUE]) and has_colours(folder / "curves.png", SERIES_COLOURS[1:3])


def has_colours(png: Path, colours: list[str] | tuple[str, ...]) -> bool:
    """Whether an image has pixels that are close to each of the colours, which are drawn half transparent."""
    pixels = np.unique(cv2.imread(str(png)).reshape(-1, 3), axis=0).astype(int)
    wanted = [np.array([int(colour[at : at + 2], 16) for at in (5, 3, 1)]) for colour in colours]
    return all((np.abs(pixels - colour).max(axis=1) <= 60).any() for colour in wanted)


def test_finished_runs_are_not_repeated(interrupted, resumed):
    folder, flags, _, _ = interrupted
    done = run("experiments", *flags, "--only", ",".join(VARIANTS[1:]), "--json")
    assert done.code == 0 and done.err.count("already done") == 2 and "is finished" not in done.err
    result = json.loads(done.out)
    assert result["output"] == str(folder) and set(result["best_variants"]) <= set(VARIANTS[1:])
    assert result["scores"][VARIANTS[1]]["val_accuracy"]["runs"] == 1
    assert len(table(folder / "results.csv")) == 2


def test_other_settings_are_refused(interrupted):
    _, flags, _, _ = interrupted
    done = run("experiments", *flags, "--epochs", EPOCHS + 1)
    assert done.code == 2 and f"was started with {EPOCHS}" in done.err and "use --overwrite" in done.err


def test_a_folder_of_the_wrong_kind_is_refused(scenes, tmp_path):
    done = run("experiments", "skip_connections", "--data", scenes, "--output", tmp_path / "none")
    assert done.code == 2 and "classification" in done.err and "segmentation" in done.err
    done = run("experiments", "vae_loss", "--data", tmp_path, "--output", tmp_path / "none")
    assert done.code == 2 and done.err.startswith(f"error: data = '{tmp_path}': ")
    assert not (tmp_path / "none").exists()


def test_help_and_a_misspelt_flag():
    done = run("experiments", "--help")
    assert done.code == 0 and all(word in done.out for word in ("--vary", "--repeat", "LIST", "Default: "))
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
