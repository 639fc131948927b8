"""The whole road in a few minutes, on pictures that are drawn for it: data set, training, predictions, figures.

`make demo` sets up an environment and runs this. It needs nothing but this folder, and writes into `demo/`.
"""

import csv
import subprocess
import sys
from pathlib import Path

FOLDER = Path("demo")
DATA, RUNS, TEST, PREDICTIONS = FOLDER / "data", FOLDER / "runs", FOLDER / "test", FOLDER / "predictions.csv"
MASKS = FOLDER / "data-segmentation"
TEST_PICTURES, TEST_SEED = 50, 2025

STEPS = (
    ("Draw 1000 pictures of five scenes and split them",
     f"datatransformer --source scenes --task classification --pictures 1000 --seed 0 --data {DATA}"),
    ("The same pictures with a mask of what is where, for segmentation",
     f"datatransformer --source scenes --task segmentation --pictures 1000 --seed 0 --data {MASKS}"),
    ("Train a small network from nothing",
     f"classifiers.small --data {DATA} --runs {RUNS} --epochs 8 --schedule cosine --learning-rates 1e-3 --seed 0"),
    (f"Predict {TEST_PICTURES} new pictures",
     f"predictor --runs {RUNS} --run small --test-images {TEST} --output {PREDICTIONS}"),
)  # fmt: skip


def main() -> None:
    """Runs each step as its user would type it, then says what came of it."""
    FOLDER.mkdir(exist_ok=True)
    draw_test_pictures()
    for title, command in STEPS:
        print(f"\n== {title}\n$ python -m {command}", flush=True)
        done = subprocess.run([sys.executable, "-m", *command.split()], check=False)
        if done.returncode:
            sys.exit(done.returncode)
    report()


def draw_test_pictures() -> None:
    """Pictures that no training has seen, each named after the scene it shows."""
    from datatransformer.sources.scenes import SCENES, SIZE, draw

    TEST.mkdir(exist_ok=True)
    for number in range(TEST_PICTURES):
        scene = sorted(SCENES)[number % len(SCENES)]
        (TEST / f"{scene}_{number:03d}.jpg").write_bytes(draw(scene, SIZE, (TEST_SEED, number)).image.content)


def report() -> None:
    """Validation accuracy, test accuracy, and where everything lies."""
    with (RUNS / "small" / "history.csv").open(newline="") as file:
        accuracy = max(float(row["val_accuracy"]) for row in csv.DictReader(file))
    with PREDICTIONS.open(newline="") as file:
        right = [row["image"].startswith(row["name"]) for row in csv.DictReader(file)]
    places = {
        "data set": DATA,
        "with masks": MASKS,
        "trained model": RUNS / "small" / "checkpoints" / "best.keras",
        "learning curve": RUNS / "small" / "figures" / "learning_curve.png",
        "confusion matrix": RUNS / "small" / "figures" / "confusion_matrix.png",
        "predictions": PREDICTIONS,
    }
    print(f"\nValidation accuracy {accuracy:.4f}; of {len(right)} new pictures {sum(right)} are predicted right.")
    print("\n".join(f"  {what:17} {where}" for what, where in places.items()))
    print("Your own pictures: edit config.py, then python -m datatransformer, classifiers.small and predictor.")


if __name__ == "__main__":
    main()
