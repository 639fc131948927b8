"""The drawn data sets: seeded, fast, and what they say they are."""

import time
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from datatransformer.sources import scenes, squares


def pixels(content: bytes) -> np.ndarray:
    return cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)


@pytest.mark.parametrize("scene", sorted(scenes.SCENES))
def test_a_scene_has_a_picture_and_its_mask(scene):
    drawn = scenes.draw(scene, 64, (0, 1))
    again, other = scenes.draw(scene, 64, (0, 1)), scenes.draw(scene, 64, (0, 2))
    assert drawn == again and drawn.image.content != other.image.content and drawn.mask != other.mask
    picture, mask = pixels(drawn.image.content), pixels(drawn.mask)
    assert picture.shape == (64, 64, 3) and mask.shape == (64, 64)
    assert mask.max() < len(scenes.THINGS) and len(np.unique(mask)) >= 2


def test_a_thousand_scenes_take_less_than_twenty_seconds():
    begin = time.process_time()
    for number in range(100):
        scenes.draw(sorted(scenes.SCENES)[number % 5], 160, (0, number))
    assert (time.process_time() - begin) * 10 < 20


def test_squares_are_those_of_s3():
    listing = squares.read(SimpleNamespace(pictures=None, picture_size=None, seed=0))
    pictures = list(listing.entries)
    assert [picture.split for picture in pictures] == ["train"] * 100 + ["val"] * 100
    for picture in pictures[:5]:
        drawn = listing.draw(picture)
        image, mask = pixels(drawn.image.content), pixels(drawn.mask)
        assert image.shape == (512, 512, 3) and mask.shape == (512, 512)
        rows, columns = np.nonzero(mask)
        height, width = np.ptp(rows) + 1, np.ptp(columns) + 1
        assert height == width and 90 <= height <= 100 and mask.sum() == height * width
        assert len(np.unique(image.reshape(-1, 3), axis=0)) == 2, "two flat colours"


def test_squares_on_disk(tmp_path):
    from tests.conftest import run

    done = run("datatransformer", "--source", "squares", "--pictures", 10, "--data", tmp_path / "data")
    assert done.code == 0, done.err
    for split in ("train", "val"):
        images = sorted((tmp_path / "data" / split / "images").iterdir())
        masks = sorted((tmp_path / "data" / split / "masks").iterdir())
        assert [path.name for path in images] == [path.name for path in masks] and len(images) == 5
    assert (tmp_path / "data" / "classes.csv").read_text() == "index,name\n0,ground\n1,square\n"
