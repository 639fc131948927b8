"""Each image is in one shard, and digests identify sets of names."""

from pathlib import Path

import pytest

from predictor.images import ImageFile
from predictor.shards import Shard, digest_names, find_shards, read_shard, sum_digests
from settings import SettingError


@pytest.mark.parametrize("of", [1, 2, 3, 7])
@pytest.mark.parametrize("total", [0, 1, 6, 7, 20])
def test_each_image_is_in_one_shard_and_sizes_differ_by_one(total, of):
    images = [ImageFile(Path(f"{number:02d}.jpg"), f"{number:02d}.jpg") for number in range(total)]
    selected = [shard.select(lambda: iter(images)) for shard in Shard(1, of, Path("p.csv")).all()]
    parts = [list(list_own()) for list_own, _ in selected]
    assert [image for part in parts for image in part] == images
    assert max(map(len, parts)) - min(map(len, parts)) <= 1
    assert [note["own"][0] for _, note in selected] == list(map(len, parts))
    assert len({str(note["pictures"]) for _, note in selected}) == 1


def test_digests_identify_names_regardless_of_their_order():
    names = [f"{number}.jpg" for number in range(50)]
    assert digest_names(names) == digest_names(reversed(names))
    assert digest_names(names) == sum_digests([digest_names(names[:20]), digest_names(names[20:])])
    assert digest_names(names) != digest_names([*names[:-1], names[0]]), "one twice, one missing"
    assert digest_names(["=a.jpg"]) == digest_names(["'=a.jpg"]), "as the CSV escapes it"


@pytest.mark.parametrize("text", ["0/3", "4/3", "1", "1/", "/3", "a/b", "1/0", "-1/3", "1/3/4", "²/3"])
def test_wrong_shards(text):
    with pytest.raises(SettingError, match=r"shard = .*should be I/N"):
        read_shard(text, Path("p.csv"))


def test_shards_are_found_by_the_names_of_their_outputs(tmp_path):
    for name in ("p-2-of-2.csv", "p-1-of-2.csv", "p.csv", "p-1-of-2.rejected.csv", "q-1-of-2.csv"):
        (tmp_path / name).touch()
    assert [shard.output.name for shard in find_shards(tmp_path / "p.csv")] == ["p-1-of-2.csv", "p-2-of-2.csv"]
    assert find_shards(tmp_path / "missing" / "p.csv") == []
