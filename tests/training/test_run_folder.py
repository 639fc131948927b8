"""The run folder: a crash between any two steps of saving loses no epoch and repeats none."""

import os

import keras
import numpy as np
import pytest

import training.run_folder as module
from settings import SettingError, WorkError
from training.checkpoint_file import checkpoint_row
from training.kinds import CLASSIFIER
from training.progress import read_progress
from training.run_folder import REQUIRED_COLUMNS, RunFolder
from training.runs import find_runs

STEPS = ("model.save", "link_or_copy", "os.replace", "append_history")


class Crash(Exception):
    """The process ends here."""


def row(epoch: int, accuracy: float) -> dict[str, float]:
    return dict.fromkeys(REQUIRED_COLUMNS, 0.5) | {"epoch": epoch, "stage": 0, "val_accuracy": accuracy}


@pytest.fixture
def model():
    return keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])


@pytest.fixture
def folder(tmp_path):
    run = RunFolder(tmp_path / "run")
    run.write_config("classifier", "small", {"seed": 0}, ("a", "b"))
    return run


def save(run: RunFolder, model, epoch: int, accuracy: float, is_best: bool) -> None:
    model.set_weights([np.full(weight.shape, epoch) for weight in model.get_weights()])
    run.save(model, row(epoch, accuracy), is_best, keep=False)


def epoch_in(checkpoint) -> int:
    return int(keras.saving.load_model(checkpoint).get_weights()[0].flat[0])


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("resume", ["best", "last"])
def test_a_crash_at_any_step(folder, model, monkeypatch, step, resume):
    save(folder, model, 1, 0.6, True)

    def crash(*args, **kwargs):
        raise Crash

    with monkeypatch.context() as patch:
        if step == "model.save":
            patch.setattr(model, "save", crash)
        elif step == "append_history":
            patch.setattr(folder, "append_history", crash)
        elif step == "os.replace":  # the rename to `last`, after that to `best`
            replace = module.os.replace
            patch.setattr(module.os, "replace", lambda a, b: crash() if b == folder.last else replace(a, b))
        else:
            patch.setattr(module, step, crash)
        with pytest.raises(Crash):
            save(folder, model, 2, 0.7, True)

    progress = read_progress(folder, CLASSIFIER, resume)
    kept = {"model.save": 1, "link_or_copy": 1, "append_history": 2, "os.replace": 2 if resume == "best" else 1}[step]
    assert [int(line["epoch"]) for line in folder.history()] == list(range(1, kept + 1))
    assert progress.epochs_done == kept
    assert epoch_in(progress.checkpoint) == kept
    assert progress.best == checkpoint_row(folder.best)["val_accuracy"]
    assert not list(folder.checkpoints.glob(".*.work*"))


def test_best_and_last_and_one_per_epoch(folder, model):
    for epoch, accuracy in enumerate((0.5, 0.7, 0.6), 1):
        model.set_weights([np.full(weight.shape, epoch) for weight in model.get_weights()])
        folder.save(model, row(epoch, accuracy), accuracy in (0.5, 0.7), keep=True)
    assert epoch_in(folder.best) == 2 and epoch_in(folder.last) == 3
    assert [epoch_in(folder.checkpoints / f"epoch-00{epoch}.keras") for epoch in (1, 2, 3)] == [1, 2, 3]


def test_an_incomplete_row_of_history_is_dropped(folder, model):
    save(folder, model, 1, 0.6, True)
    save(folder, model, 2, 0.7, True)
    text = folder.history_file.read_text()
    folder.history_file.write_text(text[:-9])
    assert len(folder.history()) == 1
    assert read_progress(folder, CLASSIFIER, "last").epochs_done == 2, "the checkpoint contains the row"
    assert folder.history_file.read_text() == text


def test_without_its_checkpoint_a_run_resumes_from_the_other(folder, model, caplog):
    save(folder, model, 1, 0.8, True)
    save(folder, model, 2, 0.7, False)
    folder.best.unlink()
    progress = read_progress(folder, CLASSIFIER, "best")
    assert progress.checkpoint == folder.last and progress.epochs_done == 2
    assert "resuming from last.keras" in caplog.text
    folder.last.unlink()
    with pytest.raises(WorkError, match="is incomplete"):
        read_progress(folder, CLASSIFIER, "best")


def test_a_history_without_epochs_is_not_a_new_run(folder, model):
    for epoch in (1, 2, 3):
        save(folder, model, epoch, epoch / 10, True)
    folder.history_file.unlink()
    with pytest.raises(WorkError, match="checkpoints up to epoch 3"):
        read_progress(folder, CLASSIFIER, "best")


def test_a_damaged_checkpoint_is_named(folder, model):
    save(folder, model, 1, 0.6, True)
    content = folder.last.read_bytes()
    folder.last.unlink()
    folder.last.write_bytes(content[:1000])
    with pytest.raises(WorkError, match=r"last\.keras is damaged"):
        read_progress(folder, CLASSIFIER, "best")


def test_an_old_run_is_moved_to_old(folder):
    assert folder.move_to_old().name == "run-1" and not folder.path.exists()


def test_runs_are_found_by_name(tmp_path):
    def create(name: str) -> None:
        RunFolder(tmp_path / name).write_config("classifier", "small", {"seed": 0}, ("a", "b"))

    with pytest.raises(SettingError, match="has no runs"):
        find_runs(tmp_path, ())
    create("one")
    assert find_runs(tmp_path, ())[0].path.name == "one"
    create("two")
    with pytest.raises(SettingError, match="one, two"):
        find_runs(tmp_path, ())
    RunFolder(tmp_path / "two").move_to_old()
    assert find_runs(tmp_path, ())[0].path.name == "one", "old runs do not count"
    create("two")
    both = find_runs(tmp_path, (str(tmp_path / "one"), "two"))
    assert [run.path.name for run in both] == ["one", "two"]
    with pytest.raises(SettingError, match="no such run"):
        find_runs(tmp_path, ("three",))


@pytest.mark.parametrize(("ema", "epochs"), [(0.9, 0), (None, 1)])
def test_killed_at_its_first_checkpoint_training_goes_on_from_its_own_weights(folder, model, ema, epochs):
    """The best checkpoint, which is written first, has the averages with EMA. Then the first epoch is repeated."""
    folder.write_config("classifier", "small", {"seed": 0, "ema": ema}, ("a", "b"))
    save(folder, model, 1, 0.6, True)
    folder.last.unlink()
    folder.history_file.unlink()
    assert read_progress(folder, CLASSIFIER, "last").epochs_done == epochs
    assert read_progress(folder, CLASSIFIER, "best").epochs_done == 1


def test_the_clock_is_set_back_between_two_epochs(folder, model):
    save(folder, model, 1, 0.6, True)
    figure = folder.figures / "confusion_matrix.png"
    figure.touch()
    os.utime(figure, (3e9, 3e9))
    assert not folder.is_newer_than(figure)
    save(folder, model, 2, 0.5, False)
    assert folder.is_newer_than(figure), "history has one more row"
    save(folder, model, 3, 0.7, True)
    assert folder.best.stat().st_mtime > figure.stat().st_mtime
