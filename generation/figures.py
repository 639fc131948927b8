"""What a trained auto-encoder makes of pictures, and of codes that no picture has; each figure with its numbers."""

from collections.abc import Sequence
from pathlib import Path
from statistics import NormalDist
from typing import NamedTuple

import numpy as np

from analysis.embedding import METHODS, draw_embedding, embed
from datatransformer.layout import DataFolder
from pipeline.cache import make_loader
from plots.mosaic import draw_mosaic
from predictor.codes.autoencoder import Autoencoder, Encoded
from predictor.pictures import evenly_spaced
from storage.tables import csv_safe, write_table
from training.session import Session

SHOWN = 12
"""Pictures beside their reconstructions."""

SAMPLES = 10
"""New pictures in a row, and as many rows."""

WALKS, STEPS = 4, 9
"""Ways from one picture to another, and pictures on each."""

PLANE = 17
"""Pictures along each side of the plane of codes."""

MOST_EMBEDDED = 1000
"""Pictures that are embedded: t-SNE of more takes minutes."""

BATCH_SIZE = 128


class Pictures(NamedTuple):
    """Validation pictures, their names, RGB uint8 (pictures, height, width, 3), and class indices if they have one."""

    names: list[str]
    values: np.ndarray
    labels: np.ndarray | None


def draw_figures(session: Session) -> None:
    """All of them, into the run's folder, by its best checkpoint."""
    folder, seed = session.run.figures, session.settings.seed
    autoencoder = Autoencoder(session.run)
    pictures = validation_pictures(session.data, autoencoder.size, MOST_EMBEDDED)
    encoded = encode(autoencoder, pictures.values)
    draw_reconstructions(pictures, encoded, folder / "reconstructions.png")
    draw_samples(autoencoder, seed, folder / "samples.png")
    draw_walks(autoencoder, pictures, encoded.mean, folder / "walk.png")
    if autoencoder.latent_size == 2:
        draw_plane(autoencoder, folder / "latent_plane.png")
    for method in METHODS:
        panels = {"pixels": embed(pictures.values, method, seed), "codes": embed(encoded.mean, method, seed)}
        draw_embedding(panels, pictures.labels, session.data.classes, folder / f"{method}.png")


def validation_pictures(data: DataFolder, size: tuple[int, int], most: int) -> Pictures:
    """At most so many, spread evenly over all of them."""
    images = data.images("val")
    chosen = evenly_spaced(len(images), most)
    load = make_loader([images[index] for index in chosen], size, "none", data.path)
    values = np.stack([load(number).numpy() for number in range(len(chosen))])
    labels = np.array(data.labels("val"))[chosen] if data.task == "classification" else None
    return Pictures([str(Path(images[index]).relative_to(data.path)) for index in chosen], values, labels)


def encode(autoencoder: Autoencoder, pictures: np.ndarray) -> Encoded:
    parts = [autoencoder.encode(pictures[at : at + BATCH_SIZE]) for at in range(0, len(pictures), BATCH_SIZE)]
    return Encoded(*map(np.concatenate, zip(*parts, strict=True)))


def draw_reconstructions(pictures: Pictures, encoded: Encoded, path: Path) -> None:
    chosen = evenly_spaced(len(pictures.names), SHOWN)
    draw_mosaic(
        [pictures.values[chosen], encoded.reconstructed[chosen]],
        path,
        "Validation pictures, and what is made of their codes",
        ("picture", "reconstruction"),
    )
    costs = np.stack([encoded.reconstruction, encoded.kl, encoded.anomaly], axis=1)
    rows = ((csv_safe(pictures.names[index]), *(f"{cost:.6g}" for cost in costs[index])) for index in chosen)
    write_table(path.with_suffix(".csv"), ("image", "reconstruction", "kl", "anomaly"), rows)


def draw_samples(autoencoder: Autoencoder, seed: int, path: Path) -> None:
    codes = np.random.default_rng(seed).standard_normal((SAMPLES**2, autoencoder.latent_size))
    drawn = autoencoder.decode(codes)
    draw_mosaic(np.split(drawn, SAMPLES), path, "New pictures, of random codes")
    write_codes(path, codes)


def draw_walks(autoencoder: Autoencoder, pictures: Pictures, means: np.ndarray, path: Path) -> None:
    """From one picture to another, of another class if there are classes, in equal steps between their codes."""
    ends = np.unique(pictures.labels, return_index=True)[1] if pictures.labels is not None else np.arange(len(means))
    ends = ends[evenly_spaced(len(ends), 2 * WALKS)]
    pairs = list(zip(ends, ends[len(ends) // 2 :], strict=False))
    share = np.linspace(0, 1, STEPS)[:, None]
    codes = [(1 - share) * means[begin] + share * means[end] for begin, end in pairs]
    rows = [
        [pictures.values[begin], *autoencoder.decode(walk), pictures.values[end]]
        for (begin, end), walk in zip(pairs, codes, strict=True)
    ]
    draw_mosaic(rows, path, "From one picture to another", columns="picture, steps between their codes, picture")
    write_codes(path, np.concatenate(codes))


def draw_plane(autoencoder: Autoencoder, path: Path) -> None:
    """Codes of two numbers, as dense as pictures are meant to be: at equal shares of the normal distribution.

    As figure 4 of Kingma & Welling 2013.
    """
    at = [NormalDist().inv_cdf((place + 0.5) / PLANE) for place in range(PLANE)]
    codes = np.array([[x, y] for y in reversed(at) for x in at])
    drawn = autoencoder.decode(codes)
    labels = [f"{y:.2f}" for y in reversed(at)]
    across = f"first number of the code, {at[0]:.2f} to {at[-1]:.2f}; the second is on the left"
    draw_mosaic(np.split(drawn, PLANE), path, "The plane of codes", labels, across)
    write_codes(path, codes)


def write_codes(figure: Path, codes: Sequence[Sequence[float]]) -> None:
    """The code of each picture that is drawn of one, row after row."""
    header = [f"code {number}" for number in range(1, np.shape(codes)[1] + 1)]
    write_table(figure.with_suffix(".csv"), header, ([f"{value:.6g}" for value in code] for code in codes))
