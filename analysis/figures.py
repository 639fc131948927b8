"""Pictures of how training went. Drawn without a screen."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from predictor.figures import BLUE, GRAY, ORANGE
from predictor.sheet import save_figure


def draw_learning_curve(rows: Sequence[dict[str, float]], path: Path) -> None:
    """Accuracy, loss and learning rate by epoch; stages are marked, and the best epoch. Its numbers are history.csv."""
    epochs = [row["epoch"] for row in rows]
    figure = Figure(figsize=(8, 8), layout="constrained")
    accuracy, loss, rate = figure.subplots(3, 1, sharex=True, height_ratios=(3, 3, 1.3))
    for axes, key, title in ((accuracy, "accuracy", "accuracy"), (loss, "loss", "loss")):
        axes.plot(epochs, [row[key] for row in rows], color=BLUE, marker=".", label="training")
        axes.plot(epochs, [row[f"val_{key}"] for row in rows], color=ORANGE, marker=".", label="validation")
        axes.set_ylabel(title)
    best = max(rows, key=lambda row: row["val_accuracy"])
    label = f"best: {best['val_accuracy']:.3f} in epoch {int(best['epoch'])}"
    accuracy.plot(best["epoch"], best["val_accuracy"], "o", ms=11, mfc="none", mec=ORANGE, label=label)
    rate.step(epochs, [row["learning_rate"] for row in rows], where="mid", color=GRAY)
    rate.set(ylabel="learning rate", yscale="log", xlabel="epoch")
    rate.xaxis.set_major_locator(MaxNLocator(integer=True))
    for before, after in pairwise(rows):
        if after["stage"] != before["stage"]:
            for axes in (accuracy, loss, rate):
                axes.axvline(after["epoch"] - 0.5, color=GRAY, linestyle=":")
    accuracy.legend()
    for axes in (accuracy, loss, rate):
        axes.grid(alpha=0.3)
    save_figure(figure, path)
