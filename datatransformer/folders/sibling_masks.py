"""Folders of masks beside folders of images, found by content: names that match, and pictures of few colours."""

from pathlib import Path

from datatransformer.folders.mask_content import LOOKED_AT, are_masks
from datatransformer.folders.raw_files import FIRST_FOLDERS, first_images, holds_images, names_below, subfolders
from datatransformer.names.affixes import OTHER_KINDS, SAME
from datatransformer.names.mask_matching import MaskMatching
from datatransformer.naming import IMAGE_SUFFIX, split_of_folder
from datatransformer.temporary_database import translated_errors

MOST_SIBLINGS = 8
"""More folders beside each other are classes."""

COMPARED = 1000
"""Names of a folder, the first in their order, that are compared with those of another one."""

NEARLY_ALL = 0.9
"""Share of the names that have to match."""

MOST_SPLITS = 4

FolderPairs = list[tuple[Path, list[Path]]]
"""Folders of images, each with its folders of masks."""


class SiblingMasks:
    """Looks into folders that lie beside each other. It keeps the names of files, so it is for one look."""

    def __init__(self) -> None:
        self._names: dict[Path, list[str]] = {}

    def below(self, root: Path) -> FolderPairs:
        """Folders of images, each with those beside it that look like its masks: in `root`, or in its split folders."""
        inside = subfolders(root, FIRST_FOLDERS)
        if found := self._among(inside):
            return found
        splits = [folder for folder in inside if split_of_folder(folder.name)][:MOST_SPLITS]
        return [pair for folder in splits for pair in self._among(subfolders(folder, FIRST_FOLDERS))]

    def others(self, images: Path, masks: Path, claimed: set[Path]) -> list[Path]:
        """Folders beside `images` that look like its masks too, besides `masks` and those `claimed` by other images."""
        beside = [
            path
            for path in subfolders(images.parent, FIRST_FOLDERS)
            if path not in {images, masks, *claimed} and not masks.is_relative_to(path) and _may_be_masks(images, path)
        ]
        beside = [path for path in beside if holds_images(path)][:MOST_SIBLINGS]
        return [path for path in beside if _look_like_masks(path) and self.names_match(images, path)]

    def _among(self, folders: list[Path]) -> FolderPairs:
        folders = [folder for folder in folders if not folder.is_symlink() and holds_images(folder)]
        if not 2 <= len(folders) <= MOST_SIBLINGS:
            return []
        masks = [folder for folder in folders if _look_like_masks(folder)]
        if not masks or len(masks) == len(folders):
            return []
        images = [folder for folder in folders if folder not in masks]
        pairs = [
            (folder, [mask for mask in masks if _may_be_masks(folder, mask) and self.names_match(folder, mask)])
            for folder in images
        ]
        return [(folder, found) for folder, found in pairs if found]

    def names_match(self, images: Path, masks: Path) -> bool:
        """Whether nearly all files of one folder match one of the other, by the first names of both."""
        sides = {"image": self._image_names(images)[:COMPARED], "mask": self._image_names(masks)[:COMPARED]}
        fewest = min(map(len, sides.values()))
        if fewest < 2:
            return False
        with translated_errors():
            matching = MaskMatching()
            for side, names in sides.items():
                matching.files.add(side, names)
            rules = matching.files.find_affixes()
            matching.match(rules[0] if rules else SAME)
            return sum(1 for _ in matching.pairs()) >= NEARLY_ALL * fewest

    def _image_names(self, folder: Path) -> list[str]:
        if folder not in self._names:
            self._names[folder] = sorted(name for name, _ in names_below(folder) if IMAGE_SUFFIX.search(name))
        return self._names[folder]


def _look_like_masks(folder: Path) -> bool:
    return are_masks(first_images(folder, LOOKED_AT))


def _may_be_masks(images: Path, folder: Path) -> bool:
    """Whether the names of two folders do not rule it out: other splits, and kinds of pictures that are no masks."""
    is_same_split = split_of_folder(images.name) == split_of_folder(folder.name)
    return is_same_split and not OTHER_KINDS.search(folder.name.lower())
