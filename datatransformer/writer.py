"""Pictures into the data folder: each is read, checked, converted, put there, and noted in the manifest."""

import os
import time
from collections.abc import Callable
from pathlib import Path

from tqdm import tqdm

from datatransformer import layout
from datatransformer.images import Encoded, UnreadableImage, read_content, read_image
from datatransformer.jpeg_png_check import plain_suffix
from datatransformer.layout import Row
from datatransformer.ledger import Ledger, Listed
from datatransformer.listing import Draw, EncodedPair, Listing, Picture, Rejected
from datatransformer.naming import file_stem, folder_names
from storage.parallel import in_parallel, short_switch_interval
from storage.tables import csv_safe, open_to_append, row_writer

BATCH = 64
"""Files that a thread takes at a time: to hand over each alone takes as long as to link it."""

WAITING = 2
"""Batches taken ahead for each thread; after a kill so many are done again."""

Outcome = tuple[Listed, str | Rejected]
"""A picture, and where it lies now or why it does not."""


class Writer:
    """Fills the unfinished data folder `work`, whose manifest and rejects grow by a line an image."""

    def __init__(self, settings, task: str, work: Path):
        self.settings, self.task, self.work = settings, task, work
        self.link = {"copy": None, "hardlink": _hardlink, "symlink": _symlink}[settings.link]

    def place(self, ledger: Ledger, listing: Listing) -> None:
        """Puts every picture that is not there yet into the folder, and notes where it lies. Raises OSError.

        What earlier runs put there and is no longer listed is removed.
        """
        manifest = open_to_append(self.work / layout.MANIFEST, layout.MANIFEST_HEADERS[self.task])
        rejects = open_to_append(self.work / layout.REJECTED, layout.REJECTED_HEADER)
        manifest_rows, reject_rows = row_writer(manifest), row_writer(rejects)
        with manifest, rejects:
            for image in ledger.forgotten():
                self.remove(image)
            start, (done, listed) = time.monotonic(), ledger.done()
            if done:
                print(f"Going on: {done} of {listed} images are done.")
            folders = self._make_folders(listing.classes or ledger.classes())
            batches = ledger.open(1 if listing.draw else BATCH)  # what is drawn takes a while

            def place(batch: list[Listed]) -> list[Outcome]:
                return [(one, self._place_one(one.picture, self._target(one, folders), listing.draw)) for one in batch]

            with (
                short_switch_interval(),
                tqdm(total=listed - done, unit=" images", disable=None, desc="datatransformer") as bar,
            ):
                for outcomes in in_parallel(place, batches, self.settings.workers, WAITING):
                    for one, outcome in outcomes:
                        if isinstance(outcome, Rejected):
                            reject_rows.writerow((csv_safe(outcome.source), outcome.reason))
                        else:
                            manifest_rows.writerow(self.row(one.picture, outcome).cells())
                    manifest.flush()
                    rejects.flush()
                    ledger.note({one.number: image if isinstance(image, str) else "" for one, image in outcomes})
                    bar.update(len(outcomes))
        seconds, count = time.monotonic() - start, listed - done
        print(f"{count} images in {seconds:.1f} s ({count / max(seconds, 1e-9):.0f} images/s)")

    def row(self, picture: Picture, image: str) -> Row:
        """The line of the manifest for a picture that lies in `image`."""
        split = image.partition("/")[0]
        if self.task == "segmentation":
            return Row(image, split, "", layout.mask_path(image), picture.source)
        return Row(image, split, picture.class_name, "", picture.source)

    def remove(self, image: str) -> None:
        for path in self._files(image):
            (self.work / path).unlink(missing_ok=True)

    def move(self, image: str, split: str) -> str:
        """The image's path after its move to a split."""
        for old in self._files(image):
            new = layout.in_split(old, split)
            if os.path.lexists(self.work / old):  # not if an earlier run moved it and was killed then
                (self.work / new).parent.mkdir(parents=True, exist_ok=True)
                os.replace(self.work / old, self.work / new)
        return layout.in_split(image, split)

    def _files(self, image: str) -> list[str]:
        return [image, layout.mask_path(image)] if self.task == "segmentation" else [image]

    def _make_folders(self, classes: list[str]) -> dict[str, str]:
        """The name of each class's folder."""
        names = folder_names(classes)
        for folder in layout.folders(self.task, names.values()):
            (self.work / folder).mkdir(parents=True, exist_ok=True)
        return names

    def _target(self, listed: Listed, folders: dict[str, str]) -> str:
        """Where a picture is to lie, without the suffix, which depends on what is in the file."""
        stem = file_stem(listed.picture.name, listed.stem_is_shared)
        return layout.image_path(self.task, listed.split, folders.get(listed.picture.class_name, ""), stem, suffix="")

    def _place_one(self, picture: Picture, target: str, draw: Draw | None) -> str | Rejected:
        try:
            image, mask = draw(picture) if draw else self._read(picture)
        except UnreadableImage as error:
            return Rejected(picture.source, str(error))
        path = target + image.suffix
        if image.original and self.link:
            self._put(self.link, picture.source, path)
        else:
            self._put(_write, image.content, path)
        if self.task == "segmentation":
            self._put(_write, mask, layout.mask_path(path))
        return path

    def _read(self, picture: Picture) -> EncodedPair:
        suffix = None if self.settings.verify else plain_suffix(picture.path)
        if suffix is None:
            return EncodedPair(read_image(picture.path), b"")
        content = b"" if self.link else read_content(picture.path)
        return EncodedPair(Encoded(content, suffix, original=True), b"")

    def _put(self, put: Callable[[bytes | str, str], None], what: bytes | str, path: str) -> None:
        target = f"{self.work}/{path}"
        try:
            put(what, target)
        except FileExistsError:  # left by a run that was killed before it could note it
            os.unlink(target)
            put(what, target)


def _write(content: bytes, target: str) -> None:
    with open(target, "xb", buffering=0) as file:
        while content:
            content = content[file.write(content) :]


def _hardlink(path: str, target: str) -> None:
    os.link(os.path.realpath(path) if os.path.islink(path) else path, target)


def _symlink(path: str, target: str) -> None:
    os.symlink(os.path.realpath(path), target)
