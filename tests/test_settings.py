"""Every command refuses wrong settings at once, with one line per error, and explains its settings by --help."""

import subprocess
import sys

import pytest

import config
from config import AnalysisConfig, ClassifierConfig, SegmentationConfig
from experiments.modules import training_modules
from setting_help import everyday_fields, help_text, sections
from setting_types import Size, parse_size, parse_sizes
from settings import Settings, errors_if_given, given_values, read_settings
from tests.conftest import ROOT, Ran, run

COMMANDS = (
    *training_modules(), "segmentation.classical", "datatransformer", "training.data_service", "predictor",
    "predictor.merge", "predictor.select", "predictor.export", "analysis", "experiments", "benchmarks",
)  # fmt: skip
CLASSES = sorted(
    (one for one in vars(config).values() if isinstance(one, type) and one.__module__ == "config"),
    key=lambda one: one.__name__,
)
SLOW_TO_IMPORT = ("tensorflow", "keras", "matplotlib", "sklearn", "tensorflow_datasets")

RUN_AND_LIST_IMPORTS = f"""
import atexit, runpy, sys
sys.path.insert(0, {str(ROOT)!r})
atexit.register(lambda: print("imported", *set({SLOW_TO_IMPORT}) & set(sys.modules), file=sys.__stderr__))
sys.argv = sys.argv[1:]
runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
"""


def quick(module: str, *flags: object) -> Ran:
    """Runs a command that must answer at once, so it must not import slow packages."""
    command = [sys.executable, "-c", RUN_AND_LIST_IMPORTS, module, *map(str, flags)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=60)
    *lines, imported = done.stderr.splitlines()
    assert imported == "imported", f"{module} {flags}: {imported}"
    assert "Traceback" not in done.stderr
    return Ran(done.returncode, done.stdout, "\n".join(lines))


@pytest.mark.parametrize("module", COMMANDS)
def test_every_command_explains_itself(module):
    done = quick(module, "--help")
    assert done.code == 0
    assert done.out.startswith(f"usage: python -m {module}") and "Default: " in done.out and "--debug" in done.out


@pytest.mark.parametrize("config_class", CLASSES, ids=lambda one: one.__name__)
def test_help_shows_every_field_in_its_section_with_text_and_default(config_class):
    text = help_text(config_class, "program")
    divided = sections(config_class)
    assert sorted(name for names in divided.values() for name in names) == sorted(config_class.model_fields)
    assert "other" not in divided, "each field of config.py stands in a section"
    everyday = everyday_fields(config_class)
    assert len(everyday) <= 6 and next(iter(divided)) != "most used"
    for section, names in ({"most used": everyday} | divided).items():
        listed = [name for name in names if section == "most used" or name not in everyday]
        blocks = [block for block in text.split("\n\n") if block.startswith(f"{section.capitalize()}\n")]
        assert len(blocks) == bool(listed)
        for name in listed:
            assert f"--{name.replace('_', '-')}" in blocks[0] or f"[{name.upper()}]" in blocks[0]
        assert not blocks or blocks[0].count("      Default: ") == len(listed)


@pytest.mark.parametrize("config_class", CLASSES, ids=lambda one: one.__name__)
def test_every_field_has_a_text(config_class):
    for name, field in config_class.model_fields.items():
        assert field.description and len(field.description) > 25, name


def test_help_begins_with_an_example_and_says_defaults_in_words():
    text = help_text(config.UNetConfig, "scenelab segmentation.unet")
    assert "Example: scenelab segmentation.unet --data data --recipe best" in text
    most_used = text.split("Most used\n")[1].split("\n\n")[0]
    flags = [
        "--data PATH",
        "--recipe {quick,best}",
        "--epochs N",
        "--image-size SIZE[,SIZE...]",
        "--batch-size N[,N...]",
    ]
    assert [line.strip() for line in most_used.splitlines() if line.startswith("  --")] == [*flags, "--name TEXT"]
    assert "Default: what suits the model" in most_used and "Empty:" not in text


def test_a_field_below_no_section_is_still_shown():
    class Unsorted(Settings):
        size: int = 3
        """The size of something in pixels."""

    assert sections(Unsorted)["other"] == ["size"] and "--size N" in help_text(Unsorted, "program")


@pytest.mark.parametrize("module", ["datatransformer", "classifiers.small", "predictor"])
def test_an_unknown_flag_is_refused_with_the_nearest(module):
    done = quick(module, "--worker", "--dat", "x", "--sed", "3")
    assert done.code == 2
    lines = done.err.splitlines()
    assert len(lines) == 3 and all(line.startswith("error: unknown flag --") for line in lines)


def test_every_fault_has_its_line_with_field_value_and_what_is_allowed():
    done = quick(
        "classifiers.small", "--epochs", 0, "--optimizer", "adma", "--image-size", "9x", "--learning-rates", "1e-3,-1",
        "--name", "a/b", "--optimiser", "sgd",
    )  # fmt: skip
    assert done.code == 2
    errors = done.err.splitlines()
    assert len(errors) == 6
    for field, given, allowed in (
        ("--optimiser", "", "did you mean --optimizer?"),
        ("epochs", "'0'", "greater than or equal to 1"),
        ("optimizer", "'adma'", "'adam', 'adamw', 'sgd' or 'momentum'"),
        ("image_size", "'9x'", "180x240"),
        ("learning_rates", "'-1'", "greater than 0"),
        ("name", "'a/b'", "without a slash"),
    ):
        assert any(field in line and given in line and allowed in line for line in errors), (field, errors)


@pytest.mark.parametrize(
    ("module", "flags", "expected"),
    [
        ("datatransformer", ["--raw-images", ROOT / "testz"], "did you mean tests?"),
        ("datatransformer", ["--source", "labels"], "raw_labels"),
        ("datatransformer", ["--source", "squares", "--task", "classification"], "is for segmentation"),
        ("classifiers.small", ["--data", "nowhere"], "python -m datatransformer makes one"),
        ("classifiers.small", ["--data", "tests"], "is no data folder"),
        ("predictor", ["--runs", "nowhere"], "train one first"),
        ("predictor", ["--runs", "nowhere", "--run", "x"], "no such run"),
    ],
)
def test_a_path_that_is_not_there_is_refused_at_once(module, flags, expected):
    done = quick(module, *flags)
    assert done.code == 2 and expected in done.err, done.err


def test_settings_against_backbone_and_data(scenes, tmp_path):
    for flags, expected in (
        (["--image-size", "16"], "32 or more"),
        (["--weights", "imagenet"], "this model has no ImageNet weights"),
        (["--weights", "nowhere.keras"], "should be imagenet, none, or a file"),
    ):
        done = quick("classifiers.small", "--data", scenes, "--runs", tmp_path, *flags)
        assert done.code == 2 and expected in done.err
    done = quick("classifiers.small", "--stem", "paper")
    assert done.code == 2 and "--stem" in done.err, "an option that a model does not have"


def test_flags_win_over_the_environment_and_that_over_the_file(monkeypatch):
    assert ClassifierConfig(_cli_parse_args=[]).epochs == 60
    monkeypatch.setenv("SCENELAB_EPOCHS", "7")
    monkeypatch.setenv("SCENELAB_LEARNING_RATES", "1e-2,1e-3")
    assert ClassifierConfig(_cli_parse_args=[]).epochs == 7
    assert ClassifierConfig(_cli_parse_args=[]).learning_rates == (1e-2, 1e-3)
    assert ClassifierConfig(_cli_parse_args=["--epochs", "9", "--freeze", "-20"]).epochs == 9
    assert ClassifierConfig(_cli_parse_args=["--freeze", "-20"]).freeze == -20


def test_a_misspelt_variable_is_refused(monkeypatch):
    monkeypatch.setenv("SCENELAB_EPOCH", "7")
    done = quick("classifiers.small")
    assert done.code == 2 and "SCENELAB_EPOCHS" in done.err


def test_an_empty_flag_is_no_default():
    done = quick("datatransformer", "--data=", "--seed", -1)
    assert done.code == 2 and "--data has no value" in done.err and "seed = '-1'" in done.err


def test_a_slip_of_the_pen_in_config_is_no_traceback(tmp_path):
    for text, expected in (
        ("class ClassifierConfig(:\n", "config.py, line 1"),
        ("\nx = thirty\n", "config.py, line 2: name 'thirty' is not defined"),
        ("from settings import Folder, Settings\n", "earlier version: take the new config.py and enter your values"),
        (
            "from settings import Settings\nclass ClassifierConfig(Settings):\n    epochs: int = 'many'\n",
            "epochs = 'many'",
        ),
    ):
        (tmp_path / "config.py").write_text(text)
        (tmp_path / "try.py").write_text(
            f"import sys; sys.path.insert(0, {str(ROOT)!r})\n"
            f"sys.path = [one for one in sys.path if one != {str(tmp_path)!r}]\n"
            f"from command import run\nsys.path.insert(0, {str(tmp_path)!r})\n"  # in place of our own config.py
            "run('try', 'ClassifierConfig', print)\n"
        )
        done = run("try", cwd=tmp_path)
        assert done.code == 2 and expected in done.err, done.err


def test_a_size_is_parsed_once_and_written_back_as_text(monkeypatch):
    assert parse_size("96") == Size(96, 96) == (96, 96)
    assert parse_sizes("90x120,180x240") == (Size(90, 120), Size(180, 240))
    settings = read_settings(SegmentationConfig, ["--image-size", "90x120,180x240", "--crop", "64"], "program")
    assert settings.image_size == (Size(90, 120), Size(180, 240)) and settings.crop == Size(64, 64)
    assert settings.model_dump(mode="json")["image_size"] == "90x120,180x240"
    assert given_values(settings) == {"image_size": "90x120,180x240", "crop": "64x64"}
    monkeypatch.setenv("SCENELAB_CROP", "48x64")
    assert read_settings(SegmentationConfig, [], "program").crop == Size(48, 64)
    for wrong in ("7", "64x", "x64", "64x64x3", "4x64", "-64"):
        with pytest.raises(ValueError, match="8 or more pixels"):
            parse_size(wrong)


def test_a_flag_given_twice_counts_as_it_was_given_last():
    argv = ["--learning-rates", "1e-2,1e-3", "--batch-size=8", "--learning-rates", "0.5", "--batch-size", "4,2"]
    settings = read_settings(ClassifierConfig, argv, "program")
    assert (settings.learning_rates, settings.batch_size) == ((0.5,), (4, 2))


def test_what_stands_without_a_flag_is_kept():
    settings = read_settings(AnalysisConfig, ["--seed", "1", "small", "--seed", "2"], "program")
    assert (settings.run, settings.seed) == ("small", 2)
    for argv in (["--json", "small", "--json"], ["--no-json", "small", "--json"], ["--json", "small"]):
        settings = read_settings(AnalysisConfig, argv, "program")
        assert (settings.run, settings.json) == ("small", True)
    assert read_settings(AnalysisConfig, ["--json", "small", "--no-json"], "program").json is False


def test_a_variable_without_effect_is_no_error_but_a_flag_is(monkeypatch):
    given = read_settings(ClassifierConfig, ["--worker-timeout", "5"], "program")
    assert errors_if_given(given, ["worker_timeout"], "has no effect") == ["worker_timeout = '5': has no effect"]
    monkeypatch.setenv("SCENELAB_WORKER_TIMEOUT", "5")
    assert errors_if_given(read_settings(ClassifierConfig, [], "program"), ["worker_timeout"], "has no effect") == []
