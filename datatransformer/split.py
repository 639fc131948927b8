"""The split: which images are for validation, and which are for testing."""

import hashlib
import re
from collections.abc import Callable, Collection
from functools import partial
from typing import NamedTuple

from datatransformer.listing import RawImage
from datatransformer.naming import without_suffix

LAST_NUMBER = re.compile(r"\d+(?=\D*$)")


class SplitKey(NamedTuple):
    """The place of an image in the split.

    Attributes:
        group: the class or the video. A share of each group is for validation: its images with the lowest sort keys;
            those that follow are for testing, if a share is wanted.
        sort_key: orders the images of a group.
        split: "train", "val" or "test" if the raw data decide; then group and sort key do not count.
    """

    group: str = ""
    sort_key: bytes = b""
    split: str | None = None


def split_key(split: str, has_list: bool, seed: int) -> Callable[[RawImage], SplitKey]:
    """The function that gives each image its key, for the settings `split` and `seed`.

    `has_list`: a list names the validation images, so of the splits of the raw data only that for testing counts.
    """
    if split == "sequences" and not has_list:
        return key_by_video
    counting = () if split != "auto" else ("test",) if has_list else ("train", "val", "test")
    return partial(key_by_class, seed=seed, counting=counting)


def key_by_class(image: RawImage, seed: int, counting: Collection[str] = ()) -> SplitKey:
    """Orders the images of a class by a seeded hash of their names.

    So the split does not depend on the order or the machine, and an added image moves at most one other image.
    `counting`: splits that count if the raw data give them.
    """
    digest = hashlib.sha256(f"{seed}:{image.name}".encode(errors="surrogateescape")).digest()
    return SplitKey(image.class_name, digest[:16], image.split if image.split in counting else None)


def key_by_video(image: RawImage) -> SplitKey:
    """Orders the frames of a video from the last to the first. Frames of a video differ in the last number alone."""
    name = without_suffix(image.name)
    number = LAST_NUMBER.search(name)
    if not number:
        return SplitKey(name)
    digits = str(int(number[0])).encode()
    last_first = bytes(255 - byte for byte in (len(digits), *digits))
    return SplitKey(name[: number.start()] + name[number.end() :], last_first)


class Shares(NamedTuple):
    """The shares of each group that are kept for validation and for testing."""

    validation: float
    test: float = 0.0

    def counts(self, size: int) -> tuple[int, int]:
        """The numbers of validation and test images in a group of `size`.

        They are rounded. A group of two has a validation image, one of three also a test image if a share is wanted;
        one image is always left for training.
        """
        validation = min(max(int(size * self.validation + 0.5), 1), size - 1)
        wanted = max(int(size * self.test + 0.5), 1) if self.test else 0
        test = max(min(wanted, size - validation - 1), 0)
        return validation, test
