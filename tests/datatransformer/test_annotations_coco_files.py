"""COCO's files as people have them are found and read, or refused in words."""

import pytest

from settings import SettingError, WorkError
from tests.conftest import rejection_reasons, table
from tests.datatransformer.annotated_folders import HEIGHT, WIDTH, counts, said, save_pictures, transform
from tests.datatransformer.coco_files import CAT, DOG, image, outline, save_coco, save_four


def test_names_with_folders_of_other_computers(tmp_path):
    names = ("C:\\Users\\me\\photos\\0.jpg", "/home/me/images/1.jpg", "./images/2.jpg", "images\\3.jpg")
    data = transform(save_four(tmp_path / "raw", names))
    assert counts(data) == {"0.jpg": CAT, "1.jpg": DOG, "2.jpg": CAT, "3.jpg": DOG}
    assert "polygons 4" in said(data) and "without regard to their folders" in said(data)


def test_the_folder_of_images_beside_the_file(tmp_path):
    raw = save_four(tmp_path / "raw")
    assert counts(transform(raw / "images"))["1.jpg"] == DOG


@pytest.mark.parametrize(
    ("images", "file"),
    [
        ("{split}2017/{name}", "annotations/instances_{split}2017.json"),
        ("images/{split}/{name}", "annotations/{split}.json"),
        ("{split}/{name}", "{split}/_annotations.coco.json"),
    ],
)
def test_files_of_subsets_decide_the_split(tmp_path, images, file):
    """The same names in every folder, as many data sets have them."""
    raw = tmp_path / "raw"
    for place, split in enumerate(("train", "val", "test")):
        names = [images.format(split=split, name=f"{number}.jpg") for number in range(2)]
        save_pictures(raw, *names, size=(20 + place, 10))
        listed = [image(number, f"{number}.jpg", 20 + place) for number in range(2)]
        save_coco(raw / file.format(split=split), listed, [outline(0, 1), outline(1, 2)])
    data = transform(raw)
    rows = table(data / "manifest.csv")
    assert sorted(row["source"].removeprefix(f"{raw}/") for row in rows) == sorted(
        images.format(split=split, name=f"{number}.jpg") for split in ("train", "val", "test") for number in range(2)
    )
    assert all(row["split"] in row["source"].removeprefix(str(raw)) for row in rows)
    assert "The subsets decide the split: 2 of test, 2 of train, 2 of val" in said(data)


@pytest.mark.parametrize("annotated", [False, True])
def test_images_for_testing_are_kept_if_they_are_annotated(tmp_path, annotated):
    raw = save_pictures(tmp_path / "raw", *(f"{split}/{name}.jpg" for split in ("train", "test") for name in "ab"))
    for split in ("train", "test"):
        shapes = [outline(1, 1), outline(2, 2)] if split == "train" or annotated else []
        save_coco(raw / f"{split}.json", [image(1, "a.jpg"), image(2, "b.jpg")], shapes)
    data = transform(raw)
    splits = {row["source"].removeprefix(f"{raw}/"): row["split"] for row in table(data / "manifest.csv")}
    assert sorted(name for name, split in splits.items() if split == "test") == ["test/a.jpg", "test/b.jpg"] * annotated
    assert sorted(splits[f"train/{name}.jpg"] for name in "ab") == ["train", "val"]
    assert annotated or len(table(data / "rejected.csv")) == 2


def test_a_picture_for_validation_is_not_taken_for_training(tmp_path):
    raw = save_pictures(tmp_path / "raw", "train/a.jpg", "train/b.jpg", "val/c.jpg", "val/d.jpg")
    save_coco(raw / "train.json", [image(1, "a.jpg"), image(2, "b.jpg")], [outline(1, 1), outline(2, 2)])
    save_coco(raw / "val.json", [image(1, "a.jpg"), image(2, "c.jpg"), image(3, "d.jpg")], [outline(2, 1)])
    reasons = rejection_reasons(transform(raw))
    assert "is for val, and the only file of its name is train/a.jpg" in reasons["val.json: image 1 a.jpg"]


def test_what_does_not_fit_is_left_out_with_the_reason(tmp_path):
    raw = save_pictures(tmp_path / "raw", *(f"{number}.jpg" for number in range(9)))
    segmentations = {
        2: [[1, 2, 3]],
        3: "nothing",
        4: {"size": [HEIGHT, WIDTH], "counts": [3, 4]},
        5: {"size": [HEIGHT, WIDTH], "counts": "0"},
        6: [[0, 0, 5, 0, 5, "x"]],
    }
    images = [image(number, f"{number}.jpg") for number in range(7)]
    images += [image(7, "7.jpg", 40, 20), image(70, "0.jpg"), image(71, "no.jpg")]
    annotations = [outline(0, 1), outline(1, 2), outline(99, 1), outline(1, 55)]
    annotations += [{**outline(key, 1), "segmentation": value} for key, value in segmentations.items()]
    save_coco(raw / "x.json", images, annotations)
    data = transform(raw)
    assert set(counts(data)) == {"0.jpg", "1.jpg"}
    reasons = rejection_reasons(data)
    expected = {
        "2.jpg": "odd number of coordinates",
        "3.jpg": "neither polygons nor run lengths",
        "4.jpg": "run lengths of 7 pixels for 200",
        "5.jpg": "run lengths",
        "6.jpg": "'x', and no number",
        "7.jpg": "annotated with 40x20",
        "8.jpg": "is not in x.json",
        "x.json: image 70 0.jpg": "is a second entry of 0.jpg",
        "x.json: image 71 no.jpg": "there is no such file",
        "x.json: annotation 3": "is of the image 99, which is not in the list",
    }
    assert reasons.keys() == expected.keys()
    assert all(part in reasons[source] for source, part in expected.items())
    assert "Annotations of the category 55, which is not in the list and becomes void: 1" in said(data)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "is empty"),
        (b'{"images": [{"id": 1,', "is no valid JSON"),
        (b"\x00\xff\x13", "is no valid JSON"),
        (b"[]", "has no list of categories"),
        (b'{"images": [], "annotations": {}, "categories": {"a": 1}}', "has no list of categories"),
        (b'{"images": [{"id": 1}], "annotations": [], "categories": [{"id": 1, "name": "a"}]}', "holds no images"),
        (b'{"images": [], "annotations": [], "categories": [{"name": "a"}]}', "has no id and name"),
    ],
)
def test_files_that_are_none_of_coco(tmp_path, content, problem):
    raw = save_pictures(tmp_path / "raw", "a.jpg")
    file = raw / "x.json"
    file.write_bytes(content)
    with pytest.raises(WorkError, match=problem):
        transform(raw, source="coco", raw_labels=file)


def test_several_files_without_a_split_are_undecided(tmp_path):
    raw = save_four(tmp_path / "raw")
    (raw / "more.json").write_bytes((raw / "annotations.json").read_bytes())
    with pytest.raises(SettingError, match=r"there are 2 files of COCO: .*name one"):
        transform(raw)
    assert counts(transform(raw, raw_labels=raw / "more.json"))["1.jpg"] == DOG


def test_files_of_two_programs_are_undecided(tmp_path):
    raw = save_four(tmp_path / "raw")
    (raw / "data.yaml").write_text("train: images\nval: images\nnames: [cat, dog]\n")
    with pytest.raises(SettingError, match=r"can be read in 2 ways.*\n  --source coco.*\n  --source yolo"):
        transform(raw)
    assert counts(transform(raw, source="coco"))["1.jpg"] == DOG


def test_nan_and_a_byte_order_mark_are_read(tmp_path):
    raw = save_four(tmp_path / "raw", change=lambda entry: {**entry, "area": float("nan")})
    file = raw / "annotations.json"
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes())
    assert counts(transform(raw))["1.jpg"] == DOG


def test_fractions_in_place_of_pixels_are_refused(tmp_path):
    small = [[0, 0, 0.5, 0, 0.5, 1, 0, 1]]
    raw = save_four(tmp_path / "raw", change=lambda entry: {**entry, "segmentation": small})
    with pytest.raises(WorkError, match="seem to be fractions of width and height"):
        transform(raw)


def test_panoptic_files_are_refused(tmp_path):
    raw = save_four(tmp_path / "raw", change=lambda entry: {"image_id": entry["image_id"], "segments_info": []})
    with pytest.raises(WorkError, match="panoptic"):
        transform(raw)
