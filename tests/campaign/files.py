"""The files that a campaign damages: a run, data folders, predictions, labels."""

import json
import shutil
import zipfile
from pathlib import Path

from datatransformer.layout import read_data_folder
from pipeline.pixel_weights import load_or_count_pixels
from predictor.output import Output
from storage.tables import write_json, write_table
from tests.conftest import ROOT
from training.checkpoint_file import INSIDE_FOLDER
from training.run_folder import RunFolder

RUN, DATA, MASKS = "runs/cifar_resnet", "data", "data-masks"


def make_files(folder: Path) -> Path:
    """A run, data folders and other files of each kind."""
    shutil.copytree(ROOT / "tests" / "old_version", folder, dirs_exist_ok=True)
    run = RunFolder(folder / RUN)
    run.config_file.write_text(run.config_file.read_text().replace("/tmp/base/fixture", str(folder)))
    names = run.classes()
    write_table(
        folder / RUN / "thresholds.csv", ("name", "threshold", "epoch"),
        [(name, 0.25, int(run.best_row()["epoch"])) for name in names],
    )  # fmt: skip
    run.figures.mkdir(exist_ok=True)
    write_table(run.figures / "summary.csv", ("measure", "value"), [("mean_iou", 0.5), ("accuracy", 0.75)])
    write_json(folder / DATA / "pixel_range.json", {"range": [0.0, 4095.0], "pictures": 3})
    load_or_count_pixels(read_data_folder(folder / MASKS, "segmentation"))
    measured = {"val_accuracy": 0.5, "epochs": 2.0}
    entry = {"module": "classifiers.small", "settings": {"epochs": 2, "image_size": "32x32"}, "measured": measured}
    write_json(folder / "state.json", {"small-1": entry, "small-2": entry | {"measured": None}})
    (folder / "fetched").mkdir()
    files = {"c": {"sha256": "d", "size": 1}}
    write_json(folder / "fetched" / "scenelab_weights.json", {"name": "a", "source": "b", "files": files})
    shutil.copyfile(run.best, folder / "packed.scenelab")
    with zipfile.ZipFile(folder / "packed.scenelab", "a") as archive:
        for name in ("config.json", "classes.csv"):
            archive.write(run.path / name, INSIDE_FOLDER + name)
    output = Output(folder / "p.csv", ("label", "name", "probability"))
    output.start({"checkpoints": [["a", 1, 2]], "columns": ["label"], "test_images": "x"}, False)
    with output:
        output.add(["a.jpg", "b.jpg"], [(0, "beach", 0.5), (1, "city", 0.25)])
    output.reject("c.jpg", "cannot be read")
    (folder / "scenelab.toml").write_text('epochs = 3\n[classifiers.small]\nbatch_size = [8]\nimage_size = "32x32"\n')
    _make_labels(folder)
    return folder


def _make_labels(folder: Path) -> None:
    root = folder / "data/train"
    images = sorted(path.relative_to(root).as_posix() for path in root.rglob("*.jpg"))
    write_table(folder / "labels.csv", ("image", "class"), [(name, Path(name).parent.name) for name in images])
    labels = [{"image": name, "label": Path(name).parent.name} for name in images]
    (folder / "labels.json").write_text(json.dumps(labels))
    corners = [[1, 1, 9, 1, 9, 9, 1, 9]]
    coco = {
        "images": [{"id": number, "file_name": name, "width": 64, "height": 64} for number, name in enumerate(images)],
        "categories": [{"id": 1, "name": "a"}, {"id": 2, "name": "b"}],
        "annotations": [
            {"id": number, "image_id": number, "category_id": 1 + number % 2, "segmentation": corners, "area": 64,
             "bbox": [1, 1, 8, 8], "iscrowd": 0}
            for number in range(len(images))
        ],
    }  # fmt: skip
    (folder / "coco.json").write_text(json.dumps(coco))
    shapes = "".join(
        f'<image id="{number}" name="{name}" width="64" height="64"><polygon label="a" points="1,1;9,1;9,9"/></image>'
        for number, name in enumerate(images)
    )
    (folder / "cvat.xml").write_text(f'<?xml version="1.0"?><annotations>{shapes}</annotations>')
