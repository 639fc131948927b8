"""Names of images, classes and folders: how raw data write them, and how the data folder does."""

import hashlib
import re
from collections.abc import Iterable, Sequence

from storage.name_cells import on_any_disk
from storage.tables import printable

MAX_NAME = 200
"""Bytes of a name in the data folder. File systems allow 255, together with suffixes."""

IMAGE_SUFFIX = re.compile(
    r"\.(jpe?g|jpe|jfif|mpo|a?png|tiff?|bmp|dib|webp|gif|p[bgpn]m|tga|avif|hei[cf]|hif|j2k|jp2|jpf|jpx)$", re.IGNORECASE
)

SPLIT_FOLDERS = {
    **dict.fromkeys(("train", "training", "trn"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "dev", "development", "eval", "evaluation"), "val"),
}
"""Words, in small letters, in the names of raw folders that say which split their images are for."""

TEST_FOLDERS = ("test", "testing", "tst")

SPLIT_COMPANIONS = {
    "set", "data", "dataset", "split", "folder", "images", "image", "imgs", "img", "photos", "pictures", "masks",
    "mask", "labels", "label", "annot", "annotations", "seg", "resized", "small", "new",
}  # fmt: skip
"""Words that stand beside such a word in the name of a folder: `training_set`, `seg_train`, `val2017`."""


def split_of_folder(name: str) -> str:
    """The split that a folder of this name is for: train, val, test, or empty if it is no split folder.

    A class whose name only begins so, as `training_ground`, is none.
    """
    words = re.findall(r"[^\W\d_]+", name.lower())
    splits = {_split_of_word(word) for word in words if word not in SPLIT_COMPANIONS}
    return splits.pop() if len(splits) == 1 else ""


def split_folders(names: Iterable[str]) -> dict[str, str]:
    """The folders among these, which lie side by side, that are for a split: train, val or test.

    Besides the names that say so alone, names that differ in such a word only: `pets_train` and `pets_test`.
    """
    names = list(names)
    found = {name: split for name in names if (split := split_of_folder(name))}
    alike: dict[str, dict[str, str]] = {}
    for name in names:
        words = [word for word in re.findall(r"[^\W\d_]+", name) if _split_of_word(word.lower())]
        if name not in found and len(words) == 1:
            alike.setdefault(name.replace(words[0], "*").lower(), {})[name] = _split_of_word(words[0].lower())
    for group in alike.values():
        if len(set(group.values())) > 1:
            found |= group
    return found


def _split_of_word(word: str) -> str:
    for known, split in {**SPLIT_FOLDERS, **dict.fromkeys(TEST_FOLDERS, "test")}.items():
        if word == known or (word.startswith(known) and word[len(known) :] in SPLIT_COMPANIONS):
            return split
    return ""


def folder_names(classes: Iterable[str]) -> dict[str, str]:
    """A folder name for each class that every file system accepts: the class name itself where possible.

    No two names are equal, also where a file system ignores case or forms of Unicode.
    """
    names: dict[str, str] = {}
    taken: set[str] = set()
    for name in classes:
        allowed = shorten_name(re.sub(r'[\x00-\x1f\x7f/\\:*?"<>|]', "_", name).strip(" .") or "_")
        folder, number = allowed, 2
        while on_any_disk(folder) in taken:
            folder, number = f"{allowed}_{number}", number + 1
        names[name] = folder
        taken.add(on_any_disk(folder))
    return names


def file_stem(name: str, is_shared: bool) -> str:
    """A file name without suffix for the image `name`, unique within its class.

    It depends on the names alone. If several images share the stem (`is_shared`), each of them gets a few digits of
    the hash of its name.
    """
    stem = stem_of(name)
    if is_shared or len(stem.encode()) > MAX_NAME:
        digest = hashlib.sha256(name.encode(errors="surrogateescape")).hexdigest()[:8]
        return f"{shorten_name(stem)}-{digest}"
    return stem


def frame_name(name: str, frame: int) -> str:
    """The name of one frame of a file: cells-0003.tif of cells.tif."""
    bare = without_suffix(name)
    return f"{bare}-{frame:04d}{name[len(bare) :]}"


def stem_of(name: str) -> str:
    """The stem as pathlib gives it, which is slow for millions of names, without characters that cannot be shown.

    Escapes have no backslash, so that commands take the names in data folders.
    """
    last = name[name.rfind("/") + 1 :]
    dot = last.rfind(".")
    return printable(last[:dot] if 0 < dot < len(last) - 1 else last).replace("\\", "_")


def shorten_name(name: str) -> str:
    """The beginning of a name that is too long; bytes that are not UTF-8 are left out."""
    return name.encode(errors="surrogateescape")[:MAX_NAME].decode(errors="ignore")


def without_suffix(name: str) -> str:
    """An image's name or path without .jpg and the like. `video.0001` has no such suffix."""
    return IMAGE_SUFFIX.sub("", name)


def natural_order(name: str) -> list[tuple[int, int, str]]:
    """Sorting key that keeps numbers in numeric order: 2 before 10, image2 before image10."""
    parts = re.split(r"(\d+)", name)
    return [(0, int(part), part) if part.isdecimal() else (1, 0, part) for part in parts if part]


def number_text(number: int, one: str, several: str) -> str:
    """A number in a sentence: `1 image has`, `2 images have`."""
    return f"{number:,} {one if number == 1 else several}"


def in_words(parts: Sequence[str]) -> str:
    """`a, b and c`."""
    return " and ".join(filter(None, (", ".join(parts[:-1]), *parts[-1:])))
