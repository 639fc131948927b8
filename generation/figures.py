"""Figures of a trained auto-encoder, each with its numbers as CSV: reconstructions, samples, walks and embeddings."""

from collections.abc import Callable
from pathlib import Path
from statistics import NormalDist
from typing import NamedTuple

import numpy as np

from analysis.embedding import METHODS, draw_embedding, embed
from datatransformer.layout import DataFolder
from pipeline.cache import make_loader
from plots.mosaic import draw_mosaic
from predictor.codes.autoencoder import Autoencoder, EncodedBatch
from predictor.images import evenly_spaced
from storage.tables import csv_safe, write_table
from training.session import Session

RECONSTRUCTIONS = 12
"""Images that are shown beside their reconstructions."""

SAMPLES_PER_ROW = 10
"""New images in a row. There are as many rows."""

WALKS, STEPS_PER_WALK = 4, 9
"""Walks from one image to another, and decoded images in each."""

PLANE_SIDE = 17
"""Decoded images along each side of the latent plane."""

MAX_EMBEDDED = 1000
"""Images that are embedded. t-SNE of more takes minutes."""


class ValidationImages(NamedTuple):
    """Some of the validation images.

    Attributes:
        names: paths within the data folder.
        values: RGB uint8 (images, height, width, 3).
        labels: class indices (images,), or None if the data folder has none.
    """

    names: list[str]
    values: np.ndarray
    labels: np.ndarray | None


def draw_figures(session: Session) -> None:
    """Draws all figures into the run's folder, by its best checkpoint."""
    folder, seed, batch_size = session.run.figures, session.settings.seed, session.best_stage.batch_size
    autoencoder = Autoencoder(session.run)
    images = load_validation_images(session.data, autoencoder.size, MAX_EMBEDDED)
    encoded = encode(autoencoder, images.values, batch_size)

    def decode(codes: np.ndarray) -> np.ndarray:
        return np.concatenate([autoencoder.decode(batch) for batch in split_batches(codes, batch_size)])

    draw_reconstructions(images, encoded, folder / "reconstructions.png")
    draw_samples(decode, autoencoder.latent_size, seed, folder / "samples.png")
    draw_walks(decode, images, encoded.mean, folder / "walk.png")
    if autoencoder.latent_size == 2:
        draw_plane(decode, folder / "latent_plane.png")
    for method in METHODS:
        panels = {"pixels": embed(images.values, method, seed), "codes": embed(encoded.mean, method, seed)}
        draw_embedding(panels, images.labels, session.data.classes, folder / f"{method}.png")


def load_validation_images(data: DataFolder, size: tuple[int, int], maximum: int) -> ValidationImages:
    """At most `maximum` validation images, spread evenly over all of them, resized to `size` (height, width)."""
    images = data.images("val")
    chosen = evenly_spaced(len(images), maximum)
    load = make_loader([images[index] for index in chosen], size, "none", data.path)
    values = np.stack([load(number).numpy() for number in range(len(chosen))])
    labels = np.array(data.labels("val"))[chosen] if data.task == "classification" else None
    return ValidationImages([str(Path(images[index]).relative_to(data.path)) for index in chosen], values, labels)


def encode(autoencoder: Autoencoder, images: np.ndarray, batch_size: int) -> EncodedBatch:
    """Encodes RGB uint8 (images, height, width, 3) in batches."""
    batches = [autoencoder.encode(batch) for batch in split_batches(images, batch_size)]
    return EncodedBatch(*map(np.concatenate, zip(*batches, strict=True)))


def split_batches(values: np.ndarray, batch_size: int) -> list[np.ndarray]:
    """Parts of at most `batch_size` rows."""
    return [values[start : start + batch_size] for start in range(0, len(values), batch_size)]


Decode = Callable[[np.ndarray], np.ndarray]
"""Codes (images, latent) -> RGB float32 (images, height, width, 3) of 0..255."""


def draw_reconstructions(images: ValidationImages, encoded: EncodedBatch, path: Path) -> None:
    """Draws validation images above their reconstructions, and writes the terms of the loss of each."""
    chosen = evenly_spaced(len(images.names), RECONSTRUCTIONS)
    draw_mosaic(
        [list(images.values[chosen]), list(encoded.reconstructed[chosen])],
        path,
        "Validation images and their reconstructions",
        ("image", "reconstruction"),
    )
    losses = np.stack([encoded.reconstruction, encoded.kl, encoded.anomaly], axis=1)
    rows = ((csv_safe(images.names[index]), *(f"{loss:.6g}" for loss in losses[index])) for index in chosen)
    write_table(path.with_suffix(".csv"), ("image", "reconstruction", "kl", "anomaly"), rows)


def draw_samples(decode: Decode, latent_size: int, seed: int, path: Path) -> None:
    """Draws images that are decoded from random codes."""
    codes = np.random.default_rng(seed).standard_normal((SAMPLES_PER_ROW**2, latent_size))
    draw_mosaic(split_rows(decode(codes), SAMPLES_PER_ROW), path, "New images from random codes")
    write_codes(path, codes)


def draw_walks(decode: Decode, images: ValidationImages, means: np.ndarray, path: Path) -> None:
    """Draws walks in equal steps from the code of one image to that of another, of another class if there are classes.

    `means` are the codes of the images, (images, latent).
    """
    ends = np.unique(images.labels, return_index=True)[1] if images.labels is not None else np.arange(len(means))
    ends = ends[evenly_spaced(len(ends), 2 * WALKS)]
    pairs = list(zip(ends, ends[len(ends) // 2 :], strict=False))
    share = np.linspace(0, 1, STEPS_PER_WALK)[:, None]
    walks = [(1 - share) * means[start] + share * means[end] for start, end in pairs]
    rows = [
        [images.values[start], *decode(walk), images.values[end]]
        for (start, end), walk in zip(pairs, walks, strict=True)
    ]
    draw_mosaic(
        rows, path, "Walks from the code of an image to that of another", columns="image, decoded steps, other image"
    )
    write_codes(path, np.concatenate(walks))


def draw_plane(decode: Decode, path: Path) -> None:
    """Draws images on a grid of codes of two numbers, at equal steps of the normal distribution's probability.

    Source: Kingma & Welling 2013, figure 4.
    """
    grid = [NormalDist().inv_cdf((step + 0.5) / PLANE_SIDE) for step in range(PLANE_SIDE)]
    codes = np.array([[x, y] for y in reversed(grid) for x in grid])
    labels = [f"{y:.2f}" for y in reversed(grid)]
    columns = f"first number of the code, from {grid[0]:.2f} to {grid[-1]:.2f}; the second number is on the left"
    draw_mosaic(split_rows(decode(codes), PLANE_SIDE), path, "Images decoded from the latent plane", labels, columns)
    write_codes(path, codes)


def split_rows(images: np.ndarray, columns: int) -> list[list[np.ndarray]]:
    """Images (images, height, width, 3) as the rows of a grid."""
    return [list(row) for row in split_batches(images, columns)]


def write_codes(figure: Path, codes: np.ndarray) -> None:
    """Writes the code (images, latent) of each decoded image of a figure, row by row, beside it."""
    header = [f"code {number}" for number in range(1, codes.shape[1] + 1)]
    write_table(figure.with_suffix(".csv"), header, ([f"{value:.6g}" for value in code] for code in codes))
