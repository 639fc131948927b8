"""The order of files stays right when the clock is set back."""

import os

from storage.file_order import make_later, written_from


def test_a_file_made_of_others_is_not_earlier_and_a_changed_source_is_later(tmp_path):
    source, folder = tmp_path / "source", tmp_path / "figures"
    folder.mkdir()
    source.touch()
    (folder / "old.png").touch()
    os.utime(source, (3e9, 3e9))  # written before the clock was set back
    before = (folder / "old.png").stat().st_mtime_ns
    with written_from([source], folder):
        (folder / "new.png").touch()
    assert (folder / "new.png").stat().st_mtime_ns == source.stat().st_mtime_ns
    assert (folder / "old.png").stat().st_mtime_ns == before, "it was not drawn now"
    source.write_text("again")
    make_later(source, [folder / "new.png", folder / "missing"])
    assert source.stat().st_mtime_ns > (folder / "new.png").stat().st_mtime_ns


def test_the_clock_is_right(tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    first.touch()
    os.utime(first, (1e9, 1e9))
    second.touch()
    before = second.stat().st_mtime_ns
    make_later(second, [first])
    assert second.stat().st_mtime_ns == before
