"""The full pipeline on synthetic images, in a minute: data folders, training, predictions, figures.

`make demo` sets up an environment and runs this. It needs nothing outside this folder and writes into `demo/`.
"""

import csv
import runpy
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from log import logger, logging_to_screen

if TYPE_CHECKING:
    import numpy as np

FOLDER = Path("demo")
DATA, MASK_DATA, RUNS, TEST = FOLDER / "data", FOLDER / "data-masks", FOLDER / "runs", FOLDER / "test"
TRUE_MASKS, OVERVIEW = FOLDER / "test-masks", FOLDER / "overview.png"
CLASSES, MASKS = FOLDER / "classes.csv", FOLDER / "masks.csv"
OVERLAYS, PREDICTED_MASKS = FOLDER / "masks.overlays", FOLDER / "masks.masks"
TEST_IMAGES, TEST_SEED, SIZE = 50, 2025, 128
OVERVIEW_IMAGES, COLUMNS = 12, 6

STEPS = (
    ("Draw 500 images of five scenes and split them",
     f"datatransformer --source scenes --task classification --pictures 500 --picture-size {SIZE} --data {DATA} "
     "--overwrite"),
    ("Draw 160 images with masks, which name the thing that each pixel shows",
     f"datatransformer --source scenes --task segmentation --pictures 160 --picture-size {SIZE} --data {MASK_DATA} "
     "--overwrite"),
    ("Train a classifier: the last layer of a network that knows photographs",
     f"classifiers.efficientnet_lite --recipe quick --data {DATA} --runs {RUNS} --image-size {SIZE} --batch-size 128 "
     "--epochs 12 --learning-rates 3e-3 --verbose line"),
    ("Train a segmentation network on top of the same network",
     f"segmentation.unet --recipe quick --data {MASK_DATA} --runs {RUNS} --image-size 64 --epochs 6 "
     "--verbose line"),
    (f"Predict the scene of {TEST_IMAGES} new images",
     f"predictor --runs {RUNS} --run efficientnet_lite --test-images {TEST} --output {CLASSES}"),
    ("Predict the masks of these images",
     f"predictor --runs {RUNS} --run unet --test-images {TEST} --output {MASKS}"),
)  # fmt: skip


class Prediction(NamedTuple):
    """The predicted class of a new image. The file is named after the true one."""

    file: str
    name: str
    probability: float

    @property
    def is_right(self) -> bool:
        return self.file.startswith(self.name)


def main() -> None:
    """Runs each step as a user would type it, then prints the results."""
    start = time.monotonic()
    draw_test_images()
    for title, command in STEPS:
        with logging_to_screen():
            logger.info(f"\n== {title}\n$ python -m {command}")
        run_step(command)
    with logging_to_screen():
        report()
        logger.info(f"\nThe demo took {time.monotonic() - start:.0f} seconds.")


def run_step(command: str) -> None:
    """Runs a command as `python -m` does. One process runs all of them, and so loads TensorFlow only once."""
    module, *flags = command.split()
    sys.argv[1:] = flags
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except SystemExit as end:
        if end.code:
            raise


def draw_test_images() -> None:
    """Draws images that the training does not see, and their true masks. Each is named after its scene."""
    from datatransformer.pictures.scene_drawing import draw_scene
    from datatransformer.sources.scenes import SCENES

    for folder in (TEST, TRUE_MASKS):
        folder.mkdir(parents=True, exist_ok=True)
    for number in range(TEST_IMAGES):
        scene = SCENES[number % len(SCENES)]
        pair, name = draw_scene(scene, SIZE, (TEST_SEED, number)), f"{scene}_{number:03d}.jpg"
        (TEST / name).write_bytes(pair.image.content)
        (TRUE_MASKS / f"{name}.png").write_bytes(pair.mask)


def report() -> None:
    """Draws the overview, and prints the scores, the output paths and the commands for the user's own images."""
    predictions = [Prediction(row["image"], row["class"], float(row["probability"])) for row in read_rows(CLASSES)]
    draw_overview(predictions)
    accuracies = [float(row["val_accuracy"]) for row in read_rows(RUNS / "efficientnet_lite" / "history.csv")]
    best_masks = max(read_rows(RUNS / "unet" / "history.csv"), key=lambda row: float(row["val_accuracy"]))
    right = sum(prediction.is_right for prediction in predictions)
    logger.info(
        f"\nClassifier: validation accuracy {accuracies[0]:.2f} after the first epoch, {max(accuracies):.2f} at best; "
        f"{right} of {len(predictions)} new images predicted right.\n"
        f"Segmentation: mean IoU {float(best_masks['val_mean_iou']):.2f} on validation images, "
        f"{mean_iou():.2f} on new images."
    )
    outputs = {
        "data folders": f"{DATA}, {MASK_DATA}",
        "trained models": f"{RUNS}/*/checkpoints/best.keras",
        "reports": f"{RUNS}/*/report.html",
        "predicted classes": CLASSES,
        "predicted masks": f"{PREDICTED_MASKS}, {OVERLAYS}",
        "overview": OVERVIEW,
    }
    logger.info("\n".join(f"  {name:17} {path}" for name, path in outputs.items()))
    logger.info(
        "\nYour own images, in a folder for each class:\n"
        "  source .venv/bin/activate\n"
        "  scenelab train photos\n"
        "  scenelab predict new_photos --run photos --output predictions.csv\n"
        "docs/start.md explains them."
    )


def draw_overview(predictions: list[Prediction]) -> None:
    """Draws some of the new images with their predicted classes, each above its predicted mask, and a legend."""
    import cv2
    import numpy as np

    from datatransformer.sources.scenes import THINGS
    from plots.image_grid import draw_image_grid
    from plots.legend import add_legend
    from plots.palette import overlay_mask, palette

    shown = predictions[:: len(predictions) // OVERVIEW_IMAGES][:OVERVIEW_IMAGES]
    images = [read_image(TEST / one.file, cv2.IMREAD_COLOR_RGB) for one in shown]
    masks = [read_image(PREDICTED_MASKS / f"{one.file}.png", cv2.IMREAD_GRAYSCALE) for one in shown]
    colours = palette([None] * len(THINGS))
    scenes, things = [scene_caption(one) for one in shown], [mask_caption(mask) for mask in masks]
    overlays = [overlay_mask(image, mask, colours) for image, mask in zip(images, masks, strict=True)]
    rows = [slice(start, start + COLUMNS) for start in range(0, len(shown), COLUMNS)]
    draw_image_grid(
        [image for row in rows for image in images[row] + overlays[row]],
        [text for row in rows for text in scenes[row] + things[row]],
        OVERVIEW,
        "New images with their predicted scenes, and below them their predicted masks",
    )
    figure = add_legend(read_image(OVERVIEW, cv2.IMREAD_COLOR_RGB), np.concatenate(masks), THINGS, colours)
    OVERVIEW.write_bytes(cv2.imencode(".png", figure[..., ::-1])[1].tobytes())


def scene_caption(prediction: Prediction) -> str:
    """The predicted class and its probability; if it is wrong, also the true class."""
    predicted = f"{prediction.name} {prediction.probability:.0%}"
    return predicted if prediction.is_right else f"{predicted}\nwrong: {prediction.file.rpartition('_')[0]}"


def mask_caption(mask: "np.ndarray") -> str:
    """The two things with the largest shares of a mask."""
    import numpy as np

    from datatransformer.sources.scenes import THINGS

    shares = np.bincount(mask.ravel(), minlength=len(THINGS)) / mask.size
    return ", ".join(f"{THINGS[index]} {shares[index]:.0%}" for index in np.argsort(-shares)[:2] if shares[index] > 0)


def mean_iou() -> float:
    """The mean IoU of the masks that were predicted for the new images."""
    import cv2
    import numpy as np

    from datatransformer.sources.scenes import THINGS
    from predictor.segmentation_scores import confusion, segmentation_scores

    matrix = np.zeros((len(THINGS), len(THINGS)), np.int64)
    for path in TRUE_MASKS.iterdir():
        truth, mask = (read_image(folder / path.name, cv2.IMREAD_GRAYSCALE) for folder in (TRUE_MASKS, PREDICTED_MASKS))
        matrix += confusion(truth, mask, len(THINGS))[0]
    return segmentation_scores(matrix).mean_iou


def read_image(path: Path, colours: int) -> "np.ndarray":
    """An image that the demo has written. `colours`: as in OpenCV."""
    import cv2
    import numpy as np

    return np.asarray(cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), colours))


def read_rows(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV."""
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


if __name__ == "__main__":
    main()
