"""Writes images into the data folder: reads, checks and converts each, and adds its line to the manifest."""

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from tqdm import tqdm

from datatransformer import layout
from datatransformer.images import EncodedImage, UnreadableImage, read_content, read_image
from datatransformer.jpeg_png_check import standard_suffix
from datatransformer.layout import Row
from datatransformer.ledger import Ledger, PendingImage
from datatransformer.listing import EncodedPair, Listing, MakePair, RawImage, Rejected
from datatransformer.naming import file_stem, folder_names
from log import logger
from storage.parallel import in_parallel, short_switch_interval
from storage.tables import csv_safe, open_to_append, row_writer

BATCH = 64
"""Files that a thread takes at a time: to hand over a single file takes as long as to link it."""

WAITING_BATCHES = 2
"""Batches per thread that are taken ahead. After a kill these are done again."""

Outcome = tuple[PendingImage, str | Rejected]
"""An image with its place in the data folder, or with the reason why it is left out."""

Content = TypeVar("Content", bytes, str)


class Writer:
    """Fills the unfinished data folder `work`. Its manifest and its list of rejects get a line for each image.

    Arguments:
        task: classification or segmentation.
        work: the folder.
        link: copy, hardlink or symlink.
        verify: decode every image; otherwise check only the first and last bytes of a standard JPEG or PNG.
        workers: the number of threads. None: one per core.
    """

    def __init__(self, task: str, work: Path, link: str, verify: bool, workers: int | None) -> None:
        self.task, self.work, self.verify, self.workers = task, work, verify, workers
        self.link = {"copy": None, "hardlink": _hardlink, "symlink": _symlink}[link]

    def place(self, ledger: Ledger, listing: Listing) -> None:
        """Writes every pending image into the folder and notes its place in the ledger. Raises OSError.

        Images of earlier runs that are no longer listed are removed.
        """
        manifest = open_to_append(self.work / layout.MANIFEST, layout.MANIFEST_HEADERS[self.task])
        rejects = open_to_append(self.work / layout.REJECTED, layout.REJECTED_HEADER)
        manifest_rows, reject_rows = row_writer(manifest), row_writer(rejects)
        with manifest, rejects:
            for place in ledger.no_longer_listed():
                self.remove(place)
            start, (done, total) = time.monotonic(), ledger.progress()
            if done:
                logger.info(f"Resuming after {done} of {total} images.")
            folders = self._make_folders(listing.classes or ledger.classes())
            batches = ledger.pending(1 if listing.make_pair else BATCH)  # masks and drawings take long enough alone

            def place_batch(batch: list[PendingImage]) -> list[Outcome]:
                return [
                    (pending, self._place_one(pending.image, self._target(pending, folders), listing.make_pair))
                    for pending in batch
                ]

            with (
                short_switch_interval(),
                tqdm(total=total - done, unit=" images", disable=None, desc="datatransformer") as bar,
            ):
                for outcomes in in_parallel(place_batch, batches, self.workers, WAITING_BATCHES):
                    for pending, outcome in outcomes:
                        if isinstance(outcome, Rejected):
                            reject_rows.writerow((csv_safe(outcome.source), outcome.reason))
                        else:
                            manifest_rows.writerow(self.row(pending.image, outcome).cells())
                    manifest.flush()
                    rejects.flush()
                    ledger.set_places(_places(outcomes))
                    bar.update(len(outcomes))
        seconds, count = time.monotonic() - start, total - done
        logger.info(f"{count} images in {seconds:.1f} s ({count / max(seconds, 1e-9):.0f} images/s)")

    def row(self, image: RawImage, place: str) -> Row:
        """The line of the manifest for an image."""
        split = place.partition("/")[0]
        if self.task == "segmentation":
            return Row(place, split, "", layout.mask_path(place), image.source)
        return Row(place, split, image.class_name, "", image.source)

    def remove(self, place: str) -> None:
        for path in self._files(place):
            (self.work / path).unlink(missing_ok=True)

    def move(self, place: str, split: str) -> str:
        """Moves an image, with its mask, to another split. Returns its new place."""
        for old in self._files(place):
            new = layout.in_split(old, split)
            if os.path.lexists(self.work / old):  # a run that was killed may have moved it already
                (self.work / new).parent.mkdir(parents=True, exist_ok=True)
                os.replace(self.work / old, self.work / new)
        return layout.in_split(place, split)

    def _files(self, place: str) -> list[str]:
        return [place, layout.mask_path(place)] if self.task == "segmentation" else [place]

    def _make_folders(self, classes: list[str]) -> dict[str, str]:
        """The folder name of each class."""
        names = folder_names(classes)
        for folder in layout.folders(self.task, names.values()):
            (self.work / folder).mkdir(parents=True, exist_ok=True)
        return names

    def _target(self, pending: PendingImage, folders: dict[str, str]) -> str:
        """The place of an image without the suffix, which depends on the content of its file."""
        stem = file_stem(pending.image.name, pending.stem_is_shared)
        return layout.image_path(self.task, pending.split, folders.get(pending.image.class_name, ""), stem, suffix="")

    def _place_one(self, image: RawImage, target: str, make_pair: MakePair | None) -> str | Rejected:
        try:
            encoded, mask = make_pair(image) if make_pair else self._read(image)
        except UnreadableImage as error:
            return Rejected(image.source, str(error))
        place = target + encoded.suffix
        if encoded.original and self.link:
            self._put(self.link, image.source, place)
        else:
            self._put(_write, encoded.content, place)
        if self.task == "segmentation":
            self._put(_write, mask, layout.mask_path(place))
        return place

    def _read(self, image: RawImage) -> EncodedPair:
        suffix = None if self.verify else standard_suffix(image.path)
        if suffix is None:
            return EncodedPair(read_image(image.path), b"")
        content = b"" if self.link else read_content(image.path)
        return EncodedPair(EncodedImage(content, suffix, original=True), b"")

    def _put(self, put: Callable[[Content, str], None], content: Content, place: str) -> None:
        target = f"{self.work}/{place}"
        try:
            put(content, target)
        except FileExistsError:  # a run that was killed wrote the file and did not note it
            os.unlink(target)
            put(content, target)


def _places(outcomes: Sequence[Outcome]) -> dict[int, str]:
    return {pending.number: place if isinstance(place, str) else "" for pending, place in outcomes}


def _write(content: bytes, target: str) -> None:
    with open(target, "xb", buffering=0) as file:
        while content:
            content = content[file.write(content) :]


def _hardlink(path: str, target: str) -> None:
    os.link(os.path.realpath(path) if os.path.islink(path) else path, target)


def _symlink(path: str, target: str) -> None:
    os.symlink(os.path.realpath(path), target)
