"""Synthetic data sets: the same seed draws the same images, and masks match the images."""

import cv2
import numpy as np
import pytest

from config import DataTransformerConfig
from datatransformer.listing import RawImage
from datatransformer.pictures.drawing import Canvas, View, random_view
from datatransformer.pictures.scene_drawing import DRAW, SIGNS, draw_scene
from datatransformer.report import Report
from datatransformer.sources import scenes, squares
from tests.conftest import run, settings_of


def pixels(content: bytes) -> np.ndarray:
    return cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)


def test_every_scene_is_drawn():
    assert tuple(sorted(DRAW)) == scenes.SCENES


@pytest.mark.parametrize("scene", scenes.SCENES)
def test_a_scene_has_an_image_and_its_mask(scene):
    first, again, other = (draw_scene(scene, 64, (0, seed)) for seed in (1, 1, 2))
    assert first == again and first.image.content != other.image.content and first.mask != other.mask
    image, mask = pixels(first.image.content), pixels(first.mask)
    assert image.shape == (64, 64, 3) and mask.shape == (64, 64)
    assert mask.max() < len(scenes.THINGS) and len(np.unique(mask)) >= 2


@pytest.mark.parametrize("scene", scenes.SCENES)
def test_the_signs_of_a_scene_are_seen(scene):
    masks = [pixels(draw_scene(scene, 64, (0, seed)).mask) for seed in range(10)]
    shares = [np.bincount(mask.ravel(), minlength=len(scenes.THINGS)) / mask.size for mask in masks]
    assert sum(all(seen[thing] >= least for thing, least in SIGNS[scene]) for seen in shares) >= 9


def test_brightness_does_not_tell_a_scene():
    brightness = {
        scene: [pixels(draw_scene(scene, 48, (0, seed)).image.content).mean() for seed in range(20)]
        for scene in scenes.SCENES
    }
    assert max(map(min, brightness.values())) < min(map(max, brightness.values()))


def test_a_view_shows_the_same_part_of_image_and_mask():
    canvas = Canvas(100, np.random.default_rng(0))
    canvas.polygon([(0.3, 0.2), (0.8, 0.4), (0.4, 0.9)], 1, (200, 200, 200))
    canvas.look_closer(View(0.45, 0.5, 0.7, 0.1))
    assert 1000 < canvas.mask.sum() < 9000 and canvas.image.shape == (100, 100, 3) and canvas.mask.shape == (100, 100)
    assert np.mean((canvas.image[..., 0] >= 100) != canvas.mask) < 0.01, "they differ at edges alone"


@pytest.mark.parametrize("seed", range(20))
def test_a_view_lies_within_the_image(seed):
    view = random_view(np.random.default_rng(seed), 0.3, 0.2)
    corners = view.side / 2 * np.array([(-1, -1), (-1, 1), (1, -1), (1, 1)])
    turn = np.array([(np.cos(view.tilt), -np.sin(view.tilt)), (np.sin(view.tilt), np.cos(view.tilt))])
    places = corners @ turn.T + (view.x, view.y)
    assert places.min() >= -1e-9 and places.max() <= 1 + 1e-9


def test_drawing_draws_each_image_once_and_when_it_is_needed(monkeypatch):
    drawn = []
    monkeypatch.setitem(DRAW, "beach", lambda canvas, random: drawn.append(canvas.size))
    listing = scenes.read(settings_of(DataTransformerConfig, "--source", "scenes", "--pictures", "1000"), Report())
    images = [entry for entry in listing.entries if isinstance(entry, RawImage)]
    assert len(images) == 1000 and not drawn
    listing.make_pair(images[0])
    assert drawn == [160]


def test_squares_have_two_flat_colours_and_known_sides():
    listing = squares.read(settings_of(DataTransformerConfig, "--source", "squares"), Report())
    images = list(listing.entries)
    assert [image.split for image in images] == ["train"] * 100 + ["val"] * 100
    for image in images[:5]:
        pair = listing.make_pair(image)
        content, mask = pixels(pair.image.content), pixels(pair.mask)
        assert content.shape == (512, 512, 3) and mask.shape == (512, 512)
        rows, columns = np.nonzero(mask)
        height, width = np.ptp(rows) + 1, np.ptp(columns) + 1
        assert height == width and 90 <= height <= 100 and mask.sum() == height * width
        assert len(np.unique(content.reshape(-1, 3), axis=0)) == 2, "two flat colours"


def test_squares_on_disk(tmp_path):
    done = run("datatransformer", "--source", "squares", "--pictures", 10, "--data", tmp_path / "data")
    assert done.code == 0, done.err
    for split in ("train", "val"):
        images = sorted((tmp_path / "data" / split / "images").iterdir())
        masks = sorted((tmp_path / "data" / split / "masks").iterdir())
        assert [path.name for path in images] == [path.name for path in masks] and len(images) == 5
    assert (tmp_path / "data" / "classes.csv").read_text() == "index,name\n0,ground\n1,square\n"
