"""The split: which images are for validation."""

import hashlib
import re
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from datatransformer.listing import RawImage
from datatransformer.naming import without_suffix

LAST_NUMBER = re.compile(r"\d+(?=\D*$)")


class SplitKey(NamedTuple):
    """The place of an image in the split.

    Attributes:
        group: the class or the video. A share of each group is for validation: its images with the lowest sort keys.
        sort_key: orders the images of a group.
        split: "train" or "val" if the raw data decide; then group and sort key do not count.
    """

    group: str = ""
    sort_key: bytes = b""
    split: str | None = None


def split_key(split: str, has_list: bool, seed: int) -> Callable[[RawImage], SplitKey]:
    """The function that gives each image its key, for the settings `split` and `seed`.

    `has_list`: a list names the validation images, so splits of the raw data do not count.
    """
    if split == "sequences" and not has_list:
        return key_by_video
    return partial(key_by_class, seed=seed, use_given=split == "auto" and not has_list)


def key_by_class(image: RawImage, seed: int, use_given: bool = False) -> SplitKey:
    """Orders the images of a class by a seeded hash of their names.

    So the split does not depend on the order or the machine, and an added image moves at most one other image.
    `use_given`: a split that the raw data give counts.
    """
    digest = hashlib.sha256(f"{seed}:{image.name}".encode(errors="surrogateescape")).digest()
    return SplitKey(image.class_name, digest[:16], image.split if use_given else None)


def key_by_video(image: RawImage) -> SplitKey:
    """Orders the frames of a video from the last to the first. Frames of a video differ in the last number alone."""
    name = without_suffix(image.name)
    number = LAST_NUMBER.search(name)
    if not number:
        return SplitKey(name)
    digits = str(int(number[0])).encode()
    last_first = bytes(255 - byte for byte in (len(digits), *digits))
    return SplitKey(name[: number.start()] + name[number.end() :], last_first)


def validation_count(size: int, fraction: float) -> int:
    """The number of validation images in a group of `size`: rounded; at least 1 and not all, if the group has two."""
    return min(max(int(size * fraction + 0.5), 1), size - 1)
