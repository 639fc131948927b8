"""A packed run and a checkpoint alone predict as their run does."""

import io
import shutil
import zipfile

import numpy as np
import pytest

import scenelab
from config import PackRunConfig
from predictor.labels.thresholds import read_thresholds, write_thresholds
from scenelab.pack_run import pack_run
from settings import SettingError, WorkError
from tests.conftest import run, settings_of, table, train_small
from tests.several_labels import draw_shapes, make_label_folder
from training.run_folder import RunFolder


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def packed(small_run, tmp_path):
    output = tmp_path / "given" / "small.scenelab"
    pack_run(settings_of(PackRunConfig, small_run, "--output", output))
    return output


def test_a_packed_run_predicts_as_its_run(packed, small_run, scenes, tmp_path):
    images = sorted((scenes / "val").rglob("*.jpg"))
    expected = scenelab.load(small_run).predict(images)
    loaded = scenelab.load(packed)
    assert loaded.classes == scenelab.load(small_run).classes and loaded.scores == scenelab.load(small_run).scores
    for one, other in zip(loaded.predict(images), expected, strict=True):
        np.testing.assert_array_equal(one.probabilities, other.probabilities)
    done = run("predictor", "--run", packed, "--test-images", scenes / "val", "--output", tmp_path / "rows.csv")
    assert done.code == 0 and [row["class"] for row in table(tmp_path / "rows.csv")] == [one.label for one in expected]
    assert f"images predicted by {packed}\n" in done.out + done.err, "not by the folder it is unpacked in"


def test_a_packed_run_has_no_optimizer_and_no_paths(packed, small_run, scenes):
    assert packed.stat().st_size < 0.45 * (small_run / "checkpoints" / "best.keras").stat().st_size
    with zipfile.ZipFile(packed) as archive:
        texts = {name: archive.read(name).decode() for name in archive.namelist() if not name.endswith(".h5")}
    assert not [name for name, text in texts.items() if str(scenes.parent) in text]
    assert (
        "A classifier of SceneLab: the network small" in texts["run/card.md"] and "Classes (5)" in texts["run/card.md"]
    )


def test_a_checkpoint_alone_has_its_classes(small_run, scenes, tmp_path):
    alone = tmp_path / "model.keras"
    shutil.copy(small_run / "checkpoints" / "best.keras", alone)
    image = next((scenes / "val").rglob("*.jpg"))
    assert scenelab.load(alone).predict(image).label == scenelab.load(small_run).predict(image).label
    assert scenelab.load(small_run / "checkpoints" / "best.keras").path == small_run, "it is the run itself"


def test_an_existing_file_is_kept(packed, small_run):
    for flags, reason in ((["--output", packed], "exists"), (["--output", "x.zip"], "should end in .scenelab")):
        with pytest.raises(SettingError, match=reason):
            pack_run(settings_of(PackRunConfig, small_run, *flags))
    pack_run(settings_of(PackRunConfig, small_run, "--output", packed, "--overwrite"))


def test_files_that_are_no_runs_are_refused(packed, tmp_path):
    text, other, cut = tmp_path / "a.scenelab", tmp_path / "b.scenelab", tmp_path / "c.scenelab"
    text.write_text("no archive")
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("model.weights.h5", b"")
    cut.write_bytes(packed.read_bytes()[:-2000])
    for file, kind, reason in (
        (text, WorkError, "damaged"),
        (other, SettingError, "holds no run"),
        (cut, WorkError, "damaged"),
    ):
        with pytest.raises(kind, match=reason):
            scenelab.load(file)


def test_a_hostile_file_writes_nothing_outside_and_does_not_fill_the_disk(packed, tmp_path, cache):
    hostile = tmp_path / "hostile.scenelab"
    with zipfile.ZipFile(packed) as archive, zipfile.ZipFile(hostile, "w", zipfile.ZIP_DEFLATED) as made:
        for entry in archive.infolist():
            if entry.filename != "run/classes.csv":
                made.writestr(entry, archive.read(entry))
        made.writestr("run/../../../../escaped.txt", "x")
        made.writestr("run/classes.csv", io.BytesIO(bytes(65 * 2**20)).getvalue())
    with pytest.raises(WorkError, match=r"run/classes\.csv in it has 68,157,440 bytes"):
        scenelab.load(hostile)
    assert not list(tmp_path.rglob("escaped.txt")) and not list(cache.rglob("classes.csv"))


def test_thresholds_are_packed(tmp_path):
    folder = train_small(make_label_folder(tmp_path, draw_shapes(tmp_path / "raw", 24)), tmp_path, "--epochs", 1)
    random = np.random.default_rng(0)
    write_thresholds(RunFolder(folder), random.random((40, 3)) < 0.5, random.random((40, 3)))
    output = tmp_path / "labels.scenelab"
    pack_run(settings_of(PackRunConfig, folder, "--output", output))
    before, after = scenelab.load(folder).folder, scenelab.load(output).folder
    np.testing.assert_array_equal(read_thresholds(before), read_thresholds(after))
    assert set(read_thresholds(after)) != {0.5}
