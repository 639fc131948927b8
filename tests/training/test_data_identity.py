"""A run knows its data wherever they lie, and does not go on with others. No test here trains: a start is enough."""

import json
import os
import shutil
import zipfile
from pathlib import Path

import pytest

from backbones import backbone
from config import ClassifierConfig
from datatransformer.layout import DataFolder, read_data_folder
from datatransformer.manifest import Row
from settings import SettingError
from tests.conftest import QUICK, make_data_folder, settings_of, table
from training.checkpoint_file import ROW_FILE
from training.data_record import paths_of_data, read_data_of_run, read_record
from training.kinds import CLASSIFIER
from training.run_folder import REQUIRED_COLUMNS, RunFolder
from training.session import Session
from training.start import _common_settings, open_session


def scenes_in(data: Path, **settings: object) -> Path:
    """A data folder of 60 scenes in class folders, always the same ones: `seed` changes the split alone."""
    raw = data.parent / "raw"
    if not raw.exists():
        drawn = make_data_folder(data.parent / "drawn", source="scenes", pictures=60, picture_size=48)
        for image in sorted(drawn.glob("*/*/*.jpg")):
            (raw / image.parent.name).mkdir(parents=True, exist_ok=True)
            image.rename(raw / image.parent.name / image.name)
        shutil.rmtree(drawn)
    return make_data_folder(data, source="folders", raw_images=raw, **settings)


@pytest.fixture
def place(tmp_path) -> Path:
    """A folder `here` with a data folder and a run of one epoch."""
    place = tmp_path / "here"
    scenes_in(place / "data")
    add_epoch(start(place).run)
    return place


def start(place: Path, *flags: object, data: Path | None = None) -> Session:
    """What a training does before TensorFlow."""
    words = ("--data", data or place / "data", "--runs", place / "runs", *QUICK, "--weights", "none", *flags)
    settings = settings_of(ClassifierConfig, *words)
    return open_session(CLASSIFIER, "small", backbone("small"), settings, lambda data: None)


def add_epoch(run: RunFolder) -> None:
    """An epoch with its checkpoint, without a model in it."""
    row = dict.fromkeys(REQUIRED_COLUMNS, 0.5) | {"epoch": len(run.history()) + 1, "stage": 0, "val_accuracy": 0.5}
    for checkpoint in (run.best, run.last):
        with zipfile.ZipFile(checkpoint, "w") as archive:
            archive.writestr(ROW_FILE, json.dumps(row))
    run.append_history(row)


def run_of(place: Path) -> RunFolder:
    return RunFolder(place / "runs" / "small")


def remake(place: Path, **settings: object) -> None:
    shutil.rmtree(place / "data")
    scenes_in(place / "data", **settings)


def refusal(place: Path, *flags: object, data: Path | None = None) -> str:
    """The message of a start that is refused. Nothing in the run may change."""
    run = run_of(place)
    before = {path: path.read_bytes() for path in run.path.rglob("*") if path.is_file()}
    with pytest.raises(SettingError) as error:
        start(place, *flags, data=data)
    assert {path: path.read_bytes() for path in run.path.rglob("*") if path.is_file()} == before
    return str(error.value)


# ---- Moved -----------------------------------------------------------------------------------------------------------


def test_run_and_data_move_together(place, tmp_path, caplog):
    caplog.set_level("INFO", "scenelab")
    place = place.rename(tmp_path / "there")
    run = run_of(place)
    assert read_data_of_run(run).path == place / "data", "before the next training, by the place seen from the run"
    session = start(place)
    assert session.progress.epochs_done == 1
    assert (
        f"holds the data that {run.path} was started with. Their path was {tmp_path / 'here' / 'data'}" in caplog.text
    )
    assert run.config()["settings"]["data"] == str(place / "data"), "the new path is noted"
    caplog.clear()
    start(place)
    assert "Their path was" not in caplog.text


def test_the_run_moves_alone(place, tmp_path):
    shutil.move(place / "runs", tmp_path / "there" / "runs")
    run = run_of(tmp_path / "there")
    assert read_data_of_run(run).path == place / "data"
    assert start(tmp_path / "there", data=place / "data").progress.epochs_done == 1
    assert run.config()["data"]["path_from_run"] == "../../../here/data"


def test_the_data_move_alone(place, tmp_path):
    shutil.move(place / "data", tmp_path / "elsewhere")
    run = run_of(place)
    with pytest.raises(SettingError, match="there is no such folder"):
        read_data_of_run(run)
    assert read_data_of_run(run, tmp_path / "elsewhere").path == tmp_path / "elsewhere"
    assert start(place, data=tmp_path / "elsewhere").progress.epochs_done == 1
    assert read_data_of_run(run).path == tmp_path / "elsewhere"


def test_both_copies_exist_and_one_is_remade(place, tmp_path):
    shutil.copytree(place, tmp_path / "copy")
    copy = run_of(tmp_path / "copy")
    assert read_data_of_run(copy).path == place / "data"
    remake(place, seed=1)
    assert read_data_of_run(copy).path == tmp_path / "copy" / "data", "the one that holds its data"
    assert start(tmp_path / "copy").progress.epochs_done == 1
    assert "now for validation" in refusal(place)


def test_a_link_to_the_data_folder(place, tmp_path):
    (tmp_path / "link").symlink_to(place / "data")
    assert start(place, data=tmp_path / "link").progress.epochs_done == 1
    (tmp_path / "link").unlink()
    (tmp_path / "link").symlink_to(scenes_in(tmp_path / "other", seed=1))
    assert "now for validation" in refusal(place, data=tmp_path / "link")


def test_the_same_data_made_again_are_the_same(place):
    remake(place)
    assert start(place).progress.epochs_done == 1


def test_a_finished_run_notes_that_its_data_have_moved(place, tmp_path):
    place = place.rename(tmp_path / "there")
    assert start(place, "--epochs", 1).is_finished
    config = run_of(place).config()
    assert config["settings"]["data"] == str(place / "data") and config["settings"]["epochs"] != 1


# ---- Others at the same place ----------------------------------------------------------------------------------------


def test_data_with_another_split_are_refused(place):
    before = read_data_folder(place / "data", None)
    remake(place, seed=1)
    now = read_data_folder(place / "data", None)
    trained = {row.digest for row in before.rows if row.split == "train"}
    leaked = sum(row.split == "val" and row.digest in trained for row in now.rows)
    message = refusal(place)
    assert f"{leaked} training images are now for validation, such as val/" in message and leaked > 1
    assert "--resume never" in message and "another --name" in message and "--data" in message
    assert start(place, "--resume", "never").progress.epochs_done == 0
    assert read_record(run_of(place)).rows == [row._replace(source="") for row in now.rows], (
        "a new run has a new record"
    )


def change_manifest(place: Path, change) -> None:
    """Writes the manifest again with its rows changed."""
    data = read_data_folder(place / "data", None)
    lines = [change(row) for row in data.rows]
    from datatransformer.manifest import write_manifest

    write_manifest(data.path, data.task, [line for line in lines if line])


def test_a_replaced_picture_a_changed_label_and_a_renamed_class(place):
    data = read_data_folder(place / "data", None)
    first, other = data.rows[0], next(name for name in data.classes if name != data.rows[0].class_name)
    manifest, classes = ((place / "data" / name) for name in ("manifest.csv", "classes.csv"))
    kept = manifest.read_text(), classes.read_text()

    change_manifest(place, lambda row: row._replace(digest="x0") if row == first else row)
    assert f"1 image has another content ({first.image})" in refusal(place)
    manifest.write_text(kept[0])
    moved = f"{first.split}/{other}/{Path(first.image).name}"
    change_manifest(place, lambda row: row._replace(class_name=other, image=moved) if row == first else row)
    (place / "data" / first.image).rename(place / "data" / moved)
    assert f"1 image has another label or mask ({moved})" in refusal(place)
    (place / "data" / moved).rename(place / "data" / first.image)
    manifest.write_text(kept[0])
    change_manifest(place, lambda row: None if row == first else row)
    assert f"1 image is gone ({first.image})" in refusal(place)
    manifest.write_text(kept[0].replace(",beach,", ",coast,"))
    classes.write_text(kept[1].replace("beach", "coast"))
    assert "the classes differ: 'beach' is now 'coast'" in refusal(place)
    manifest.write_text(kept[0])
    classes.write_text(kept[1])
    assert start(place).progress.epochs_done == 1


def test_without_its_record_a_run_still_notices(place):
    run_of(place).data_record.unlink()
    remake(place, seed=1)
    assert "another split" in refusal(place)
    run_of(place).data_record.write_bytes(b"damaged")
    assert "another split" in refusal(place)


def test_a_run_that_has_no_epoch_yet_takes_the_new_data(tmp_path):
    place = tmp_path / "here"
    scenes_in(place / "data")
    start(place)
    remake(place, seed=1)
    start(place)
    add_epoch(run_of(place))
    assert start(place).progress.epochs_done == 1


def test_find_lr_changes_nothing_in_the_run(place):
    before = run_of(place).config_file.read_bytes()
    start(place, "--find-lr")
    assert run_of(place).config_file.read_bytes() == before
    remake(place, seed=1)
    assert "now for validation" in refusal(place, "--find-lr")


# ---- Data without digests, and runs of earlier versions --------------------------------------------------------------


def test_data_of_an_earlier_version_are_compared_by_their_paths(tmp_path):
    place = tmp_path / "here"
    scenes_in(place / "data")
    manifest = place / "data" / "manifest.csv"

    def drop_digests() -> None:
        manifest.write_text("".join(f"{line.rsplit(',', 1)[0]}\n" for line in manifest.read_text().splitlines()))

    drop_digests()
    add_epoch(start(place).run)
    place = place.rename(tmp_path / "there")
    assert start(place).progress.epochs_done == 1
    remake(place)
    assert start(place).progress.epochs_done == 1, "made again by this version"
    remake(place, seed=1)
    assert "now for validation" in refusal(place)


def make_old(run: RunFolder) -> None:
    """As an earlier version has left it."""
    run.data_record.unlink()
    config = run.config()
    del config["data"]
    run.config_file.write_text(json.dumps(config))


def test_an_old_run_goes_on_and_then_knows_its_data(place):
    make_old(run_of(place))
    assert start(place).progress.epochs_done == 1
    remake(place, seed=1)
    assert "now for validation" in refusal(place)


def test_an_old_run_is_known_by_its_path(place, tmp_path, caplog):
    run = run_of(place)
    make_old(run)
    shutil.copytree(place / "data", tmp_path / "copy")
    assert f"this run was started with '{place / 'data'}'" in refusal(place, data=tmp_path / "copy")
    place = place.rename(tmp_path / "there")
    assert start(place).progress.epochs_done == 1
    assert "which is gone" in caplog.text and "use another --name" in caplog.text


@pytest.mark.parametrize(("counts", "fits"), [((50, 10, 5), True), ((49, 10, 5), False), ((50, 10, 4), False)])
def test_an_old_run_with_another_number_of_images_in_its_log(place, counts, fits):
    run = run_of(place)
    make_old(run)
    text = "data: {} training and {} validation images of {} classes, at 32x32 pixels"
    run.log.write_text("\n".join(f"2026-01-01 INFO {text.format(*each)}" for each in ((1, 1, 1), counts)))
    if fits:
        assert start(place).progress.epochs_done == 1
    else:
        assert "not 50 and 10 of 5" in refusal(place)


# ---- Elsewhere -------------------------------------------------------------------------------------------------------


def test_initial_weights_that_know_the_validation_images(place, caplog):
    weights = ("--weights", run_of(place).best)
    start(place, "--name", "next", *weights)
    assert "training images of" not in caplog.text
    remake(place, seed=1)
    start(place, "--name", "next", *weights)
    assert "of the 10 validation images of" in caplog.text and "these weights have learnt them" in caplog.text


def test_workers_need_the_same_images_in_the_same_order(place):
    data = read_data_folder(place / "data", None)

    def digest(rows: tuple[Row, ...], path: Path = data.path) -> object:
        return _common_settings({}, DataFolder(path, data.task, data.classes, rows))["images (digest)"]

    first = data.rows[0]
    assert digest(data.rows) == digest(data.rows, Path("elsewhere"))
    other = first._replace(digest="x1"), first._replace(class_name="x"), first._replace(split="other")
    others = [(row, *data.rows[1:]) for row in other] + [data.rows[::-1]]
    assert len({digest(rows) for rows in [data.rows, *others]}) == 5


def test_the_record_is_small_and_does_not_change(place):
    run = run_of(place)
    before, size = run.data_record.read_bytes(), (place / "data" / "manifest.csv").stat().st_size
    assert len(before) < size / 2
    start(place)
    assert run.data_record.read_bytes() == before
    assert len(table(place / "data" / "manifest.csv")) == len(read_record(run).rows) == 60
    assert paths_of_data(run) == [place / "data"]
    assert os.listdir(run.path).count("data.csv.gz") == 1
