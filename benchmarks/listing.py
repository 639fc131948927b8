"""Listing a folder for a data folder and for predictions: memory with 10,000 and with 100,000 files in a folder."""

import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from benchmarks._measure import Comparison, Variant
from benchmarks.datatransformer import folder_flags, settings_of_flags

if TYPE_CHECKING:
    from config import BenchmarksConfig

LARGEST = 100_000
"""Files of the larger folder, unless --amount is given. The smaller one has a tenth of them."""

LINKS = 30_000
"""Links to one file. File systems allow 32,000 or more."""


def comparisons(settings: "BenchmarksConfig") -> Iterator[Comparison]:
    settings.output.mkdir(parents=True, exist_ok=True)
    largest = settings.amount or LARGEST
    with tempfile.TemporaryDirectory(dir=settings.output) as work:
        raws = {count: _folder(Path(work) / f"raw{count}", count) for count in (max(1, largest // 10), largest)}
        for title, listing in (("data folder", list_for_data_folder), ("predictions", list_for_predictions)):
            variants = [Variant(f"{count:,}", listing, (raw,)) for count, raw in raws.items()]
            yield Comparison(f"Files in one folder, listed for {title}", "files", largest, variants, growth="files")


def list_for_data_folder(raw: Path) -> float:
    """The names, the split and the places, as DataTransformer keeps them until it has written the images."""
    from datatransformer.ledger import open_ledger
    from datatransformer.report import Report
    from datatransformer.sources import folders
    from datatransformer.split import Shares, split_key

    settings = settings_of_flags(folder_flags(raw))
    start = time.perf_counter()
    with open_ledger() as ledger:
        ledger.add(folders.read(settings, Report()).entries, split_key("auto", has_list=False, seed=0), by_class=True)
        ledger.choice.by_share(Shares(0.2))
        ledger.splits()
    return time.perf_counter() - start


def list_for_predictions(raw: Path) -> float:
    """The names, and whether a disk may take two of them for one, as before the first prediction of masks."""
    from predictor.image_names import names_that_meet
    from predictor.images import find_images

    start = time.perf_counter()
    names_that_meet(lambda: (image.name for image in find_images(str(raw))))
    return time.perf_counter() - start


def _folder(raw: Path, count: int) -> Path:
    """Two classes, all files but one in the first. The files are links to a few tiny PNGs."""
    content = cv2.imencode(".png", np.zeros((1, 1, 3), np.uint8))[1].tobytes()
    for name in ("class00", "class01"):
        (raw / name).mkdir(parents=True)
    (raw / "class01" / "0.png").write_bytes(content)
    for begin in range(0, count - 1, LINKS):
        first = raw / "class00" / f"{begin:06d}.png"
        first.write_bytes(content)
        for number in range(begin + 1, min(begin + LINKS, count - 1)):
            os.link(first, raw / "class00" / f"{number:06d}.png")
    return raw
