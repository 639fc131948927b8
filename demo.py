"""The full pipeline on synthetic images, in a few minutes: data set, training, predictions, figures.

`make demo` sets up an environment and runs this. It needs nothing outside this folder and writes into `demo/`.
"""

import csv
import subprocess
import sys
from pathlib import Path

from log import logger, logging_to_screen

FOLDER = Path("demo")
DATA, RUNS, TEST, PREDICTIONS = FOLDER / "data", FOLDER / "runs", FOLDER / "test", FOLDER / "predictions.csv"
MASKS = FOLDER / "data-segmentation"
TEST_IMAGES, TEST_SEED = 50, 2025

STEPS = (
    ("Draw 1000 images of five scenes and split them",
     f"datatransformer --source scenes --task classification --pictures 1000 --seed 0 --data {DATA}"),
    ("Draw the same images with masks, for segmentation",
     f"datatransformer --source scenes --task segmentation --pictures 1000 --seed 0 --data {MASKS}"),
    ("Train a small network from random weights",
     f"classifiers.small --data {DATA} --runs {RUNS} --epochs 8 --schedule cosine --learning-rates 1e-3 --seed 0"),
    (f"Predict {TEST_IMAGES} new images",
     f"predictor --runs {RUNS} --run small --test-images {TEST} --output {PREDICTIONS}"),
)  # fmt: skip


def main() -> None:
    """Runs each step as a user would type it, then prints the results."""
    FOLDER.mkdir(exist_ok=True)
    draw_test_images()
    for title, command in STEPS:
        logger.info(f"\n== {title}\n$ python -m {command}")
        done = subprocess.run([sys.executable, "-m", *command.split()], check=False)
        if done.returncode:
            sys.exit(done.returncode)
    report()


def draw_test_images() -> None:
    """Draws images that the training does not see. Each is named after its scene."""
    from datatransformer.pictures.scene_drawing import draw_scene
    from datatransformer.sources.scenes import SCENES, SIZE

    TEST.mkdir(exist_ok=True)
    for number in range(TEST_IMAGES):
        scene = SCENES[number % len(SCENES)]
        (TEST / f"{scene}_{number:03d}.jpg").write_bytes(draw_scene(scene, SIZE, (TEST_SEED, number)).image.content)


def report() -> None:
    """Prints validation accuracy, test accuracy and the output paths."""
    with (RUNS / "small" / "history.csv").open(newline="") as file:
        accuracy = max(float(row["val_accuracy"]) for row in csv.DictReader(file))
    with PREDICTIONS.open(newline="") as file:
        is_right = [row["image"].startswith(row["name"]) for row in csv.DictReader(file)]
    outputs = {
        "data set": DATA,
        "with masks": MASKS,
        "trained model": RUNS / "small" / "checkpoints" / "best.keras",
        "learning curve": RUNS / "small" / "figures" / "learning_curve.png",
        "confusion matrix": RUNS / "small" / "figures" / "confusion_matrix.png",
        "predictions": PREDICTIONS,
    }
    logger.info(f"\nValidation accuracy {accuracy:.4f}; {sum(is_right)} of {len(is_right)} new images predicted right.")
    logger.info("\n".join(f"  {name:17} {path}" for name, path in outputs.items()))
    logger.info(
        "Your own images: python -m datatransformer --raw-images photos --raw-labels labels.csv, then "
        "python -m classifiers.small and python -m predictor. All settings are in config.py."
    )


if __name__ == "__main__":
    with logging_to_screen():
        main()
