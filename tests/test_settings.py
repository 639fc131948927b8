"""Every command refuses wrong settings at once, a line a fault, and explains itself by --help."""

import resource

import pytest

from config import AnalysisConfig, ClassifierConfig, DataTransformerConfig, SegmentationConfig
from setting_types import Size, parse_size, parse_sizes
from settings import given_values, read_settings
from tests.conftest import ROOT, run

COMMANDS = (
    "datatransformer",
    "classifiers.small",
    "classifiers.mobilenet_v2",
    "classifiers.inception_resnet_v2",
    "predictor",
)


def quick(module: str, *flags: object, **options):
    """Runs a command that has to answer within a second, of the processor's time: others may be at work here."""
    before = spent()
    done = run(module, *flags, **options)
    assert spent() - before < 1, f"{module} {flags} took more than a second"
    return done


def spent() -> float:
    """Seconds of the processor in all processes that were started here and have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


@pytest.mark.parametrize("module", COMMANDS)
def test_help_shows_every_field_with_its_text_and_default(module):
    done = quick(module, "--help")
    assert done.code == 0
    assert "--overwrite" in done.out or "--learning-rates" in done.out
    assert "default: " in done.out


@pytest.mark.parametrize("module", COMMANDS)
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
        ("name", "'a/b'", "no slash"),
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
        (["--weights", "imagenet"], "there are none for this model"),
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
        (
            "from settings import Settings\nclass ClassifierConfig(Settings):\n    epochs: int = 'many'\n",
            "epochs = 'many'",
        ),
    ):
        (tmp_path / "config.py").write_text(text)
        (tmp_path / "try.py").write_text(
            f"import sys; sys.path[:0] = [{str(tmp_path)!r}, {str(ROOT)!r}]\n"
            "from command import run\nrun('try', 'ClassifierConfig', print)\n"
        )
        done = run("try", cwd=tmp_path)
        assert done.code == 2 and expected in done.err, done.err


def test_every_field_explains_itself():
    for config in (ClassifierConfig, DataTransformerConfig):
        for name, field in config.model_fields.items():
            assert field.description and len(field.description) > 25, name


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
