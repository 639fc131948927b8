"""`--source auto`: the kind of raw data is taken from the flags and from the first entries of the raw folder."""

import json
import os
import shutil
from pathlib import Path

import pytest
from PIL import Image

from config import DataTransformerConfig
from datatransformer.annotations import files as annotation_files
from datatransformer.folders import raw_files
from datatransformer.source_choice import with_source
from datatransformer.tables import label_search
from settings import SettingError, read_settings
from tests.conftest import run
from tests.test_settings import quick

SIZE = (6, 4)


def save_images(folder: Path, count: int = 5, suffix: str = ".jpg") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        Image.new("L" if suffix == ".png" else "RGB", SIZE, number % 2).save(folder / f"{number}{suffix}")
    return folder


def save_labels(file: Path, count: int = 10) -> Path:
    file.write_text("image,label\n" + "".join(f"{number}.jpg,{number % 2}\n" for number in range(count)))
    return file


def chosen(*flags: object) -> DataTransformerConfig:
    settings = read_settings(DataTransformerConfig, list(map(str, flags)), "python -m datatransformer")
    return with_source(settings)


def refusal(*flags: object) -> str:
    with pytest.raises(SettingError) as caught:
        chosen(*flags)
    return str(caught.value)


# ---- Flags -----------------------------------------------------------------------------------------------------------


def test_a_flag_that_one_source_alone_uses_chooses_it(tmp_path):
    images, masks = save_images(tmp_path / "photos"), save_images(tmp_path / "other", suffix=".png")
    for name in ("a", "b"):
        save_images(images / name)
    labels = save_labels(tmp_path / "labels.csv")
    assert chosen("--raw-images", images, "--raw-labels", labels).source == "labels"
    assert chosen("--raw-images", images, "--raw-masks", masks).source == "masks"
    assert chosen("--tfds-name", "cifar10").source == "tfds"


def test_the_choice_is_printed_and_recorded(tmp_path):
    """So the same command, with or without --source, finds the data folder complete."""
    images, labels = save_images(tmp_path / "photos", 10), save_labels(tmp_path / "labels.csv")
    flags = ("--raw-images", images, "--raw-labels", labels, "--data", tmp_path / "data")
    done = run("datatransformer", *flags)
    assert done.code == 0 and "Source: labels, because --raw-labels is given" in done.out
    assert json.loads((tmp_path / "data" / "settings.json").read_text())["source"] == "labels"
    for again in (run("datatransformer", *flags), run("datatransformer", *flags, "--source", "labels")):
        assert again.code == 0 and "nothing to do" in again.out
    assert "Source:" not in again.out


@pytest.mark.parametrize(
    ("flags", "first", "second"),
    [
        (("--raw-labels", "labels.csv", "--raw-masks", "masks"), "--raw-labels (source labels)", "--raw-masks"),
        (("--raw-labels", "labels.csv", "--tfds-name", "mnist"), "--raw-labels (source labels)", "--tfds-name"),
        (("--raw-masks", "masks", "--tfds-name", "mnist"), "--raw-masks (source masks)", "--tfds-name"),
    ],
)
def test_flags_that_contradict_each_other_are_refused(tmp_path, monkeypatch, flags, first, second):
    save_labels(tmp_path / "labels.csv")
    save_images(tmp_path / "masks")
    monkeypatch.chdir(tmp_path)
    message = refusal("--raw-images", tmp_path, *flags)
    assert "source = 'auto'" in message and first in message and second in message and "contradict" in message


def test_without_raw_data_the_usual_commands_are_shown(tmp_path):
    done = quick("datatransformer", "--data", tmp_path / "data")
    assert done.code == 2 and len(done.err.splitlines()) == 4
    for flags in ("--raw-images photos --raw-labels labels.csv", "--raw-images photos --raw-masks masks"):
        assert f"python -m datatransformer {flags}" in done.err
    assert list(tmp_path.iterdir()) == [], "nothing is drawn"


def test_settings_of_synthetic_images_do_not_choose_them(tmp_path):
    for flags in (("--pictures", 20), ("--picture-size", 64)):
        done = quick("datatransformer", *flags, "--data", tmp_path / "data")
        assert done.code == 2 and f"{flags[0]} {flags[1]} is for --source scenes or --source squares" in done.err
    assert "--data-dir" in refusal("--data-dir", tmp_path) and "--source tfds" in refusal("--data-dir", tmp_path)
    images = save_images(tmp_path / "photos" / "a").parent
    save_images(images / "b")
    assert "pictures = '20': has no effect with source folders" in refusal("--raw-images", images, "--pictures", 20)


def test_a_raw_folder_does_not_go_with_a_named_data_set(tmp_path):
    assert "raw_images" in refusal("--raw-images", tmp_path, "--tfds-name", "mnist")


# ---- The raw folder --------------------------------------------------------------------------------------------------


def recognised(root: Path, *flags: object) -> str:
    return chosen("--raw-images", root, *flags).source


def test_class_folders(tmp_path):
    for name in ("beach", "city/deep/deeper"):
        save_images(tmp_path / name)
    (tmp_path / "__MACOSX").mkdir()
    (tmp_path / "notes.txt").touch()
    assert recognised(tmp_path) == "folders"
    shutil.rmtree(tmp_path / "city")
    assert "two classes are needed" in refusal("--raw-images", tmp_path)


def test_folders_named_like_splits_are_not_classes(tmp_path):
    for split in ("train", "valid", "test"):
        for name in ("daisy", "rose"):
            save_images(tmp_path / split / name)
    assert recognised(tmp_path) == recognised(tmp_path / "train") == "folders"


@pytest.mark.parametrize(
    ("images", "masks", "root"),
    [
        ("train", "trainannot", "."),
        ("train", "trainannot", "train"),
        ("images", "masks", "."),
        ("images", "masks", "images"),
        ("Photos", "photos_mask", "."),
        ("images/train", "labels/train", "."),
        ("train/images", "train/masks", "."),
    ],
)
def test_masks_beside_images(tmp_path, images, masks, root):
    save_images(tmp_path / images)
    save_images(tmp_path / masks, suffix=".png")
    assert recognised(tmp_path / root) == "masks"


def test_the_layout_of_voc_goes_before_masks_and_folders(tmp_path):
    save_images(tmp_path / "JPEGImages")
    save_images(tmp_path / "SegmentationClass", suffix=".png")
    assert recognised(tmp_path) == "voc"


@pytest.mark.parametrize("name", ["labels.csv", "labels.tsv", "labels.json"])
def test_one_label_file_among_the_images(tmp_path, name):
    root = save_images(tmp_path / "photos", 10)
    table = {
        ".csv": "".join(f"{number}.jpg,{number % 2}\n" for number in range(10)),
        ".tsv": "".join(f"{number}.jpg\t{number % 2}\n" for number in range(10)),
        ".json": json.dumps([{"image_id": f"{number}.jpg", "label_id": number % 2} for number in range(10)]),
    }
    (root / name).write_text(table[Path(name).suffix])
    (root / "README.md").touch()
    done = run("datatransformer", "--raw-images", root, "--data", tmp_path / "data")
    assert done.code == 0 and f"Source: labels, because {root / name} gives labels of its images" in done.out
    explicit = ("--source", "labels", "--raw-images", root, "--raw-labels", root / name, "--data", tmp_path / "data")
    assert "nothing to do" in run("datatransformer", *explicit).out


def test_the_table_of_class_names_is_no_label_file(tmp_path):
    root = save_images(tmp_path, 2)
    (root / "names.csv").write_text("0,zero\n1,one\n")
    shutil.copy(save_labels(root / "labels.csv", 2), root / "val.csv")
    assert chosen("--raw-images", root, "--class-names", root / "names.csv", "--val-list", root / "val.csv")


def test_several_ways_to_read_a_folder_are_listed(tmp_path):
    for name in ("a b", "c"):
        save_images(tmp_path / name, 10)
    (tmp_path / "labels.csv").write_text("a b/1.jpg,x\na b/2.jpg,y\nc/1.jpg,x\n")
    done = quick("datatransformer", "--raw-images", tmp_path, "--data", tmp_path.parent / "data")
    lines = done.err.splitlines()
    assert done.code == 2 and "can be read in 2 ways" in lines[0]
    assert (
        f"  --source labels --raw-labels {tmp_path / 'labels.csv'}: {tmp_path / 'labels.csv'} gives labels" in lines[1]
    )
    assert lines[2].startswith("  --source folders: ") and "a b, c" in lines[2]
    assert recognised(tmp_path, "--source", "folders") == "folders"
    shutil.copy(tmp_path / "labels.csv", tmp_path / "other.csv")
    assert "can be read in 3 ways" in refusal("--raw-images", tmp_path)


def test_masks_in_each_class_folder_could_be_either(tmp_path):
    for name in ("covid", "normal"):
        save_images(tmp_path / name / "images")
        save_images(tmp_path / name / "masks", suffix=".png")
    message = refusal("--raw-images", tmp_path)
    assert "--source folders: " in message and "--source masks: " in message


def test_images_alone_are_refused_with_what_is_missing(tmp_path):
    root = save_images(tmp_path / "photos", 10)
    message = refusal("--raw-images", root)
    assert "raw_images" in message and all(flag in message for flag in ("--raw-labels FILE", "--raw-masks FOLDER"))
    labels = save_labels(tmp_path / "labels.csv")
    assert f"--raw-labels {labels} (it names these images)" in refusal("--raw-images", root)
    (tmp_path / "empty").mkdir()
    assert "holds no images" in refusal("--raw-images", tmp_path / "empty")


def test_a_class_of_masks_is_a_class(tmp_path):
    """People with and without a face mask are two classes, not images and masks."""
    for name in ("with_mask", "without_mask"):
        save_images(tmp_path / name)
    assert recognised(tmp_path) == "folders"


def test_annotations_that_are_no_images_are_no_masks(tmp_path):
    save_images(tmp_path / "images")
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels" / "0.txt").write_text("a note\n")
    assert "no class folders" in refusal("--raw-images", tmp_path)


def test_a_huge_folder_is_not_read_to_its_end(tmp_path, monkeypatch):
    """Counts the entries that are taken from the file system, not the time."""
    root = tmp_path / "photos"
    for name in ("a", "b"):
        (root / name).mkdir(parents=True)
        for number in range(500):
            (root / name / f"{number}.jpg").touch()
    for number in range(8000):
        (root / f"{number}.jpg").touch()
    taken = 0
    scandir = os.scandir

    class Counting:
        def __init__(self, path):
            self.entries = scandir(path)

        def __enter__(self):
            return self

        def __exit__(self, *error):
            self.entries.close()

        def __iter__(self):
            nonlocal taken
            for entry in self.entries:
                taken += 1
                yield entry

    monkeypatch.setattr(raw_files.os, "scandir", Counting)
    monkeypatch.setattr(label_search, "FIRST_ENTRIES", 200)
    monkeypatch.setattr(annotation_files, "FIRST_FILES", 50)
    with pytest.raises(SettingError):
        chosen("--raw-images", root / "a")
    assert 0 < taken < 5000, taken


# ---- Real data -------------------------------------------------------------------------------------------------------


def test_scene15_by_its_label_file(shared, tmp_path):
    root = shared / "scene15"
    message = refusal("--raw-images", root / "images")
    assert f"--raw-labels {root / 'labels.csv'} (it names these images)" in message
    flags = ["--raw-images", root / "images", "--raw-labels", root / "labels.csv", "--data", tmp_path / "data"]
    flags += ["--class-names", root / "classes.csv", "--link", "symlink", "--no-verify"]
    done = run("datatransformer", *flags)
    assert done.code == 0, done.err
    assert "Source: labels, because --raw-labels is given" in done.out
    assert "1200 images for training, 300 for validation" in done.out


def test_scene15_with_its_label_file_inside(shared, tmp_path):
    raw = tmp_path / "raw"
    raw.mkdir()
    for number in range(1, 101):
        shutil.copy(shared / "scene15" / "images" / f"{number:06d}.jpg", raw)
    shutil.copy(shared / "scene15" / "labels.csv", raw)
    shutil.copy(shared / "scene15" / "classes.csv", raw)
    assert chosen("--raw-images", raw).raw_labels == raw / "labels.csv"


def test_camvid_by_its_folders(shared):
    root = shared / "camvid"
    for flags in ((root,), (root / "train",)):
        assert recognised(*flags) == "masks"
    assert recognised(shared / "camvid_rgb") == "masks"
    assert recognised(shared / "squares") == "masks"
