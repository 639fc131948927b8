"""`scenelab NAME` starts every command, from any folder, and shows commands as the user types them."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT, Ran, run

SCENELAB = Path(sys.executable).with_name("scenelab")


def scenelab(*words: object, cwd: Path = ROOT) -> Ran:
    """Runs the console script. No command may show a traceback."""
    done = subprocess.run([SCENELAB, *map(str, words)], capture_output=True, text=True, cwd=cwd, timeout=300)
    assert "Traceback" not in done.stderr, done.stderr
    return Ran(done.returncode, done.stdout, done.stderr)


def test_overview_lists_every_command():
    text = scenelab().out
    assert text == scenelab("--help").out
    for name in (
        "scenelab train photos/",
        "classifiers.small",
        "segmentation.unet",
        "predictor.export",
        "generation.vae",
    ):
        assert name in text
    for name in ("classifiers.recipe", "load_script"):
        assert name not in text, "these cannot be run"


@pytest.mark.parametrize(("name", "meant"), [("trian", "train"), ("classifiers.smal", "classifiers.small")])
def test_an_unknown_command_is_refused_with_the_nearest(name, meant):
    done = scenelab(name, "--data", "x")
    assert (done.code, done.out) == (2, "")
    assert done.err == f"error: scenelab has no command {name} (did you mean {meant}?); scenelab --help lists them\n"


def test_commands_are_shown_as_they_are_typed(tmp_path):
    done = scenelab("classifiers.small", "--data", "nothing", cwd=tmp_path)
    assert done.code == 2 and "scenelab datatransformer makes one" in done.err and "python -m" not in done.err
    assert "python -m datatransformer makes one" in run("classifiers.small", "--data", "nothing").err
    assert scenelab("predict", "--help").out.startswith("usage: scenelab predictor")
    assert json.loads(scenelab("datatransformer", "--data", "x", "--json", cwd=tmp_path).out)["exit_code"] == 2


def test_the_word_behind_an_everyday_command_needs_no_flag(tmp_path):
    done = scenelab("predict", "nowhere", "--run", "none", cwd=tmp_path)
    assert done.code == 2 and "run = 'none': no such run" in done.err


@pytest.mark.parametrize("module", ["config", "settings", "log", "command", "setting_types"])
def test_a_module_of_the_user_is_not_taken_for_ours(module, tmp_path):
    (tmp_path / f"{module}.py").write_text("raise SystemExit(77)\n")
    done = scenelab("classifiers.small", "--help", cwd=tmp_path)
    assert done.code == 0 and done.out.startswith("usage: scenelab classifiers.small")
    for command in ("classifiers.small", "datatransformer", "predictor", "scenelab"):
        done = run(command, "--help", cwd=tmp_path)
        assert done.code == 2
        assert done.err.startswith(f"error: {tmp_path / module}.py is in the way of a module of SceneLab")


def test_without_its_packages_a_command_says_that_the_environment_is_not_active():
    bare = [sys.executable, "-I", "-S", "-c"]
    code = f"import sys; sys.path.insert(0, {str(ROOT)!r}); sys.argv = ['-m']; import datatransformer"
    done = subprocess.run([*bare, code], capture_output=True, text=True)
    assert done.returncode == 2 and "the environment of SceneLab is not active" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_settings_are_shown_with_their_origin(tmp_path):
    (tmp_path / "scenelab.toml").write_text("[classifiers]\nepochs = 7\n")
    done = scenelab("settings", "classifiers.small", "--given", "--seed", "3", cwd=tmp_path)
    assert [line.split() for line in done.out.splitlines()] == [
        ["setting", "value", "from"],
        ["--epochs", "7", "scenelab.toml"],
        ["--seed", "3", "flag"],
    ]
    lines = scenelab("settings", "predict", cwd=tmp_path).out.splitlines()
    assert any(line.split() == ["--tta", "none", "default"] for line in lines)
    (tmp_path / "other.toml").write_text("tta = 'flip'\n")
    done = scenelab("settings", "predict", "--given", "--config", "other.toml", cwd=tmp_path)
    assert done.out.splitlines()[-1].split() == ["--tta", "flip", "other.toml"]
    assert scenelab("settings", "train", cwd=tmp_path).code == 0
    done = scenelab("settings", "classifiers.smal", cwd=tmp_path)
    assert done.code == 2 and "did you mean classifiers.small?" in done.err


def test_runs_are_listed_with_their_scores(small_run, tmp_path):
    done = scenelab("runs", "--runs", small_run.parent, "--json")
    (row,) = json.loads(done.out)["runs"]
    assert row["run"] == "small" and row["network"] == "small" and row["classes"] == 5 and row["epochs"] == 3
    assert row["score"] == "val_accuracy" and 0 <= row["value"] <= 1
    assert "small" in scenelab("runs", "--runs", small_run.parent).out.splitlines()[1]
    assert "has no runs" in scenelab("runs", cwd=tmp_path).out
