"""Folders of weights that `python -m backbones fetch` has made, whose files are checked before they are loaded."""

import hashlib
import os
import shlex
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from settings import SettingError, WorkError, bad_setting
from storage.lock import exclusive_lock
from storage.records import Record
from storage.tables import write_json
from storage.temporary import temporary_folder

MANIFEST = "scenelab_weights.json"
"""The name, source and date of the weights, and the SHA-256 and size of each file."""


class FetchedFile(Record):
    """What identifies a fetched file."""

    sha256: str
    size: int


class FetchedManifest(Record):
    """The manifest of a fetched folder."""

    name: str
    source: str
    files: dict[str, FetchedFile]


def check_fetched(folder: Path, field: str) -> Path:
    """The folder, if it was not made by `fetch` or if all its files are as fetched.

    Raises SettingError with the name of a damaged or missing file.
    """
    if not (folder / MANIFEST).exists():
        return folder
    manifest = _read_manifest(folder)
    if manifest is None:
        raise SettingError(bad_setting(field, folder / MANIFEST, f"is damaged; {_again('NAME', folder)}"))
    for name, entry in manifest["files"].items():
        file = folder / name
        if not file.is_file():
            problem = "is missing"
        elif file.stat().st_size != entry["size"] or sha256(file) != entry["sha256"]:
            problem = "is damaged: its SHA-256 is not that of the fetched file"
        else:
            continue
        raise SettingError(bad_setting(field, file, f"{problem}; {_again(manifest['source'], folder)}"))
    return folder


def _again(source: str, folder: Path) -> str:
    name, target = shlex.quote(source), shlex.quote(str(folder))
    return f"fetch it again: remove {folder}, then python -m backbones fetch {name} --to {target}"


def weights_file(folder: Path) -> Path | None:
    """The file of weights in a fetched folder of one of our backbones; None for other folders."""
    manifest = _read_manifest(folder)
    files = list(manifest["files"]) if manifest else []
    return folder / files[0] if len(files) == 1 and files[0].endswith(".weights.h5") else None


def fetch(name: str, target: Path, write: Callable[[Path], str]) -> dict:
    """Makes the folder `target` with the files that `write` puts into a new folder. Returns its manifest.

    `write` returns the source for the manifest. The folder appears when it is complete. If it
    is complete already, its files are only checked. Raises SettingError if it has other content.
    """
    with exclusive_lock(target):
        if target.exists():
            manifest = _read_manifest(target)
            if manifest is None or manifest["name"] != name:
                content = f"the weights of {manifest['name']}" if manifest else "other files"
                raise SettingError(bad_setting("to", target, f"exists, with {content}; choose a new folder"))
            check_fetched(target, "to")
            return manifest | {"is_new": False}
        with temporary_folder(target) as work:
            work.mkdir()
            manifest = _manifest(name, write(work), work)
            write_json(work / MANIFEST, manifest)
            os.replace(work, target)
        return manifest | {"is_new": True}


def _manifest(name: str, source: str, folder: Path) -> dict:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    if not files:
        raise WorkError(f"{name} has no files of weights")
    return {
        "name": name,
        "source": source,
        "fetched": datetime.now(UTC).isoformat(timespec="seconds"),
        "files": {
            path.relative_to(folder).as_posix(): {"sha256": sha256(path), "size": path.stat().st_size} for path in files
        },
    }


def sha256(file: Path) -> str:
    """The SHA-256 of a file."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _read_manifest(folder: Path) -> dict | None:
    """The manifest of a fetched folder; None if there is none, or if it is damaged."""
    try:
        return FetchedManifest.read(folder / MANIFEST, "").content()
    except WorkError:
        return None
