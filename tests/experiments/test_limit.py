"""`--limit`: the images of a smaller data folder."""

from collections import Counter

import pytest

from datatransformer.layout import read_data_folder
from datatransformer.manifest import Row
from experiments.limit import check_limit, sample, write_limited_folder
from settings import SettingError


def rows(**counts: int) -> list[Row]:
    return [Row(f"train/{name}/{n}.jpg", "train", name, "", "") for name, count in counts.items() for n in range(count)]


def test_each_class_has_its_share_and_a_rare_class_its_only_image():
    chosen = Counter(row.class_name for row in sample(rows(a=80, b=40, c=1), 12, 0))
    assert chosen == {"a": 7, "b": 4, "c": 1}


def test_a_larger_sample_contains_the_smaller_one_of_the_same_seed():
    all_rows = rows(a=50, b=50)
    small, large = (set(sample(all_rows, count, 0)) for count in (10, 30))
    assert small < large and len(large) == 30
    assert set(sample(all_rows[::-1], 10, 0)) == small, "the order of the rows does not matter"
    assert set(sample(all_rows, 10, 1)) != small
    assert len(sample(all_rows, 1000, 0)) == 100


def test_the_smaller_folder_is_a_data_folder(scenes, tmp_path):
    data = read_data_folder(scenes, "classification")
    for count in (20, 10):
        write_limited_folder(data, count, 0, tmp_path / "less")
        less = read_data_folder(tmp_path / "less", "classification")
        assert len(less.images("train")) == count and len(less.images("val")) == 10
        assert set(Counter(less.labels("train")).values()) == {count // 5}
        assert less.classes == data.classes
    assert not list((tmp_path / "less").rglob("*.tmp"))
    with pytest.raises(SettingError, match="5 classes"):
        check_limit(data, 4)
