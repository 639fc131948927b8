"""Masks in folders of any name, and among images, are never taken for a class silently."""

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from datatransformer.folders.mask_content import are_masks
from tests.conftest import Ran, rejection_reasons, run, table

SIZE = 32
COUNT = 8


def photo(number: int) -> Image.Image:
    """A picture of many colours."""
    return Image.fromarray(np.random.default_rng(number).integers(0, 256, (SIZE, SIZE, 3), np.uint8))


def disc(number: int, radius: int = 6) -> Image.Image:
    """A mask of 0 and 255."""
    rows, columns = np.mgrid[:SIZE, :SIZE]
    inside = (rows - 12 - number % 5) ** 2 + (columns - 14) ** 2 < radius**2
    return Image.fromarray((inside * 255).astype(np.uint8))


def save(path: Path, image: Image.Image) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path)


def two_folders(root: Path, images: str, masks: str, image: str = "{}.jpg", mask: str = "{}.png") -> Path:
    for number in range(COUNT):
        save(root / images / image.format(number), photo(number))
        save(root / masks / mask.format(number), disc(number))
    return root


def transform(root: Path, *flags: object, data: str = "data") -> Ran:
    return run("datatransformer", "--raw-images", root, "--data", root.parent / data, *flags)


def check_pairs(data: Path) -> None:
    """All images have their masks."""
    rows = table(data / "manifest.csv")
    assert len(rows) == COUNT and [row["name"] for row in table(data / "classes.csv")] == ["background", "object"]
    for row in rows:
        number = int("".join(filter(str.isdecimal, Path(row["source"]).stem)))
        expected = np.asarray(disc(number)) // 255
        np.testing.assert_array_equal(np.asarray(Image.open(data / row["mask"])), expected)


@pytest.mark.parametrize(
    ("images", "masks"),
    [
        ("RGB", "labels"),
        ("original_images", "label_images_semantic"),
        ("image", "ground truth"),
        ("input", "target"),
        ("photos", "masks"),
        ("frames", "segmentation"),
        ("images", "GT"),
        ("img", "mask"),
        ("test_images", "test_masks"),
    ],
)
def test_folders_that_are_named_like_images_and_masks(tmp_path, images, masks):
    raw = two_folders(tmp_path / "raw", images, masks)
    done = transform(raw)
    assert done.code == 0 and f"Source: masks, because {raw / masks} holds the masks of {raw / images}" in done.out
    check_pairs(tmp_path / "data")


def test_masks_in_a_folder_of_any_name_are_asked_about(tmp_path):
    raw = two_folders(tmp_path / "raw", "x", "y", "img_{}.jpg", "{}_m.png")
    done = transform(raw)
    remedy = f"--source masks --raw-images {raw / 'x'} --raw-masks {raw / 'y'}"
    assert done.code == 2 and "can be read in 2 ways" in done.err and "--source folders: " in done.err
    assert f"  {remedy}: {raw / 'y'} looks like the masks of {raw / 'x'}" in done.err
    done = run("datatransformer", *remedy.split(), "--data", tmp_path / "data")
    assert done.code == 0, done.err
    check_pairs(tmp_path / "data")


def test_masks_of_any_name_in_split_folders_are_asked_about(tmp_path):
    for split in ("train", "val"):
        two_folders(tmp_path / "raw" / split, "x", "y")
    done = transform(tmp_path / "raw")
    assert done.code == 2 and "--source folders: " in done.err and "\n  --source masks: " in done.err
    assert transform(tmp_path / "raw", "--source", "masks").code == 0
    assert len(table(tmp_path / "data" / "manifest.csv")) == 2 * COUNT


def test_classes_with_the_same_names_of_files_are_classes(tmp_path):
    for name, make in (("cat", photo), ("dog", photo), ("one", disc), ("two", disc)):
        for number in range(COUNT):
            save(tmp_path / ("photos" if make is photo else "digits") / name / f"{number}.png", make(number))
    for raw in ("photos", "digits"):
        done = transform(tmp_path / raw, data=f"data_{raw}")
        assert done.code == 0 and "Source: folders" in done.out


def test_a_class_of_drawings_with_other_names_is_a_class(tmp_path):
    raw = two_folders(tmp_path / "raw", "photographs", "drawings", "a{}x.png", "b{}y{}.png".replace("{}", "{0}"))
    for number in range(COUNT):
        (raw / "drawings" / f"b{number}y{number}.png").rename(raw / "drawings" / f"{chr(97 + number) * 5}.png")
    done = transform(raw)
    assert done.code == 0 and "Source: folders" in done.out


def test_masks_in_a_further_folder_are_asked_about(tmp_path):
    """DRIVE: 1st_manual holds the vessels, mask the field of view."""
    raw = tmp_path / "raw"
    for number in range(COUNT):
        save(raw / "training" / "images" / f"{number}_training.tif", photo(number))
        save(raw / "training" / "1st_manual" / f"{number}_manual1.gif", disc(number))
        save(raw / "training" / "mask" / f"{number}_training_mask.gif", disc(number, 15))
    images, manual, view = (raw / "training" / name for name in ("images", "1st_manual", "mask"))
    for flags in ((), ("--source", "masks")):
        done = transform(raw, *flags)
        assert done.code == 2
        assert all(f"--raw-images {images} --raw-masks {path}" in done.err for path in (manual, view))
    done = transform(raw / "training", "--raw-masks", manual)
    assert done.code == 2 and f"name the folder that holds these alone, {images}" in done.err
    done = run("datatransformer", "--raw-images", images, "--raw-masks", manual, "--data", tmp_path / "data")
    assert done.code == 0, done.err
    assert all(Path(row["source"]).parent == images for row in table(tmp_path / "data" / "manifest.csv"))
    row = table(tmp_path / "data" / "manifest.csv")[0]
    number = int(Path(row["source"]).stem.split("_")[0])
    assert (np.asarray(Image.open(tmp_path / "data" / row["mask"])) == 1).sum() == (np.asarray(disc(number)) > 0).sum()


@pytest.mark.parametrize("others", [("test_images", "test_masks"), ("images", "masks_colour"), ("images", "overlays")])
def test_other_splits_and_other_pictures_are_no_further_masks(tmp_path, others):
    raw = two_folders(tmp_path / "raw", "images", "masks")
    two_folders(raw, *others)
    done = transform(raw)
    assert done.code == 0 and f"{raw / 'masks'} holds the masks of {raw / 'images'}" in done.out


@pytest.mark.parametrize(("image", "mask"), [("{} ({}).png", "{} ({})_mask.png"), ("{}-{}.jpg", "{}-{}.png")])
def test_masks_in_class_folders_are_no_pictures(tmp_path, image, mask):
    """BUSI."""
    raw = tmp_path / "raw"
    for number in range(COUNT):
        name = ("benign", "malignant")[number % 2]
        save(raw / name / image.format(name, number), photo(number))
        save(raw / name / mask.format(name, number), disc(number))
    done = transform(raw)
    assert done.code == 2 and "--source folders: " in done.err
    assert f"--source masks --raw-masks {raw}: {raw} holds masks beside their images" in done.err
    done = transform(raw, "--source", "folders")
    assert done.code == 0 and "Masks lie beside their images" in done.err and "They are left out" in done.err
    rows = table(tmp_path / "data" / "manifest.csv")
    assert {Path(row["source"]).name for row in rows} == {
        image.format(("benign", "malignant")[number % 2], number) for number in range(COUNT)
    }
    assert set(rejection_reasons(tmp_path / "data").values()) == {
        f"is the mask of {image.format(('benign', 'malignant')[number % 2], number)}" for number in range(COUNT)
    }
    assert transform(raw, "--source", "masks", "--raw-masks", raw, data="masks").code == 0
    check_pairs(tmp_path / "masks")


def test_folders_of_masks_in_class_folders_are_left_out(tmp_path):
    for name in ("covid", "normal"):
        two_folders(tmp_path / "raw" / name, "images", "masks")
    done = transform(tmp_path / "raw", "--source", "folders")
    assert done.code == 0 and "Folders of masks are left out" in done.err
    rows = table(tmp_path / "data" / "manifest.csv")
    assert len(rows) == 2 * COUNT and {Path(row["source"]).parent.name for row in rows} == {"images"}


def test_masks_as_a_class_are_a_warning(tmp_path):
    raw = two_folders(tmp_path / "raw", "RGB", "labels")
    done = transform(raw, "--source", "folders")
    assert done.code == 0 and f"{raw / 'labels'} looks like the masks of {raw / 'RGB'}" in done.err


def test_masks_in_one_folder_with_their_images(tmp_path):
    raw = two_folders(tmp_path / "raw", "", "", "p{}.jpg", "p{}_mask.png")
    done = transform(raw)
    assert done.code == 0 and "Source: masks, because" in done.out
    check_pairs(tmp_path / "data")


def test_product_photos_with_labels_in_their_names_are_pictures(tmp_path):
    for name in ("tea", "coffee"):
        for number in range(COUNT):
            save(tmp_path / "raw" / name / f"{number}.jpg", photo(number))
            save(tmp_path / "raw" / name / f"{number}_label.jpg", photo(number + 50))
    assert transform(tmp_path / "raw").code == 0
    assert len(table(tmp_path / "data" / "manifest.csv")) == 4 * COUNT


def test_what_looks_like_masks(tmp_path):
    smooth = disc(1).resize((250, 250), Image.Resampling.NEAREST).resize((200, 200), Image.Resampling.BILINEAR)
    for name, image, expected in (
        ("disc.png", disc(1), True),
        ("disc.jpg", disc(1), True),
        ("smooth.png", smooth, True),
        ("deep.tif", Image.fromarray((np.asarray(disc(1)) // 255 * 3).astype(np.uint16)), True),
        ("photo.png", photo(1), False),
        ("photo.jpg", photo(1), False),
        ("gray.png", photo(1).convert("L"), False),
    ):
        image.save(tmp_path / name)
        assert are_masks([tmp_path / name]) == expected, name
    (tmp_path / "text.png").write_text("text")
    os.mkfifo(tmp_path / "pipe.png")
    for name in ("text.png", "pipe.png", "missing.png"):
        assert not are_masks([tmp_path / name])
