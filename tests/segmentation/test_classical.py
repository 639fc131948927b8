"""Classical methods, the classes that regions get from training masks, and the command."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from config import ClassicalConfig
from segmentation import classical_methods
from segmentation.classical import DEFAULTS, classical
from segmentation.classical_task import METHODS
from segmentation.codebook import RegionVotes, count_votes, describe_regions, make_codebook
from settings import NothingDone, SettingError, Settings
from tests.conftest import make_data_folder, noise, run, run_code, settings_of, table

COLOURS = np.array([(30, 30, 60), (200, 60, 40), (60, 170, 70), (230, 230, 240)], np.uint8)
"""Colours of four bands, from dark to bright in gray."""


def bands(height: int = 60, width: int = 80) -> tuple[np.ndarray, np.ndarray]:
    """An image of four upright bands with noise, and the number of the band of each pixel."""
    numbers = np.repeat(np.arange(4), width // 4)[None].repeat(height, axis=0)
    noise = np.random.default_rng(0).integers(-6, 7, (height, width, 3))
    return np.clip(COLOURS[numbers] + noise, 0, 255).astype(np.uint8), numbers


def segment(*flags: object) -> dict[str, object]:
    """Runs the command in this process. Returns what `--json` prints."""
    return dict(classical(settings_of(ClassicalConfig, *flags)))


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    """A data folder of 20 synthetic scenes of 48x48 pixels with masks."""
    folder = tmp_path_factory.mktemp("masks") / "data"
    return make_data_folder(
        folder, source="scenes", task="segmentation", pictures=20, picture_size=48, test_fraction=0.2
    )


# ---- The methods -----------------------------------------------------------------------------------------------------


def test_bands_of_colour_are_found():
    image, numbers = bands()
    inside = np.arange(80) % 20
    inside = (inside > 4) & (inside < 15)  # away from the borders, which are blurred
    found = {
        "mean-shift": classical_methods.mean_shift(image, 4, 5, 20.0),
        "kmeans": classical_methods.kmeans(image, 4, 0),
        "histogram": classical_methods.histogram(image, 4),
        "canny": classical_methods.canny(image, 4),
    }
    for method, labels in found.items():
        assert labels.shape == numbers.shape and labels.dtype == np.int32
        pairs = np.unique(np.stack([labels[:, inside].ravel(), numbers[:, inside].ravel()]), axis=1)
        assert pairs.shape[1] == 4 and len(set(pairs[0])) == 4, method
        if method in ("kmeans", "histogram"):
            assert (pairs[0] == pairs[1]).all(), "the darkest first"


def test_otsu_uses_the_best_of_all_thresholds():
    """The best threshold leaves the least variance within dark and bright pixels."""
    image, _ = bands()
    gray = cv2.GaussianBlur(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), (5, 5), 0).astype(float)

    def variance(threshold: int) -> float:
        parts = (gray[gray <= threshold], gray[gray > threshold])
        return sum(part.size * part.var() for part in parts if part.size)

    best = min(range(256), key=variance)
    np.testing.assert_array_equal(classical_methods.otsu(image), gray > best)


@pytest.mark.parametrize("shape", [(1, 1), (8, 400), (2, 3), (33, 1)])
@pytest.mark.parametrize("method", METHODS)
def test_images_of_any_size_and_of_one_colour(method, shape):
    function, defaults = METHODS[method], DEFAULTS[method]
    for image in (
        np.full((*shape, 3), 77, np.uint8),
        noise(*shape, 3),
    ):
        labels = function(image, **defaults)
        assert labels.shape == shape and 0 <= labels.min() <= labels.max() < defaults.get("regions", 2)
        regions = describe_regions(image, labels)
        assert regions.features.shape == (regions.numbers.max() + 1, 5) and regions.areas.sum() == labels.size


def test_small_regions_join_the_nearest_large_one():
    labels = np.array([[5, 5, 5, 5, 2, 2, 2], [5, 5, 5, 3, 1, 2, 2]])
    largest = classical_methods.keep_largest(labels, 2)
    np.testing.assert_array_equal(largest, [[0, 0, 0, 0, 1, 1, 1], [0, 0, 0, 0, 1, 1, 1]])
    assert set(np.unique(classical_methods.keep_largest(labels, 9))) == {0, 1, 2, 3}


def test_unconnected_parts_become_regions():
    parts = classical_methods.split_unconnected(np.array([[0, 1, 0], [0, 1, 0], [1, 0, 0]], np.int32))
    assert len(np.unique(parts)) == 4 and parts.max() == 3
    assert parts[0, 0] != parts[0, 2] and parts[0, 1] != parts[2, 0]


# ---- Classes of regions ----------------------------------------------------------------------------------------------


def test_a_word_has_the_class_of_most_pixels_and_void_has_no_vote():
    image, numbers = bands()
    expected = numbers.astype(np.uint8)
    mask = expected.copy()
    mask[:10] = 255
    mask[10:20] = 0
    regions = describe_regions(image, numbers.astype(np.int32))
    votes = count_votes(regions.numbers, mask, 4)
    assert votes.sum() == 50 * 80
    codebook = make_codebook([RegionVotes(regions.features, regions.areas, votes)], seed=0)
    np.testing.assert_array_equal(codebook.mask(regions), expected)


def test_regions_are_described_by_colour_and_position():
    image, numbers = np.zeros((10, 20, 3), np.uint8), np.zeros((10, 20), np.int32)
    image[:, 10:], numbers[:, 10:] = 255, 1
    features = describe_regions(image, numbers).features
    np.testing.assert_allclose(features, [[0, 128, 128, 0.5, 0.25], [255, 128, 128, 0.5, 0.75]], atol=1e-4)


# ---- The command -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
def test_the_scores_are_those_of_the_written_masks(method, data, tmp_path):
    result = segment("--method", method, "--evaluate", data, "--output", tmp_path / "c.csv")
    summary = {row["measure"]: float(row["value"]) for row in table(tmp_path / "c.evaluation" / "summary.csv")}
    right, pixels = 0, 0
    rows = table(tmp_path / "c.csv")
    for row in rows:
        name = Path(row["image"]).stem
        truth = cv2.imread(str(data / "val" / "masks" / f"{name}.png"), cv2.IMREAD_GRAYSCALE)
        mask = cv2.imread(str(tmp_path / "c.masks" / f"{row['image']}.png"), cv2.IMREAD_GRAYSCALE)
        right, pixels = right + ((mask == truth) & (truth != 255)).sum(), pixels + (truth != 255).sum()
    assert summary["accuracy"] == pytest.approx(right / pixels, abs=1e-6)
    names = [row["name"] for row in table(data / "classes.csv")]
    assert list(rows[0])[3:] == [f"share {name}" for name in names]
    assert result["scores"] == pytest.approx(summary, abs=1e-6)
    assert (result["output"], result["images"], result["rejected"]) == (tmp_path / "c.csv", len(rows), 0)
    if method == "kmeans":
        assert summary["accuracy"] > 0.4, "the largest class has 0.22 of the pixels"


def test_masks_do_not_depend_on_the_true_masks_of_the_same_images(data, tmp_path):
    segment("--method", "histogram", "--evaluate", data, "--output", tmp_path / "c.csv")
    segment("--method", "histogram", "--match", data, "--test-images", data / "val", "--output", tmp_path / "m.csv")
    written = sorted((tmp_path / "c.masks").rglob("*.png"))
    assert written
    for mask in written:
        other = tmp_path / "m.masks" / mask.relative_to(tmp_path / "c.masks")
        assert mask.read_bytes() == other.read_bytes()


def test_unreadable_images_are_listed_and_tensorflow_is_not_imported(shared, tmp_path):
    flags = ["--method", "canny", "--test-images", shared / "broken", "--output", tmp_path / "c.csv",
             "--mask-files", "index,colour,overlay", "--regions", 20]  # fmt: skip
    done = run("segmentation.classical", *flags, "--json")
    assert done.code == 0 and "could not be read" in done.err
    printed = json.loads(done.out)
    assert (printed["output"], printed["images"], printed["rejected"]) == (str(tmp_path / "c.csv"), 18, 4)
    rows = table(tmp_path / "c.csv")
    assert len(rows) == 18 and len(table(tmp_path / "c.rejected.csv")) == 4
    assert list(rows[0])[:4] == ["image", "height", "width", "share region 0"] and len(rows[0]) == 23
    for row in rows:
        assert sum(float(value) for key, value in row.items() if key.startswith("share ")) == pytest.approx(1, abs=1e-4)
    assert len(list((tmp_path / "c.overlays").iterdir())) == len(list((tmp_path / "c.colours").iterdir())) == 18
    code = "import sys, config; from segmentation.classical import classical"
    code += "; result = classical(config.ClassicalConfig(_cli_parse_args=sys.argv[1:]))"
    code += "; assert not {'tensorflow', 'keras'} & set(sys.modules); assert result['images'] == 18"
    done = run_code(code, *flags, "--overwrite")
    assert done.code == 0, done.err


def test_it_resumes_where_it_stopped(data, tmp_path, caplog):
    caplog.set_level("INFO", "scenelab")
    flags = ("--method", "otsu", "--match", data, "--test-images", data / "train", "--output", tmp_path / "c.csv")
    first = segment(*flags)
    complete = (tmp_path / "c.csv").read_text()
    (tmp_path / "c.csv").write_text("".join(complete.splitlines(keepends=True)[:4]))
    assert segment(*flags) == first
    assert "Resuming after 3 of" in caplog.text and (tmp_path / "c.csv").read_text() == complete
    assert segment(*flags) == first and "is complete" in caplog.text
    with pytest.raises(SettingError, match="--overwrite"):
        segment(*flags, "--seed", 1)


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--match", "nowhere"], "match = 'nowhere': there is no such folder"),
        (["--evaluate", "nowhere"], "evaluate = 'nowhere'"),
        (["--test-images", "nowhere"], "test_images = 'nowhere'"),
        (["--output", "/"], "output"),
    ],
)
def test_wrong_settings(flags, words, tmp_path):
    with pytest.raises(SettingError, match=words):
        segment("--output", tmp_path / "c.csv", *flags)


def test_a_data_folder_with_other_classes_is_refused(data, squares, tmp_path):
    with pytest.raises(SettingError, match=r"match = .*has other classes than"):
        segment("--evaluate", data, "--match", squares, "--output", tmp_path / "c.csv")


# ---- Every setting has an effect or is refused -----------------------------------------------------------------------

DATA = "DATA"
"""A placeholder for the data folder."""

CHANGES: dict[str, list[tuple[list[object], list[object]]]] = {
    "test_images": [([], ["--test-images", f"{DATA}/train"])],
    "evaluate": [([], ["--evaluate", DATA])],
    "split": [(["--evaluate", DATA], ["--split", "test"])],
    "match": [([], ["--match", DATA])],
    "method": [([], ["--method", method]) for method in METHODS if method != "otsu"],
    "regions": [(["--method", method], ["--regions", 3]) for method in METHODS if method != "otsu"],
    "spatial_radius": [(["--method", "mean-shift", "--colour-radius", 30], ["--spatial-radius", 1])],
    "colour_radius": [(["--method", "mean-shift"], ["--colour-radius", 60])],
    "output": [([], ["--output", "other.csv"])],
    "mask_files": [([], ["--mask-files", "colour"]), (["--evaluate", DATA], ["--mask-files", "colour"])],
    "seed": [(["--method", "kmeans", "--regions", 20], ["--seed", 1]), (["--match", DATA], ["--seed", 1])],
}
"""For each field: flags, and more flags that must change the output files."""

REFUSED: dict[str, list[list[object]]] = {
    "test_images": [["--evaluate", DATA, "--test-images", DATA]],
    "regions": [["--method", "otsu", "--regions", 3]],
    "spatial_radius": [["--method", name, "--spatial-radius", 3] for name in METHODS if name != "mean-shift"],
    "colour_radius": [["--method", name, "--colour-radius", 3] for name in METHODS if name != "mean-shift"],
    "seed": [["--method", name, "--seed", 1] for name in METHODS if name != "kmeans"],
}
"""For each field: flags with which it would have no effect."""

TESTED_ELSEWHERE = ("workers", "overwrite", "max_pixels")
OWN_FIELDS = [field for field in ClassicalConfig.model_fields if field not in Settings.model_fields]


def with_data(flags: list[object], data: Path) -> list[str]:
    return [str(flag).replace(DATA, str(data)) for flag in flags]


def files_of(folder: Path, data: Path, monkeypatch, flags: list[object]) -> dict[str, bytes]:
    """Runs the command in `folder`. Returns the files that it writes."""
    folder.mkdir()
    monkeypatch.chdir(folder)
    base = [] if "--evaluate" in flags else ["--test-images", data / "val"]
    segment(*base, "--method", "otsu", "--output", "c.csv", *with_data(flags, data))
    files = [path for path in folder.rglob("*") if path.is_file() and not path.name.startswith(".")]
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


@pytest.mark.parametrize("field", OWN_FIELDS)
def test_every_setting_has_an_effect_or_is_refused(field, data, tmp_path, monkeypatch):
    assert field in CHANGES or field in TESTED_ELSEWHERE, "a new field needs a test"
    monkeypatch.setattr("segmentation.codebook.WORDS", 4)  # fewer than there are regions, so the seed matters
    for number, (flags, more) in enumerate(CHANGES.get(field, [])):
        before = files_of(tmp_path / f"before-{number}", data, monkeypatch, flags)
        after = files_of(tmp_path / f"after-{number}", data, monkeypatch, [*flags, *more])
        assert before and after and before != after, more
    for flags in REFUSED.get(field, []):
        with pytest.raises(SettingError, match=f"^{field} = ") as error:
            segment("--output", tmp_path / "c.csv", *with_data(flags, data))
        assert len(error.value.errors) == 1


def test_images_beyond_the_limit_of_pixels_are_rejected(data, tmp_path):
    with pytest.raises(NothingDone, match="could be read"):
        segment("--method", "otsu", "--test-images", data / "val", "--output", tmp_path / "c.csv", "--max-pixels", 9)
    assert "and at most 9 pixels are read (--max-pixels" in (tmp_path / "c.rejected.csv").read_text()


def test_workers_is_the_number_of_images_in_work(data, tmp_path, monkeypatch):
    from concurrent.futures import ThreadPoolExecutor

    started = []

    class Pool(ThreadPoolExecutor):
        def __init__(self, workers: int):
            started.append(workers)
            super().__init__(workers)

    monkeypatch.setattr("storage.parallel.ThreadPoolExecutor", Pool)
    segment("--method", "otsu", "--match", data, "--test-images", data / "val", "--output", tmp_path / "c.csv",
            "--workers", 3)  # fmt: skip
    assert started == [3, 3], "for matching and for segmenting"


def test_wrong_settings_are_refused_before_opencv_is_imported(tmp_path):
    code = "import sys; from command import run; from segmentation.classical import classical\n"
    code += "try: run('test', 'ClassicalConfig', classical)\n"
    code += "finally: assert not {'cv2', 'matplotlib', 'numpy'} & set(sys.modules)"
    done = run_code(code, "--method", "otsu", "--regions", 3, "--output", tmp_path / "c.csv")
    assert done.code == 2 and "regions = '3'" in done.err, done.err


def test_overwrite_replaces_an_output(data, tmp_path):
    flags = ("--test-images", data / "val", "--output", tmp_path / "c.csv", "--method")
    segment(*flags, "otsu")
    otsu = (tmp_path / "c.csv").read_text()
    with pytest.raises(SettingError, match=r"output = .*--overwrite"):
        segment(*flags, "kmeans")
    segment(*flags, "kmeans", "--overwrite")
    assert (tmp_path / "c.csv").read_text() != otsu
