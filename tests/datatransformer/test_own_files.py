"""What python -m datatransformer removes: its own files, and nothing that people keep beside or in them."""

import json
import shutil

import pytest

from datatransformer.own_files import own_files
from settings import SettingError
from tests.conftest import ROOT, make_data_folder, table


def make(data, **settings):
    return make_data_folder(data, **({"source": "scenes", "pictures": 20, "picture_size": 32} | settings))


def names(folder) -> list[str]:
    paths = (path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir())
    return sorted(path.relative_to(folder).as_posix() for path in paths)


def test_a_backup_beside_the_data_stays(tmp_path):
    make(tmp_path / "data").rename(tmp_path / "data.old")
    backup = names(tmp_path / "data.old")
    make(tmp_path / "data", pictures=30)
    make(tmp_path / "data", pictures=20, overwrite=True)
    assert names(tmp_path / "data.old") == backup
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "data.old"]


@pytest.mark.parametrize("content", ['{"editor.fontSize": 12}', "[]", '{"source": "scenes"}', "", "[" * 100_000])
@pytest.mark.parametrize("name", ["data", "data.partial"])
def test_a_foreign_settings_file_does_not_make_a_folder_ours(tmp_path, name, content):
    (tmp_path / name).mkdir()
    (tmp_path / name / "settings.json").write_text(content)
    for overwrite in (False, True):
        with pytest.raises(SettingError, match="was not made by python -m datatransformer"):
            make(tmp_path / "data", overwrite=overwrite)
    assert (tmp_path / name / "settings.json").read_text() == content


@pytest.mark.parametrize("line", ["../victim", "{}/victim", "train/../../victim", "train/out/victim", "notes.txt", "x"])
def test_a_line_of_the_manifest_removes_nothing_else(tmp_path, line, caplog):
    line = line.format(tmp_path)
    data = make(tmp_path / "data")
    (tmp_path / "victim").write_text("precious")
    (data / "notes.txt").write_text("mine")
    (data / "train" / "out").symlink_to(tmp_path)
    with (data / "manifest.csv").open("a") as file:
        file.write(f"{line},train,beach,gone,\n")
    made = set(own_files(data))
    make(data, pictures=30, overwrite=True)
    assert (tmp_path / "victim").read_text() == "precious"
    assert names(tmp_path / "data.kept") == ["notes.txt", "train/out"] and "data.kept" in caplog.text
    assert "notes.txt" not in made and len(table(data / "manifest.csv")) == 30


@pytest.mark.parametrize("line", ["../victim", "{}/victim", "train/../../victim", "val/beach/x.jpg", "train/x"])
def test_a_line_of_an_unfinished_manifest_removes_nothing_else(tmp_path, line, caplog):
    line = line.format(tmp_path)
    (tmp_path / "victim").write_text("precious")
    work = make(tmp_path / "data").rename(tmp_path / "data.partial")
    complete = names(work)
    with (work / "manifest.csv").open("a") as file:
        file.write(f"{line},train,beach,gone,\n")
    make(tmp_path / "data")
    assert (tmp_path / "victim").read_text() == "precious"
    assert names(tmp_path / "data") == complete and "1 lines of" in caplog.text


@pytest.mark.parametrize("place", ["manifest.csv", "train", "val/beach"])
def test_nothing_is_written_through_a_link(tmp_path, place):
    work = make(tmp_path / "data").rename(tmp_path / "data.partial")
    (work / place).rename(tmp_path / "moved")
    (work / place).symlink_to(tmp_path / "moved")
    before = names(tmp_path / "moved") if place != "manifest.csv" else (tmp_path / "moved").read_text()
    with pytest.raises(SettingError, match=f"{place}.*is a link"):
        make(tmp_path / "data")
    assert before == (names(tmp_path / "moved") if place != "manifest.csv" else (tmp_path / "moved").read_text())


def test_begun_with_other_settings_only_ours_is_removed(tmp_path, caplog):
    work = make(tmp_path / "data").rename(tmp_path / "data.partial")
    (work / "train" / "beach" / "not_noted.jpg").write_bytes(b"written before a kill")
    (work / "notes.txt").write_text("mine")
    make(tmp_path / "data", pictures=30)
    assert names(tmp_path / "data.partial.kept") == ["notes.txt"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "data.partial.kept"]


def test_a_data_folder_of_an_earlier_version_is_replaced(tmp_path):
    data = tmp_path / "data"
    shutil.copytree(ROOT / "tests" / "old_version" / "data-masks", data)
    assert json.loads((data / "settings.json").read_text())["task"] == "segmentation"
    make(data, overwrite=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data"]
    assert len(table(data / "manifest.csv")) == 20
