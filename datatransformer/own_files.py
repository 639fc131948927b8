"""What python -m datatransformer may remove from a data folder: what the manifest lists, and its own tables."""

import contextlib
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from datatransformer import layout
from datatransformer.layout import MASK_PIXELS, SPLITS, mask_path, read_settings_used
from datatransformer.manifest import MANIFEST, Row, rows_of_unfinished
from datatransformer.report import REPORT, REPORT_JSON
from log import logger
from settings import SettingError, WorkError, bad_setting
from storage.owned import Inside, files_below, finish_replacing, remove_empty_folders, remove_listed, replace_folder
from storage.tables import printable, rows_of_table

OWN_FILES = (
    layout.REMARKS, layout.PIXEL_RANGE, MASK_PIXELS, layout.PIXELS, REPORT, REPORT_JSON,
    layout.REJECTED, layout.CLASSES, MANIFEST, layout.SETTINGS,
)  # fmt: skip
"""The files beside the images. Those by which the folder is known come last."""


def put_in_place(work: Path, data: Path) -> None:
    """The complete folder `work` becomes `data`. Of a folder that was there, our files are removed."""
    remove_empty_folders(work)
    replace_folder(work, data, own_files)
    finish(data)


def finish(data: Path) -> None:
    """Removes what a data folder has no use for once it is in its place. A kill may have come before."""
    finish_replacing(data, own_files)
    if read_settings_used(data) is not None:
        (data / MASK_PIXELS).unlink(missing_ok=True)


def remove_unfinished(folder: Path) -> None:
    """Removes an unfinished data folder. Raises SettingError if python -m datatransformer did not begin it."""
    if read_settings_used(folder) is None:
        raise SettingError(
            bad_setting("data", folder, "was not made by python -m datatransformer; move it, or name another folder")
        )
    splits = [split for split in SPLITS if not (folder / split).is_symlink()]
    images = (f"{split}/{name}" for split in splits for name in files_below(folder / split))
    remove_listed(folder, chain(images, OWN_FILES))


def own_files(folder: Path) -> Iterator[str]:
    """The files of a data folder that python -m datatransformer has made, as paths from it."""
    with contextlib.suppress(WorkError, OSError):  # a damaged manifest: what it does not name is kept
        for row in rows_of_table(folder / MANIFEST, ("image",)):
            for name in (row["image"], row.get("mask")):
                if name and name.partition("/")[0] in SPLITS:
                    yield name
    yield from OWN_FILES


def rows_begun(folder: Path, task: str) -> Iterator[Row]:
    """The rows of an unfinished data folder, without those that are no images in it, as a warning says."""
    inside, wrong = Inside(folder), []
    for row in rows_of_unfinished(folder):
        if _is_place(inside, row, task):
            yield row
        else:
            wrong.append(row.image)
    if wrong:
        first = printable(wrong[0])
        logger.warning(f"{len(wrong)} lines of {folder / MANIFEST} name no image in that folder, first {first!r}")


def _is_place(inside: Inside, row: Row, task: str) -> bool:
    parts = row.image.split("/")
    if len(parts) != 3 or parts[0] not in SPLITS or row.split != parts[0]:
        return False
    return all(inside.path(name) for name in (row.image, *([mask_path(row.image)] if task == "segmentation" else [])))


def check_no_links(folder: Path) -> None:
    """Raises SettingError if files that are written to an unfinished data folder would land elsewhere."""
    for place in (folder, *(folder / split for split in SPLITS)):
        for entry in place.iterdir() if place.is_dir() else ():
            if entry.is_symlink():
                raise SettingError(bad_setting("data", entry, "is a link, and files are written there; remove it"))
