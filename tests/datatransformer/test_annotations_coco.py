"""Annotations in COCO's format become masks or labels."""

import json

import numpy as np
import pytest
from pycocotools import mask as pycoco

from settings import SettingError
from tests.conftest import make_data_folder, rejection_reasons, table
from tests.datatransformer.annotated_folders import (
    HEIGHT,
    WIDTH,
    column,
    counts,
    masks,
    said,
    save_json,
    save_pictures,
    transform,
)
from tests.datatransformer.coco_files import CAT, DOG, image, outline, save_coco, save_four


def test_ids_as_texts_and_gaps_in_the_ids_of_categories(tmp_path):
    raw = save_pictures(tmp_path / "raw", "a.jpg", "b.jpg")
    images = [image("1", "a.jpg"), image("2", "b.jpg")]
    save_coco(raw / "x.json", images, [outline(1, "90"), outline("2", 7)], ((7, "cat"), (90, "dog"), (91, "cow")))
    data = transform(raw)
    assert counts(data) == {"a.jpg": DOG, "b.jpg": CAT}
    assert "No annotation has the class cow: it cannot be learnt" in said(data)


@pytest.mark.parametrize("text", [False, True])
def test_run_lengths(tmp_path, text):
    """pycocotools encodes and decodes them."""
    raw = save_pictures(tmp_path / "raw", "a.jpg", "b.jpg")
    inside = np.random.default_rng(0).random((HEIGHT, WIDTH)) < 0.4
    encoded = pycoco.encode(np.asfortranarray(inside.astype(np.uint8)))
    if text:
        counts_of_runs = encoded["counts"].decode()
    else:
        flat = np.concatenate([[False], inside.T.ravel()])
        edges = np.flatnonzero(np.diff(flat.astype(int))).tolist()
        counts_of_runs = np.diff([0, *edges, inside.size]).tolist()
    runs = {"size": [HEIGHT, WIDTH], "counts": counts_of_runs}
    images = [image(1, "a.jpg"), image(2, "b.jpg")]
    save_coco(raw / "x.json", images, [{**outline(1, 2), "segmentation": runs}, outline(2, 1)])
    np.testing.assert_array_equal(masks(transform(raw))["a.jpg"], inside * 2)


def test_later_shapes_lie_over_earlier_ones_and_crowds_below(tmp_path):
    raw = save_pictures(tmp_path / "raw", "a.jpg", "b.jpg")
    right = [5, 0, 15, 0, 15, 10, 5, 10]
    crowd = {"segmentation": {"size": [HEIGHT, WIDTH], "counts": [0, 100, 100]}, "iscrowd": 1}
    annotations = [outline(1, 1), outline(1, 2, right), outline(2, 1, right), outline(2, 2, **crowd)]
    save_coco(raw / "x.json", [image(1, "a.jpg"), image(2, "b.jpg")], annotations)
    data = transform(raw)
    assert masks(data)["a.jpg"][0].tolist() == [1] * 5 + [2] * 10 + [0] * 5
    assert masks(data)["b.jpg"][0].tolist() == [2] * 5 + [1] * 10 + [0] * 5
    assert "iscrowd), which are drawn below other shapes: 1" in said(data)


def test_boxes_are_void_in_masks_or_the_class_of_an_image(tmp_path):
    raw = save_pictures(tmp_path / "raw", "a.jpg", "b.jpg")
    box = {**outline(2, 2), "segmentation": [], "bbox": [2, 3, 4, 5]}
    save_coco(raw / "x.json", [image(1, "a.jpg"), image(2, "b.jpg")], [outline(1, 1), box])
    data = transform(raw)
    assert counts(data) == {"a.jpg": CAT, "b.jpg": {"background": 180, "void": 20}}
    assert "Boxes (1) do not outline what they show" in said(data)


def without_outlines(entry):
    return {key: value for key, value in entry.items() if key != "segmentation"} | {"bbox": [2, 3, 4, 5]}


def test_boxes_alone(tmp_path):
    raw = save_four(tmp_path / "raw", change=without_outlines)
    with pytest.raises(SettingError, match=r"4 boxes.*--boxes class"):
        transform(raw)
    data = transform(raw, boxes="class")
    assert column(data, "class") == {"0.jpg": "cat", "1.jpg": "dog", "2.jpg": "cat", "3.jpg": "dog"}


def test_annotations_without_area_are_tags(tmp_path):
    raw = save_pictures(tmp_path / "raw", *(f"{number}.jpg" for number in range(6)))
    tags = [{"image_id": number, "category_id": 1 + number % 2} for number in range(5)]
    tags.append({"image_id": 0, "category_id": 2})
    save_coco(raw / "x.json", [image(number, f"{number}.jpg") for number in range(6)], tags)
    data = transform(raw)
    assert column(data, "class") == {"1.jpg": "dog", "2.jpg": "cat", "3.jpg": "dog", "4.jpg": "cat"}
    assert "--labels several" in rejection_reasons(data)["0.jpg"]
    assert rejection_reasons(data)["5.jpg"] == "has no label of a class"
    several = column(transform(raw, labels="several", overwrite=True), "labels")
    assert several["0.jpg"] == "cat|dog" and several["4.jpg"] == "cat" and several["5.jpg"] == ""


def test_the_group_that_roboflow_adds_is_no_class(tmp_path):
    raw = save_four(tmp_path / "raw")
    file = raw / "annotations.json"
    content = json.loads(file.read_text())
    content["categories"] = [
        {"id": 0, "name": "pets", "supercategory": "none"},
        *({**entry, "supercategory": "pets"} for entry in content["categories"]),
    ]
    save_json(file, content)
    data = transform(raw)
    assert [row["name"] for row in table(data / "classes.csv")] == ["background", "cat", "dog"]
    assert "pets is only the group of the other categories" in said(data)


def test_the_values_of_an_attribute_are_the_classes(tmp_path):
    def with_colour(entry):
        return {**entry, "attributes": {"colour": ("red", "blue")[entry["image_id"] // 2], "old": False}}

    raw = save_four(tmp_path / "raw", change=with_colour)
    assert "colour (blue, red), old (false)" in said(transform(raw))
    data = transform(raw, attribute="colour", overwrite=True)
    assert counts(data)["0.jpg"] == {"background": 100, "red": 100}
    assert counts(data)["3.jpg"] == {"background": 100, "blue": 100}
    with pytest.raises(SettingError, match="attribute = 'size': is no attribute of the annotations; these have colour"):
        transform(raw, attribute="size", overwrite=True)


def test_real_photographs_agree_with_pycocotools(shared, tmp_path):
    """Of all pixels that pycocotools gives to shapes, at most 0.2 % differ."""
    folder = shared / "annotations" / "coco" / "voc_pictures"
    data = make_data_folder(tmp_path / "data", raw_images=folder)
    content = json.loads((folder / "annotations.json").read_text())
    ours = masks(data)
    names = [row["name"] for row in table(data / "classes.csv")]
    index = {entry["id"]: names.index(entry["name"]) for entry in content["categories"]}
    different, inside = 0, 0
    for entry in content["images"]:
        expected = np.zeros((entry["height"], entry["width"]), np.uint8)
        for shape in content["annotations"]:
            if shape["image_id"] == entry["id"]:
                runs = pycoco.merge(pycoco.frPyObjects(shape["segmentation"], *expected.shape))
                expected[pycoco.decode(runs) > 0] = index[shape["category_id"]]
        different += (ours[entry["file_name"].rpartition("/")[2]] != expected).sum()
        inside += (expected > 0).sum()
    assert different <= 0.002 * inside


@pytest.mark.parametrize("folder", ["tiny_polygon_and_rle", "roboflow_layout"])
def test_real_files_of_two_subsets(shared, tmp_path, folder):
    data = make_data_folder(tmp_path / "data", raw_images=shared / "annotations" / "coco" / folder)
    expected = np.zeros((10, 5), np.uint8)
    expected[:, :2] = 2  # run lengths of b
    expected[:2, 0] = 1  # the polygon of a
    np.testing.assert_array_equal(masks(data)["b.jpg"], expected)
    assert column(data, "split") == {"a.jpg": "train", "b.jpg": "val"}
    assert (masks(data)["a.jpg"] == 255).sum() == 3  # a box of 3x1 pixels
