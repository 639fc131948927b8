"""Pictures into the data folder: each is read, checked, converted, put there, and noted in the manifest."""

import os
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

from tqdm import tqdm

from datatransformer import layout
from datatransformer.images import Encoded, UnreadableImage, read_content, read_image
from datatransformer.layout import Row
from datatransformer.naming import file_stems, folder_names
from datatransformer.parallel import in_parallel, short_turns
from datatransformer.plain import plain_suffix
from datatransformer.sources import Drawn, Listing, Picture, Rejected
from datatransformer.split import names_for_validation
from datatransformer.tables import harmless, open_to_append, row_writer

BATCH = 32
"""Files that a thread takes at a time: to hand over each alone takes as long as to link it."""

WAITING = 4
"""Batches taken ahead for each thread; after a kill so many are done again."""

Outcome = tuple[int, str | Rejected]
"""Which picture of the listing, and where it lies now or why it does not."""


class Placing:
    """Fills the unfinished data folder `work`, whose manifest and rejects grow by a line an image."""

    def __init__(self, settings, task: str, work: Path):
        self.settings, self.task, self.work = settings, task, work
        self.link = {"copy": None, "hardlink": _hardlink, "symlink": _symlink}[settings.link]

    def place(self, listing: Listing) -> list[str]:
        """Puts every picture that is not there yet into the folder.

        Returns the path of each in the data folder, "" if it was left out. Raises OSError.
        """
        manifest = open_to_append(self.work / layout.MANIFEST, layout.MANIFEST_HEADERS[self.task])
        rejects = open_to_append(self.work / layout.REJECTED, layout.REJECTED_HEADER)
        manifest_rows, reject_rows = row_writer(manifest), row_writer(rejects)
        with manifest, rejects:
            placed, start = self._known(listing.pictures), time.monotonic()
            count = placed.count("")
            if count < len(placed):
                print(f"Going on: {len(placed) - count} of {len(placed)} images are done.")
            targets = self._targets(listing)
            size = 1 if any(picture.draw for picture in listing.pictures) else BATCH  # what is drawn takes a while
            remaining = (number for number, image in enumerate(placed) if not image)

            def place(numbers: list[int]) -> list[Outcome]:
                return [(number, self._place_one(listing.pictures[number], targets[number])) for number in numbers]

            with short_turns(), tqdm(total=count, unit=" images", disable=None, desc="datatransformer") as bar:
                for outcomes in in_parallel(place, _batches(remaining, size), self.settings.workers, WAITING):
                    for number, outcome in outcomes:
                        picture = listing.pictures[number]
                        if isinstance(outcome, Rejected):
                            reject_rows.writerow((harmless(outcome.source), outcome.reason))
                        else:
                            placed[number] = targets[number] = outcome
                            manifest_rows.writerow(self.row(picture, outcome).cells())
                    manifest.flush()
                    rejects.flush()
                    bar.update(len(outcomes))
        seconds = time.monotonic() - start
        print(f"{count} images in {seconds:.1f} s ({count / max(seconds, 1e-9):.0f} images/s)")
        return placed

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

    def _known(self, pictures: list[Picture]) -> list[str]:
        """Where each picture was put by earlier runs, or "". What they put there that is no longer listed is removed.

        A picture is known by its source, and by the class that it was put into.
        """
        rows = {(row.source, row.class_name): row.image for row in layout.read_manifest(self.work)}
        if not rows:
            return [""] * len(pictures)
        is_classified = self.task == "classification"
        keys = ((harmless(picture.source), picture.class_name if is_classified else "") for picture in pictures)
        placed = [rows.pop(key, "") for key in keys]
        for image in set(rows.values()).difference(placed):
            self.remove(image)
        return placed

    def _targets(self, listing: Listing) -> list[str]:
        """Where each picture is to lie, without the suffix, which depends on what is in the file."""
        validation = names_for_validation(listing.pictures, self.settings)
        folders = folder_names(listing.classes)
        targets = [
            layout.image_path(
                self.task,
                "val" if picture.name in validation else "train",
                folders.get(picture.class_name, ""),
                stem,
                suffix="",
            )
            for picture, stem in zip(listing.pictures, file_stems(listing.pictures), strict=True)
        ]
        for folder in layout.folders(self.task, folders.values()):
            (self.work / folder).mkdir(parents=True, exist_ok=True)
        return targets

    def _place_one(self, picture: Picture, target: str) -> str | Rejected:
        try:
            image, mask = self._read(picture)
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

    def _read(self, picture: Picture) -> Drawn:
        if picture.draw:
            return picture.draw()
        suffix = None if self.settings.verify else plain_suffix(picture.path)
        if suffix is None:
            return Drawn(read_image(picture.path), b"")
        content = b"" if self.link else read_content(picture.path)
        return Drawn(Encoded(content, suffix, original=True), b"")

    def _put(self, put: Callable[[bytes | str, str], None], what: bytes | str, path: str) -> None:
        target = f"{self.work}/{path}"
        try:
            put(what, target)
        except FileExistsError:  # left by a run that was killed before it could note it
            os.unlink(target)
            put(what, target)


def _write(content: bytes, target: str) -> None:
    with open(target, "xb") as file:
        file.write(content)


def _hardlink(path: str, target: str) -> None:
    os.link(os.path.realpath(path) if os.path.islink(path) else path, target)


def _symlink(path: str, target: str) -> None:
    os.symlink(os.path.realpath(path), target)


def _batches(numbers: Iterator[int], size: int) -> Iterator[list[int]]:
    while batch := list(islice(numbers, size)):
        yield batch
