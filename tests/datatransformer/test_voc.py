"""The layout of PASCAL VOC, and data sets of TensorFlow Datasets that have masks."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_datasets as tfds
from PIL import Image

from config import DataTransformerConfig
from datatransformer.layout import read_colours, read_data_folder
from datatransformer.sources.voc import NAMES, colour_of
from datatransformer.transformer import DataTransformer
from settings import SettingError, WorkError
from tests.conftest import make_data_folder, rejection_reasons, table
from tests.datatransformer.test_masks import (
    by_name,
    palette,
    save_image,
    save_mask,
    splits,
    text,
    written,
)

PUBLISHED = {0: (0, 0, 0), 1: (128, 0, 0), 2: (0, 128, 0), 7: (128, 128, 128), 8: (64, 0, 0), 15: (192, 128, 128),
             20: (0, 64, 128), 255: (224, 224, 192)}  # fmt: skip
"""The colours of VOC's development kit."""

VALUES = np.array([[0, 0, 255, 15, 15], [0, 20, 255, 1, 8], [2, 2, 7, 255, 0]], np.uint8)


def coloured(values: np.ndarray) -> np.ndarray:
    return np.array([PUBLISHED.get(index, (1, 1, 1)) for index in range(256)], np.uint8)[values]


def transform(raw: Path, data: Path, **settings) -> Path:
    return make_data_folder(data, **{"source": "voc", "raw_images": raw} | settings)


@pytest.fixture
def voc(tmp_path) -> Path:
    """Eight images for training, three for validation and one that is in no list."""
    raw = tmp_path / "VOC2012"
    names = [f"2007_{number:06d}" for number in range(12)]
    for name in names:
        save_image(raw / "JPEGImages" / f"{name}.jpg", size=(5, 3))
        (raw / "SegmentationClass").mkdir(exist_ok=True)
        colours = [colour_of(index) for index in range(256)]
        palette(VALUES, colours).save(raw / "SegmentationClass" / f"{name}.png")
    sets = raw / "ImageSets" / "Segmentation"
    sets.mkdir(parents=True)
    text(sets / "train.txt", *names[:8])
    text(sets / "val.txt", *names[8:11])
    return raw


def test_the_layout_of_voc(voc, tmp_path):
    data = transform(voc, tmp_path / "data")
    folder = read_data_folder(data, "segmentation")
    assert folder.classes == NAMES and len(NAMES) == 21 and rejection_reasons(data) == {}
    assert splits(data)["val"] == {f"2007_{number:06d}" for number in (8, 9, 10)} and len(folder.rows) == 11
    assert all(read_colours(data)[index] == colour for index, colour in PUBLISHED.items() if index < 21)
    np.testing.assert_array_equal(written(data, "2007_000008"), VALUES)


def test_masks_of_voc_in_colour_and_as_plain_indices(voc, tmp_path):
    folder = voc / "SegmentationClass"
    save_mask(folder / "2007_000000.png", coloured(VALUES))
    save_mask(folder / "2007_000001.png", VALUES)
    palette(VALUES, [PUBLISHED.get(index, (1, 1, 1)) for index in range(256)]).save(folder / "2007_000002.png")
    data = transform(voc, tmp_path / "data")
    for number in range(3):
        np.testing.assert_array_equal(written(data, f"2007_{number:06d}"), VALUES)


def test_void_and_merged_classes_of_voc(voc, tmp_path):
    save_mask(voc / "SegmentationClass" / "2007_000000.png", coloured(VALUES))
    animals = [name for name in NAMES if name in ("bird", "cat", "cow", "dog", "horse", "sheep")]
    merge = text(tmp_path / "merge.csv", "from,to", *(f"{name},animal" for name in animals))
    data = transform(voc, tmp_path / "data", merge_classes=merge, void="background")
    classes = [row["name"] for row in table(data / "classes.csv")]
    assert len(classes) == 15 and classes[0] == "animal" and "background" not in classes
    for name in ("2007_000000", "2007_000001"):
        found = written(data, name)
        assert (found == 255).sum() == np.isin(VALUES, (0, 255)).sum()
        assert (found[VALUES == 8] == 0).all() and (found[VALUES == 15] == classes.index("person")).all()


def test_class_names_of_the_user(voc, tmp_path):
    own = text(tmp_path / "names.txt", *(f"class{index}" for index in range(21)))
    data = transform(voc, tmp_path / "data", class_names=own)
    assert (data / "classes.csv").read_text().startswith("index,name\n0,class0\n")
    np.testing.assert_array_equal(written(data, "2007_000000"), VALUES)


def test_missing_files_of_a_list_are_reported(voc, tmp_path):
    (voc / "JPEGImages" / "2007_000000.jpg").unlink()
    (voc / "SegmentationClass" / "2007_000001.png").unlink()
    with (voc / "ImageSets" / "Segmentation" / "val.txt").open("a") as file:
        file.write("2007_000002\n")
    (voc / "SegmentationClass" / "2007_000003.png").write_bytes(b"")
    data = transform(voc, tmp_path / "data")
    found = rejection_reasons(data)
    assert found["2007_000000"] == "is in train.txt and has no image"
    assert found["2007_000001"] == "is in train.txt and has no mask"
    assert found["2007_000002"] == "is in val.txt and was in a list before"
    assert "is empty" in found["2007_000003.jpg"] and len(found) == 4
    assert by_name(data)["2007_000002"]["split"] == "train"


def test_without_a_list_for_validation_and_with_split_ratio(voc, tmp_path):
    data = transform(voc, tmp_path / "pooled", split="ratio", val_fraction=0.5)
    assert sorted(map(len, splits(data).values())) == [0, 5, 6]
    (voc / "ImageSets" / "Segmentation" / "val.txt").unlink()
    data = transform(voc, tmp_path / "data", val_fraction=0.25)
    assert {split: len(names) for split, names in splits(data).items()} == {"train": 6, "val": 2, "test": 0}


def test_the_test_list_counts_if_its_images_have_masks(voc, tmp_path):
    lists = voc / "ImageSets" / "Segmentation"
    names = (lists / "train.txt").read_text().split()
    text(lists / "train.txt", *names[:-2])
    text(lists / "test.txt", *names[-2:])
    assert splits(transform(voc, tmp_path / "data"))["test"] == set(names[-2:])
    text(lists / "test.txt", "2030_000001")
    data = transform(voc, tmp_path / "data2")
    assert splits(data)["test"] == set() and rejection_reasons(data) == {}


def test_folders_that_are_not_voc(voc, tmp_path):
    with pytest.raises(SettingError, match=r"raw_images.*layout of VOC.*JPEGImages"):
        transform(voc / "ImageSets", tmp_path / "data")
    with pytest.raises(SettingError, match=r"raw_images.*JPEGImages"):
        transform(voc, tmp_path / "data", raw_images=None)
    text(voc / "ImageSets" / "Segmentation" / "train.txt", "nobody")
    (voc / "ImageSets" / "Segmentation" / "val.txt").unlink()
    with pytest.raises(WorkError, match="no image of"):
        transform(voc, tmp_path / "data")


# ---- TensorFlow Datasets ---------------------------------------------------------------------------------------------


def pets(shared: Path, data: Path, **settings) -> Path:
    options = {"source": "tfds", "tfds_name": "oxford_iiit_pet", "data_dir": shared / "tfds", "task": "segmentation"}
    DataTransformer(DataTransformerConfig(**options | {"data": data} | settings)).run()
    return data


def raw_pets(shared: Path) -> list[dict[str, np.ndarray]]:
    return list(tfds.load("oxford_iiit_pet", data_dir=shared / "tfds", split="test").as_numpy_iterator())


def test_masks_of_tfds(shared, tmp_path):
    data = pets(shared, tmp_path / "data")
    rows = {row["source"]: row for row in table(data / "manifest.csv")}
    assert (
        Counter(row["split"] for row in rows.values()) == {"train": 19, "val": 5, "test": 12}
        and rejection_reasons(data) == {}
    )
    assert (data / "classes.csv").read_text() == "index,name\n0,1\n1,2\n2,3\n"
    for number, record in enumerate(raw_pets(shared)):
        row = rows[f"test_{number:06d}"]
        np.testing.assert_array_equal(np.array(Image.open(data / row["mask"])), record["segmentation_mask"][..., 0] - 1)
        image = tf.io.decode_image((data / row["image"]).read_bytes()).numpy()
        np.testing.assert_array_equal(image, record["image"])


def test_names_void_and_merged_classes_of_tfds(shared, tmp_path):
    names = text(tmp_path / "names.csv", "index,name", "1,pet", "2,ground", "3,border")
    data = pets(shared, tmp_path / "data", class_names=names, void="border")
    assert read_data_folder(data, "segmentation").classes == ("pet", "ground")
    merge = text(tmp_path / "merge.csv", "from,to", "border,pet")
    merged = pets(shared, tmp_path / "merged", class_names=names, merge_classes=merge)
    first = raw_pets(shared)[0]["segmentation_mask"][..., 0]
    for folder, meaning in ((data, [9, 0, 1, 255]), (merged, [9, 0, 1, 0])):
        row = next(row for row in table(folder / "manifest.csv") if row["source"] == "test_000000")
        np.testing.assert_array_equal(np.array(Image.open(folder / row["mask"])), np.array(meaning)[first])


def test_a_table_of_classes_that_lacks_a_value(shared, tmp_path):
    names = text(tmp_path / "names.csv", "index,name", "1,pet", "2,ground")
    with pytest.raises(SettingError, match=r"the masks have the values 1, 2, 3.*--void 3"):
        pets(shared, tmp_path / "data", class_names=names)


def test_a_data_set_without_masks_is_refused(shared, tmp_path):
    with pytest.raises(SettingError, match=r"tfds_name.*image and segmentation_mask in each record"):
        pets(shared, tmp_path / "data", tfds_name="cifar10")
