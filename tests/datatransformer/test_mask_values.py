"""What the values of gray masks mean: read where one reading makes sense, else refused with a remedy that works."""

import json

import cv2
import numpy as np
import pytest
from PIL import Image

from datatransformer.masks.report import TITLE
from settings import SettingError
from tests.conftest import table
from tests.datatransformer.mask_codings import (
    check_masks,
    coded,
    disc,
    smooth,
    some,
    three,
    transform,
    with_pixels,
    write_masks,
)

BINARY = {0: "background", 1: "object"}


def small_smooth(number: int) -> np.ndarray:
    """A smooth object of five pixels in three of twenty masks."""
    values = np.zeros((256, 256), np.uint8)
    if number % 7 == 1:
        values[50:56, 50 + number : 56 + number] = 255
    return np.array(Image.fromarray(values).resize((200, 200), Image.Resampling.BILINEAR))


def halved(white: int):
    """Two levels with three more on edges, as halving the size makes them."""

    def make(number: int) -> np.ndarray:
        return np.array(Image.fromarray(disc(number, 128) * np.uint8(white)).resize((64, 64), Image.Resampling.BOX))

    return make


def brats(number: int) -> np.ndarray:
    return np.where((three(number) == 2) & (np.arange(64) % 2 == 0), 3, three(number)).astype(np.uint8)


def instances(number: int) -> np.ndarray:
    values = np.zeros((64, 64), np.uint16)
    for row in range(6):
        values[4 + 9 * row : 10 + 9 * row, 4:40] = 1000 * row + number + 1
    return values


def bordered(number: int) -> np.ndarray:
    values = three(number)
    values[:4] = 255
    return values


READ = {
    "small smooth objects in few masks": (small_smooth, lambda i: small_smooth(i) // 128, None, BINARY, 20),
    "the same, named": (small_smooth, lambda i: small_smooth(i) // 128, "bg lesion", {0: "bg", 1: "lesion"}, 20),
    "three levels on edges": (halved(255), lambda i: halved(255)(i) // 128, "bg cell", {0: "bg", 1: "cell"}),
    "a stray value": (with_pixels(disc, 7), disc, None, {1: "1"}),
    "a stray value, white": (with_pixels(coded([0, 255], disc), 7), disc, None, {1: "object"}),
    "255 beside 1 to N": (coded([1, 2, 255]), three, "a b", {0: "a", 1: "b", 2: "void"}),
    "255 beside tens": (coded([10, 20, 255]), three, "a b", {0: "a", 1: "b", 2: "void"}),
    "255 as VOC's border": (coded([0, 1, 255]), three, None, {0: "0", 1: "1", 2: "void"}),
    "uneven steps": (coded([0, 1, 2, 4], brats), brats, "a b c d", {0: "a", 1: "b", 2: "c", 3: "d"}),
    "two names for 1 and 255": (coded([1, 255], disc), disc, "bg cell", {0: "bg", 1: "cell"}),
    "a table of 0 and 255 for 0 and 1": (disc, disc, "index,name 0,bg 255,cell", {0: "bg", 1: "cell"}),
    "a table of 0 and 1 for 0 and 255": (coded([0, 255], disc), disc, "id,name 0,bg 1,cell", {0: "bg", 1: "cell"}),
    "white of 16 bits": (coded([0, 65535], disc, np.uint16), disc, None, BINARY),
    "void of 16 bits": (coded([0, 1, 65535], three, np.uint16), three, "a b", {0: "a", 1: "b", 2: "void"}),
    "a table of 16 bits": (
        coded([0, 7000, 26001], three, np.uint16), three, "index,name 0,a 7000,b 26001,c", {0: "a", 1: "b", 2: "c"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", READ)
def test_values_that_have_one_meaning(tmp_path, case):
    make, truth, names, expected, *count = READ[case]
    data = transform(write_masks(tmp_path, make, *count), names)
    check_masks(data, truth, expected)


REFUSED = {
    "a third smooth level": (smooth([0, 128, 255]), None, "only 0, 128, 255 fill areas.*nearest neighbour", {}),
    "an index and smooth white": (smooth([0, 1, 255]), None, "only 0, 1, 255 fill areas.*nearest neighbour", {}),
    "smooth indices": (smooth([0, 10, 20]), None, "only 0, 10, 20 fill areas.*nearest neighbour", {}),
    "smooth indices, named": (smooth([0, 10, 20]), "a b c", "only 0, 10, 20 fill areas.*nearest neighbour", {}),
    "smooth levels, named": (smooth([0, 100, 200]), "a b c", "only 0, 100, 200.*nearest neighbour$", {}),
    "two smooth levels": (halved(200), None, "Use --threshold 100", {"threshold": 100}),
    "gray in all masks": (
        with_pixels(coded([0, 255], disc), 100, 2, range(10)), None, "--threshold 127", {"threshold": 127},
    ),
    "gray in many masks, named": (
        with_pixels(coded([0, 255], disc), 7, 1, range(3)), "bg cell", "--threshold 127", {"threshold": 127},
    ),
    "levels with white": (coded([0, 50, 255]), None, "0, 50, 255: each may be a class.*--void 255", {"void": "255"}),
    "1 in some masks, 255 in others": (
        lambda i: disc(i) * np.uint8(255 if i % 2 else 1), "bg cell", "Use --threshold 0", {"threshold": 0},
    ),
    "1 in some masks, smooth white in others": (
        lambda i: smooth([0, 255], disc)(i) if i % 2 else disc(i), "bg cell", "1 in some and 255", {"threshold": 0},
    ),
    "one name too few": (three, "rim core", "one name is missing.*--void 0", {"void": "0"}),
    "one name too few, with 255": (
        bordered, "a b", "one name is missing", {"void": "0"},
    ),
    "ids of 16 bits": (instances, None, "--threshold 0 gives background and object", {"threshold": 0}),
    "smooth, 16 bits": (
        lambda i: smooth([0, 255], disc)(i).astype(np.uint16) * 257, "a b", "--threshold 32767", {"threshold": 32767},
    ),
    "sparse masks of other values than the table": (
        some(coded([0, 200], disc), range(7, 8)), "id,name 0,bg 1,cell", "name each value.*--threshold 127",
        {"threshold": 127},
    ),
    "all pixels are 0": (lambda i: disc(i) * np.uint8(0), None, "all pixels are 0 in all masks", {}),
    "a shifted table": (three, "id,name 1,a 2,b 3,c", "each 1 more than in the masks.*write 0, 1, 2", {}),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_values_of_several_meanings_are_refused_and_the_remedy_works(tmp_path, case):
    make, names, message, remedy = REFUSED[case]
    raw = write_masks(tmp_path, make)
    with pytest.raises(SettingError, match=message):
        transform(raw, names)
    if remedy:
        data = transform(raw, names, "mended", **remedy)
        threshold = remedy.get("threshold")
        if threshold is not None:
            classes = [row["name"] for row in table(data / "classes.csv")]
            check_masks(data, lambda i: make(i) > threshold, {0: classes[0], 1: classes[1]})
        else:
            assert len(table(data / "manifest.csv")) == 10


def test_names_for_1_to_n_go_with_void_0(tmp_path):
    data = transform(write_masks(tmp_path, three), "rim core", void="0")
    check_masks(data, three, {0: "void", 1: "rim", 2: "core"})


def test_thin_lines_with_smooth_edges_take_a_threshold(tmp_path):
    def lines(number: int) -> np.ndarray:
        values = np.zeros((200, 200), np.uint8)
        for ends in np.random.default_rng(number).integers(0, 200, (4, 4)).tolist():
            cv2.line(values, (ends[0], ends[1]), (ends[2], ends[3]), 255, 1, cv2.LINE_AA)
        return values

    raw = write_masks(tmp_path, lines)
    with pytest.raises(SettingError, match=r"--threshold 127 makes two classes"):
        transform(raw, "bg crack")
    check_masks(transform(raw, "bg crack", threshold=127), lambda i: lines(i) > 127, {0: "bg", 1: "crack"})


@pytest.mark.parametrize(("names", "threshold"), [(None, 0), ("bg cell", 0)])
def test_void_is_taken_by_its_value_beside_a_threshold(tmp_path, names, threshold):
    data = transform(write_masks(tmp_path, bordered), names, threshold=threshold, void="255")
    dark, bright = (row["name"] for row in table(data / "classes.csv"))
    check_masks(data, bordered, {0: dark, 1: bright, 2: bright, 255: "void"})


@pytest.mark.parametrize(("threshold", "values"), [(127, "L"), (0, "1"), (127, "1")])
def test_white_of_one_bit_is_above_any_threshold(tmp_path, threshold, values):
    raw = write_masks(tmp_path, coded([0, 255], disc))
    for path in (raw / "masks").iterdir():
        Image.open(path).convert(values).save(path)
    check_masks(transform(raw, threshold=threshold), disc, BINARY)


def test_a_warning_names_a_stray_value_and_its_remedy(tmp_path):
    data = transform(write_masks(tmp_path, with_pixels(disc, 7)))
    (warning,) = json.loads((data / "report.json").read_text())["warnings"]
    assert "7 (1 pixel) fills no area, as in 02.png" in warning and "--void 7" in warning
    data = transform(tmp_path / "raw", data="mended", void="7")
    assert json.loads((data / "report.json").read_text())["warnings"] == []


def test_a_warning_about_a_value_far_above_the_indices(tmp_path):
    data = transform(write_masks(tmp_path, lambda i: with_pixels(disc, 200, 10, range(10))(i)))
    (warning,) = json.loads((data / "report.json").read_text())["warnings"]
    assert "200 (0.244 % of the pixels, as in 00.png) is a class too" in warning and "--void 200" in warning


def test_a_warning_if_the_names_contradict_black(tmp_path):
    data = transform(write_masks(tmp_path, coded([0, 255], disc)), "lesion background")
    assert "0 is lesion and 255 is background" in (data / "report.md").read_text()


def test_a_class_called_void_is_learnt_and_that_is_said(tmp_path):
    """It has its own name in the table; void pixels are called otherwise."""
    raw = write_masks(tmp_path, three)
    data = transform(raw, "ground void core")
    report = (data / "report.md").read_text()
    assert "void is learnt as a class like any other" in report and "--void void" in report
    assert "neither learnt nor counted" not in report
    assert [row["name"] for row in table(data / "classes.csv")] == ["ground", "void", "core"]
    data = transform(raw, "ground void core", "again", void="void")
    assert [row["name"] for row in table(data / "classes.csv")] == ["ground", "core"]
    assert "learnt as a class like any other" not in (data / "report.md").read_text()


def test_a_class_that_would_lose_all_its_masks_is_not_lost(tmp_path):
    """Two of ten masks have the class, and each has a pixel without a class."""

    def make(number: int) -> np.ndarray:
        return with_pixels(three if number < 2 else disc, 77, 1, range(2))(number)

    raw = write_masks(tmp_path, make)
    with pytest.raises(SettingError, match="all masks with c have values or colours without a class"):
        transform(raw, "a b c")
    check_masks(transform(raw, "a b c", "mended", void="77"), make, {0: "a", 1: "b", 2: "c", 77: "void"})


@pytest.mark.parametrize("value", [128, 255])
def test_lossy_masks_with_a_third_level_are_refused(tmp_path, value):
    raw = write_masks(tmp_path, coded([0, value, 255]), suffix="jpg", quality=95)
    if value == 255:
        check_masks(transform(raw), lambda i: np.minimum(three(i), 1), BINARY)
        return
    with pytest.raises(SettingError, match="10 masks are JPEG or WebP"):
        transform(raw, "bg cell")


def test_the_report_counts_masks_of_a_group_once(tmp_path):
    def make(number: int) -> np.ndarray:
        values = np.zeros((64, 64), np.uint8)
        values[:30] = np.arange(30)[:, None] + 1 + 30 * (number % 3)
        return values

    data = transform(write_masks(tmp_path, make), threshold=0)
    (values,) = [part for part in json.loads((data / "report.json").read_text())["tables"] if part["title"] == TITLE]
    assert [row["masks"] for row in values["rows"] if row["becomes"] == "object"] == [10]


# ---- Files -----------------------------------------------------------------------------------------------------------


def test_masks_that_are_transparent_everywhere_are_empty(tmp_path):
    def make(number: int) -> np.ndarray:
        return np.repeat(some(coded([0, 255], disc), range(3, 10))(number)[..., None], 4, axis=2)

    check_masks(transform(write_masks(tmp_path, make), "leaf"), some(disc, range(3, 10)), {0: "background", 1: "leaf"})


@pytest.mark.parametrize("names", [None, "bg cell"])
def test_masks_in_two_colours_that_are_mostly_black(tmp_path, names):
    def make(number: int) -> np.ndarray:
        return some(disc, range(8, 10))(number)[..., None] * np.array([255, 0, 0], np.uint8)

    expected = {0: "bg", 1: "cell"} if names else BINARY
    check_masks(transform(write_masks(tmp_path, make), names), some(disc, range(8, 10)), expected)


def test_masks_with_several_pages_or_bands_are_refused(tmp_path):
    raw = write_masks(tmp_path, disc, suffix="tif")
    for path in (raw / "masks").iterdir():
        Image.fromarray(disc(0)).save(path, save_all=True, append_images=[Image.fromarray(disc(1))])
    with pytest.raises(SettingError, match=r"raw_masks: none of the 10 masks can be read: .* has 2 pages"):
        transform(raw)


def test_smaller_pages_of_a_mask_are_overviews(tmp_path):
    raw = write_masks(tmp_path, disc, suffix="tif")
    for path in (raw / "masks").iterdir():
        image = Image.open(path).copy()
        image.save(path, save_all=True, append_images=[image.resize((32, 32), Image.Resampling.NEAREST)])
    check_masks(transform(raw), disc, {0: "0", 1: "1"})


@pytest.mark.parametrize(("value", "reason"), [(0.5, "not integers, such as 0.5; save it"), (np.nan, "NaN")])
def test_unreadable_masks_are_reported_before_any_reading(tmp_path, value, reason):
    raw = write_masks(tmp_path, lambda i: np.where(disc(i), value, 0).astype(np.float32), suffix="tif")
    with pytest.raises(SettingError, match=f"none of the 10 masks can be read.*{reason}"):
        transform(raw, "bg cell", threshold=0)


def test_a_table_of_names_beside_the_masks_is_told_of(tmp_path):
    """It is not read unasked: it may be of other masks. The flag that the sentence gives works."""
    raw = write_masks(tmp_path, three)
    table_of_names = raw / "class_dict.csv"
    table_of_names.write_text("index,name\n0,ground\n1,ring\n2,core\n")
    flag = f"--class-names {table_of_names} (ground, ring, core)"
    report = json.loads((transform(raw) / "report.json").read_text())
    assert f"This file lies there and may name them: {flag}" in report["warnings"][0]
    named = transform(raw, data="named", class_names=table_of_names)
    assert [row["name"] for row in table(named / "classes.csv")] == ["ground", "ring", "core"]
    assert not json.loads((named / "report.json").read_text())["warnings"]
    write_masks(tmp_path, coded([0, 128, 255]))
    with pytest.raises(SettingError) as error:
        transform(raw, data="refused")
    assert str(error.value).endswith(f"This file lies there and may name the classes: {flag}")
