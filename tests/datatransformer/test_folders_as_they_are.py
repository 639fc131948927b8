"""Raw folders with more in them than pictures: tables of other things, split folders, folders that have been moved."""

import json
import tracemalloc
from pathlib import Path

import cv2
import numpy as np
import pytest

from config import DataTransformerConfig
from datatransformer.folders.folder_split import folder_split
from datatransformer.folders.raw_files import subfolders
from datatransformer.source_choice import with_source
from settings import SettingError, WorkError
from tests.conftest import make_data_folder, table


def picture(path: Path, seed: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.random.default_rng(seed).integers(0, 256, (8, 8, 3), dtype=np.uint8))
    return path


def class_folders(root: Path, count: int = 6) -> Path:
    for number in range(count):
        picture(root / ("cat", "dog")[number % 2] / f"p{number}.png", number)
    return root


def source_of(root: Path) -> str:
    return with_source(DataTransformerConfig(raw_images=root, data=root.parent / "data")).source


@pytest.mark.parametrize(
    "text",
    ["name,r,g,b\ncat,0,0,0\ndog,128,0,0\n", "id,name,supercategory\n0,cat,a\n1,dog,b\n", "a,b,c\nx,1,2\ny,3,4\n"],
)
def test_a_table_that_names_no_picture_gives_no_labels(tmp_path, text):
    """Also one whose columns of labels are undecided."""
    root = class_folders(tmp_path / "raw")
    (root / "class_dict.csv").write_text(text)
    assert source_of(root) == "folders"
    (tmp_path / "class_dict.csv").write_text(text)
    assert source_of(root) == "folders"


@pytest.mark.parametrize("has_labels", [False, True])
def test_a_table_of_class_names_among_the_pictures_is_no_picture_without_a_label(tmp_path, has_labels, caplog):
    """Whether it is used, or only offered. Other files are left out, with their reasons."""
    root = tmp_path / "raw"
    for number in range(6):
        picture(root / ("all" if has_labels else str(number % 2)) / f"p{number}.png", number)
    if has_labels:
        (root / "labels.csv").write_text("image,label\n" + "".join(f"p{n}.png,{n % 2}\n" for n in range(6)))
    (root / "classes.csv").write_text("index,name\n0,cat\n1,dog\n")
    (root / "notes.txt").write_text("mine")
    settings = {"raw_images": root} | ({"raw_labels": root / "labels.csv"} if has_labels else {})
    for given, classes in (({}, ["0", "1"]), ({"class_names": root / "classes.csv"}, ["cat", "dog"])):
        data = make_data_folder(tmp_path / f"data-{classes[0]}", **settings, **given)
        assert [row["name"] for row in table(data / "classes.csv")] == classes
        assert [row["source"] for row in table(data / "rejected.csv")] == [str(root / "notes.txt")]
        assert (f"To name them, add --class-names {root / 'classes.csv'} (0: cat, 1: dog)" in caplog.text) != bool(
            given
        )
        caplog.clear()


def test_annotations_beside_a_folder_count_only_if_they_name_its_pictures(tmp_path):
    root = class_folders(tmp_path / "raw")
    lists = {"annotations": [], "categories": [{"id": 1, "name": "car"}]}
    (tmp_path / "other.json").write_text(json.dumps({"images": [{"id": 1, "file_name": "street.jpg"}], **lists}))
    assert source_of(root) == "folders"
    (tmp_path / "other.json").write_text(json.dumps({"images": [{"id": 1, "file_name": "p3.png"}], **lists}))
    assert source_of(root) == "coco"


def split_table(root: Path, text: str, **settings: object) -> dict[str, str]:
    (root.parent / "labels.csv").write_text(text)
    data = make_data_folder(root.parent / "data", raw_images=root, raw_labels=root.parent / "labels.csv", **settings)
    return {Path(row["source"]).name: row["split"] for row in table(data / "manifest.csv")}


@pytest.fixture
def split_raw(tmp_path) -> Path:
    for number in range(12):
        picture(tmp_path / "raw" / ("train", "valid", "test")[number % 3] / f"{number}.png", number)
    return tmp_path / "raw"


ROWS = "".join(f"{number}.png,{'ab'[number // 3 % 2]}\n" for number in range(12))


def test_a_label_table_keeps_the_split_of_folders(split_raw):
    splits = split_table(split_raw, f"image,label\n{ROWS}")
    assert splits == {f"{number}.png": ("train", "val", "test")[number % 3] for number in range(12)}
    assert "from the names of their folders: 4 for training, 4 for validation, 4 for testing" in (
        (split_raw.parent / "data" / "report.md").read_text()
    )


def test_a_split_column_and_the_ratio_come_before_folders(split_raw):
    rows = "".join(f"{line},{'train' if number < 9 else 'val'}\n" for number, line in enumerate(ROWS.split()))
    splits = split_table(split_raw, f"image,label,split\n{rows}")
    assert splits == {f"{number}.png": "train" if number < 9 else "val" for number in range(12)}
    splits = split_table(split_raw, f"image,label\n{ROWS}", split="ratio", overwrite=True)
    assert len(splits) == 12 and sorted(splits.values()) != sorted(["train", "val"] * 6)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (("train/1.jpg", "val/2.jpg", "test/3.jpg", "4.jpg"), ["train", "val", "test", None]),
        (("a/Train/1.jpg", "a/Testing/3.jpg", "2.jpg"), [None, "test", None]),
        (("train/1.jpg", "other/2.jpg"), None),
        (("val/1.jpg", "test/2.jpg"), None),
        (("training_ground/1.jpg", "valley/2.jpg"), None),
    ],
)
def test_the_split_of_folders(names, expected):
    split = folder_split(names)
    assert (split and [split.of(name) for name in names]) == expected


@pytest.mark.parametrize("is_relative", [True, False])
def test_raw_data_and_data_folder_are_moved_together(tmp_path, monkeypatch, is_relative):
    """The same command goes on, also with paths that are seen from the folder."""

    def make(place: Path) -> list[str]:
        monkeypatch.chdir(place)
        start = Path() if is_relative else place
        (place / "labels.csv").write_text("".join(f"{number}.png,{'ab'[number % 2]}\n" for number in range(6)))
        data = make_data_folder(start / "data", raw_images=start / "raw", raw_labels=start / "labels.csv")
        return [row["source"] for row in table(data / "manifest.csv")]

    for number in range(6):
        picture(tmp_path / "here" / "raw" / f"{number}.png", number)
    before = make(tmp_path / "here")
    monkeypatch.chdir(tmp_path)
    there = (tmp_path / "here").rename(tmp_path / "there")
    assert make(there) == before, "nothing was made again"
    picture(there / "raw" / "0.png", 99)
    with pytest.raises(SettingError, match=r"are newer, such as 0\.png"):
        make(there)


# ---- Names -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("in_table", "on_disk"),
    [
        ("ISIC_{:04}", "ISIC_{:04}_downsampled.png"),
        ("{}", "IMG_{:05}.png"),
        ("{}_sat.jpg", "{}.png"),
        ("scan{}", "x/left-scan{}.png"),
        ("images/{:03}.tif", "{}_crop.png"),
    ],
)
def test_names_in_tables_and_lists_lack_what_all_files_have(tmp_path, in_table, on_disk):
    """The matcher of masks knows this step; tables and lists know it too."""
    for number in range(12):
        picture(tmp_path / "raw" / on_disk.format(number), number)
    rows = "".join(f"{in_table.format(number)},{'ab'[number % 2]}\n" for number in range(12))
    (tmp_path / "labels.csv").write_text(f"image,label\n{rows}")
    (tmp_path / "val.txt").write_text(f"{in_table.format(3)}\n{in_table.format(8)}\n")
    raw = {"raw_images": tmp_path / "raw", "raw_labels": tmp_path / "labels.csv", "val_list": tmp_path / "val.txt"}
    data = make_data_folder(tmp_path / "data", **raw)
    found = {Path(row["source"]).name: (row["class"], row["split"]) for row in table(data / "manifest.csv")}
    names = [Path(on_disk.format(number)).name for number in range(12)]
    assert found == {
        name: ("ab"[number % 2], "val" if number in (3, 8) else "train") for number, name in enumerate(names)
    }
    assert "12 names were found without regard to" in (data / "report.md").read_text()


def test_a_few_names_that_are_missing_teach_nothing(tmp_path):
    """One rule must fit most of them: otherwise they are left out with the nearest name."""
    for number in range(10):
        picture(tmp_path / "raw" / f"a{number}_x.png", number)
    rows = "".join(f"a{number}_x.png,{'ab'[number % 2]}\n" for number in range(8))
    (tmp_path / "labels.csv").write_text(f"image,label\n{rows}b8_x,a\nc9,b\n")
    data = make_data_folder(tmp_path / "data", raw_images=tmp_path / "raw", raw_labels=tmp_path / "labels.csv")
    assert len(table(data / "manifest.csv")) == 8
    reasons = " ".join(row["reason"] for row in table(data / "rejected.csv"))
    assert "the nearest name is a8_x.png" in reasons


# ---- Pictures that are there twice -----------------------------------------------------------------------------------


def test_equal_pictures_in_both_splits_or_with_two_labels_are_warned_of(tmp_path):
    for number in range(8):
        picture(tmp_path / "raw" / ("train", "val")[number % 2] / "ab"[number // 4] / f"{number}.png", number)
    clean = make_data_folder(tmp_path / "clean", raw_images=tmp_path / "raw")
    assert "more than once" not in (clean / "report.md").read_text()
    picture(tmp_path / "raw" / "val" / "a" / "copy.png", 0)
    picture(tmp_path / "raw" / "train" / "b" / "copy.png", 2)
    report = (make_data_folder(tmp_path / "data", raw_images=tmp_path / "raw") / "report.md").read_text()
    first = "1 picture is there more than once, in different splits, so that scores on them"
    assert f"{first} are too high, such as train/a/0.png and val/a/copy.png" in report
    assert "1 picture is there more than once, with different labels, such as train/a/2.png and train/b/copy" in report


# ---- Class folders ---------------------------------------------------------------------------------------------------


def classes_and_splits(tmp_path: Path, *folders: str, **settings: object) -> dict[str, list[str]]:
    """The splits of the classes of a raw folder with four pictures in each of these folders."""
    for place, folder in enumerate(folders):
        for number in range(4):
            picture(tmp_path / "raw" / folder / f"{number}.png", 10 * place + number)
    data = make_data_folder(tmp_path / "data", raw_images=tmp_path / "raw", **settings)
    found: dict[str, set[str]] = {}
    for row in table(data / "manifest.csv"):
        found.setdefault(row["class"], set()).add(row["split"])
    return {name: sorted(splits) for name, splits in sorted(found.items())}


BOTH = ["train", "val"]


def test_folders_of_parts_are_no_classes(tmp_path):
    """fold1/cat, fold1/dog, fold2/cat ...: the parts have numbers, and all hold the same folders."""
    assert classes_and_splits(tmp_path, "fold1/cat", "fold1/dog", "fold2/cat", "fold2/dog") == {
        "cat": BOTH,
        "dog": BOTH,
    }
    other = tmp_path / "other"
    assert classes_and_splits(other, "class1/a", "class1/b", "class2/a", "class2/b") == {"class1": BOTH, "class2": BOTH}
    assert "do not count" in (other / "data" / "report.md").read_text()


def test_a_test_folder_without_the_classes_is_left_out(tmp_path):
    """Keras wants unlabelled pictures in a folder like this."""
    assert classes_and_splits(tmp_path, "train/cat", "train/dog", "test/unknown") == {"cat": BOTH, "dog": BOTH}
    assert {row["reason"] for row in table(tmp_path / "data" / "rejected.csv")} == {"is for testing"}
    other = tmp_path / "other"
    found = classes_and_splits(other, "train/cat", "train/dog", "test/cat")
    assert found == {"cat": ["test", *BOTH], "dog": BOTH}


def test_splits_without_a_class_in_common_are_refused(tmp_path):
    folders = ("train/cat", "train/dog", "val/kat", "val/hond")
    with pytest.raises(SettingError, match=r"no class in common: cat, dog for training.*--split ratio"):
        classes_and_splits(tmp_path, *folders)
    assert list(classes_and_splits(tmp_path, *folders, split="ratio")) == ["cat", "dog", "hond", "kat"]


def test_class_folders_that_differ_in_case_alone_are_warned_of(tmp_path):
    assert list(classes_and_splits(tmp_path, "Cat", "cat", "dog")) == ["Cat", "cat", "dog"]
    assert "The folders Cat and cat are two classes" in (tmp_path / "data" / "report.md").read_text()


def test_class_folders_of_links_name_the_reason(tmp_path):
    for name in ("cat", "dog"):
        (tmp_path / "raw" / name).mkdir(parents=True)
        (tmp_path / "raw" / name / "0.png").symlink_to(picture(tmp_path / "store" / f"{name}.png"))
    with pytest.raises(WorkError, match=r"cat/0\.png is a link that leads out of the raw folder"):
        make_data_folder(tmp_path / "data", raw_images=tmp_path / "raw")


def test_a_file_names_the_class_folders(tmp_path):
    """As ImageNet's folders of synsets, or folders of numbers. The order is that of the keys, or of the lines."""
    (tmp_path / "names.txt").write_text("n02123045 tabby cat\nn02085620 dog\nn02119789 fox\n")
    classes_and_splits(
        tmp_path,
        *(f"{split}/{synset}" for split in ("train", "val") for synset in ("n02085620", "n02123045")),
        class_names=tmp_path / "names.txt",
    )
    assert [row["name"] for row in table(tmp_path / "data" / "classes.csv")] == ["dog", "tabby cat"]
    rows = table(tmp_path / "data" / "manifest.csv")
    assert {(Path(row["source"]).parent.name, row["class"]) for row in rows} == {
        ("n02085620", "dog"),
        ("n02123045", "tabby cat"),
    }
    (tmp_path / "counted.txt").write_text("zebra\nape\n")
    other = tmp_path / "other"
    assert list(classes_and_splits(other, "0", "1", class_names=tmp_path / "counted.txt")) == ["ape", "zebra"]
    assert [row["name"] for row in table(other / "data" / "classes.csv")] == ["zebra", "ape"]
    (tmp_path / "one.txt").write_text("label,name\n0,zebra\n1,ape\n")
    third = tmp_path / "third"
    assert list(classes_and_splits(third, "0", "1", "2", class_names=tmp_path / "one.txt")) == ["ape", "zebra"]
    reasons = {row["reason"] for row in table(third / "data" / "rejected.csv")}
    assert reasons == {"its class folder 2 is not in the file of class names"}


def test_one_class_folder_is_named(tmp_path):
    with pytest.raises(SettingError, match="holds one folder of images, cat, and two classes are needed"):
        classes_and_splits(tmp_path, "cat")


def test_masks_beside_their_images_with_words_of_both(tmp_path):
    for number in range(6):
        picture(tmp_path / "raw" / f"{number}_sat.png", number)
        mask = np.zeros((8, 8), np.uint8)
        mask[: number + 1] = 1
        cv2.imwrite(str(tmp_path / "raw" / f"{number}_mask.png"), mask)
    assert source_of(tmp_path / "raw") == "masks"


def test_the_folders_beside_many_files_are_found_without_memory_for_the_files(tmp_path):
    for number in range(4000):
        (tmp_path / f"{number}.png").touch()
    (tmp_path / "a").mkdir()
    (tmp_path / "circle").symlink_to("circle")
    tracemalloc.start()
    assert subfolders(tmp_path) == [tmp_path / "a"]
    assert tracemalloc.get_traced_memory()[1] < 40 * 4000, "bytes"
    tracemalloc.stop()
