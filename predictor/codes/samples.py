"""Generates new images: an auto-encoder decodes random codes."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from command import import_tensorflow
from log import logger
from predictor.codes.autoencoder import Autoencoder
from predictor.codes.png import write_png
from settings import SettingError, bad_setting
from storage.lock import exclusive_lock
from storage.owned import is_hollow, remove_listed
from storage.tables import read_json, write_json

if TYPE_CHECKING:
    from config import PredictorConfig

UNUSED_FOR_SAMPLES = ("test_images", "max_pixels", "encoding_files", "workers", "shard")
"""Settings that only have an effect if images are read."""

MAX_GRID_IMAGES = 400
"""The first new images are also drawn in a grid."""


def generate_samples(
    settings: "PredictorConfig", autoencoder: Autoencoder, note: dict[str, object]
) -> dict[str, object]:
    """Writes `settings.samples` images to NAME.samples, a folder beside NAME.csv, and a grid to NAME.samples.png.

    The codes come from the standard normal distribution and depend on `settings.seed` alone: the first ten of a
    hundred images are the same as ten images. `note` identifies the checkpoint.

    Returns what `--json` prints. Raises SettingError if the folder has other images and `overwrite` is not set.
    """
    count, seed = settings.samples or 0, settings.seed or 0
    folder = settings.output.with_name(f"{settings.output.stem}.samples")
    grid = folder.with_name(f"{folder.name}.png")
    with exclusive_lock(settings.output):
        _start(folder, grid, {**note, "seed": seed, "samples": count}, settings.overwrite)
        import_tensorflow()
        generator = np.random.default_rng(seed)
        grid_images: list[np.ndarray] = []
        for begin in range(0, count, settings.batch_size):
            size = min(settings.batch_size, count - begin)
            images = autoencoder.decode(generator.standard_normal((size, autoencoder.latent_size)))
            for number, image in enumerate(images, begin + 1):
                write_png(folder / _name(number, count), image)
            grid_images += list(images[: MAX_GRID_IMAGES - len(grid_images)])
        _write_grid(grid_images, grid)
    logger.info(f"{folder}: {count} new images by {autoencoder.run.path}. The first {len(grid_images)} are in {grid}")
    return {"output": folder, "images": count, "grid": grid}


def _name(number: int, count: int) -> str:
    return f"{number:0{len(str(count))}d}.png"


def _start(folder: Path, grid: Path, note: dict[str, object], overwrite: bool) -> None:
    note_file = folder.with_name(f".{folder.name}.json")
    earlier = read_json(note_file)
    in_the_way = next((path for path in (folder, grid) if path.exists() and not is_hollow(path)), None)
    if in_the_way and earlier != note:
        if earlier is None or not overwrite:
            advice = "or use --overwrite" if earlier else "or move it: it was not made by this command"
            raise SettingError(
                bad_setting("output", in_the_way, f"exists with other images; name another file, {advice}")
            )
        count = int(earlier["samples"])
        remove_listed(folder, [_name(number, count) for number in range(1, count + 1)])
    write_json(note_file, note)  # first: a folder without it would not be taken for ours
    folder.mkdir(parents=True, exist_ok=True)


def _write_grid(images: list[np.ndarray], path: Path) -> None:
    from plots.mosaic import mosaic

    columns = int(np.ceil(np.sqrt(len(images))))
    rows = [images[begin : begin + columns] for begin in range(0, len(images), columns)]
    write_png(path, mosaic(rows))
