"""New pictures: what an auto-encoder makes of random codes."""

import shutil
from pathlib import Path

import numpy as np

from command import import_tensorflow
from predictor.codes.autoencoder import Autoencoder
from predictor.codes.encode import write_png
from settings import SettingError, bad_setting, errors_if_given
from storage.lock import exclusive_lock
from storage.tables import read_json, write_json
from training.run_folder import RunFolder

UNSUPPORTED = ("test_images", "encoding_files", "workers", "shard")
"""Settings of what is done with pictures."""

MOST_ON_SHEET = 400
"""Of the new pictures the first so many are on the sheet."""


def draw_samples(settings, run: RunFolder, made_with: dict) -> None:
    """`settings.samples` of them, in the folder NAME.samples beside `settings.output`, and a sheet NAME.samples.png.

    A code is drawn from the standard normal distribution, by `settings.seed` alone: the first ten of a hundred are the
    ten of ten. Raises SettingError if other pictures are there, unless `settings.overwrite`.

    Arguments:
        made_with: the checkpoint, as JSON has it.
    """
    if errors := errors_if_given(settings, UNSUPPORTED, "samples come from no pictures; leave it out"):
        raise SettingError(*errors)
    seed = settings.seed or 0
    folder = settings.output.with_name(f"{settings.output.stem}.samples")
    with exclusive_lock(settings.output):
        _begin(folder, {**made_with, "seed": seed, "samples": settings.samples}, settings.overwrite)
        import_tensorflow()
        autoencoder, generator = Autoencoder(run), np.random.default_rng(seed)
        on_sheet: list[np.ndarray] = []
        for begin in range(0, settings.samples, settings.batch_size):
            count = min(settings.batch_size, settings.samples - begin)
            pictures = autoencoder.decode(generator.standard_normal((count, autoencoder.latent_size)))
            for number, picture in enumerate(pictures, begin + 1):
                write_png(folder / f"{number:0{len(str(settings.samples))}d}.png", picture)
            on_sheet += list(pictures[: MOST_ON_SHEET - len(on_sheet)])
        _write_sheet(on_sheet, folder.with_name(f"{folder.name}.png"))
    print(f"{folder}: {settings.samples} new pictures by {run.path}; {folder.name}.png shows them together")


def _begin(folder: Path, made_with: dict, overwrite: bool) -> None:
    note = folder.with_name(f".{folder.name}.json")
    before = read_json(note)
    if folder.exists() and before != made_with:
        if before is None or not overwrite:
            advice = "--overwrite replaces it" if before else "and was not made here; move it"
            raise SettingError(
                bad_setting("output", folder, f"exists with other pictures; name another file, or {advice}")
            )
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    write_json(note, made_with)


def _write_sheet(pictures: list[np.ndarray], path: Path) -> None:
    from plots.mosaic import mosaic

    columns = int(np.ceil(np.sqrt(len(pictures))))
    rows = [pictures[begin : begin + columns] for begin in range(0, len(pictures), columns)]
    write_png(path, mosaic(rows))
