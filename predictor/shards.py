"""A part of the pictures for each of several machines, and what tells later that all parts are there.

`--shard I/N` is part I of N, the first being 1/N, as `split -n l/I/N` counts. A shard is a piece of the listing, whose
order is that of the names on every machine. So each picture is in one shard, shards differ by one picture at most, and
what they write, one after the other, is what a single process writes.
"""

import hashlib
import os
import re
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from predictor.pictures import ImageFile
from settings import SettingError, bad_setting
from storage.tables import csv_safe

Listing = Callable[[], Iterable[ImageFile]]

BEHIND = r"-(\d+)-of-(\d+)"
"""What stands behind the name of the whole in that of a shard."""

BESIDE = ("rejected.csv", "masks", "colours", "overlays", "evaluation", "reconstructions", "latents.h5")
"""What lies beside NAME.csv, with NAME before it: files and folders."""

DIGEST_BYTES = 16

NOTED = ("shard", "pictures", "own")
"""What is noted of a shard and not of a whole: which it is, the `NameDigest` of all pictures, and of its own."""


class NameDigest(NamedTuple):
    """How many names there are, and a digest that tells them from others, in whatever order they come."""

    count: int
    digest: str


class Shard(NamedTuple):
    """Number `number` of `of`; `whole` is the CSV that a single process would write."""

    number: int
    of: int
    whole: Path

    @property
    def output(self) -> Path:
        """The CSV of its own, so that shards on one disk share no file."""
        return self.whole.with_name(f"{self.whole.stem}-{self.number}-of-{self.of}{self.whole.suffix}")

    def all(self) -> list["Shard"]:
        """Those that make the whole, in their order."""
        return [self._replace(number=number) for number in range(1, self.of + 1)]

    def cut(self, listed: Listing) -> tuple[Listing, dict]:
        """The pictures of its own, and what is to be noted, as JSON has it, to see later whether a picture lacks.

        Pictures that come or go between two shards change the whole, and are noticed by that.
        """
        whole = names_of(picture.name for picture in listed())
        begin, end = whole.count * (self.number - 1) // self.of, whole.count * self.number // self.of
        own = partial(_slice, listed, begin, end)
        noted = ([self.number, self.of], list(whole), list(names_of(picture.name for picture in own())))
        return own, dict(zip(NOTED, noted, strict=True))


def _slice(listed: Listing, begin: int, end: int) -> Iterable[ImageFile]:
    return islice(listed(), begin, end)


def written_to(output: Path) -> re.Pattern:
    """Matches resolved paths of what the predictor writes if `output` is its CSV, and of all shards of that."""
    kinds = "|".join(re.escape(f".{name}") for name in BESIDE)
    folder = re.escape(output.parent.resolve().as_posix().rstrip("/"))
    return re.compile(rf"{folder}/{re.escape(output.stem)}({BEHIND})?({re.escape(output.suffix)}|({kinds})(/.*)?)")


def shards_of(output: Path) -> list[Shard]:
    """Those whose CSVs lie beside `output`, sorted."""
    name = re.compile(rf"{re.escape(output.stem)}{BEHIND}{re.escape(output.suffix)}")
    found = map(name.fullmatch, os.listdir(output.parent) if output.parent.is_dir() else [])
    return sorted(Shard(int(match[1]), int(match[2]), output) for match in found if match)


def read_shard(text: str, whole: Path) -> Shard:
    """Of `I/N`. Raises SettingError if it is not of that form."""
    found = re.fullmatch(r"(\d+)/(\d+)", text, re.ASCII)
    if not found or not 1 <= int(found[1]) <= int(found[2]):
        raise SettingError(bad_setting("shard", text, "should be I/N, shard I of N: 1/4, 2/4, 3/4 or 4/4 of four"))
    return Shard(int(found[1]), int(found[2]), whole)


def names_of(names: Iterable[str]) -> NameDigest:
    """Of pictures, as the CSV has them or as they are. The digests of single names are added up: memory is flat."""
    count = total = 0
    for name in names:
        digest = hashlib.blake2b(csv_safe(name).encode(), digest_size=DIGEST_BYTES).digest()
        count, total = count + 1, total + int.from_bytes(digest)
    return NameDigest(count, _written(total))


def sum_of(several: Sequence[NameDigest]) -> NameDigest:
    """Of all of them together."""
    return NameDigest(sum(names.count for names in several), _written(sum(int(names.digest, 16) for names in several)))


def _written(total: int) -> str:
    return f"{total % 256**DIGEST_BYTES:0{2 * DIGEST_BYTES}x}"
