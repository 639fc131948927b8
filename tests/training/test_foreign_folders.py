"""Folders of the user's in the place of a run or of an output stay as they are; missing figures are drawn again."""

import pytest

from predictor.output import Output
from settings import SettingError, WorkError
from tests.conftest import run_small, train_small


@pytest.mark.parametrize("name", ["thesis.txt", "history.csv", "classes.csv", "figures.txt"])
def test_no_training_in_a_folder_that_is_no_run(scenes, tmp_path, name):
    (tmp_path / "small").mkdir()
    (tmp_path / "small" / name).write_text("mine")
    with pytest.raises(SettingError, match=f"is no run: it holds {name}"):
        train_small(scenes, tmp_path, "--epochs", 1)
    assert [path.name for path in tmp_path.iterdir()] == ["small"]
    assert [path.read_text() for path in (tmp_path / "small").iterdir()] == ["mine"]


def test_a_config_of_another_program_is_not_replaced(scenes, tmp_path):
    (tmp_path / "small").mkdir()
    (tmp_path / "small" / "config.json").write_text('{"mine": 1}')
    with pytest.raises(WorkError, match=r"config\.json is damaged"):
        train_small(scenes, tmp_path, "--epochs", 1)
    assert (tmp_path / "small" / "config.json").read_text() == '{"mine": 1}'


@pytest.mark.parametrize("figure", ["confusion_matrix.png", "learning_rate.png", "learning_curve.png"])
def test_a_missing_figure_is_drawn_at_the_next_run(scenes, small_run, figure):
    (small_run / "figures" / figure).unlink()
    before = (small_run / "report.html").stat().st_mtime_ns
    done = run_small(scenes, small_run.parent, "--epochs", 3)
    assert done.code == 0, done.err
    assert (small_run / "figures" / figure).exists()
    assert (small_run / "report.html").stat().st_mtime_ns > before, "the page has it too"


@pytest.mark.parametrize("name", ["p.csv", "p.masks/hand.png", "p.rejected.csv", "p.evaluation/notes.txt"])
def test_files_beside_predictions_are_kept(tmp_path, name, caplog):
    file, output = tmp_path / name, Output(tmp_path / "p.csv", ["class"])
    file.parent.mkdir(exist_ok=True)
    file.write_text("mine")
    with pytest.raises(SettingError, match="exists and was not made by this command"):
        output.start({"columns": ["class"]}, overwrite=False)
    assert file.read_text() == "mine"
    output.start({"columns": ["class"]}, overwrite=True)
    first, *rest = name.split("/")
    kept = tmp_path / f"{first}.kept" / "/".join(rest)
    assert kept.read_text() == "mine" and not file.exists() and f"{first}.kept" in caplog.text
