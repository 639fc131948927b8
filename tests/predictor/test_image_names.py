"""Each image has its own files beside the CSV, whatever it is called, and its name alone decides which."""

import hashlib
from itertools import product
from pathlib import Path

import pytest

from predictor.image_names import fitting, image_path
from predictor.masks.annotations.picture import place_by_stem, place_of_part
from predictor.masks.annotations.yolo import name_of_copy

SUFFIXES = ("", ".jpg", ".png", ".PNG", ".tif", ".0001")
NAMES = [
    *(f"x{first}{second}{third}" for first, second, third in product(SUFFIXES, repeat=3)),
    "a..b.jpg", "a_b.jpg", "a/b.jpg", "a/../b.jpg", "b.jpg",
    *(letter * length + end for letter in "y\u00e9" for length in (120, 126, 127) for end in SUFFIXES),
    *("z" * 246 + middle + end for middle in ("1.jpg", "2.jpg") for end in SUFFIXES),
    "caf\udce9.jpg", "caf\udcea.jpg", "line\nfeed.jpg",
]  # fmt: skip


def test_paths():
    assert image_path(Path("out/p.csv"), "masks", "a/b.jpg") == Path("out/p.masks/a/b.jpg.png")
    assert image_path(Path("p.csv"), "masks", "b.png") == Path("p.masks/b.png")
    assert image_path(Path("p.csv"), "masks", "/../b.png") == Path("p.masks/_/b.png"), "inside the folder"
    assert image_path(Path("p.csv"), "masks", "b.jpg.png") == Path("p.masks/b.jpg.png.png")
    assert image_path(Path("p.csv"), "masks", "b") == Path("p.masks/b.png.png")
    assert image_path(Path("p.csv"), "masks", "a..b.jpg") == Path("p.masks/a..b.jpg.png")


def test_no_two_images_share_a_file(tmp_path):
    names = {name for name in NAMES if len(name.encode(errors="surrogateescape")) <= 255}
    paths = {image_path(tmp_path / "p.csv", "masks", name) for name in names}
    assert len(paths) == len(names)
    for number, path in enumerate(sorted(paths)):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(str(number))
    assert sorted(path for path in (tmp_path / "p.masks").rglob("*") if path.is_file()) == sorted(paths)


def test_a_name_that_is_too_long_gets_its_digest():
    name = "n" * 250 + ".jpg"
    digest = hashlib.sha256(name.encode()).hexdigest()[:16]
    assert fitting(name, ".png") == "n" * 200 + f"-{digest}.png"
    assert fitting("n" * 251, ".png") == "n" * 251 + ".png"


@pytest.mark.parametrize("suffix", [".json", ".txt"])
def test_annotations_of_no_two_images_share_a_file(suffix, tmp_path):
    names = ("a.jpg", "a.png", "a.jpg.png", "a.jpg.png.tif", "b.jpg", "b..c.jpg", "b_c.jpg", "l" * 250 + ".jpg")
    for name in names:
        (tmp_path / name).touch()
    places = {place_by_stem(tmp_path / "out", name, tmp_path / name, suffix) for name in names}
    assert len({str(place).casefold() for place in places}) == len(names)
    assert tmp_path / "out" / f"b{suffix}" in places, "as tools look for it"
    assert len({place_of_part(tmp_path, name) for name in NAMES}) == len(set(NAMES))


def test_copies_for_yolo_share_no_file():
    assert name_of_copy("images/a.jpg") == "images_/a.jpg"
    assert name_of_copy("images_/a.jpg") == "images__/a.jpg"
