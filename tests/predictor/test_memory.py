"""Prediction streams: memory does not grow with the number of pictures."""

import itertools
import tracemalloc

from predictor.pictures import find_images
from storage.parallel import in_parallel


def test_a_folder_is_listed_without_a_list(tmp_path):
    for folder in range(20):
        (tmp_path / f"{folder:02d}").mkdir()
        for number in range(100):
            (tmp_path / f"{folder:02d}" / f"{number:03d}.jpg").touch()
    names = [picture.name for picture in find_images(str(tmp_path))]
    assert len(names) == 2000 and names == sorted(names)
    tracemalloc.start()
    for _ in itertools.islice(find_images(str(tmp_path)), 150):
        pass
    one_folder = tracemalloc.get_traced_memory()[1]
    tracemalloc.reset_peak()
    assert sum(1 for _ in find_images(str(tmp_path))) == 2000
    assert tracemalloc.get_traced_memory()[1] < 1.5 * one_folder
    tracemalloc.stop()


def test_work_in_parallel_is_ordered_and_never_far_ahead():
    taken = 0

    def numbers():
        nonlocal taken
        while taken < 10_000:
            taken += 1
            yield taken

    results = in_parallel(lambda number: number * 2, numbers(), workers=2)
    assert [next(results) for _ in range(10)] == [2 * number for number in range(1, 11)]
    assert taken < 100
    assert list(results) == [2 * number for number in range(11, 10_001)]
