"""The split that folders such as train, val and test give to the images in them."""

from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from datatransformer.naming import split_of_folder

LEFT_OUT = "left out"
"""Stands for the split of images that are for testing and have no class or annotation."""

FOR_VALIDATION = "a share of them for validation, as no folder is for that"


class FolderSplit(NamedTuple):
    """The split by folders. `counts`: images in folders for training, validation and testing.

    Without a folder for validation its images are chosen among those for training. Test images always stay apart.
    """

    counts: Counter[str]

    def of(self, name: str) -> str | None:
        """The split of an image: train, val or test; None if it is to be chosen."""
        split = split_of_path(name)
        return None if split == "train" and not self.counts["val"] else split or None

    def describe(self) -> str:
        """For example `60 for training, 20 for validation, 20 for testing`."""
        drawn = "" if self.counts["val"] else f" ({FOR_VALIDATION})"
        numbers = [f"{self.counts['train']} for training{drawn}"]
        if self.counts["val"]:
            numbers.append(f"{self.counts['val']} for validation")
        if self.counts["test"]:
            numbers.append(f"{self.counts['test']} for testing")
        return f"The split of the images follows from the names of their folders: {', '.join(numbers)}"


def folder_split(names: Iterable[str]) -> FolderSplit | None:
    """The split of these images, if they lie in folders for training and for validation or testing; None otherwise."""
    counts = Counter(map(split_of_path, names))
    return FolderSplit(counts) if counts["train"] and (counts["val"] or counts["test"]) else None


def split_of_path(name: str) -> str:
    """The split that the folders in a path are for: train, val, test, or empty."""
    return _split_of_folders(name.rpartition("/")[0])


@lru_cache(maxsize=10_000)
def _split_of_folders(folders: str) -> str:
    return next(filter(None, map(split_of_folder, folders.split("/"))), "")
