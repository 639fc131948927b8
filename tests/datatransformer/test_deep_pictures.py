"""Pictures of more than 8 bits keep what they show: the range of a set, values that mean nothing, and warnings."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from datatransformer.pictures.pixel_range import summarise
from tests.conftest import make_data_folder, run, table

GDAL_NODATA, SAMPLE_FORMAT = 42113, 339
SIZE = 32


def shades(number: int) -> np.ndarray:
    """A picture (32, 32) with all shades of 0..255 in each row, nearly; another one for each number."""
    ramp = np.linspace(0, 255, SIZE * SIZE).astype(np.uint16).reshape(SIZE, SIZE).T
    return np.roll(ramp, number, 1)


def save(root: Path, make: Callable[[np.ndarray], np.ndarray], suffix: str = ".tif", **tags: dict) -> Path:
    """Eight pictures in two class folders."""
    for number in range(8):
        folder = root / "ab"[number % 2]
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(make(shades(number))).save(folder / f"{number}{suffix}", **tags)
    return root


def made(data: Path) -> dict[int, np.ndarray]:
    """The pictures of the data folder by their number."""
    return {
        int(Path(row["source"]).stem): np.asarray(Image.open(data / row["image"]).convert("L"))
        for row in table(data / "manifest.csv")
    }


def transformed(raw: Path, **settings: object) -> tuple[dict[int, np.ndarray], str]:
    data = make_data_folder(raw.parent / "data", source="folders", raw_images=raw, **settings)
    return made(data), (data / "report.md").read_text()


def with_top_rows(value: float) -> Callable[[np.ndarray], np.ndarray]:
    def make(picture: np.ndarray) -> np.ndarray:
        picture = picture.astype(np.float32) + 300
        picture[:2] = value
        return picture

    return make


def test_the_value_that_the_file_calls_no_value_becomes_black(tmp_path):
    raw = save(tmp_path / "raw", with_top_rows(-9999), tiffinfo={GDAL_NODATA: "-9999"})
    pictures, report = transformed(raw)
    assert "300 to 555, were scaled by 300..555" in report.replace("\\", "")
    assert "8 pictures: pixels that have no value, as the file says, became black" in report
    for number, picture in pictures.items():
        assert (picture[:2] == 0).all()
        np.testing.assert_allclose(picture[2:], shades(number)[2:], atol=1)


def test_a_value_far_from_all_others_does_not_count(tmp_path):
    pictures, report = transformed(save(tmp_path / "raw", with_top_rows(-9999)))
    assert "The value -9999" in report and "--range=-9999,555" in report
    for number, picture in pictures.items():
        assert (picture[:2] == 0).all()
        np.testing.assert_allclose(picture[2:], shades(number)[2:], atol=1)
    (tmp_path / "other").mkdir()
    (tmp_path / "raw").rename(tmp_path / "other" / "raw")
    pictures, report = transformed(tmp_path / "other" / "raw", range=(-9999, 555))
    assert pictures[0][2:].min() > 240, "the remedy works"


def test_a_bright_spot_does_not_make_the_rest_black(tmp_path):
    def make(picture: np.ndarray) -> np.ndarray:
        picture = picture + 100
        picture[5:8, 5:8] = 60_000
        return picture.astype(np.uint16)

    pictures, report = transformed(save(tmp_path / "raw", make))
    assert "The value 60000" in report and "100 to 355" in report
    assert np.ptp(np.delete(pictures[0], slice(5, 8), 0)) > 120


@pytest.mark.parametrize("values", [[0, 65535], [0, 7, 50_000]])
def test_few_values_are_all_kept(values):
    picture = np.repeat(np.array(values, np.uint16), 50)
    assert summarise(picture, 16).outliers == []
    assert summarise(picture, 16).range() == (0, 65535)


def test_the_same_outlier_in_some_pictures_is_one_of_the_set():
    plain = np.arange(4096, dtype=np.uint16)
    hot = plain.copy()
    hot[0] = 65535
    summary = summarise(hot, 16).merge(summarise(plain, 16))
    assert summary.outliers == [65535] and summary.range() == (0, 4095)
    assert summary.merge(summarise(np.full(9, 40_000, np.uint16), 16)).outliers == []


@pytest.mark.parametrize(("offset", "factor"), [(7000, 5), (31_744, 8)])
def test_values_with_an_offset_keep_their_contrast(tmp_path, offset, factor):
    raw = save(tmp_path / "raw", lambda picture: (picture * factor + offset).astype(np.uint16), ".png")
    pictures, report = transformed(raw)
    assert f"scaled by {offset}..{offset + 255 * factor}" in report.replace("\\", "")
    np.testing.assert_allclose(pictures[3], shades(3), atol=1)


def test_bits_within_sixteen_still_count_from_zero(tmp_path):
    pictures, report = transformed(save(tmp_path / "raw", lambda picture: (picture * 16).astype(np.uint16)))
    assert "0..4095 (12 bits)" in report and "Warnings" not in report
    np.testing.assert_allclose(pictures[1], shades(1), atol=1)


def test_few_shades_are_a_warning_whose_remedy_works(tmp_path):
    """A few bright pixels of several values: nothing says that they mean nothing."""

    def make(picture: np.ndarray) -> np.ndarray:
        picture = picture.copy()
        picture[:1] = np.linspace(30_000, 65_535, SIZE)
        return picture.astype(np.uint16)

    pictures, report = transformed(save(tmp_path / "raw", make))
    assert "fewer than 32 of 256 shades" in report.replace("\\", "")
    remedy = report.partition("If it matters: --range=")[2].split()[0].rstrip(".")
    low, high = map(float, remedy.split(","))
    (tmp_path / "again").mkdir()
    (tmp_path / "raw").rename(tmp_path / "again" / "raw")
    pictures, report = transformed(tmp_path / "again" / "raw", range=(low, high))
    assert np.ptp(pictures[0][2:]) > 200 and "of 256" not in report


def test_a_range_that_leaves_nothing_is_refused(tmp_path):
    raw = save(tmp_path / "raw", lambda picture: (picture * 16).astype(np.uint16), ".png")
    flags = ("--raw-images", raw, "--data", tmp_path / "data")
    done = run("datatransformer", *flags, "--range", "5000,6000")
    assert done.code == 2 and "range = '5000,6000'" in done.err and "nearly all of their values are 0 to 40" in done.err
    for wrong in ("4095", "4095,0", "0,1,2"):
        done = run("datatransformer", *flags, "--range", wrong)
        assert done.code == 2 and "should be two numbers, the smaller one first, as 0,4095" in done.err
    assert run("datatransformer", *flags, "--range", "0,4080").code == 0
    np.testing.assert_allclose(made(tmp_path / "data")[0], shades(0), atol=1)


def test_signed_bytes_do_not_wrap(tmp_path):
    def make(picture: np.ndarray) -> np.ndarray:
        return (picture.astype(np.int16) - 128).astype(np.int8).view(np.uint8)

    pictures, report = transformed(save(tmp_path / "raw", make, tiffinfo={SAMPLE_FORMAT: 2}))
    assert "-128 to 127" in report
    np.testing.assert_array_equal(pictures[2], shades(2))


def test_half_precision_is_named(tmp_path):
    raw = save(tmp_path / "raw", lambda picture: (picture / 255).astype(np.float16).view(np.uint16),
               tiffinfo={SAMPLE_FORMAT: 3})  # fmt: skip
    done = run("datatransformer", "--raw-images", raw, "--data", tmp_path / "data")
    assert done.code == 1 and done.err.count("has floating-point numbers of 16 bits") == 1
    assert "no image is usable. The reason for all 8 files" in done.err and "save it with 32" in done.err
