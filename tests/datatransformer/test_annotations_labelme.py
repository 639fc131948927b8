"""Files of labelme become masks or labels, or are left out with the reason."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from settings import WorkError
from tests.conftest import make_data_folder, rejection_reasons, table
from tests.datatransformer.annotated_folders import (
    HEIGHT,
    SIZE,
    WIDTH,
    column,
    counts,
    masks,
    said,
    save_json,
    save_pictures,
    transform,
)

SQUARE = [[0, 0], [9, 0], [9, 9], [0, 9]]
"""labelme's converter draws the outline too: 100 pixels."""

CAT = {"background": 100, "cat": 100}


def shape(label, points=SQUARE, kind="polygon", **other):
    return {"label": label, "points": points, "shape_type": kind, "group_id": None, "flags": {}, **other}


def save_labelme(file, shapes, image=None, **other):
    content = {"version": "5.0.0", "flags": {}, "shapes": shapes, "imagePath": image or f"{file.stem}.jpg"}
    return save_json(file, {**content, "imageData": None, "imageHeight": HEIGHT, "imageWidth": WIDTH, **other})


def encoded(image, kind):
    file = io.BytesIO()
    image.save(file, kind)
    return base64.b64encode(file.getvalue()).decode()


def save_many(root, count=4, **by_number):
    """Pictures with a square each, cat and dog in turn. `by_number`: what stands in the file besides."""
    for number in range(count):
        save_pictures(root, f"{number}.jpg")
        other = {key: value(number) for key, value in by_number.items()}
        save_labelme(root / f"{number}.json", [shape(("cat", "dog")[number % 2])], **other)
    return root


def test_kinds_of_shapes(tmp_path):
    inside = Image.fromarray(np.full((3, 4), 255, np.uint8))
    shapes = {
        "polygon": [shape("cat")],
        "rectangle": [shape("cat", [[6, 8], [2, 4]], "rectangle")],
        "circle": [shape("cat", [[10, 5], [12, 5]], "circle")],
        "mask": [shape("cat", [[2, 3], [5, 5]], "mask", mask=encoded(inside, "PNG"))],
        "line": [shape("cat", [[1, 1], [5, 5]], "line"), shape("cat", [[1, 1]], "point")],
        "old": [{"label": "cat", "points": SQUARE}],
        "over": [shape("cat"), shape("dog", [[5, 0], [14, 0], [14, 9], [5, 9]])],
        "ignored": [shape("cat"), shape("__ignore__", [[0, 0], [4, 0], [4, 9], [0, 9]])],
    }
    raw = save_pictures(tmp_path / "raw", *(f"{name}.jpg" for name in shapes))
    for name, drawn in shapes.items():
        save_labelme(raw / f"{name}.json", drawn)
    found = masks(transform(raw))
    assert (found["polygon.jpg"][:, :10] == 1).all() and (found["polygon.jpg"] == 1).sum() == 100
    assert (found["old.jpg"] == found["polygon.jpg"]).all()
    assert (found["rectangle.jpg"][4:9, 2:7] == 1).all() and (found["rectangle.jpg"] == 1).sum() == 25
    assert found["circle.jpg"][5, 8:13].tolist() == [1] * 5 and found["circle.jpg"][2, 10] == 0
    assert (found["mask.jpg"][3:6, 2:6] == 1).all() and (found["mask.jpg"] == 1).sum() == 12
    assert (found["line.jpg"] == 0).all()
    assert found["over.jpg"][0].tolist() == [1] * 5 + [2] * 10 + [0] * 5
    assert found["ignored.jpg"][0].tolist() == [255] * 5 + [1] * 5 + [0] * 10
    report = said(tmp_path / "data_of_raw")
    assert "images 8, classes 2, circles 1, polygons 6, masks 1, rectangles 1" in report
    assert "Lines and points, which have no area and are not used: 2" in report


@pytest.mark.parametrize("path", ["..\\images\\a.jpg", "../images/a.jpg", "C:\\Users\\me\\a.jpg", "/home/me/a.jpg"])
def test_paths_of_images(tmp_path, path):
    raw = save_pictures(tmp_path / "raw", "images/a.jpg", "images/b.jpg")
    save_labelme(raw / "json" / "a.json", [shape("cat")], path)
    save_labelme(raw / "json" / "b.json", [shape("cat")])
    assert counts(transform(raw)) == {"a.jpg": CAT, "b.jpg": CAT}


def test_an_image_inside_the_file(tmp_path):
    raw = save_many(tmp_path / "raw", imageData=lambda number: encoded(Image.new("RGB", SIZE, (200, 0, 0)), "PNG"))
    (raw / "0.jpg").unlink()
    data = transform(raw)
    assert counts(data)["0.json"] == CAT and counts(data)["2.jpg"] == CAT
    row = next(row for row in table(data / "manifest.csv") if row["source"].endswith("0.json"))
    with Image.open(data / row["image"]) as image:
        assert image.getpixel((0, 0)) == (200, 0, 0)


def test_damaged_files_are_left_out_and_the_rest_is_read(tmp_path):
    raw = save_many(tmp_path / "raw", 9)
    (raw / "0.json").write_text('{"shapes": [{"label"')
    save_labelme(raw / "1.json", [shape("cat", kind="banana")])
    save_labelme(raw / "2.json", [shape("cat", [[0, "x"], [1, 1], [2, 2]])])
    save_labelme(raw / "3.json", [shape("cat")], imageWidth=2 * WIDTH, imageHeight=2 * HEIGHT)
    save_labelme(raw / "7.json", [shape("cat", kind=["polygon"])])
    save_labelme(raw / "8.json", [shape("\ud800")])
    save_json(raw / "notes.json", {"a": 1})
    data = transform(raw)
    assert set(counts(data)) == {"4.jpg", "5.jpg", "6.jpg", "8.jpg"}
    reasons = rejection_reasons(data)
    assert "is no valid JSON" in reasons["0.json"] and "'banana', which is not known" in reasons["1.json"]
    assert "and no number" in reasons["2.json"] and "annotated with 40x20" in reasons["3.jpg"]
    assert "has no list of shapes" in reasons["notes.json"]


def test_a_picture_that_is_stored_turned(tmp_path):
    """Programs show it upright, 20x10; the file has 10x20 pixels and says so."""
    raw = save_many(tmp_path / "raw")
    exif = Image.Exif()
    exif[0x0112] = 6
    save_pictures(raw, "0.jpg", size=(HEIGHT, WIDTH), exif=exif)
    save_labelme(raw / "0.json", [shape("cat")])
    np.testing.assert_array_equal(masks(transform(raw))["0.jpg"], masks(transform(raw))["2.jpg"])


def test_flags_are_the_classes_of_images(tmp_path):
    raw = tmp_path / "raw"
    for number in range(5):
        save_pictures(raw, f"{number}.jpg")
        flags = {"cat": number % 2 == 0, "dog": number % 2 == 1, "indoor": number == 0, "__ignore__": False}
        save_labelme(raw / f"{number}.json", [], flags=flags)
    data = transform(raw)
    assert column(data, "class") == {"1.jpg": "dog", "2.jpg": "cat", "3.jpg": "dog", "4.jpg": "cat"}
    assert "has 2 labels: cat, indoor; --labels several" in rejection_reasons(data)["0.jpg"]
    several = transform(raw, labels="several", overwrite=True)
    assert column(several, "labels")["0.jpg"] == "cat|indoor"


def test_the_flag_of_a_shape_as_its_class(tmp_path):
    raw = tmp_path / "raw"
    for number in range(4):
        save_pictures(raw, f"{number}.jpg")
        save_labelme(raw / f"{number}.json", [shape("cat", flags={"dirty": number < 2})])
    data = transform(raw, attribute="dirty")
    assert counts(data)["0.jpg"] == {"background": 100, "true": 100}
    assert counts(data)["3.jpg"] == {"background": 100, "false": 100}


def test_folders_of_splits_and_labels_that_are_nearly_alike(tmp_path):
    raw = tmp_path / "raw"
    for split in ("train", "valid"):
        for number in range(2):
            save_pictures(raw, f"{split}/{number}.jpg")
            save_labelme(raw / split / f"{number}.json", [shape(("cat", "Cat ")[number])])
    data = transform(raw)
    assert sorted(row["split"] for row in table(data / "manifest.csv")) == ["train", "train", "val", "val"]
    assert "The labels Cat, cat differ in upper and lower case" in said(data)


def test_names_of_labelme(tmp_path):
    raw = save_many(tmp_path / "raw")
    names = tmp_path / "labels.txt"
    names.write_text("__ignore__\n_background_\ndog\ncat\n")
    data = transform(raw, class_names=names)
    assert [row["name"] for row in table(data / "classes.csv")] == ["_background_", "dog", "cat"]
    assert masks(data)["0.jpg"].max() == 2 and masks(data)["1.jpg"].max() == 1


def test_a_folder_without_json(tmp_path):
    with pytest.raises(WorkError, match="holds no JSON files"):
        transform(save_pictures(tmp_path / "raw", "a.jpg"), source="labelme")


@pytest.mark.parametrize(
    ("folder", "most"),
    [("labelme/images", 1e-4), ("coco/voc_pictures", 0.008)],  # labelme draws outlines, which others do not
)
def test_real_photographs_agree_with_the_masks_of_labelme(shared, tmp_path, folder, most):
    """The share of pixels that differ in each photograph is at most `most`, where the expected mask is not void."""
    data = make_data_folder(tmp_path / "data", raw_images=shared / "annotations" / folder)
    masks_of_labelme = shared / "annotations" / "labelme"
    names = [name.strip() for name in (masks_of_labelme / "class_names.txt").read_text().splitlines()]
    names = {name: index for index, name in enumerate(names)} | {"background": 0}
    index = np.full(256, 255)
    for row in table(data / "classes.csv"):
        index[int(row["index"])] = names[row["name"]]
    found = masks(data)
    assert len(found) == 3
    for file, mask in found.items():
        expected = np.array(Image.open(masks_of_labelme / "expected_masks" / f"{file[:-4]}.png"))
        assert ((index[mask] != expected) & (expected != 255)).mean() <= most
