"""Images with masks: folders, palettes, colours and tables become masks of class indices, or a reason why not."""

import os
import re
import shutil
from collections import Counter
from functools import partial
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from datatransformer.layout import read_colours, read_data_folder
from datatransformer.transformer import DataTransformer
from datatransformer.writer import Writer
from settings import SettingError, WorkError
from tests.conftest import make_data_folder, rejection_reasons, table, write_image

WIDTH, HEIGHT = SIZE = 6, 4
COLOURS = {"Void": (0, 0, 0), "Sky": (128, 128, 128), "Car": (64, 0, 128), "Bus": (192, 128, 192)}
INDICES = np.arange(HEIGHT * WIDTH, dtype=np.uint8).reshape(HEIGHT, WIDTH) % 3


save_image = partial(write_image, size=SIZE)


def save_mask(path: Path, values: np.ndarray = INDICES) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(values).save(path)


def pairs(root: Path, names=range(10), form: str = "{}", images: str = "images", masks: str = "masks") -> Path:
    for number, name in enumerate(names):
        save_image(root / images / f"{name}.jpg", number)
        save_mask(root / masks / f"{form.format(name)}.png")
    return root


def text(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines) + "\n")
    return path


def transform(raw: Path, data: Path | None = None, **settings) -> Path:
    """Makes a data folder, which is usually beside the folder of raw images."""
    options = {"source": "masks", "raw_images": raw, "workers": 2} | settings
    return make_data_folder(data or raw.parent / "data", **options)


def by_name(data: Path) -> dict[str, dict[str, str]]:
    """The rows of the manifest by the name of the raw image without its suffix."""
    return {Path(row["source"]).stem: row for row in table(data / "manifest.csv")}


def written(data: Path, name: object) -> np.ndarray:
    row = by_name(data)[str(name)]
    with Image.open(data / row["mask"]) as found, Image.open(data / row["image"]) as image:
        assert (found.format, found.mode, found.size) == ("PNG", "L", image.size)
        assert Path(row["mask"]).stem == Path(row["image"]).stem
        return np.array(found)


def splits(data: Path) -> dict[str, set[str]]:
    found = {"train": set(), "val": set(), "test": set()}
    for name, row in by_name(data).items():
        found[row["split"]].add(name)
    return found


def painted(indices: np.ndarray) -> np.ndarray:
    return np.array(list(COLOURS.values()), np.uint8)[indices]


def palette(indices: np.ndarray, colours) -> Image.Image:
    image = Image.fromarray(indices)
    image.putpalette([value for colour in colours for value in colour])
    return image


@pytest.fixture
def colours(tmp_path) -> Path:
    lines = (f"{red} {green} {blue}\t{name}" for name, (red, green, blue) in COLOURS.items())
    return text(tmp_path / "label_colors.txt", *lines)


@pytest.fixture
def names(tmp_path) -> Path:
    return text(tmp_path / "codes.txt", *COLOURS)


# ---- Which mask belongs to which image -------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["{}", "ann_{}", "{}_L", "{}_P", "gt_{}_v2"])
def test_masks_are_found_by_a_shared_prefix_or_suffix(tmp_path, form):
    raw = pairs(tmp_path / "raw", names=range(15), form=form)
    for number in range(15):
        save_mask(raw / "masks" / f"{form.format(number)}.png", np.full((HEIGHT, WIDTH), number % 5, np.uint8))
    data = transform(raw)
    assert rejection_reasons(data) == {} and len(by_name(data)) == 15
    assert all((written(data, number) == number % 5).all() for number in range(15))


@pytest.mark.parametrize(
    ("images", "masks"),
    [("images", "labels"), ("Images", "Masks"), ("photos", "photos_mask"), ("photos", "annotations/photos"),
     ("a/images", "a/masks")],
)  # fmt: skip
def test_the_folder_of_masks_is_found_beside_the_images(tmp_path, images, masks):
    data = transform(pairs(tmp_path / "raw", images=images, masks=masks))
    assert len(by_name(data)) == 10 and rejection_reasons(data) == {}


def test_masks_in_a_folder_beside_raw_images(tmp_path):
    pairs(tmp_path / "raw", images="train", masks="trainannot")
    assert len(by_name(transform(tmp_path / "raw" / "train", tmp_path / "data"))) == 10


def test_masks_inside_the_folder_of_images_and_images_inside_that_of_masks(tmp_path):
    raw = pairs(tmp_path / "raw", images=".", masks="masks")
    data = transform(raw, raw_masks=raw / "masks")
    assert len(by_name(data)) == 10 and rejection_reasons(data) == {}
    raw = pairs(tmp_path / "other", images="images", masks=".")
    data = transform(raw / "images", tmp_path / "data2", raw_masks=raw)
    assert len(by_name(data)) == 10 and rejection_reasons(data) == {}


@pytest.mark.parametrize(("suffix", "form"), [(".jpg", "{}"), (".png", "{}_mask"), (".jpg", "ann_{}")])
def test_masks_among_the_images(tmp_path, suffix, form):
    raw = tmp_path / "raw"
    for number in range(12):
        save_image(raw / f"{number}{suffix}")
        save_mask(raw / f"{form.format(number)}.png")
    data = transform(raw, raw_masks=raw)
    assert sorted(by_name(data), key=int) == [str(number) for number in range(12)] and rejection_reasons(data) == {}
    np.testing.assert_array_equal(written(data, 10), INDICES)


def test_uppercase_suffixes_dots_in_names_and_nested_folders(tmp_path):
    raw = tmp_path / "raw"
    for folder in ("north", "south/far"):
        for number in range(5):
            save_image(raw / "images" / folder / f"cam.{number:04d}.JPG")
            save_mask(raw / "masks" / folder / f"cam.{number:04d}.PNG", INDICES if folder == "north" else 2 - INDICES)
    data = transform(raw)
    assert rejection_reasons(data) == {}
    rows = table(data / "manifest.csv")
    assert len({row["image"] for row in rows}) == len({row["mask"] for row in rows}) == 10
    for row in rows:
        expected = INDICES if "north" in row["source"] else 2 - INDICES
        np.testing.assert_array_equal(np.array(Image.open(data / row["mask"])), expected)


def test_images_and_masks_without_a_partner_are_reported(tmp_path):
    raw = pairs(tmp_path / "raw", form="ann_{}")
    save_image(raw / "images" / "alone.jpg")
    save_mask(raw / "masks" / "ann_alone_too.png")
    save_image(raw / "images" / "3.png")
    shutil.copy(raw / "masks" / "ann_4.png", raw / "masks" / "ann_4.tif")
    data = transform(raw)
    found = rejection_reasons(data)
    assert set(found) == {"alone.jpg", "ann_alone_too.png", "3.png", "ann_4.tif"}
    assert "has no mask ann_alone" in found["alone.jpg"]
    assert "mask without an image" in found["ann_alone_too.png"]
    assert "has the mask of 3.jpg" in found["3.png"]
    assert len(by_name(data)) == 10


def test_links_that_lead_out_of_the_folder_are_refused(tmp_path):
    raw = pairs(tmp_path / "raw")
    save_mask(tmp_path / "elsewhere.png")
    for name in ("2.png", "3.png"):
        (raw / "masks" / name).unlink()
    (raw / "masks" / "2.png").symlink_to(tmp_path / "elsewhere.png")
    (raw / "masks" / "3.png").symlink_to(tmp_path / "nowhere.png")
    found = rejection_reasons(transform(raw))
    assert "leads out" in found["2.jpg"] and "leads nowhere" in found["3.jpg"]


def test_errors_if_no_image_has_a_mask(tmp_path):
    raw = pairs(tmp_path / "raw", masks="elsewhere")
    with pytest.raises(SettingError, match=r"raw_masks.*no folder beside"):
        transform(raw)
    shutil.rmtree(raw / "elsewhere")
    save_mask(raw / "masks" / "other.png")
    with pytest.raises(WorkError, match=r"no image in .* has no mask"):
        transform(raw)
    with pytest.raises(SettingError, match=r"raw_images.*needs the folder"):
        transform(raw, raw_images=None)


# ---- What the values of a mask mean ----------------------------------------------------------------------------------


def test_masks_in_colour(tmp_path, colours):
    raw = pairs(tmp_path / "raw")
    indices = np.arange(HEIGHT * WIDTH).reshape(HEIGHT, WIDTH) % 4
    for number in range(10):
        save_mask(raw / "masks" / f"{number}.png", painted(indices))
    transparent = np.dstack([painted(indices), np.full((HEIGHT, WIDTH), 7, np.uint8)])
    save_mask(raw / "masks" / "1.png", transparent)
    data = transform(raw, class_names=colours, void="Void")
    lines = (data / "classes.csv").read_text().splitlines()
    assert lines == ["index,name,red,green,blue", "0,Sky,128,128,128", "1,Car,64,0,128", "2,Bus,192,128,192"]
    assert read_colours(data) == ((128, 128, 128), (64, 0, 128), (192, 128, 192))
    for number in (0, 1):
        np.testing.assert_array_equal(written(data, number), np.array([255, 0, 1, 2])[indices])


@pytest.mark.parametrize("void", ["0", "Void", "0,0,0", "0, 0, 0"])
def test_void_by_index_name_or_colour(tmp_path, colours, void):
    raw = pairs(tmp_path / "raw")
    save_mask(raw / "masks" / "0.png", painted(INDICES))
    data = transform(raw, class_names=colours, void=void)
    assert read_data_folder(data, "segmentation").classes == ("Sky", "Car", "Bus")
    for number in (0, 1):
        np.testing.assert_array_equal(written(data, number), np.array([255, 0, 1])[INDICES])


def test_a_palette_is_read_as_indices_or_as_the_colours_of_the_table(tmp_path, colours, names):
    raw = pairs(tmp_path / "raw")
    own = list(COLOURS.values())
    backwards = INDICES[::-1]
    palette(INDICES, own).save(raw / "masks" / "0.png")
    palette(3 - backwards, own[::-1]).save(raw / "masks" / "1.png")
    palette(INDICES, [(9, 9, 9), (200, 0, 0), (3, 4, 5)]).save(raw / "masks" / "2.png")
    palette(INDICES, [own[1], own[2], (1, 2, 3)]).save(raw / "masks" / "3.png")
    palette(INDICES, own).save(raw / "masks" / "4.png", bits=2)
    data = transform(raw, class_names=colours)
    for number, expected in ((0, INDICES), (1, backwards), (2, INDICES), (4, INDICES)):
        np.testing.assert_array_equal(written(data, number), expected, err_msg=str(number))
    assert "colour 1,2,3" in rejection_reasons(data)["3.jpg"]
    with pytest.raises(SettingError, match=r"class_names.*palettes of the masks differ.*lines of R G B name"):
        transform(raw, tmp_path / "data2", class_names=names)


def test_values_of_every_kind(tmp_path, names):
    raw = pairs(tmp_path / "raw")
    folder = raw / "masks"
    (folder / "0.png").unlink()
    Image.fromarray(INDICES.astype(np.int32)).save(folder / "0.tif")
    cv2.imwrite(str(folder / "1.png"), INDICES.astype(np.uint16))
    save_mask(folder / "2.png", np.dstack([INDICES] * 3))
    save_mask(folder / "3.png", INDICES == 1)
    Image.merge("LA", [Image.fromarray(INDICES), Image.new("L", (WIDTH, HEIGHT), 9)]).save(folder / "4.png")
    save_mask(folder / "5.png", np.where(INDICES == 0, 255, INDICES).astype(np.uint8))
    (folder / "6.png").unlink()
    Image.fromarray(INDICES).save(folder / "6.bmp")
    data = transform(raw, class_names=names)
    assert rejection_reasons(data) == {}
    for number in (0, 1, 2, 4, 6):
        np.testing.assert_array_equal(written(data, number), INDICES, err_msg=str(number))
    np.testing.assert_array_equal(written(data, 3), INDICES == 1)
    np.testing.assert_array_equal(written(data, 5), np.where(INDICES == 0, 255, INDICES))


def test_black_and_white_masks_need_no_table(tmp_path):
    raw = pairs(tmp_path / "raw")
    for number in range(10):
        save_mask(raw / "masks" / f"{number}.png", ((INDICES == 1) * 255).astype(np.uint8))
    data = transform(raw)
    assert read_data_folder(data, "segmentation").classes == ("background", "object")
    np.testing.assert_array_equal(written(data, 0), INDICES == 1)


def test_a_table_of_shades_names_the_values_of_gray_masks(tmp_path):
    raw = pairs(tmp_path / "raw")
    white = INDICES == 1
    for number in range(10):
        save_mask(raw / "masks" / f"{number}.png", (white * 255).astype(np.uint8))
    save_mask(raw / "masks" / "1.png", np.dstack([(white * 255).astype(np.uint8)] * 3))
    save_mask(raw / "masks" / "2.png", white)
    shades = text(tmp_path / "shades.txt", "255 255 255 object", "0 0 0 ground")
    data = transform(raw, class_names=shades)
    assert read_data_folder(data, "segmentation").classes == ("object", "ground")
    for number in range(3):
        np.testing.assert_array_equal(written(data, number), ~white)


def test_without_a_table_classes_are_the_values_that_occur(tmp_path):
    raw = pairs(tmp_path / "raw")
    for number in range(10):
        save_mask(raw / "masks" / f"{number}.png", np.array([2, 9, 30, 255], np.uint8)[INDICES + (number == 0)])
    data = transform(raw)
    assert (data / "classes.csv").read_text() == "index,name\n0,2\n1,9\n2,30\n"
    np.testing.assert_array_equal(written(data, 0), np.array([1, 2, 255])[INDICES])
    data = transform(raw, tmp_path / "data2", void="30")
    np.testing.assert_array_equal(written(data, 1), np.array([0, 1, 255])[INDICES])


def test_classes_merge_and_one_is_void(tmp_path, colours):
    raw = pairs(tmp_path / "raw")
    indices = np.arange(HEIGHT * WIDTH).reshape(HEIGHT, WIDTH) % 4
    for number in range(10):
        save_mask(raw / "masks" / f"{number}.png", painted(indices))
    merge = text(tmp_path / "merge.csv", "from,to", "Bus,Vehicle", "Car, Vehicle", "Sky,Sky")
    data = transform(raw, class_names=colours, merge_classes=merge, void="Void")
    assert [row["name"] for row in table(data / "classes.csv")] == ["Vehicle", "Sky"]
    np.testing.assert_array_equal(written(data, 0), np.array([255, 1, 0, 0])[indices])
    merge = text(tmp_path / "merge.csv", "from,to", "Bus,Car")
    data = transform(raw, tmp_path / "data2", class_names=colours, merge_classes=merge)
    assert table(data / "classes.csv")[0] == {"index": "0", "name": "Car", "red": "64", "green": "0", "blue": "128"}
    merge = text(tmp_path / "merge.csv", "from,to", "Bus,Void")
    data = transform(raw, tmp_path / "data3", class_names=colours, merge_classes=merge, void="Void")
    np.testing.assert_array_equal(written(data, 0), np.array([255, 0, 1, 255])[indices])


@pytest.mark.parametrize(
    "lines",
    [("index,name", "1,Sky", "2,Car", "0,Ground"), ("Name, label", "Sky,1", "Car,2", "Ground,0"),
     ("name,r,g,b,index", "Sky,1,2,3,1", "Car,4,5,6,2", "Ground,7,8,9,0")],
)  # fmt: skip
def test_a_table_with_indices_of_its_own(tmp_path, lines):
    data = transform(pairs(tmp_path / "raw"), class_names=text(tmp_path / "classes.csv", *lines))
    assert [row["name"] for row in table(data / "classes.csv")] == ["Ground", "Sky", "Car"], (
        "in the order of their values"
    )
    np.testing.assert_array_equal(written(data, 0), np.array([0, 1, 2])[INDICES])


def test_a_data_folders_classes_are_a_table_again(tmp_path, colours):
    raw = pairs(tmp_path / "raw")
    first = transform(raw, class_names=colours)
    again = transform(raw, tmp_path / "data2", class_names=first / "classes.csv")
    assert (again / "classes.csv").read_text() == (first / "classes.csv").read_text()
    np.testing.assert_array_equal(written(again, 5), written(first, 5))


# ---- What is left out, with the reason -------------------------------------------------------------------------------


def test_bad_masks_are_reported_and_the_others_are_used(tmp_path, names):
    raw = pairs(tmp_path / "raw", names=range(20))
    folder = raw / "masks"
    save_mask(folder / "0.png", np.where(INDICES == 2, 77, INDICES).astype(np.uint8))
    save_mask(folder / "1.png", np.zeros((HEIGHT, WIDTH + 1), np.uint8))
    noise = np.random.default_rng(0).integers(0, 4, (64, 64), dtype=np.uint8)
    save_image(raw / "images" / "2.jpg", size=(64, 64))
    save_mask(folder / "2.png", noise)
    (folder / "2.png").write_bytes((folder / "2.png").read_bytes()[:400])
    save_image(raw / "images" / "3.jpg", size=(64, 64))
    save_mask(folder / "3.png", noise)
    content = bytearray((folder / "3.png").read_bytes())
    content[300] ^= 1
    (folder / "3.png").write_bytes(content)
    (folder / "4.png").write_bytes(b"")
    (folder / "5.png").unlink()
    Image.fromarray(INDICES).save(folder / "5.jpg")
    save_mask(folder / "6.png", painted(INDICES))
    cv2.imwrite(str(folder / "7.png"), np.dstack([INDICES.astype(np.uint16)] * 3))
    cv2.imwrite(str(folder / "8.png"), INDICES.astype(np.uint16) + 256)
    (folder / "9.png").unlink()
    Image.fromarray(INDICES.astype(np.float32) + 0.5).save(folder / "9.tif")
    (folder / "10.png").unlink()
    os.mkfifo(folder / "10.png")
    (folder / "11.png").unlink()
    Image.fromarray(np.dstack([INDICES] * 3)).save(folder / "11.webp")
    (raw / "images" / "12.jpg").write_bytes(b"not an image")
    data = transform(raw, class_names=names)
    found = rejection_reasons(data)
    expected = {
        0: r"value 77 at x=2, y=0 \(8 pixels", 1: "7x4 pixels, the image 6x4", 2: "2.png is damaged",
        3: "3.png is damaged", 4: "4.png is empty", 5: "JPEG and WebP change them",
        6: "a table of R G B name", 7: "16 bits per channel", 8: "value 256", 9: "not integers", 10: "not a file",
        11: "JPEG and WebP change them", 12: "not an image of a known format",
    }  # fmt: skip
    assert set(found) == {f"{number}.jpg" for number in expected}
    for number, reason in expected.items():
        assert re.search(reason, found[f"{number}.jpg"])
    assert set(by_name(data)) == {str(number) for number in range(13, 20)}
    assert len(list(data.rglob("*.*g"))) == 14, "no mask without its image"


def test_an_unknown_colour_is_reported_with_its_position(tmp_path, colours):
    raw = pairs(tmp_path / "raw")
    values = painted(INDICES)
    values[3, 5] = (1, 2, 3)
    save_mask(raw / "masks" / "0.png", values)
    data = transform(raw, class_names=colours)
    assert "colour 1,2,3 at x=5, y=3 (1 pixel " in rejection_reasons(data)["0.jpg"] and len(by_name(data)) == 9


@pytest.mark.parametrize("orientation", range(2, 9))
def test_an_image_turned_by_exif_gets_its_mask_turned_or_is_reported(tmp_path, orientation):
    raw = pairs(tmp_path / "raw")
    exif = Image.Exif()
    exif[0x0112] = orientation
    for name in ("0", "1"):
        save_image(raw / "images" / f"{name}.jpg", exif=exif)
    save_image(raw / "images" / "2.jpg", size=(HEIGHT, HEIGHT), exif=exif)
    turned = {5: INDICES.T, 6: np.rot90(INDICES, -1), 7: np.rot90(INDICES, 2).T, 8: np.rot90(INDICES)}.get(orientation)
    save_mask(raw / "masks" / "2.png", INDICES[:, :HEIGHT])
    if turned is not None:
        save_mask(raw / "masks" / "1.png", np.ascontiguousarray(turned))
    data = transform(raw)
    assert "unknown whether the mask is" in rejection_reasons(data)["2.jpg"]
    if turned is None:
        assert set(rejection_reasons(data)) == {"0.jpg", "1.jpg", "2.jpg"}
    else:
        np.testing.assert_array_equal(written(data, 0), turned)
        np.testing.assert_array_equal(written(data, 1), turned)


# ---- Which are for validation ----------------------------------------------------------------------------------------


def test_split_by_ratio(tmp_path):
    data = transform(pairs(tmp_path / "raw", names=range(20)), val_fraction=0.25)
    assert {split: len(names) for split, names in splits(data).items()} == {"train": 15, "val": 5, "test": 0}
    again = transform(tmp_path / "raw", tmp_path / "data2", val_fraction=0.25)
    assert splits(again) == splits(data)
    assert splits(transform(tmp_path / "raw", tmp_path / "data3", val_fraction=0.25, seed=1)) != splits(data)


@pytest.mark.parametrize("form", ["{}", "{}.jpg", "{}.PNG", "images/{}.jpg", "/sets/raw/images/{}.jpg", "./images/{}"])
def test_split_by_a_list(tmp_path, form):
    raw = pairs(tmp_path / "raw", names=[f"video.{number:04d}" for number in range(10)])
    valid = text(tmp_path / "valid.txt", *(form.format(f"video.{number:04d}") for number in (3, 8, 77)), "")
    data = transform(raw, val_list=valid)
    assert splits(data)["val"] == {"video.0003", "video.0008"} and len(splits(data)["train"]) == 8
    (missing,) = table(data / "rejected.csv")
    assert "video.0077" in missing["source"] and "valid.txt" in missing["reason"]


def test_split_by_the_names_of_folders_at_any_depth(tmp_path):
    raw = tmp_path / "raw"
    for folder, count in (("training", 6), ("Validation", 3), ("test", 2)):
        names = [f"{folder}/{folder}{number}" for number in range(count)]
        pairs(raw, names=names)
    data = transform(raw)
    found = splits(data)
    assert found["train"] == {f"training{number}" for number in range(6)}
    assert found["val"] == {f"Validation{number}" for number in range(3)}
    assert found["test"] == {"test0", "test1"}
    data = transform(raw, tmp_path / "data2", split="ratio", val_fraction=0.5)
    assert {split: len(names) for split, names in splits(data).items()} in (
        {"train": 5, "val": 6, "test": 0},
        {"train": 6, "val": 5, "test": 0},
    )


def test_a_test_folder_stays_apart_if_there_is_no_validation_folder(tmp_path):
    raw = tmp_path / "raw"
    pairs(raw, names=range(6), images="train/images", masks="train/masks")
    pairs(raw, names=range(6, 8), images="test/images", masks="test/masks")
    data = transform(raw)
    found = splits(data)
    assert found["test"] == {"6", "7"} and len(found["val"]) == 1 and len(found["train"]) == 5


def test_images_with_the_same_name_in_both_folders(tmp_path):
    raw = tmp_path / "raw"
    pairs(raw, images="train", masks="trainannot")
    pairs(raw, images="val", masks="valannot")
    data = transform(raw)
    rows = table(data / "manifest.csv")
    assert len({row["image"] for row in rows}) == len({row["mask"] for row in rows}) == 20
    for row in rows:
        assert Path(row["source"]).parent.name == row["split"]
        assert (data / row["image"]).read_bytes() == Path(row["source"]).read_bytes()


def test_split_by_the_last_part_of_each_video(tmp_path):
    names = [f"{video}_f{number}" for video in ("0001TP", "0006R0") for number in range(90, 110)]
    data = transform(pairs(tmp_path / "raw", names=names), split="sequences", val_fraction=0.1)
    assert splits(data)["val"] == {"0001TP_f108", "0001TP_f109", "0006R0_f108", "0006R0_f109"}


def test_an_unusable_image_does_not_count_in_the_split(tmp_path):
    names = [f"clip_{number}" for number in range(10)]
    raw = pairs(tmp_path / "raw", names=names)
    (raw / "masks" / "clip_9.png").write_bytes(b"")
    data = transform(raw, split="sequences", val_fraction=0.2)
    assert splits(data)["val"] == {"clip_7", "clip_8"}
    assert not (data / "test").exists()
    for split, those in islice(splits(data).items(), 2):
        for folder in ("images", "masks"):
            assert {path.stem for path in (data / split / folder).iterdir()} == those


def test_a_share_for_testing_leaves_validation_as_it_is(tmp_path):
    raw = pairs(tmp_path / "raw", names=[f"clip_{number}" for number in range(20)])
    without, data = transform(raw), transform(raw, tmp_path / "data2", test_fraction=0.25)
    assert splits(data)["val"] == splits(without)["val"]
    assert {split: len(names) for split, names in splits(data).items()} == {"train": 11, "val": 4, "test": 5}
    assert {path.stem for path in (data / "test" / "masks").iterdir()} == splits(data)["test"]
    by_name = transform(raw, tmp_path / "data3", split="sequences", val_fraction=0.1, test_fraction=0.1)
    assert splits(by_name)["val"] == {"clip_18", "clip_19"} and splits(by_name)["test"] == {"clip_16", "clip_17"}


def test_a_list_for_testing(tmp_path):
    raw = pairs(tmp_path / "raw", names=range(20))
    tested = text(tmp_path / "tested.txt", "3", "4")
    data = transform(raw, test_list=tested)
    assert splits(data)["test"] == {"3", "4"} and len(splits(data)["val"]) == 4
    data = transform(raw, tmp_path / "data2", test_list=tested, val_list=text(tmp_path / "valid.txt", "5"))
    assert (splits(data)["test"], splits(data)["val"]) == ({"3", "4"}, {"5"})
    with pytest.raises(SettingError, match=r"test_list = .*names 1 images that val_list names too"):
        transform(raw, tmp_path / "data3", test_list=tested, val_list=text(tmp_path / "valid.txt", "4", "5"))


def test_no_image_left_for_validation(tmp_path):
    raw = pairs(tmp_path / "raw")
    (raw / "masks" / "4.png").write_bytes(b"")
    with pytest.raises(WorkError, match=r"all for training.*\n.*4.jpg: the mask 4.png"):
        transform(raw, val_list=text(tmp_path / "valid.txt", "4.jpg"))


# ---- Wrong settings --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"void": "Viod"}, "void = 'Viod'.*did you mean Void"),
        ({"void": "256"}, "void = '256'.*no mask has this value"),
        ({"void": "65536"}, "void = '65536'.*0 to 65535"),
        ({"void": "300,0,0"}, "void = '300,0,0'.*R,G,B of 0 to 255"),
        ({"merge_classes": ("from,to", "Caar,Bus")}, "merge_classes = 'Caar'.*did you mean Car"),
        ({"merge_classes": ("a,b", "Car,Bus")}, "merge_classes = 'a'.*is no class of the masks"),
        ({"merge_classes": ("from,to", "Car")}, "merge_classes.*CSV of from,to.*Car has only one of the two"),
        ({"merge_classes": ("from,to", "Car,Bus", "Car,Sky")}, "merge_classes.*both Bus and Sky"),
        ({"merge_classes": ("from,to", *(f"{name},All" for name in COLOURS))}, "class_names.*1 class without void"),
        ({"val_list": ("nobody.jpg",)}, "val_list.*names 0 of the 10"),
        ({"val_list": map(str, range(10))}, "val_list.*names 10 of the 10"),
        (
            {"class_names": ("0 0 0 Void", "128 128 Sky")},
            "class_names.*'128 128 Sky' should be R G B name, like the other lines",
        ),
        ({"class_names": ("0 0 0 Void", "300 1 2 Sky")}, "class_names.*Sky has the colour"),
        ({"class_names": ("0 0 0 Void", "0 0 0 Sky")}, r"class_names.*lines 1 and 2 have the same colour, \(0, 0, 0\)"),
        ({"class_names": ("index,name", "0,Void", "0,Sky")}, "class_names.*lines 2 and 3 have the same index, 0"),
        ({"class_names": ("index,name", "0,Void", "-1,Sky")}, r"class_names.*has 1 class; 1, 2 .66\.7 % of the pixels"),
        ({"class_names": ("index,name", "0,Void", "one,Sky")}, "class_names.*'one'"),
        ({"class_names": ("index,name", "0,Void", "1")}, "class_names.*class 1 has no name"),
        ({"class_names": ("name,red,green,blue", "Sky,1,2")}, "class_names.*no table of classes"),
        ({"class_names": ("name,red", "Sky,1")}, "class_names.*no table of classes"),
        ({"class_names": ()}, "class_names.*is empty"),
        ({"class_names": ("only",)}, "class_names.*values 0, 1, 2, and .*has 1 class;"),
        ({"class_names": map(str, range(300))}, "class_names.*300 classes without void; two to 255 are possible"),
        ({"class_names": ("Sky", "Car"), "void": "1,2,3"}, "void = '1,2,3'.*lines of R G B name"),
    ],
)
def test_a_wrong_setting_is_refused_with_field_and_remedy(tmp_path, colours, settings, message):
    raw = pairs(tmp_path / "raw")
    files = {
        key: value if isinstance(value, str) else text(tmp_path / f"{key}.txt", *value)
        for key, value in settings.items()
    }
    with pytest.raises(SettingError, match=message):
        transform(raw, **({"class_names": colours} | files))
    assert not (tmp_path / "data").exists()


def test_a_table_of_classes_that_is_not_text(tmp_path):
    (tmp_path / "classes.txt").write_bytes(b"\x89PNG\r\n\x1a\n")
    with pytest.raises(SettingError, match=r"class_names.*is no table of classes"):
        transform(pairs(tmp_path / "raw"), class_names=tmp_path / "classes.txt")


@pytest.mark.parametrize(
    ("values", "message"),
    [(painted(INDICES), r"0.png is in colour"), (np.zeros_like(INDICES), "all pixels are 0")],
)
def test_masks_that_need_a_table(tmp_path, values, message):
    raw = pairs(tmp_path / "raw")
    for number in range(10):
        save_mask(raw / "masks" / f"{number}.png", values)
    with pytest.raises(SettingError, match=f"class_names.*{message}.*Name "):
        transform(raw)


# ---- Interrupted -----------------------------------------------------------------------------------------------------


def test_an_interrupted_run_resumes_and_gives_the_same_data_folder(tmp_path, monkeypatch, colours):
    raw = pairs(tmp_path / "raw", names=[f"clip_{number}" for number in range(20)])
    (raw / "masks" / "clip_19.png").write_bytes(b"")
    options = {"class_names": colours, "void": "Void", "split": "sequences"}
    unbroken = transform(raw, tmp_path / "unbroken" / "data", **options)
    place_one = Writer._place_one

    def stop(self, pending, *args):
        if Path(pending.image.path).stem == "clip_5":
            raise KeyboardInterrupt
        return place_one(self, pending, *args)

    monkeypatch.setattr(Writer, "_place_one", stop)
    with pytest.raises(KeyboardInterrupt):
        transform(raw, tmp_path / "broken" / "data", **options)
    monkeypatch.undo()
    assert not (tmp_path / "broken" / "data").exists()
    broken = transform(raw, tmp_path / "broken" / "data", **options)
    first, second = (
        {path.relative_to(data): path.read_bytes() for path in data.rglob("*") if path.is_file()}
        for data in (unbroken, broken)
    )
    assert first == second and len(first) == 2 * 19 + 7


def test_a_mask_is_removed_with_its_image(tmp_path, monkeypatch, names):
    raw = pairs(tmp_path / "raw")
    monkeypatch.setattr(DataTransformer, "_finish", lambda *args: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        transform(raw, class_names=names)
    monkeypatch.undo()
    (raw / "images" / "4.jpg").unlink()
    data = transform(raw, class_names=names)
    assert "4" not in by_name(data) and not list(data.rglob("4.*"))
    assert "mask without an image" in rejection_reasons(data)["4.png"]


@pytest.mark.parametrize("link", ["hardlink", "symlink"])
def test_images_are_linked_and_masks_are_written(tmp_path, link):
    raw = pairs(tmp_path / "raw")
    data = transform(raw, link=link)
    row = by_name(data)["3"]
    assert os.path.samefile(data / row["image"], raw / "images" / "3.jpg")
    assert not (data / row["mask"]).is_symlink() and not os.path.samefile(data / row["mask"], raw / "masks" / "3.png")


# ---- Real data -------------------------------------------------------------------------------------------------------


def test_camvid(shared, tmp_path):
    root = shared / "camvid"
    data = transform(root, tmp_path / "data", class_names=root / "classes.txt", void="11")
    folder = read_data_folder(data, "segmentation")
    assert (len(folder.images("train")), len(folder.images("val"))) == (184, 51)
    assert list(folder.classes) == (root / "classes.txt").read_text().split()[:11]
    assert rejection_reasons(data) == {}
    for row in list(by_name(data).values())[::40]:
        raw = np.array(Image.open(row["source"].replace(f"/{row['split']}/", f"/{row['split']}annot/")))
        np.testing.assert_array_equal(np.array(Image.open(data / row["mask"])), np.where(raw == 11, 255, raw))


def test_camvid_in_colour(shared, tmp_path):
    root = shared / "camvid_rgb"
    table_of_colours = root / "label_colors.txt"
    options = {"class_names": table_of_colours, "void": "Void", "val_list": root / "valid.txt"}
    data = transform(root, tmp_path / "data", **options)
    assert splits(data)["val"] == {"0016E5_00870", "0016E5_08280"} and len(splits(data)["train"]) == 4
    rows = [line.split() for line in table_of_colours.read_text().splitlines()]
    known = {tuple(map(int, row[:3])): row[3] for row in rows}
    classes = {row["name"]: int(row["index"]) for row in table(data / "classes.csv")}
    assert len(classes) == 31 and "Void" not in classes
    raw = np.array(Image.open(root / "labels" / "0016E5_00870_L.png"))
    ours = written(data, "0016E5_00870")
    for colour in np.unique(raw.reshape(-1, 3), axis=0):
        assert (ours[(raw == colour).all(-1)] == classes.get(known[tuple(colour.tolist())], 255)).all()
    merge = text(
        tmp_path / "merge.csv", "from,to", "Tree,Green", "VegetationMisc,Green", "Car,Moves", "SUVPickupTruck,Moves"
    )
    merged = transform(root, tmp_path / "merged", merge_classes=merge, **options)
    assert [row["name"] for row in table(merged / "classes.csv")][:2] == ["Green", "Moves"]
    assert ((written(merged, "0016E5_00870") == 0) == (ours == classes["Tree"])).all()


def test_squares_with_equal_channels(shared, tmp_path):
    data = transform(shared / "squares", tmp_path / "data")
    rows = table(data / "manifest.csv")
    assert Counter(row["split"] for row in rows) == {"train": 100, "val": 100}
    assert (data / "classes.csv").read_text() == "index,name\n0,0\n1,1\n"
    for row in rows[::50]:
        raw = shared / "squares" / f"{row['split']}annot" / f"ann_{Path(row['source']).stem}.png"
        np.testing.assert_array_equal(np.array(Image.open(data / row["mask"])), np.array(Image.open(raw))[..., 0])
