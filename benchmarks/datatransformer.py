"""Making a data folder, against cp and split-folders, and with a growing number of images."""

import contextlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, cast

from benchmarks._images import write_images
from benchmarks._measure import Comparison, Variant, powers_of_ten

if TYPE_CHECKING:
    from config import BenchmarksConfig, DataTransformerConfig

AMOUNT = 20_000
"""Largest number of files that are copied."""

SIZE = (200, 200)
CLASSES = 20
MASKS, MASK_SIZE = 2_000, (360, 480)
"""Largest number of masks, and their height and width."""

LARGEST = 100_000
"""The last point of the curves, unless --amount is larger."""


def comparisons(settings: "BenchmarksConfig") -> Iterator[Comparison]:
    settings.output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=settings.output) as work:  # raw images and data folder share a disk
        amount = min(settings.amount or AMOUNT, AMOUNT)
        raw = _class_folders(Path(work) / "raw", amount, settings.pictures, shutil.copy)
        os.sync()  # the raw images are written before the clock starts; the variants' files are deleted before that
        yield Comparison(
            f"{amount} JPEGs of 200 x 200 in {CLASSES} class folders -> train and val",
            "files",
            amount,
            [
                Variant("cp -r", cp, (raw, "-r")),
                Variant("cp -rl", cp, (raw, "-rl")),
                Variant("split-folders", split_folders, (raw,), ("splitfolders",)),
                Variant("copy, verified", transform, (raw, "copy", True)),
                Variant("copy, not verified", transform, (raw, "copy", False)),
                Variant("hardlink, verified", transform, (raw, "hardlink", True)),
                Variant("hardlink, not verified", transform, (raw, "hardlink", False)),
            ],
            baseline="split-folders",
        )
        yield Comparison(
            f"{amount} JPEGs in class folders, copied and verified, processor time: the look at names beside the whole",
            "files",
            amount,
            [Variant("whole", make, (folder_flags(raw),)), Variant("look at names", look, (folder_flags(raw),))],
            baseline="whole",
        )
        shutil.rmtree(raw)
        count = min(settings.amount or MASKS, MASKS)
        masks = _images_and_masks(Path(work) / "raw", count, settings.pictures)
        yield Comparison(
            f"{count} masks of 480 x 360, processor time: the look at names and values beside the whole",
            "masks",
            count,
            [
                Variant("whole", make, (mask_flags(masks),)),
                Variant("look at names and values", look, (mask_flags(masks),)),
            ],
            baseline="whole",
        )
        shutil.rmtree(masks)
        amounts = powers_of_ten(max(settings.amount or 0, LARGEST))
        raws = {
            count: _class_folders(Path(work) / f"raw{count}", count, settings.pictures, os.link) for count in amounts
        }
        for verify in (True, False):
            yield Comparison(
                f"hardlink, {'' if verify else 'not '}verified: seconds and memory against the number of files",
                "files",
                amounts[-1],
                [Variant(f"{count:,}", transform, (raw, "hardlink", verify)) for count, raw in raws.items()],
                growth="files",
            )


def transform(raw: Path, link: str, verify: bool) -> float:
    from datatransformer.transformer import DataTransformer

    settings = settings_of_flags([*folder_flags(raw), "--link", link, "--verify" if verify else "--no-verify"])
    return _seconds(DataTransformer(settings).run, raw)


def folder_flags(raw: Path) -> list[str]:
    return ["--source", "folders", "--raw-images", str(raw), "--data", str(_data(raw))]


def mask_flags(raw: Path) -> list[str]:
    folders = ["--raw-images", str(raw / "images"), "--raw-masks", str(raw / "masks")]
    return ["--source", "masks", *folders, "--data", str(_data(raw))]


def make(flags: list[str]) -> float:
    """The seconds of processor time for a data folder."""
    from datatransformer.transformer import DataTransformer

    settings = settings_of_flags(flags)
    return _processor_seconds(DataTransformer(settings).run, settings)


def look(flags: list[str]) -> float:
    """The seconds of processor time until the first image is read: the look at folders, names, tables and masks."""
    from datatransformer.report import Report
    from datatransformer.sources import load_source

    settings = settings_of_flags(flags)
    source = load_source(settings.source)
    return _processor_seconds(lambda: sum(1 for _ in source.read(settings, Report()).entries), settings)


def settings_of_flags(flags: list[str]) -> "DataTransformerConfig":
    from command import class_in_config
    from settings import read_settings

    settings = read_settings(class_in_config("DataTransformerConfig"), flags, "python -m benchmarks")
    return cast("DataTransformerConfig", settings)


def split_folders(raw: Path) -> float:
    import splitfolders

    return _seconds(lambda: splitfolders.ratio(raw, _data(raw)), raw)


def cp(raw: Path, flag: str) -> float:
    return _seconds(lambda: subprocess.run(["cp", flag, raw, _data(raw)], check=True), raw)


def _processor_seconds(work: Callable[[], object], settings: "DataTransformerConfig") -> float:
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere), contextlib.redirect_stderr(nowhere):
        start = time.process_time()
        work()
        seconds = time.process_time() - start
    shutil.rmtree(settings.data, ignore_errors=True)
    return seconds


def _images_and_masks(raw: Path, amount: int, photographs: Path | None) -> Path:
    """Writes images, and for each a mask of 30 discs of 11 classes, drawn by the same seed each time."""
    import cv2
    import numpy as np

    write_images(raw / "images", amount, MASK_SIZE, photographs)
    (raw / "masks").mkdir()
    random = np.random.default_rng(0)
    for image in sorted((raw / "images").iterdir()):
        mask = np.zeros(MASK_SIZE, np.uint8)
        for x, y, radius, label in random.integers((0, 0, 10, 0), (*MASK_SIZE[::-1], 80, 11), (30, 4)).tolist():
            cv2.circle(mask, (x, y), radius, label, -1)
        cv2.imwrite(str(raw / "masks" / f"{image.stem}.png"), mask)
    return raw


def _data(raw: Path) -> Path:
    return raw.with_name("data")


def _seconds(work: Callable[[], object], raw: Path) -> float:
    """The seconds of work that makes the folder `_data(raw)`. All files are in the page cache before it starts."""
    for folder, _, files in os.walk(raw):
        for file in files:
            Path(folder, file).read_bytes()
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere), contextlib.redirect_stderr(nowhere):
        start = time.perf_counter()
        work()
        seconds = time.perf_counter() - start
    shutil.rmtree(_data(raw))
    return seconds


def _class_folders(raw: Path, amount: int, photographs: Path | None, copy: Callable[[Path, Path], object]) -> Path:
    """Writes `amount` images in class folders: those of the first class, copied or linked to the other classes.

    A million links need almost no disk space.
    """
    per_class, remaining = divmod(amount, CLASSES)
    first = write_images(raw / "class00", per_class, SIZE, photographs)
    for number in range(1, CLASSES):
        shutil.copytree(first, raw / f"class{number:02d}", copy_function=cast("Callable[[str, str], object]", copy))
    for number in range(remaining):
        copy(first / "000000.jpg", raw / f"class{number:02d}" / "more.jpg")
    return raw
