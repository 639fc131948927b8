"""What a data folder was made with: its settings and raw files, compared with those of today."""

import hashlib
from collections.abc import Iterable, Mapping
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from datatransformer.layout import LATER_SETTINGS, OF_ALL_SOURCES
from datatransformer.manifest import Row
from datatransformer.pictures.images import UnreadableImage, read_content
from datatransformer.pictures.jpeg_png_check import read_ends
from datatransformer.pictures.picture_digest import ENDS, content_digest, ends_digest, picture_part
from datatransformer.raw_state import RawNames, as_names, find_newer, read_names
from datatransformer.sources import Source
from log import logger

if TYPE_CHECKING:
    from config import DataTransformerConfig

RAW = ("raw_images", "raw_labels", "raw_masks", "class_names", "merge_classes", "val_list", "test_list")
"""Settings that name files or folders of the user's."""

RAW_FILES = "raw_files"
"""Key of the names in raw folders in `settings.json`."""

AS_GIVEN = "raw_images_as_given"
"""Key of the raw folder as the user named it, with which the sources in the manifest begin, in `settings.json`."""

COMPARED_IMAGES = 50
"""Raw images whose content is compared to find out if a raw folder was only moved."""


class MadeWith:
    """The settings that decide the result, and the raw files that they name.

    Arguments:
        settings: with the source that was found.
        source: its module.
        task: the task of the data folder.
    """

    def __init__(self, settings: "DataTransformerConfig", source: Source, task: str) -> None:
        self.settings, self.source, self.task = settings, source, task

    @cached_property
    def used(self) -> dict:
        """The settings, with a digest of each file that they name."""
        names = OF_ALL_SOURCES + LATER_SETTINGS + self.source.SETTINGS
        used = self.settings.model_dump(mode="json", include=set(names)) | {"task": self.task}
        for key in (name for name in RAW if name in used):
            path = getattr(self.settings, key)
            used[key] = path and str(path.resolve())
            if path and path.is_file():
                used[f"{key}_sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
        return used

    def note(self) -> dict:
        """The content of `settings.json`."""
        raw = self.settings.raw_images
        names = {key: names._asdict() for key, names in self._raw_names.items()}
        return self.used | {RAW_FILES: names} | ({AS_GIVEN: str(raw)} if raw else {})

    def is_equal(self, started: Mapping) -> bool:
        """Whether an unfinished folder was started with these settings and raw files."""
        note = self.note() | {AS_GIVEN: None}  # the same folder by another path is no difference
        new = {key: self._default(key) for key in self.used if key not in started}  # of an earlier version
        return {RAW_FILES: note[RAW_FILES], **new, **started, AS_GIVEN: None} == note

    def changed_settings(self, made_with: Mapping, rows: Iterable[Row]) -> list[str]:
        """The settings that differ, in words. Raw files that were moved as they are make no difference.

        `made_with`: the content of the folder's `settings.json`; `rows`: its manifest.
        """
        before_and_now = {key: (made_with.get(key, self._default(key)), now) for key, now in self.used.items()}
        differing = [key for key, (before, now) in before_and_now.items() if before != now]
        moved = [key for key in differing if self._is_same_file(key, made_with)]
        folders = [key for key in differing if key in self._raw_names]
        if "raw_images" in folders and self._have_same_content(folders, made_with, rows):
            moved += folders
        return ["{} was {}, is {}".format(key, *before_and_now[key]) for key in differing if key not in moved]

    def changed_files(self, made_with: Mapping, since: int) -> list[str]:
        """The raw folders whose files differ, in words. Warns of files that only may differ.

        `since`: the time in ns when the data folder was begun.
        """
        changed = []
        for key, names in self._raw_names.items():
            before, folder = as_names(made_with.get(RAW_FILES, {}).get(key)), self._raw_folders[key]
            if before is None:
                continue
            newer = find_newer(folder, since)
            if before.names != names.names:
                others = "with other names" if before.files == names.files else f"then, {names.files:,} now"
                newest = f", such as the new {newer.first}" if newer.first else ""
                changed.append(f"{folder} had {before.files:,} files {others}{newest}")
            elif 0 < newer.written < names.files:
                changed.append(f"{newer.written:,} files in {folder} are newer, such as {newer.first}")
            elif newer.written or newer.touched:  # all of them: a copy of the folder
                logger.warning(
                    f"{newer.written or newer.touched:,} files in {folder}, such as {newer.first}, were written or "
                    "copied there after the data folder was made. If their contents have changed, --overwrite makes it "
                    "again"
                )
        return changed

    def _default(self, key: str) -> object:
        """The value of a setting that an earlier version did not have."""
        field = type(self.settings).model_fields.get(key)
        return field.get_default(call_default_factory=True) if field else None

    def _is_same_file(self, key: str, made_with: Mapping) -> bool:
        digest = f"{key}_sha256"
        return digest in made_with and made_with[digest] == self.used.get(digest)

    def _have_same_content(self, keys: Iterable[str], made_with: Mapping, rows: Iterable[Row]) -> bool:
        """Whether these folders were moved as they are: the same names, and the same content of some images."""
        before, old_root = made_with.get(RAW_FILES, {}), Path(made_with.get("raw_images") or "")
        as_given = Path(made_with.get(AS_GIVEN) or old_root)
        if any(as_names(before.get(key)) != self._raw_names[key] for key in keys):
            return False
        if old_root.exists() or self.settings.link == "symlink":  # another folder, or links that lead nowhere
            return False
        inside = (row for row in rows if row.digest and Path(row.source).is_relative_to(as_given))
        equal = [
            _digest_of(Path(self.used["raw_images"]) / Path(row.source).relative_to(as_given), row.digest)
            == picture_part(row.digest)
            for row in islice(inside, COMPARED_IMAGES)
        ]
        return sum(equal) > len(equal) / 2  # images that were converted differ

    @cached_property
    def _raw_folders(self) -> dict[str, Path]:
        """The folders of raw files by the settings that name them; `beside` if the source found one by itself."""
        folders = {key: path for key in RAW if (path := getattr(self.settings, key)) and path.is_dir()}
        find_beside = getattr(self.source, "masks_beside", None)
        beside = find_beside(self.settings) if find_beside else None
        return folders | ({"beside": beside} if beside else {})

    @cached_property
    def _raw_names(self) -> dict[str, RawNames]:
        return {key: read_names(folder) for key, folder in self._raw_folders.items()}


def _digest_of(path: Path, like: str) -> str:
    """The digest of a raw file, of the same kind as another one; empty if it cannot be read."""
    if like.startswith(ENDS):
        ends = read_ends(path)
        return ends_digest(*ends) if ends else ""
    try:
        return content_digest(read_content(path))
    except UnreadableImage:
        return ""
