"""Predicted masks as annotations: read back they are the same masks, also after a kill, for names of any kind."""

import json
import os
import shutil
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from urllib.parse import unquote

import cv2
import numpy as np
import pytest
import yaml
from PIL import Image
from pycocotools.coco import COCO

from config import PredictorConfig
from predictor.masks.files import MaskFiles, SegmentedImage
from settings import SettingError
from tests.conftest import make_data_folder, noise, settings_of, table
from tests.predictor.commands import predict_here, predict_interrupted
from tests.predictor.masks.test_annotation_regions import pycocotools

FORMATS = ("coco", "labelme", "yolo", "label-studio")
ALL = ",".join(FORMATS)
CLASSES = ("background", "sky & sea", "木")
FILES_OF_ALL = ("p.coco/annotations.json", "p.label-studio/tasks.json")


def random_mask(seed: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    return cv2.resize(random.choice(3, (20, 30), p=(0.3, 0.6, 0.1)).astype(np.uint8), (90, 60), interpolation=0)


def write_annotations(
    folder: Path, masks: dict[str, np.ndarray], classes=CLASSES, kinds: str = ALL, pattern: str = ""
) -> Path:
    """Images of noise in folder/photos and what the predictor writes for these masks, of folder/p.csv.

    With a pattern, the names in the CSV lead to the images by themselves.
    """
    for name, mask in masks.items():
        (folder / "photos" / name).parent.mkdir(parents=True, exist_ok=True)
        if not (folder / "photos" / name).exists():
            Image.fromarray(noise(*mask.shape, 3)).save(folder / "photos" / name, "PNG")
    output = folder / "p.csv"
    flags = ("--test-images", folder / "photos" / pattern, "--output", output, "--mask-files", kinds)
    files = MaskFiles(settings_of(PredictorConfig, *flags), classes, [(255, 0, 16), *[None] * (len(classes) - 1)])
    with output.open("w", encoding="utf-8") as rows:
        rows.write("image\n")
        for name, mask in masks.items():
            name = str(folder / "photos" / name) if pattern else name
            files.add(SegmentedImage(name, noise(*mask.shape, 3), mask))
            rows.write(f'"{name}"\n')
    files.finish()
    return output


def accept_predictions(tasks: Path) -> Path:
    """What Label Studio exports when someone submits each prediction."""
    accepted = [{"data": task["data"], "annotations": task["predictions"]} for task in json.loads(tasks.read_text())]
    export = tasks.parent / "export.json"
    export.write_text(json.dumps(accepted))
    return export


def read_back(output: Path, kind: str, classes=CLASSES) -> dict[str, np.ndarray]:
    """The masks of a data folder that is made of the annotations, with these classes, by the name of the image."""
    folder, root = output.with_name(f"p.{kind}"), output.parent
    settings: dict[str, object] = {"raw_images": root / "photos"}
    if kind == "coco":
        settings["raw_labels"] = folder / "annotations.json"
    elif kind == "label-studio":
        settings["raw_labels"] = accept_predictions(folder / "tasks.json")
    elif kind == "yolo":
        settings["raw_images"] = folder
    else:  # labelme's files are read beside the images
        settings["raw_images"] = shutil.copytree(folder, root / "both" / folder.name).parent
        shutil.copytree(root / "photos", root / "both" / "photos")
    data = make_data_folder(root / f"data_{kind}", source=kind, task="segmentation", workers=1, **settings)
    names = [row["name"] for row in table(data / "classes.csv")]
    assert sorted(names) == sorted(classes)
    index = np.array([classes.index(name) for name in names], np.uint8)
    rows = table(data / "manifest.csv")
    return {row["source"]: index[np.array(Image.open(data / row["mask"]))] for row in rows}


def check_same(found: dict[str, np.ndarray], masks: dict[str, np.ndarray]) -> None:
    """`found` has the names of raw files, which may have folders before them."""
    for name, mask in masks.items():
        (same,) = (got for source, got in found.items() if f"/{source}".endswith(f"/{name}"))
        np.testing.assert_array_equal(same, mask)


@pytest.mark.parametrize("kind", FORMATS)
def test_a_round_trip_is_exact(kind, tmp_path):
    masks = {f"{folder}/{name}.png": random_mask(len(folder)) for folder, name in (("a", "one"), ("long", "one"))}
    found = read_back(write_annotations(tmp_path, masks, kinds=kind), kind)
    assert len(found) == 2
    check_same(found, masks)


def test_coco_by_pycocotools(tmp_path):
    masks = {"a/one.png": random_mask(0), "ä b.png": random_mask(1), "empty.png": np.zeros((7, 5), np.uint8)}
    coco = COCO(str(write_annotations(tmp_path, masks, kinds="coco").with_name("p.coco") / "annotations.json"))
    assert [category["name"] for category in coco.loadCats(coco.getCatIds())] == list(CLASSES)
    for image in coco.loadImgs(coco.getImgIds()):
        mask = masks[image["file_name"]]
        assert mask.shape == (image["height"], image["width"])
        painted = np.zeros(mask.shape, np.uint8)
        for annotation in coco.imgToAnns[image["id"]]:
            inside = coco.annToMask(annotation) > 0
            assert (
                inside.sum() == annotation["area"] and list(cv2.boundingRect(inside.astype("u1"))) == annotation["bbox"]
            )
            painted[inside] = annotation["category_id"] - 1
        np.testing.assert_array_equal(painted, mask)
    coco.info()  # some programs fail without it
    kinds = {type(annotation["segmentation"]) for annotation in coco.anns.values()}
    assert kinds == {list, dict}, "polygons, and run lengths for holes"


def test_coco_by_datumaro(tmp_path):
    datumaro = pytest.importorskip("datumaro")
    masks = {"a/one.png": random_mask(0), "empty.png": np.zeros((7, 5), np.uint8)}
    output = write_annotations(tmp_path, masks, kinds="coco")
    (tmp_path / "all" / "annotations").mkdir(parents=True)
    shutil.copy(output.with_name("p.coco") / "annotations.json", tmp_path / "all" / "annotations" / "instances_a.json")
    shutil.copytree(tmp_path / "photos", tmp_path / "all" / "images")
    dataset = datumaro.Dataset.import_from(str(tmp_path / "all"), "coco_instances")
    assert [label.name for label in dataset.categories()[datumaro.AnnotationType.label]] == list(CLASSES)
    assert {f"{item.id}.png" for item in dataset} == masks.keys()
    for item in dataset:
        painted = np.zeros(masks[f"{item.id}.png"].shape, np.uint8)
        for shape in item.annotations:
            if shape.type == datumaro.AnnotationType.polygon:
                painted[pycocotools(np.array(shape.points), painted.shape)] = shape.label
            elif shape.type == datumaro.AnnotationType.mask:
                painted[shape.image > 0] = shape.label
        np.testing.assert_array_equal(painted, masks[f"{item.id}.png"])


def test_labelme_leads_to_the_image(tmp_path):
    folder = write_annotations(tmp_path, {"in/a.png": random_mask(0)}, kinds="labelme").with_name("p.labelme")
    content = json.loads((folder / "in" / "a.json").read_text())
    assert (folder / "in" / content["imagePath"]).samefile(tmp_path / "photos" / "in" / "a.png")
    assert (content["imageHeight"], content["imageWidth"], content["imageData"]) == (60, 90, None)
    assert {shape["label"] for shape in content["shapes"]} == set(CLASSES[1:]), "background has no shapes"


def test_the_folder_of_yolo(tmp_path):
    folder = write_annotations(tmp_path, {"in/a.png": random_mask(0)}, kinds="yolo").with_name("p.yolo")
    description = yaml.safe_load((folder / "data.yaml").read_text())
    assert description["names"] == dict(enumerate(CLASSES))
    image, label = (folder / description["train"] / "in" / "a.png"), folder / "labels" / "in" / "a.txt"
    assert image.read_bytes() == (tmp_path / "photos" / "in" / "a.png").read_bytes()
    numbers = [line.split() for line in label.read_text().splitlines()]
    assert all(len(line) >= 9 and all(0 <= float(cell) <= 1 for cell in line[1:]) for line in numbers)


def test_the_tasks_of_label_studio(tmp_path):
    folder = write_annotations(tmp_path, {"in/ä%.png": random_mask(0)}, kinds="label-studio").with_name(
        "p.label-studio"
    )
    (task,) = json.loads((folder / "tasks.json").read_text())
    assert unquote(task["data"]["image"]) == "/data/local-files/?d=photos/in/ä%.png"
    view = ElementTree.parse(folder / "labeling_config.xml").getroot()
    controls = {control.get("name"): control for control in view if control.get("toName") == "image"}
    for result in task["predictions"][0]["result"]:
        labels = [label.get("value") for label in controls[result["from_name"]]]
        assert labels == list(CLASSES) and result["value"][result["type"]][0] in labels
    assert controls["polygon"][0].get("background") == "#ff0010"


def test_yolo_finds_the_labels_of_images_in_a_folder_called_images(tmp_path):
    names = ("images/a.png", "in/images/a.png", "my images/a.png")
    folder = write_annotations(tmp_path, dict.fromkeys(names, random_mask(0)), kinds="yolo").with_name("p.yolo")
    images = [path.as_posix() for path in (folder / "images").rglob("*.png")]
    assert len(images) == 3
    for image in images:
        assert Path("/labels/".join(image.rsplit("/images/", 1))).with_suffix(".txt").exists(), "ultralytics' rule"


@pytest.mark.parametrize("pattern", ["**/*.png", "[a-z]*/*.png"])
def test_images_of_a_pattern_lie_below_its_folder(pattern, tmp_path):
    output = write_annotations(tmp_path, {"in/a.png": random_mask(0)}, pattern=pattern)
    coco, tasks = (json.loads((tmp_path / file).read_text()) for file in FILES_OF_ALL)
    assert [image["file_name"] for image in coco["images"]] == ["in/a.png"]
    assert [task["data"]["image"] for task in tasks] == ["/data/local-files/?d=photos/in/a.png"]
    shapes = output.with_name("p.labelme") / "in" / "a.json"
    image = shapes.parent / json.loads(shapes.read_text())["imagePath"]
    assert image.samefile(tmp_path / "photos" / "in" / "a.png")
    assert (output.with_name("p.yolo") / "labels" / "in" / "a.txt").exists()


def test_names_that_differ_in_their_suffix_only(tmp_path, caplog):
    masks = {"a.png": random_mask(0), "a.bmp": random_mask(1), "b..c.png": random_mask(2)}
    output = write_annotations(tmp_path, masks)
    assert sorted(os.listdir(tmp_path / "p.labelme")) == ["a.bmp.json", "a.png.json", "b..c.json"]
    assert sorted(os.listdir(tmp_path / "p.yolo" / "labels")) == ["a.bmp.txt", "a.png.txt", "b..c.txt"]
    assert "differ only in their suffixes, such as a." in caplog.text
    assert len(json.loads((output.with_name("p.coco") / "annotations.json").read_text())["images"]) == 3


def test_files_of_earlier_predictions_are_said(tmp_path, caplog):
    write_annotations(tmp_path, {"a.png": random_mask(0), "b.png": random_mask(1)})
    assert "earlier predictions" not in caplog.text
    write_annotations(tmp_path, {"a.png": random_mask(0)})
    said = [line for line in caplog.messages if "has also annotations of 1 images of earlier predictions" in line]
    assert [line.split()[0].rpartition(".")[2] for line in said] == ["labelme", "yolo"]


def files_of(folder: Path) -> dict[str, bytes]:
    kept = (path for path in folder.rglob("*") if path.is_file() and path.parent != folder)
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in kept}


def test_a_killed_command_resumes(segmenter, scenes, tmp_path):
    images = scenes / "val" / "beach"
    for name in ("one", "killed"):
        (tmp_path / name).mkdir()
    flags = ("--test-images", images, "--mask-files", f"index,{ALL}", "--engine", "tensorflow", "--batch-size", 1)
    predict_here(segmenter, tmp_path / "one" / "p.csv", *flags)
    output = tmp_path / "killed" / "p.csv"
    assert predict_interrupted(1, "--run", segmenter, "--output", output, *flags).code == -9
    assert not list(output.parent.glob("*/annotations.json"))
    predict_here(segmenter, output, *flags)
    assert files_of(tmp_path / "killed") == files_of(tmp_path / "one")
    for name in FILES_OF_ALL:
        (output.parent / name).unlink()  # as if it was killed between the last row and these
    predict_here(segmenter, output, *flags)
    assert files_of(tmp_path / "killed") == files_of(tmp_path / "one")


def test_an_unknown_format_is_refused(tmp_path):
    with pytest.raises(SettingError, match="coco") as error:
        settings_of(PredictorConfig, "--mask-files", "index,cvat")
    assert "label-studio" in str(error.value)


@pytest.mark.parametrize("kind", FORMATS)
def test_masks_of_camvid(kind, shared, tmp_path):
    classes = ("background", *(shared / "camvid" / "classes.txt").read_text().split())
    paths = sorted((shared / "camvid" / "valannot").glob("*.png"))[::17]
    masks = {path.name: cv2.imread(str(path), cv2.IMREAD_GRAYSCALE) + 1 for path in paths}
    found = read_back(write_annotations(tmp_path, masks, classes, kind), kind, classes)
    assert len(found) == 3
    check_same(found, masks)
