"""The CSV has as many classes as --top-k says, also with --evaluate, which keeps the ranks that it needs elsewhere."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from predictor.labels.top_k import TopK
from settings import SettingError, WorkError
from tests.conftest import table
from tests.predictor.commands import predict_here, predict_interrupted

COLUMNS = ["image", "class_index", "class", "probability"]
ALL_RANKS = ["image", *(f"class_index{rank}" for rank in ("", "_2", "_3", "_4", "_5"))]


@pytest.fixture(scope="module")
def evaluated(small_run, scenes, tmp_path_factory):
    """The output of `--evaluate` without --top-k, and what the command returned."""
    output = tmp_path_factory.mktemp("evaluated") / "p.csv"
    return output, predict_here(small_run, output, "--evaluate", scenes)


def test_the_csv_has_exactly_top_k_classes(evaluated, small_run, scenes, tmp_path):
    output, result = evaluated
    assert list(table(output)[0]) == COLUMNS
    all_ranks = predict_here(small_run, tmp_path / "p.csv", "--evaluate", scenes, "--top-k", 5)
    rows, ranking = table(tmp_path / "p.csv"), table(output.parent / "p.evaluation" / "ranking.csv")
    assert [{name: row[name] for name in ALL_RANKS} for row in rows] == ranking
    assert not (tmp_path / "p.evaluation" / "ranking.csv").exists(), "the CSV has all ranks"
    assert result["scores"] == all_ranks["scores"] and result["images"] == 10


def test_an_interrupted_evaluation_resumes(evaluated, small_run, scenes, tmp_path):
    complete, result = evaluated
    output, flags = tmp_path / "p.csv", ("--evaluate", scenes, "--batch-size", 1)
    assert predict_interrupted(4, "--run", small_run, "--output", output, *flags).code == -9
    ranking = tmp_path / "p.evaluation" / "ranking.csv"
    assert len(table(output)) == len(table(ranking)) == 4
    with ranking.open("a") as file:  # written before the row of the CSV
        file.write("road/road_00000.jpg,1,2,3,4,0\nroad/road_0000")
    resumed = predict_here(small_run, output, *flags)
    assert resumed["scores"] == pytest.approx(result["scores"])
    assert output.read_text() == complete.read_text()
    assert ranking.read_text() == (complete.parent / "p.evaluation" / "ranking.csv").read_text()


def test_a_missing_ranking_is_an_error_with_a_remedy(evaluated, small_run, scenes, tmp_path):
    folder = shutil.copytree(evaluated[0].parent, tmp_path / "copy")
    shutil.rmtree(folder / "p.evaluation")
    with pytest.raises(WorkError, match=r"ranking\.csv is missing.*--overwrite"):
        predict_here(small_run, folder / "p.csv", "--evaluate", scenes)
    lines = (folder / "p.csv").read_text().splitlines(keepends=True)
    (folder / "p.csv").write_text("".join(lines[:4]))
    with pytest.raises(WorkError, match=r"lacks rows .*Remove .*p\.csv"):
        predict_here(small_run, folder / "p.csv", "--evaluate", scenes)
    result = predict_here(small_run, tmp_path / "copy" / "q.csv", "--evaluate", scenes)
    assert result["scores"] == evaluated[1]["scores"]


def test_an_output_of_an_earlier_version_is_refused_or_used(evaluated, small_run, scenes, tmp_path, caplog):
    """It wrote five classes with --evaluate, whatever --top-k was, and no ranking."""
    output = tmp_path / "p.csv"
    earlier = predict_here(small_run, output, "--evaluate", scenes, "--top-k", 5)
    note = json.loads((tmp_path / ".p.csv.json").read_text())
    assert note["columns"] == TopK((), 5).columns and "evaluation_columns" not in note, "the note of that version"
    with pytest.raises(SettingError, match=r"5 most probable classes.*--top-k 5"):
        predict_here(small_run, output, "--evaluate", scenes)
    caplog.set_level("INFO", "scenelab")
    assert predict_here(small_run, output, "--evaluate", scenes, "--top-k", 5) == earlier
    assert "is complete: 10 images" in caplog.text
    predict_here(small_run, output, "--evaluate", scenes, "--overwrite")
    assert list(table(output)[0]) == COLUMNS


def test_the_most_probable_classes():
    top_k = TopK(("a", "=b", "c"), 2)
    assert top_k.columns == ["class_index", "class", "probability", "class_index_2", "class_2", "probability_2"]
    probabilities = np.array([[0.2, 0.5, 0.3], [0.4, 0.4, 0.2]])
    assert list(top_k.rows(probabilities)) == [
        [1, "'=b", "0.500000", 2, "c", "0.300000"],
        [0, "a", "0.400000", 1, "'=b", "0.400000"],
    ]
    assert top_k.read_labels({"class_index": "1", "class_index_2": "2"}, Path("p.csv")) == (1, 2)
    assert TopK(("a", "b"), 0).labels(probabilities).shape == (2, 0)
