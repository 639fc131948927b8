"""Writes images into the data folder: reads, checks and converts each, and adds its line to the manifest."""

import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, TypeVar

from tqdm import tqdm

from datatransformer import layout
from datatransformer.ledger import LEFT_OUT, Ledger, PendingImage, Place
from datatransformer.listing import EncodedPair, Listing, MakePair, RawImage, Rejected
from datatransformer.manifest import MANIFEST, MANIFEST_HEADERS, Row
from datatransformer.masks.split_report import pixels_row
from datatransformer.naming import file_stem, folder_names, frame_name
from datatransformer.pictures.deep_pictures import DeepPictures
from datatransformer.pictures.images import EncodedImage, UnreadableImage, read_content, read_image, scale
from datatransformer.pictures.jpeg_png_check import read_ends, standard_suffix
from datatransformer.pictures.picture_digest import content_digest, ends_digest
from datatransformer.pictures.pixel_range import ValueSummary
from log import logger
from storage.exhausted import naming_what_was_read
from storage.parallel import in_parallel, short_switch_interval
from storage.tables import csv_safe, open_to_append, row_writer

BATCH = 64
"""Files that a thread takes at a time: to hand over a single file takes as long as to link it."""

WAITING_BATCHES = 2
"""Batches per thread that are taken ahead. After a kill these are done again."""


class Outcome(NamedTuple):
    """What became of an image.

    Attributes:
        place: its place in the data folder; the reason why it is left out; or None: it waits until the range of all
            pictures with more than 8 bits per pixel is known.
        remark: how it was changed, or empty.
        values: if they have more than 8 bits.
        pixels: of each class in its mask.
    """

    pending: PendingImage
    place: Place | Rejected | None
    remark: str = ""
    values: ValueSummary | None = None
    pixels: Mapping[int, int] | None = None


Content = TypeVar("Content", bytes, str)


class Writer:
    """Fills the unfinished data folder `work`. Its manifest and its list of rejects get a line for each image.

    Arguments:
        task: one of MANIFEST_HEADERS.
        work: the folder.
        link: copy, hardlink or symlink.
        verify: decode every image; otherwise check only the first and last bytes of a standard JPEG or PNG.
        workers: the number of threads. None: one per core.
        deep: finds the range by which pictures of more than 8 bits are scaled.
    """

    def __init__(self, task: str, work: Path, link: str, verify: bool, workers: int | None, deep: DeepPictures) -> None:
        self.deep = deep
        self.task, self.work, self.verify, self.workers = task, work, verify, workers
        self.link = {"copy": None, "hardlink": _hardlink, "symlink": _symlink}[link]

    def place(self, ledger: Ledger, listing: Listing) -> None:
        """Writes every pending image into the folder and notes its place in the ledger. Raises OSError.

        Images of earlier runs that are no longer listed are removed.
        """
        manifest = open_to_append(self.work / MANIFEST, MANIFEST_HEADERS[self.task])
        rejects = open_to_append(self.work / layout.REJECTED, layout.REJECTED_HEADER)
        remarks = open_to_append(self.work / layout.REMARKS, layout.REMARKS_HEADER)
        counts = open_to_append(self.work / layout.MASK_PIXELS, layout.MASK_PIXELS_HEADER)
        manifest_rows, reject_rows, remark_rows, count_rows = map(row_writer, (manifest, rejects, remarks, counts))
        self.deep.start(self.work)
        with manifest, rejects, remarks, counts:
            for place in ledger.no_longer_listed():
                self.remove(place)
            start, (done, total) = time.monotonic(), ledger.progress()
            if done:
                logger.info(f"Resuming after {done} of {total} images.")
            folders = self._make_folders(listing.classes or ledger.classes(), ledger.splits())
            batch_size = 1 if listing.make_pair else BATCH  # masks and drawings take long enough alone

            def place_batch(batch: list[PendingImage]) -> list[Outcome]:
                return [
                    self._place_one(pending, self._target(pending, folders), listing.make_pair) for pending in batch
                ]

            def place_pending() -> None:
                batches = ledger.pending(batch_size)
                for outcomes in in_parallel(place_batch, batches, self.workers, WAITING_BATCHES):
                    for pending, place, remark, values, pixels in outcomes:
                        if values:
                            self.deep.take(values, pending.image.source, is_scaled=isinstance(place, Place))
                        if isinstance(place, Rejected):
                            reject_rows.writerow((csv_safe(place.source), place.reason))
                        elif place:
                            if pixels and self.task == "segmentation":
                                count_rows.writerow(pixels_row(place.path, pixels))
                            manifest_rows.writerow(self.row(pending.image, place).cells())
                            if remark:
                                remark_rows.writerow((csv_safe(pending.image.source), remark))
                    for file in (remarks, counts, manifest, rejects):
                        file.flush()
                    places = _places(outcomes)
                    ledger.set_places(places)
                    bar.update(len(places))

            with (
                short_switch_interval(),
                tqdm(total=total - done, unit=" images", disable=None, desc="datatransformer") as bar,
            ):
                place_pending()
                if self.deep.decide():
                    ledger.is_in_order = False
                    place_pending()
        seconds, count = time.monotonic() - start, total - done
        logger.info(f"{count} images in {seconds:.1f} s ({count / max(seconds, 1e-9):.0f} images/s)")

    def row(self, image: RawImage, place: Place) -> Row:
        """The line of the manifest for an image."""
        path, digest = place
        mask = layout.mask_path(path) if self.task == "segmentation" else ""
        class_name = "" if mask else image.class_name
        return Row(path, path.partition("/")[0], class_name, mask, image.source, image.labels, digest)

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

    def _make_folders(self, classes: list[str], splits: Iterable[str]) -> dict[str, str]:
        """The folder name of each class."""
        names = folder_names(classes)
        for folder in layout.folders(self.task, names.values(), splits):
            (self.work / folder).mkdir(parents=True, exist_ok=True)
        return names

    def _target(self, pending: PendingImage, folders: dict[str, str]) -> str:
        """The place of an image without the suffix, which depends on the content of its file."""
        image = pending.image
        stem = file_stem(frame_name(image.name, 1) if image.frame == 1 else image.name, pending.stem_is_shared)
        return layout.image_path(self.task, pending.split, folders.get(pending.image.class_name, ""), stem, suffix="")

    def _place_one(self, pending: PendingImage, target: str, make_pair: MakePair | None) -> Outcome:
        image, values = pending.image, None
        try:
            with naming_what_was_read(image.source):
                pair, digest = self._read_pair(image, make_pair)
        except UnreadableImage as error:
            return Outcome(pending, Rejected(image.source, str(error)))
        if bands := pair.image.bands:
            values = bands.summary()
            if self.deep.range is None:
                return Outcome(pending, None, "", values)
            pair = pair._replace(image=scale(pair.image, self.deep.range))
            digest = self._digest(pair)
        encoded, mask, pixels = pair
        place = target + encoded.suffix
        if encoded.original and self.link:
            self._put(self.link, image.path, place)
        else:
            self._put(_write, encoded.content, place)
        if self.task == "segmentation":
            self._put(_write, mask, layout.mask_path(place))
        return Outcome(pending, Place(place, digest), encoded.remark, values, pixels)

    def _read_pair(self, image: RawImage, make_pair: MakePair | None) -> tuple[EncodedPair, str]:
        """The image, its mask, and their digest. A link that is not verified is not read: its content is empty."""
        ends = None if self.verify or make_pair else read_ends(image.path)
        suffix = ends and not image.frame and standard_suffix(ends)
        if ends and suffix and self.link:
            return EncodedPair(EncodedImage(b"", suffix, original=True), b""), ends_digest(*ends)
        if make_pair:
            pair = make_pair(image)
        elif suffix:
            pair = EncodedPair(EncodedImage(read_content(image.path), suffix, original=True), b"")
        else:
            pair = EncodedPair(read_image(image.path, frame=image.frame), b"")
        return pair, self._digest(pair)

    def _digest(self, pair: EncodedPair) -> str:
        return content_digest(pair.image.content, pair.mask if self.task == "segmentation" else b"")

    def _put(self, put: Callable[[Content, str], None], content: Content, place: str) -> None:
        target = f"{self.work}/{place}"
        try:
            put(content, target)
        except FileExistsError:  # a run that was killed wrote the file and did not note it
            os.unlink(target)
            put(content, target)


def _places(outcomes: Sequence[Outcome]) -> dict[int, Place]:
    return {
        outcome.pending.number: LEFT_OUT if isinstance(outcome.place, Rejected) else outcome.place
        for outcome in outcomes
        if outcome.place
    }


def _write(content: bytes, target: str) -> None:
    with open(target, "xb", buffering=0) as file:
        while content:
            content = content[file.write(content) :]


def _hardlink(path: str, target: str) -> None:
    os.link(os.path.realpath(path) if os.path.islink(path) else path, target)


def _symlink(path: str, target: str) -> None:
    os.symlink(os.path.realpath(path), target)
