"""Every setting of `python -m analysis` has an effect, or is refused."""

import shutil
from pathlib import Path

import keras
import numpy as np
import pytest

from analysis import embedding
from analysis.graph import Graph
from config import AnalysisConfig, ClassifierConfig
from datatransformer.layout import read_data_folder
from setting_flags import flag
from settings import SettingError, Settings
from tests.analysis.commands import analyse_here
from tests.conftest import settings_of, table
from training.run_folder import RunFolder

ROW = {"epoch": 1.0, "stage": 0.0, "learning_rate": 1e-3, "loss": 1.0, "accuracy": 0.5, "val_loss": 1.0,
       "val_accuracy": 0.5, "seconds": 1.0}  # fmt: skip


@pytest.fixture(scope="module")
def tiny_run(scenes, tmp_path_factory) -> Path:
    """The run of a classifier that was never trained."""
    run = RunFolder(tmp_path_factory.mktemp("runs") / "tiny")
    settings = settings_of(ClassifierConfig, "--epochs", 1, "--image-size", 16)
    used = settings.model_dump(mode="json") | {"image_size": "16x16", "data": str(scenes)}
    run.write_config("classifier", "small", used, read_data_folder(scenes, "classification").classes)
    run.write_history([ROW])
    keras.utils.set_random_seed(0)
    layers = keras.layers
    keras.Sequential([
        keras.Input((16, 16, 3)), layers.Conv2D(4, 3, name="maps"), layers.GlobalAveragePooling2D(name="pool"),
        layers.Dense(3, name="hidden"), layers.Dense(5, name="logits"),
    ]).save(run.best)  # fmt: skip
    return run.path


def embedded(run: Path, *flags: object) -> int:
    """The number of embedded points."""
    analyse_here(run, "--only", "embedding", *flags)
    return len(table(run / "figures" / "embedding_hidden.csv"))


def test_images_and_points_limit_the_embedding(tiny_run):
    assert (embedded(tiny_run), embedded(tiny_run, "--images", 4), embedded(tiny_run, "--points", 5)) == (10, 4, 5)


def test_data_replaces_the_data_folder_of_the_run(tiny_run, tmp_path):
    with pytest.raises(SettingError, match="nowhere"):
        embedded(tiny_run, "--data", tmp_path / "nowhere")


def test_batch_size_and_seed_are_used_by_the_embedding(tiny_run, monkeypatch):
    outputs, embed, used = Graph.outputs, embedding.embed, []
    monkeypatch.setattr(Graph, "outputs", lambda *arguments: used.append(arguments[-1]) or outputs(*arguments))
    monkeypatch.setattr(embedding, "embed", lambda *arguments: used.append(arguments[-1]) or embed(*arguments))
    embedded(tiny_run, "--batch-size", 3, "--seed", 7)
    assert used == [3, 7, 7]
    values = np.random.default_rng(0).normal(size=(600, 300))
    assert not np.array_equal(embed(values, "pca", 0).points, embed(values, "pca", 7).points)


def test_runs_and_run_name_the_run_and_only_its_parts(tiny_run):
    result = analyse_here("--runs", tiny_run.parent, "--run", "tiny", "--only", "curves")
    assert result["run"] == tiny_run and result["parts"] == ["curves"]
    with pytest.raises(SettingError, match="'other'"):
        analyse_here("--runs", tiny_run.parent, "--run", "other")


def test_layer_chooses_the_layer_of_the_figures(tiny_run):
    analyse_here(tiny_run, "--only", "embedding,maps", "--layer", "maps")
    assert (tiny_run / "figures" / "embedding_maps.png").is_file()


def test_compare_and_output_name_runs_and_a_folder(tiny_run, tmp_path):
    other, output = shutil.copytree(tiny_run, tmp_path / "other"), tmp_path / "both"
    result = analyse_here("--compare", f"{tiny_run},{other}", "--output", output)
    assert [entry["run"] for entry in result["runs"]] == [tiny_run, other]
    assert result["output"] == output and (output / "comparison.html").is_file()


def test_confusion_chooses_the_colours_of_the_confusion_matrix(tiny_run):
    figure = tiny_run / "figures" / "confusion_matrix.png"
    analyse_here(tiny_run, "--only", "evaluation")
    by_share = figure.read_bytes()
    analyse_here(tiny_run, "--only", "evaluation", "--confusion", "logarithmic")
    assert figure.read_bytes() != by_share


TESTED_ABOVE = {
    "confusion", "data", "images", "points", "runs", "run", "compare", "only", "layer", "batch_size", "output", "seed",
}  # fmt: skip

REFUSED: dict[str, list[tuple[str, ...]]] = {
    "data": [("--only", "curves"), ("--compare", "a,b")],
    "images": [("--only", "maps"), ("--compare", "a,b")],
    "points": [("--only", "maps"), ("--compare", "a,b")],
    "runs": [],
    "run": [("--compare", "a,b")],
    "compare": [],
    "confusion": [("--only", "curves"), ("--compare", "a,b")],
    "only": [("--compare", "a,b")],
    "layer": [("--only", "layers,curves"), ("--compare", "a,b")],
    "batch_size": [("--only", "layers"), ("--compare", "a,b")],
    "output": [("--only", "curves")],
    "seed": [("--only", "gradcam"), ("--compare", "a,b")],
}
"""For each field flags with which it has no effect; empty if it always has one."""

VALUES = {"confusion": "logarithmic", "run": None, "only": "curves", "layer": "pool"}


@pytest.mark.parametrize("field", sorted(AnalysisConfig.model_fields.keys() - Settings.model_fields.keys()))
def test_every_setting_has_an_effect_or_is_refused(field, tiny_run):
    assert field in TESTED_ABOVE
    for flags in REFUSED[field]:
        argv = [*flags, *(["--run", "tiny"] if field == "run" else [flag(field), VALUES.get(field, "3")])]
        argv += [] if "--compare" in flags else ["--runs", str(tiny_run.parent), "--run", "tiny"]
        with pytest.raises(SettingError, match=f"^{field} = .*(is used only|applies to a single run)"):
            analyse_here(*argv)


def test_every_setting_is_explained():
    assert all(field.description and len(field.description) > 25 for field in AnalysisConfig.model_fields.values())
