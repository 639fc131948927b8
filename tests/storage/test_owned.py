"""Only listed files are removed, never outside a folder; the rest is moved aside; a replaced folder is finished."""

import pytest

from storage.owned import (
    LIST,
    REMOVING,
    REPLACED,
    finish_replacing,
    is_hollow,
    listed,
    move_aside,
    remove_listed,
    replace_folder,
    write_list,
)


@pytest.fixture
def folder(tmp_path):
    """A folder with three files of ours in the list."""
    folder = tmp_path / "made"
    (folder / "sub").mkdir(parents=True)
    for name in ("a", "sub/b", "sub/c"):
        (folder / name).write_text(name)
    write_list(folder)
    return folder


@pytest.mark.parametrize("name", ["../victim", "{}/victim", "sub/../../victim", "out/victim", ".", "", "a\0b"])
def test_a_line_that_leads_outside_removes_nothing_outside(tmp_path, folder, name):
    (tmp_path / "victim").write_text("precious")
    (folder / "out").symlink_to(tmp_path)
    remove_listed(folder, [name.format(tmp_path), *listed(folder)])
    assert (tmp_path / "victim").read_text() == "precious"
    assert not folder.exists()
    assert [path.name for path in (tmp_path / "made.kept").iterdir()] == ["out"], "the link is not ours"


def test_what_is_not_listed_is_moved_aside_and_named(tmp_path, folder, caplog):
    (folder / "sub" / "notes.txt").write_text("mine")
    remove_listed(folder, listed(folder))
    assert not folder.exists()
    assert (tmp_path / "made.kept" / "sub" / "notes.txt").read_text() == "mine"
    assert f"{tmp_path / 'made.kept'}" in caplog.text and "sub/notes.txt" in caplog.text


def test_free_names(tmp_path):
    for number in range(3):
        (tmp_path / "x").write_text(str(number))
        move_aside(tmp_path / "x")
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {
        "x.kept": "0", "x.kept-1": "1", "x.kept-2": "2",
    }  # fmt: skip


def test_a_folder_replaces_another(tmp_path, folder):
    new = tmp_path / "new"
    new.mkdir()
    (new / "d").write_text("d")
    (folder / "notes.txt").write_text("mine")
    replace_folder(new, folder, listed)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["made", "made.kept"]
    assert [path.name for path in folder.iterdir()] == ["d"]
    assert [path.name for path in (tmp_path / "made.kept").iterdir()] == ["notes.txt"]


@pytest.mark.parametrize("made", [dict, lambda: {LIST: "[]"}, lambda: {LIST: '{"files": [1, null, "../x"]}'}])
def test_a_folder_without_a_list_is_moved_aside_whole(tmp_path, made):
    old, new = tmp_path / "old", tmp_path / "new"
    old.mkdir()
    new.mkdir()
    for name, text in (made() | {"mine": "mine"}).items():
        (old / name).write_text(text)
    (tmp_path / "x").write_text("precious")
    replace_folder(new, old, listed)
    assert (tmp_path / "old.kept" / "mine").read_text() == "mine"
    assert (tmp_path / "x").read_text() == "precious"


def test_states_that_a_kill_leaves_are_finished(tmp_path, folder):
    old = tmp_path / f".made{REPLACED}"
    folder.rename(old)
    finish_replacing(folder, listed)
    assert old.exists() and not folder.exists(), "without our mark it may be the user's"
    (old / REPLACED).touch()
    finish_replacing(folder, listed)
    assert (folder / "a").exists() and not old.exists() and not (folder / REPLACED).exists(), "it is put back"
    folder.rename(old)
    (old / REMOVING).touch()
    (old / "a").unlink()  # killed in the middle
    finish_replacing(folder, listed)
    assert not old.exists() and not folder.exists(), "half a folder is not put back"
    (old / "sub").mkdir(parents=True)
    assert is_hollow(old)
    finish_replacing(folder, listed)
    assert not old.exists()


def test_a_link_in_the_place_of_a_folder_is_moved_aside(tmp_path, folder):
    link, new = tmp_path / "link", tmp_path / "new"
    link.symlink_to(folder)
    new.mkdir()
    replace_folder(new, link, listed)
    assert (tmp_path / "link.kept").is_symlink() and (folder / "a").exists()
    assert link.is_dir() and not link.is_symlink()
