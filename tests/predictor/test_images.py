"""Images are found in the order of their names, and folders are streamed."""

import itertools
import tracemalloc

import pytest

from predictor.images import evenly_spaced, find_images
from predictor.shards import output_files_pattern
from settings import SettingError


def test_a_folder_is_streamed(tmp_path):
    for folder in range(20):
        (tmp_path / f"{folder:02d}").mkdir()
        for number in range(100):
            (tmp_path / f"{folder:02d}" / f"{number:03d}.jpg").touch()
    names = [image.name for image in find_images(str(tmp_path))]
    assert len(names) == 2000 and names == sorted(names)
    tracemalloc.start()
    for _ in itertools.islice(find_images(str(tmp_path)), 150):
        pass
    one_folder = tracemalloc.get_traced_memory()[1]
    tracemalloc.reset_peak()
    assert sum(1 for _ in find_images(str(tmp_path))) == 2000
    assert tracemalloc.get_traced_memory()[1] < 1.5 * one_folder
    tracemalloc.stop()


@pytest.mark.parametrize(
    ("given", "problem"),
    [("empty", "contains no files"), ("missing", "is not a folder"), ("*.jpg", "matches no files")],
)
def test_nothing_found(tmp_path, given, problem):
    (tmp_path / "empty").mkdir()
    with pytest.raises(SettingError, match=problem):
        next(find_images(str(tmp_path / given)))


def test_output_files_are_left_out(tmp_path):
    for name in (
        "a.jpg", "p.jpg", "p.csv", "p.rejected.csv", "p-1-of-2.csv", "p-2-of-2.rejected.csv",
        "p-1-of-2.masks/a.jpg.png", "p.masks/a.png", "p.overlays/b/a.png", "p.evaluation/ranking.csv", "q.csv",
        "b/p.csv", "p-1-of-2.jpg",
    ):  # fmt: skip
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    exclude = output_files_pattern(tmp_path / "p.csv")
    assert [image.name for image in find_images(str(tmp_path), exclude)] == [
        "a.jpg", "b/p.csv", "p-1-of-2.jpg", "p.jpg", "q.csv",
    ]  # fmt: skip
    chosen = find_images(str(tmp_path / "p.masks"), exclude)
    assert [image.name for image in chosen] == ["a.png"], "unless their folder is what the user chose"


def test_evenly_spaced():
    assert evenly_spaced(10, 3) == [0, 4, 9] and evenly_spaced(3, 10) == [0, 1, 2] and evenly_spaced(5, 1) == [0]
