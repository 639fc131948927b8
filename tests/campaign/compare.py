"""The comparer: a digest of everything that a command has left, apart from the few things that may differ.

By name alone are compared: pages, logs, Markdown and sessions, which hold times; figures that mark where a run was
resumed; and variables of TensorFlow, whose order differs. Everything else is equal byte for byte, or number for number
where a file holds times beside its numbers.
"""

import csv
import hashlib
import io
import json
import zipfile
from pathlib import Path

import h5py
import numpy as np

MEASURED = ("seconds", "started")
"""Columns that differ from run to run."""

NAME_IS_ENOUGH = (".html", ".log", ".pb", ".index", ".data-00000-of-00001", ".md", "sessions.csv", "learning_curve.png",
                  "learning_rate.png")  # fmt: skip
"""Ends of names of files that hold times, or mark where a run was resumed."""


def contents(root: Path) -> dict[str, str]:
    """A digest of what matters in each file, by its path. Folders without a file count too."""
    found = {}
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root).as_posix()
        if "/tensorboard/" in name:
            continue
        if path.is_symlink():
            found[name] = str(path.readlink())
        elif path.is_file():
            found[name] = hashlib.sha256(_content(path)).hexdigest()
        elif not any(path.iterdir()):
            found[name] = "empty folder"
    return found


def _content(path: Path) -> bytes:
    if path.name.endswith(NAME_IS_ENOUGH):
        return b""
    if path.suffix == ".csv":
        return _table(path.read_text(encoding="utf-8"))
    if path.suffix in (".keras", ".scenelab"):
        return _checkpoint(path)
    if path.suffix == ".npz":
        with np.load(path, allow_pickle=False) as arrays:
            return b"".join(arrays[name].tobytes() for name in sorted(arrays.files) if name != "stamp")
    if path.suffix == ".json" and path.name.startswith("."):
        return b"" if path.name.endswith(".csv.json") else path.read_bytes()  # checksums of checkpoints
    return path.read_bytes()


def _table(text: str) -> bytes:
    rows = list(csv.DictReader(io.StringIO(text)))
    return repr([{name: cell for name, cell in row.items() if name not in MEASURED} for row in rows]).encode()


def _checkpoint(path: Path) -> bytes:
    with zipfile.ZipFile(path) as archive:
        row = json.loads(archive.read("scenelab.json"))
        arrays: list[bytes] = []

        def take(name: str, item: object) -> None:
            if isinstance(item, h5py.Dataset):
                arrays.append(name.encode() + np.asarray(item).tobytes())

        with h5py.File(io.BytesIO(archive.read("model.weights.h5"))) as weights:
            weights.visititems(take)
        names = sorted(set(archive.namelist()))
    kept = {name: value for name, value in row.items() if name not in MEASURED}
    return repr((names, kept)).encode() + b"".join(arrays)


def differences(found: dict[str, str], expected: dict[str, str]) -> str:
    """The files that are more, less or other than expected; empty if there are none."""
    names = sorted(name for name in {*found, *expected} if found.get(name) != expected.get(name))
    words = ["more" if name not in expected else "less" if name not in found else "other" for name in names]
    return ", ".join(f"{word}: {name}" for word, name in zip(words, names, strict=True))
