"""Regions by methods that do not learn, and the classes that they get from training masks alone."""

import csv
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from config import ClassicalConfig, DataTransformerConfig
from datatransformer.transformer import DataTransformer
from segmentation import regions
from segmentation.classical import METHODS, classical
from segmentation.codebook import describe, make_codebook, votes
from settings import SettingError
from tests.conftest import ROOT, run

COLOURS = np.array([(30, 30, 60), (200, 60, 40), (60, 170, 70), (230, 230, 240)], np.uint8)
"""Of four bands, from dark to bright in gray."""


def bands(height: int = 60, width: int = 80) -> tuple[np.ndarray, np.ndarray]:
    """A picture of four upright bands with noise, and their numbers."""
    truth = np.repeat(np.arange(4), width // 4)[None].repeat(height, axis=0)
    noise = np.random.default_rng(0).integers(-6, 7, (height, width, 3))
    return np.clip(COLOURS[truth] + noise, 0, 255).astype(np.uint8), truth


def settings(*flags: object) -> ClassicalConfig:
    return ClassicalConfig(_cli_parse_args=[str(flag) for flag in flags])


def table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def masks(tmp_path_factory) -> Path:
    """20 drawn scenes of 48x48 pixels with masks."""
    data = tmp_path_factory.mktemp("masks") / "data"
    DataTransformer(
        DataTransformerConfig(source="scenes", task="segmentation", pictures=20, picture_size=48, data=data)
    ).run()
    return data


# ---- The methods -----------------------------------------------------------------------------------------------------


def test_bands_of_colour_are_found():
    picture, truth = bands()
    inside = np.arange(80) % 20
    inside = (inside > 4) & (inside < 15)  # away from the borders, which blur
    found = {
        "mean-shift": regions.mean_shift(picture, 4, 5, 20.0),
        "kmeans": regions.kmeans(picture, 4, 0),
        "histogram": regions.histogram(picture, 4),
        "canny": regions.canny(picture, 4),
    }
    for method, labels in found.items():
        assert labels.shape == truth.shape and labels.dtype == np.int32
        pairs = np.unique(np.stack([labels[:, inside].ravel(), truth[:, inside].ravel()]), axis=1)
        assert pairs.shape[1] == 4 and len(set(pairs[0])) == 4, method
        if method in ("kmeans", "histogram"):
            assert (pairs[0] == pairs[1]).all(), "the darkest first"


def test_otsu_parts_dark_from_bright_by_the_best_of_all_thresholds():
    """The threshold is the one that leaves the least variance within the two parts, by trying all."""
    picture, _ = bands()
    gray = cv2.GaussianBlur(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), (5, 5), 0).astype(float)

    def variance(threshold: int) -> float:
        parts = (gray[gray <= threshold], gray[gray > threshold])
        return sum(part.size * part.var() for part in parts if part.size)

    best = min(range(256), key=variance)
    np.testing.assert_array_equal(regions.otsu(picture), gray > best)


@pytest.mark.parametrize("shape", [(1, 1), (8, 400), (2, 3), (33, 1)])
@pytest.mark.parametrize("method", METHODS)
def test_pictures_of_any_size_and_of_one_colour(method, shape):
    function, parameters = METHODS[method]
    for picture in (
        np.full((*shape, 3), 77, np.uint8),
        np.random.default_rng(0).integers(0, 256, (*shape, 3), np.uint8),
    ):
        labels = function(picture, **parameters)
        assert labels.shape == shape and 0 <= labels.min() <= labels.max() < parameters.get("regions", 2)
        described = describe(picture, labels)
        assert described.features.shape == (described.regions.max() + 1, 5) and described.areas.sum() == labels.size


def test_the_largest_regions_take_in_the_others():
    labels = np.array([[5, 5, 5, 5, 2, 2, 2], [5, 5, 5, 3, 1, 2, 2]])
    np.testing.assert_array_equal(regions.largest(labels, 2), [[0, 0, 0, 0, 1, 1, 1], [0, 0, 0, 0, 1, 1, 1]])
    assert set(np.unique(regions.largest(labels, 9))) == {0, 1, 2, 3}


def test_what_does_not_touch_is_two_regions():
    parts = regions.connected(np.array([[0, 1, 0], [0, 1, 0], [1, 0, 0]], np.int32))
    assert len(np.unique(parts)) == 4 and parts.max() == 3
    assert parts[0, 0] != parts[0, 2] and parts[0, 1] != parts[2, 0]


# ---- Classes for regions ---------------------------------------------------------------------------------------------


def test_words_have_the_class_of_most_pixels_and_void_has_no_vote():
    picture, truth = bands()
    truth = truth.astype(np.uint8)
    mostly = truth.copy()
    mostly[:10] = 255
    mostly[10:20] = 0
    described = describe(picture, truth.astype(np.int32))
    counts = votes(described.regions, mostly, 4)
    assert counts.sum() == 50 * 80
    book = make_codebook([(described.features, described.areas, counts)], seed=0)
    np.testing.assert_array_equal(book.mask(described), truth)


def test_regions_are_described_by_colour_and_place():
    picture, truth = np.zeros((10, 20, 3), np.uint8), np.zeros((10, 20), np.int32)
    picture[:, 10:], truth[:, 10:] = 255, 1
    features = describe(picture, truth).features
    np.testing.assert_allclose(features, [[0, 128, 128, 0.5, 0.25], [255, 128, 128, 0.5, 0.75]], atol=1e-4)


# ---- The command -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
def test_evaluated_by_matching_with_the_training_masks(method, masks, tmp_path):
    classical(settings("--method", method, "--evaluate", masks, "--output", tmp_path / "c.csv"))
    summary = {row["measure"]: float(row["value"]) for row in table(tmp_path / "c.evaluation" / "summary.csv")}
    right, pixels = 0, 0
    for row in table(tmp_path / "c.csv"):
        name = Path(row["image"]).stem
        truth = cv2.imread(str(masks / "val" / "masks" / f"{name}.png"), cv2.IMREAD_GRAYSCALE)
        mask = cv2.imread(str(tmp_path / "c.masks" / f"{row['image']}.png"), cv2.IMREAD_GRAYSCALE)
        right, pixels = right + ((mask == truth) & (truth != 255)).sum(), pixels + (truth != 255).sum()
    assert summary["accuracy"] == pytest.approx(right / pixels, abs=1e-6)
    names = [row["name"] for row in table(masks / "classes.csv")]
    assert list(table(tmp_path / "c.csv")[0])[3:] == [f"share {name}" for name in names]
    if method == "kmeans":
        assert summary["accuracy"] > 0.7


def test_the_truth_of_what_is_segmented_is_not_looked_at(masks, tmp_path):
    """Other masks for validation change the scores, but not one pixel of what is written."""
    classical(settings("--method", "kmeans", "--evaluate", masks, "--output", tmp_path / "c.csv"))
    classical(settings("--method", "kmeans", "--match", masks, "--test-images", masks / "val",
                       "--output", tmp_path / "m.csv"))  # fmt: skip
    written = sorted((tmp_path / "c.masks").rglob("*.png"))
    assert written
    for mask in written:
        other = tmp_path / "m.masks" / mask.relative_to(tmp_path / "c.masks")
        assert mask.read_bytes() == other.read_bytes()


def test_broken_pictures_and_no_tensorflow(shared, tmp_path):
    flags = ["--method", "canny", "--test-images", shared / "broken", "--output", tmp_path / "c.csv",
             "--mask-files", "index,colour,overlay", "--regions", 20]  # fmt: skip
    done = run("segmentation.classical", *flags)
    assert done.code == 0 and "could not be read" in done.err
    rows = table(tmp_path / "c.csv")
    assert len(rows) == 18 and len(table(tmp_path / "c.rejected.csv")) == 4
    assert list(rows[0])[:4] == ["image", "height", "width", "share region 0"] and len(rows[0]) == 23
    for row in rows:
        assert sum(float(value) for key, value in row.items() if key.startswith("share ")) == pytest.approx(1, abs=1e-4)
    assert len(list((tmp_path / "c.overlays").iterdir())) == len(list((tmp_path / "c.colours").iterdir())) == 18
    assert "is whole" in run("segmentation.classical", *flags).out
    code = "import sys, config; from segmentation.classical import classical"
    code += "; classical(config.ClassicalConfig(_cli_parse_args=sys.argv[1:]))"
    code += "; assert not {'tensorflow', 'keras'} & set(sys.modules)"
    argv = [sys.executable, "-c", code, *map(str, flags), "--overwrite"]
    subprocess.run(argv, cwd=ROOT, check=True, capture_output=True)


def test_it_goes_on_where_it_stopped(masks, tmp_path, capsys):
    flags = ("--method", "otsu", "--match", masks, "--test-images", masks / "train", "--output", tmp_path / "c.csv")
    classical(settings(*flags))
    whole = (tmp_path / "c.csv").read_text()
    (tmp_path / "c.csv").write_text("".join(whole.splitlines(keepends=True)[:4]))
    classical(settings(*flags))
    assert "Going on after 3 of" in capsys.readouterr().out and (tmp_path / "c.csv").read_text() == whole
    with pytest.raises(SettingError, match="--overwrite"):
        classical(settings(*flags, "--seed", 1))


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--method", "otsu", "--regions", 3], "regions = '3': would change nothing: otsu has no settings"),
        (["--method", "canny", "--colour-radius", 3], "colour_radius = '3.0'.*canny has regions"),
        (["--method", "histogram", "--seed", 1], "seed = '1'"),
        (["--match", "nowhere"], "match = 'nowhere': there is no such folder"),
        (["--evaluate", "nowhere"], "evaluate = 'nowhere'"),
        (["--test-images", "nowhere"], "test_images = 'nowhere'"),
        (["--output", "/"], "output"),
    ],
)
def test_wrong_settings(flags, words, tmp_path):
    with pytest.raises(SettingError, match=words):
        classical(settings("--output", tmp_path / "c.csv", *flags))


def test_classes_of_another_data_folder_are_refused(masks, tmp_path):
    other = tmp_path / "other"
    DataTransformer(DataTransformerConfig(source="squares", pictures=10, picture_size=128, data=other)).run()
    with pytest.raises(SettingError, match="has other classes than"):
        classical(settings("--evaluate", masks, "--match", other, "--output", tmp_path / "c.csv"))
