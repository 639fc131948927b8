"""Shards: a part of the images for each of several machines, and digests that show whether all parts are complete.

`--shard I/N` is part I of N, counted from 1/N, as `split -n l/I/N` does. A shard is a contiguous part of the list of
images, which is sorted by name and therefore the same on every machine. So each image is in one shard, the sizes of
shards differ by at most one image, and their outputs one after the other are the output of a single process.
"""

import hashlib
import os
import re
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from predictor.images import ImageFile
from settings import SettingError, bad_setting
from storage.tables import csv_safe

ListImages = Callable[[], Iterable[ImageFile]]
"""Starts a new pass over the images."""

SHARD_SUFFIX = r"-(\d+)-of-(\d+)"
"""Pattern of the text that the name of a shard's output has after the name of the complete output."""

FILES_BESIDE = (
    "rejected.csv", "masks", "colours", "overlays", "coco", "labelme", "yolo", "label-studio", "evaluation",
    "reconstructions", "latents.h5",
)  # fmt: skip
"""Files and folders beside NAME.csv. Their names start with `NAME.`."""

DIGEST_BYTES = 16

SHARD_KEYS = ("shard", "pictures", "own")
"""Keys in the note of a shard: its number and their total, the `NameDigest` of all images, and that of its own."""


class NameDigest(NamedTuple):
    """The number of names, and a digest that identifies them regardless of their order."""

    size: int
    digest: str


class Shard(NamedTuple):
    """Shard `number` of `total`. `merged` is the CSV that a single process would write."""

    number: int
    total: int
    merged: Path

    @property
    def output(self) -> Path:
        """The shard's own CSV, so that shards on one disk share no file."""
        return self.merged.with_name(f"{self.merged.stem}-{self.number}-of-{self.total}{self.merged.suffix}")

    @property
    def text(self) -> str:
        """As `--shard` takes it."""
        return f"{self.number}/{self.total}"

    def all(self) -> list["Shard"]:
        """All shards of the same output, in order."""
        return [self._replace(number=number) for number in range(1, self.total + 1)]

    def select(self, list_images: ListImages) -> tuple[ListImages, dict[str, object]]:
        """The shard's own images, and what its note says as JSON values.

        Images that appear or disappear between two shards change the digest of all images, so `merge` notices them.
        """
        all_names = digest_names(image.name for image in list_images())
        begin = all_names.size * (self.number - 1) // self.total
        end = all_names.size * self.number // self.total

        def list_own() -> Iterable[ImageFile]:
            return islice(list_images(), begin, end)

        own_names = digest_names(image.name for image in list_own())
        note = ([self.number, self.total], list(all_names), list(own_names))
        return list_own, dict(zip(SHARD_KEYS, note, strict=True))


def output_files_pattern(output: Path) -> re.Pattern[str]:
    """Matches the resolved paths of all files that the predictor writes for the CSV `output` and for its shards."""
    kinds = "|".join(re.escape(f".{name}") for name in FILES_BESIDE)
    folder = re.escape(output.parent.resolve().as_posix().rstrip("/"))
    suffix = re.escape(output.suffix)
    return re.compile(rf"{folder}/{re.escape(output.stem)}({SHARD_SUFFIX})?({suffix}|({kinds})(/.*)?)")


def find_shards(output: Path) -> list[Shard]:
    """The shards whose CSVs are beside `output`, sorted."""
    name = re.compile(rf"{re.escape(output.stem)}{SHARD_SUFFIX}{re.escape(output.suffix)}")
    matches = map(name.fullmatch, os.listdir(output.parent) if output.parent.is_dir() else [])
    return sorted(Shard(int(match[1]), int(match[2]), output) for match in matches if match)


def read_shard(text: str, merged: Path) -> Shard:
    """The shard of the setting `I/N`. Raises SettingError for other text."""
    match = re.fullmatch(r"(\d+)/(\d+)", text, re.ASCII)
    if not match or not 1 <= int(match[1]) <= int(match[2]):
        raise SettingError(bad_setting("shard", text, "should be I/N, shard I of N: 1/4, 2/4, 3/4 or 4/4 of four"))
    return Shard(int(match[1]), int(match[2]), merged)


def digest_names(names: Iterable[str]) -> NameDigest:
    """The digest of image names, with or without the escapes of the CSV. Needs constant memory: digests are added."""
    size = total = 0
    for name in names:
        digest = hashlib.blake2b(csv_safe(name).encode(), digest_size=DIGEST_BYTES).digest()
        size, total = size + 1, total + int.from_bytes(digest)
    return NameDigest(size, _as_hex(total))


def sum_digests(digests: Sequence[NameDigest]) -> NameDigest:
    """The digest of all names together."""
    total = sum(int(names.digest, 16) for names in digests)
    return NameDigest(sum(names.size for names in digests), _as_hex(total))


def _as_hex(total: int) -> str:
    return f"{total % 256**DIGEST_BYTES:0{2 * DIGEST_BYTES}x}"
