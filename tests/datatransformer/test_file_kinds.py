"""Folders without images say what they hold; images without a suffix are found."""

import numpy as np
from PIL import Image

from tests.conftest import run, table


def test_files_of_other_kinds_are_named(tmp_path):
    for number in range(3):
        for folder in ("a", "b"):
            (tmp_path / "raw" / folder).mkdir(parents=True, exist_ok=True)
            (tmp_path / "raw" / folder / f"{number}.dcm").write_bytes(b"\0" * 128 + b"DICM")
    (tmp_path / "raw" / "notes").touch()
    done = run("datatransformer", "--raw-images", tmp_path / "raw", "--data", tmp_path / "data")
    assert done.code == 2 and "holds no images, but files of other kinds: 6 .dcm and 1 without suffix" in done.err
    assert "Save them as PNG or TIFF" in done.err


def test_masks_of_other_kinds_are_named(tmp_path):
    for folder in ("images", "masks"):
        (tmp_path / folder).mkdir()
    for number in range(4):
        Image.new("RGB", (8, 8), (number, 0, 0)).save(tmp_path / "images" / f"{number}.jpg")
        np.save(tmp_path / "masks" / f"{number}.npy", np.eye(8, dtype=np.uint8))
    flags = ("--raw-images", tmp_path / "images", "--raw-masks", tmp_path / "masks", "--data", tmp_path / "data")
    done = run("datatransformer", *flags)
    assert (
        done.code == 2
        and "raw_masks = " in done.err
        and "holds no images, but files of other kinds: 4 .npy" in done.err
    )
    for path in (tmp_path / "masks").glob("*.npy"):
        Image.fromarray(np.load(path)).save(path.with_suffix(".png"))
    assert run("datatransformer", *flags).code == 0, "the remedy works"


def test_images_without_a_suffix_are_found_by_their_first_bytes(tmp_path):
    for number in range(8):
        path = tmp_path / "raw" / "ab"[number % 2] / str(number)
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (8, 8), (number, 0, 0)).save(path, "JPEG")
    done = run("datatransformer", "--raw-images", tmp_path / "raw", "--data", tmp_path / "data")
    assert done.code == 0, done.err
    rows = table(tmp_path / "data" / "manifest.csv")
    assert len(rows) == 8 and all(row["image"].endswith(".jpg") for row in rows)


def test_masks_of_another_size_are_the_first_thing_said(tmp_path):
    for folder, size in (("images", 16), ("masks", 8)):
        (tmp_path / folder).mkdir()
        for number in range(4):
            picture = Image.fromarray(np.eye(size, dtype=np.uint8))
            picture.save(tmp_path / folder / f"{number}.png")
    flags = ("--raw-images", tmp_path / "images", "--raw-masks", tmp_path / "masks", "--data", tmp_path / "data")
    done = run("datatransformer", *flags)
    assert done.code == 1 and "no image is usable. The reason for all 4 files" in done.err
    assert "the mask has 8x8 pixels, the image 16x16; resize it by nearest neighbour" in done.err
    for path in (tmp_path / "masks").iterdir():
        Image.open(path).resize((16, 16), Image.Resampling.NEAREST).save(path)
    assert run("datatransformer", *flags).code == 0, "the remedy works"


def test_frames_of_masks_are_not_supported(tmp_path):
    for folder in ("images", "masks"):
        (tmp_path / folder).mkdir()
        Image.new("L", (8, 8)).save(tmp_path / folder / "0.png")
    flags = ("--raw-images", tmp_path / "images", "--raw-masks", tmp_path / "masks", "--data", tmp_path / "data")
    done = run("datatransformer", *flags, "--frames", "all")
    assert done.code == 2 and "frames = 'all': is not for masks: of each picture and mask the first frame" in done.err
