"""Folders for YOLO as people have them become masks or labels, or are refused in words."""

import pytest

from settings import SettingError, WorkError
from tests.conftest import make_data_folder, rejection_reasons, table
from tests.datatransformer.annotated_folders import column, counts, masks, said, save_pictures, transform

HALF = "0 0 0.5 0 0.5 1 0 1"
"""The left half of a picture."""

BOX = "0.75 0.5 0.2 0.4"
"""A box of 4x4 pixels in the right half."""

CAT = {"background": 84, "cat": 100, "void": 16}
DOG = {"background": 84, "dog": 100, "void": 16}
NAMES = "names: [cat, dog]\n"


def write(path, *lines):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines))
    return path


def save_yolo(root, description=None, form="images/{}"):
    """Two pictures of each split: a cat with the box of a dog, and the other way round."""
    for split in ("train", "val"):
        folder = form.format(split)
        for number in range(2):
            save_pictures(root, f"{folder}/{split}{number}.jpg")
            label = root / folder.replace("images", "labels") / f"{split}{number}.txt"
            write(label, f"{number} {HALF}", f"{1 - number} {BOX}")
    if description:
        write(root / "data.yaml", description)
    return root


@pytest.mark.parametrize(
    ("description", "form"),
    [
        ("train: images/train\nval: images/val\nnames: [cat, dog]", "images/{}"),
        ("path: /home/other/data\ntrain: images/train\nval: images/val\nnames:\n  0: cat\n  1: dog", "images/{}"),
        ("path: .\ntrain: images/train\nval: images/val\nnames: {0: cat, 1: dog}", "images/{}"),
        ("path: ../datasets/raw\ntrain: images/train\nval: images/val\nnames: [cat, dog]", "images/{}"),
        ("train: C:\\data\\raw\\images\\train\nval: C:\\data\\raw\\images\\val\nnames: [cat, dog]", "images/{}"),
        ("train: ../train/images\nval: ../val/images\nnc: 2\nnames: ['cat', 'dog']", "{}/images"),
        ("train: train/images\nval: nowhere/images\nnames: ['cat', 'dog']", "{}/images"),
    ],
)
def test_descriptions(tmp_path, description, form):
    data = transform(save_yolo(tmp_path / "raw", description, form))
    assert counts(data) == {"train0.jpg": CAT, "train1.jpg": DOG, "val0.jpg": CAT, "val1.jpg": DOG}
    assert column(data, "split") == {name: name[:-5] for name in counts(data)}
    assert "polygons 4, boxes 4" in said(data) and "Boxes (4) do not outline" in said(data)


def test_lists_of_images(tmp_path):
    raw = save_yolo(tmp_path / "raw", f"train: train.txt\nval: val.txt\n{NAMES}")
    for split, name in (("train", "val"), ("val", "train")):  # against the names of the folders
        write(raw / f"{split}.txt", *(f"./images/{name}/{name}{number}.jpg" for number in range(2)))
    assert column(transform(raw), "split") == {
        "train0.jpg": "val", "train1.jpg": "val", "val0.jpg": "train", "val1.jpg": "train"
    }  # fmt: skip


def test_without_a_description_classes_have_numbers_and_the_remedy_is_said(tmp_path):
    raw = save_yolo(tmp_path / "raw")
    data = transform(raw)
    assert [row["name"] for row in table(data / "classes.csv")] == ["background", "0", "1"]
    assert "Name them by --class-names FILE" in said(data)
    write(raw / "classes.txt", "cat", "dog")
    assert counts(transform(raw, overwrite=True))["val1.jpg"] == DOG


def test_the_folder_of_images_beside_that_of_the_texts(tmp_path):
    raw = save_yolo(tmp_path / "raw", f"train: images/train\nval: images/val\n{NAMES}")
    data = make_data_folder(tmp_path / "data", raw_images=raw / "images")
    assert counts(data) == {"train0.jpg": CAT, "train1.jpg": DOG, "val0.jpg": CAT, "val1.jpg": DOG}


def test_names_that_yaml_takes_for_other_values(tmp_path):
    data = transform(save_yolo(tmp_path / "raw", "train: images/train\nval: images/val\nnc: 2\nnames: [no, 01]"))
    assert [row["name"] for row in table(data / "classes.csv")] == ["background", "no", "01"]


def test_one_folder_for_training_and_validation(tmp_path):
    data = transform(save_yolo(tmp_path / "raw", f"train: images\nval: images\n{NAMES}"))
    assert "the same folder for training and validation, so it does not decide the split" in said(data)
    assert sorted(column(data, "split").values()) == ["train", "train", "train", "val"]


def test_empty_missing_and_left_over_texts(tmp_path):
    raw = save_yolo(tmp_path / "raw", f"train: images/train\nval: images/val\n{NAMES}")
    write(raw / "labels/train/train0.txt")
    (raw / "labels/train/train1.txt").unlink()
    write(raw / "labels/val/other.txt", f"0 {HALF}")
    data = transform(raw)
    assert counts(data)["train0.jpg"] == counts(data)["train1.jpg"] == {"background": 200}
    assert "Images without a text file, which count as images with nothing on them: 1" in said(data)
    assert rejection_reasons(data) == {"other.txt": "has no image of its name"}


def test_numbers_of_classes_without_a_name_are_void(tmp_path):
    data = transform(save_yolo(tmp_path / "raw", "train: images/train\nval: images/val\nnc: 2\nnames: [cat]\n"))
    assert counts(data)["train1.jpg"] == {"background": 84, "void": 116}
    assert "data.yaml says nc: 2, and names 1 classes" in said(data)
    assert "Lines with the class 1, which has no name and becomes void: 4" in said(data)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("0 100 20 300 40", "line 1: has coordinates that are no fractions"),
        ("cat 0.1 0.2 0.3 0.4", "the class is 'cat', and no number"),
        ("0 0.1 0.2 0.3", "has 3 numbers after the class"),
        ("0 0.1 0.2 0.3 nan", "a number of a coordinate is 'nan', and no number"),
        ("0 0 0 1 0 1 1 1", "has 7 numbers after the class"),
    ],
)
def test_damaged_lines(tmp_path, line, problem):
    raw = save_yolo(tmp_path / "raw", f"train: images/train\nval: images/val\n{NAMES}")
    write(raw / "labels/train/train0.txt", line)
    data = transform(raw)
    assert problem in rejection_reasons(data)["train0.jpg"]
    assert len(counts(data)) == 3


def test_all_lines_damaged(tmp_path):
    raw = save_yolo(tmp_path / "raw", NAMES + "train: images")
    for file in raw.glob("labels/*/*.txt"):
        write(file, "0 100 20 300 40")
    with pytest.raises(WorkError, match=r"no annotation that can be read, such as .*are they in pixels"):
        transform(raw)


def test_boxes_as_labels(tmp_path):
    raw = save_yolo(tmp_path / "raw", f"train: images/train\nval: images/val\n{NAMES}")
    write(raw / "labels/val/val0.txt", f"1 {BOX} 0.9")  # with a confidence
    assert column(transform(raw, boxes="class", labels="several"), "labels") == {
        "train0.jpg": "cat|dog", "train1.jpg": "cat|dog", "val0.jpg": "dog", "val1.jpg": "cat|dog"
    }  # fmt: skip
    for number, file in enumerate(sorted(raw.glob("labels/*/*.txt"))):
        write(file, f"{number % 2} {BOX}")
    with pytest.raises(SettingError, match=r"4 boxes, and nothing that outlines an area.*--boxes class"):
        transform(raw, overwrite=True)


@pytest.mark.parametrize(
    ("description", "problem"),
    [("names: [cat, dog\ntrain: x", "is no valid YAML"), ("- names", "has no names and paths"),
     ("train: x\nnames: cat", "neither a list nor numbers")],
)  # fmt: skip
def test_damaged_descriptions(tmp_path, description, problem):
    raw = save_yolo(tmp_path / "raw", description)
    with pytest.raises(SettingError, match=problem):
        transform(raw, source="yolo", raw_labels=raw / "data.yaml")


def test_darknet(tmp_path):
    raw = tmp_path / "raw"
    for number in range(4):
        save_pictures(raw, f"obj_train_data/{number}.jpg")
        write(raw / f"obj_train_data/{number}.txt", f"{number % 2} {HALF}")
    write(raw / "obj.names", "cat", "dog")
    write(raw / "obj.data", "classes = 2", "train = data/train.txt", "names = data/obj.names", "backup = backup/")
    write(raw / "train.txt", *(f"data/obj_train_data/{number}.jpg" for number in range(3)))
    data = transform(raw)
    assert [masks(data)[f"{number}.jpg"].max() for number in range(3)] == [1, 2, 1]
    assert rejection_reasons(data) == {"3.jpg": "is not in obj.data"}


def test_real_files(shared, tmp_path):
    folder = shared / "annotations" / "yolo"
    data = make_data_folder(tmp_path / "a", raw_images=folder / "roboflow", boxes="class", labels="several")
    assert column(data, "labels") == {
        "train_001.jpg": "label_0", "train_002.jpg": "label_1", "val_001.jpg": "label_0|label_1"
    }  # fmt: skip
    assert column(data, "split")["val_001.jpg"] == "val"
    data = make_data_folder(tmp_path / "b", raw_images=folder / "beside_pictures", boxes="class", labels="several")
    assert sorted(column(data, "labels").values()) == ["1|3", "2|4"]
