"""Raw pictures into a data folder: against cp and split-folders, and how time and memory grow with their number."""

import contextlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks._measure import Comparison, Variant, powers_of_ten
from benchmarks._pictures import write_pictures

AMOUNT = 20_000
"""Files that are copied, or fewer if --amount says so."""

PICTURES = (200, 200)
CLASSES = 20
LARGEST = 100_000
"""Of the curves; a larger --amount is their last point."""


def comparisons(settings) -> Iterator[Comparison]:
    settings.output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=settings.output) as work:  # where raw and data lie on one disk
        amount = min(settings.amount or AMOUNT, AMOUNT)
        raw = _class_folders(Path(work) / "raw", amount, settings.pictures, shutil.copy)
        os.sync()  # what the ways write is gone before it comes to the disk; so is nothing else in their way
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
        shutil.rmtree(raw)
        amounts = powers_of_ten(max(settings.amount or 0, LARGEST))
        raws = [_class_folders(Path(work) / f"raw{one}", one, settings.pictures, os.link) for one in amounts]
        for verify in (True, False):
            yield Comparison(
                f"hardlink, {'' if verify else 'not '}verified: seconds and memory against the number of files",
                "files",
                amounts[-1],
                [
                    Variant(f"{one:,}", transform, (raw, "hardlink", verify))
                    for one, raw in zip(amounts, raws, strict=True)
                ],
                growth="files",
            )


def transform(raw: Path, link: str, verify: bool) -> float:
    from command import class_in_config
    from datatransformer.transformer import DataTransformer
    from settings import read_settings

    flags = ["--source", "folders", "--raw-images", str(raw), "--data", str(_data(raw)), "--link", link]
    flags.append("--verify" if verify else "--no-verify")
    settings = read_settings(class_in_config("DataTransformerConfig"), flags, "python -m benchmarks")
    return _seconds(DataTransformer(settings).run, raw)


def split_folders(raw: Path) -> float:
    import splitfolders

    return _seconds(lambda: splitfolders.ratio(raw, _data(raw)), raw)


def cp(raw: Path, how: str) -> float:
    return _seconds(lambda: subprocess.run(["cp", how, raw, _data(raw)], check=True), raw)


def _data(raw: Path) -> Path:
    return raw.with_name("data")


def _seconds(work: Callable[[], object], raw: Path) -> float:
    """Of work that makes `_data(raw)`. What is read is in the system's memory, as it is for all."""
    for folder, _, files in os.walk(raw):
        for file in files:
            Path(folder, file).read_bytes()
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere), contextlib.redirect_stderr(nowhere):
        start = time.perf_counter()
        work()
        seconds = time.perf_counter() - start
    shutil.rmtree(_data(raw))
    return seconds


def _class_folders(raw: Path, amount: int, photographs: Path | None, copy: Callable[[str, str], object]) -> Path:
    """`amount` pictures in class folders: those of the first are written, and copied (or linked) into the others.

    A million links take no room.
    """
    each, over = divmod(amount, CLASSES)
    first = write_pictures(raw / "class00", each, PICTURES, photographs)
    for number in range(1, CLASSES):
        shutil.copytree(first, raw / f"class{number:02d}", copy_function=copy)
    for number in range(over):
        copy(first / "000000.jpg", raw / f"class{number:02d}" / "more.jpg")
    return raw
