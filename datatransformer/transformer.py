"""DataTransformer: raw pictures -> the data folder, in parallel, continued where it was interrupted."""

import hashlib
import os
import shutil
import time
from collections import Counter, defaultdict
from dataclasses import replace
from pathlib import Path

from tqdm import tqdm

from datatransformer import layout, sources
from datatransformer.images import Encoded, UnreadableImage, read_image
from datatransformer.layout import Row
from datatransformer.lock import only_here
from datatransformer.parallel import in_parallel
from datatransformer.sources import Listing, Picture, Rejected
from datatransformer.split import read_list, sequence_tails, stratified
from datatransformer.tables import harmless, line, open_to_append, read_table, write_table
from settings import SettingError, WorkError, fault

OF_ALL_SOURCES = ("source", "split", "val_list", "val_fraction", "seed")
RAW = ("raw_images", "raw_labels", "raw_masks", "class_names", "merge_classes", "val_list")
OF_SOME_SOURCES = {
    "raw_images", "raw_labels", "raw_masks", "class_names", "merge_classes", "void", "link", "tfds_name", "data_dir",
    "pictures", "picture_size",
}  # fmt: skip
FEWEST_IMAGES = 2
"""Of a class, so that one can be for training and one for validation."""


class DataTransformer:
    """Makes `settings.data` from the raw pictures.

    The work goes on in `DATA.partial`, whose manifest and rejects grow a line an image, so that an interrupted
    run is continued; DATA appears by rename once all is there.
    """

    def __init__(self, settings):
        self.settings = settings
        self.data = settings.data
        self.work = layout.partial(settings.data)
        self.source = sources.reader(settings.source)
        self.task = settings.task or self.source.TASKS[0]

    def run(self) -> None:
        """Raises SettingError where DATA exists and was made otherwise, WorkError if no data set comes of it."""
        self._keep_apart()
        if self._is_done():
            print(f"{self.data} is whole and was made with these settings: nothing to do. "
                  "If the raw pictures have changed, --overwrite makes it anew.")  # fmt: skip
            return
        with only_here(self.data):
            self._make()

    def _make(self) -> None:
        listing = self.source.read(self.settings)
        self._check_split(listing)
        self._begin_or_continue()
        start = time.monotonic()
        count = self._place(listing)
        seconds = time.monotonic() - start
        rows, rejected = self._settle_split(listing)
        self._finish(listing, rows, rejected)
        print(f"{count} images in {seconds:.1f} s ({count / max(seconds, 1e-9):.0f} images/s)")
        self._report(rows, rejected)

    def _keep_apart(self) -> None:
        """Raw pictures are never written to: a data folder is none of theirs, not around them and not in them."""
        data = self.data.resolve()
        if not self.data.name or data.is_file():
            raise SettingError(fault("data", self.data, "should be a folder with a name of its own"))
        for key in RAW:
            raw = getattr(self.settings, key)
            if raw and (raw.resolve().is_relative_to(data) or (raw.is_dir() and data.is_relative_to(raw.resolve()))):
                raise SettingError(fault("data", self.data, f"should lie apart from {key} = {str(raw)!r}"))

    def _is_done(self) -> bool:
        useless = sorted((OF_SOME_SOURCES & self.settings.model_fields_set) - set(self.source.SETTINGS))
        if useless:
            allowed = f"is of no use for source {self.settings.source}; leave it out"
            raise SettingError(*(fault(name, getattr(self.settings, name), allowed) for name in useless))
        if self.task not in self.source.TASKS:
            allowed = f"source {self.settings.source} is for {' or '.join(self.source.TASKS)}"
            raise SettingError(fault("task", self.task, allowed))
        made_with = layout.read_settings_used(self.data)
        if not self.data.exists() or (self.settings.overwrite and made_with is not None):
            return False
        if made_with == self._used():
            return True
        if made_with is None:
            raise SettingError(fault("data", self.data, "exists and was not made here; name another folder"))
        now = self._used()
        changed = [
            f"{key} was {made_with.get(key)}, is {now.get(key)}" for key in now if made_with.get(key) != now.get(key)
        ]
        allowed = (
            f"was made with other settings ({'; '.join(changed)}). Name another folder, or replace it by --overwrite"
        )
        raise SettingError(fault("data", self.data, allowed))

    def _used(self) -> dict:
        """The settings that the result depends on, with the content of the label file."""
        names = OF_ALL_SOURCES + self.source.SETTINGS
        used = self.settings.model_dump(mode="json", include=set(names)) | {"task": self.task}
        for key in set(RAW) & used.keys():
            path = getattr(self.settings, key)
            used[key] = path and str(path.resolve())
            if path and path.is_file():
                used[f"{key}_sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
        return used

    def _begin_or_continue(self) -> None:
        """Continues `DATA.partial` if it was begun with the same settings. Nobody else's folder is removed."""
        raw = self.settings.raw_images
        if raw and self.settings.link == "hardlink" and raw.stat().st_dev != _disk(self.work):
            allowed = "raw pictures and data folder are on different disks; use copy or symlink"
            raise SettingError(fault("link", "hardlink", allowed))
        if layout.read_settings_used(self.work) == self._used():
            (self.work / layout.REJECTED).unlink(missing_ok=True)  # what could not be read is tried again
            return
        if self.work.exists():
            print(f"{self.work}, unfinished and of other settings, is begun anew")
            layout.remove_made_here(self.work)
        self.work.mkdir(parents=True)
        layout.write_settings_used(self.work, self._used())

    # ---- Placing: each image is read, checked, converted and put into the folder ---------------------------------

    def _place(self, listing: Listing) -> int:
        """Puts every picture that is not there yet into the folder. Returns how many were worked on."""
        split = self._split({picture.name: picture for picture in listing.pictures})
        stems, folders = layout.file_stems(listing.pictures), layout.folder_names(listing.classes)
        manifest = open_to_append(self.work / layout.MANIFEST, layout.MANIFEST_HEADERS[self.task])
        rejects = open_to_append(self.work / layout.REJECTED, layout.REJECTED_HEADER)
        known = {(row.source, row.class_name) for row in layout.read_manifest(self.work)}
        remaining = [picture for picture in listing.pictures if self._key(picture) not in known]
        if known:
            print(f"Going on: {len(listing.pictures) - len(remaining)} of {len(listing.pictures)} images are done.")

        def place(picture: Picture) -> Row | Rejected:
            folder = folders.get(picture.class_name, "")
            return self._place_one(picture, split[picture.name], folder, stems[picture.name])

        with manifest, rejects:
            results = in_parallel(place, remaining, self.settings.workers)
            for result in tqdm(results, total=len(remaining), unit=" images", disable=None, desc="datatransformer"):
                if isinstance(result, Row):
                    manifest.write(line(result.cells()))
                    manifest.flush()
                else:
                    rejects.write(line((harmless(result.source), result.reason)))
                    rejects.flush()
        return len(remaining)

    def _key(self, picture: Picture) -> tuple[str, str]:
        """What tells a done image: its source, and the class that it was put into."""
        return harmless(picture.source), picture.class_name if self.task == "classification" else ""

    def _place_one(self, picture: Picture, split: str, folder: str, stem: str) -> Row | Rejected:
        try:
            drawn = picture.draw() if picture.draw else None
            encoded = drawn.image if drawn else read_image(picture.path)
        except UnreadableImage as error:
            return Rejected(picture.source, str(error))
        image = layout.image_path(self.task, split, folder, stem, encoded.suffix)
        self._put(encoded, picture.path, self.work / image)
        mask = ""
        if self.task == "segmentation":
            mask = layout.mask_path(image)
            self._put(Encoded(drawn.mask, ".png"), None, self.work / mask)
        return Row(image, split, picture.class_name if not mask else "", mask, picture.source)

    def _put(self, encoded: Encoded, original: Path | None, target: Path) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)  # left by a run that was killed before it could note it
        if not encoded.original or self.settings.link == "copy":
            target.write_bytes(encoded.content)
        elif self.settings.link == "hardlink":
            os.link(original.resolve(), target)
        else:
            target.symlink_to(original.resolve())

    # ---- Settling: the split is that of the good images alone ------------------------------------------------------

    def _settle_split(self, listing: Listing) -> tuple[list[Row], list[Rejected]]:
        """Moves the few images whose side has changed because others of their class were left out."""
        pictures = {self._key(picture): picture for picture in listing.pictures}
        rows = []
        for row in layout.read_manifest(self.work):
            if (row.source, row.class_name) in pictures:
                rows.append(row)
            else:  # it was placed before the raw data changed
                self._remove(row)
        sizes = Counter(row.class_name for row in rows)
        rejected = []
        for row in rows:
            if row.class_name and sizes[row.class_name] < FEWEST_IMAGES:
                self._remove(row)
                reason = f"the only good image of class {row.class_name}; a class needs {FEWEST_IMAGES}"
                rejected.append(Rejected(row.source, reason))
        alone = {reject.source for reject in rejected}
        good = {pictures[row.source, row.class_name].name: row for row in rows if row.source not in alone}
        split = self._split({name: pictures[row.source, row.class_name] for name, row in good.items()})
        settled = [self._moved(good[name], split[name]) for name in sorted(good)]
        return settled, rejected

    def _split(self, pictures: dict[str, Picture]) -> dict[str, str]:
        """The split of each name: as a list says, or the raw data, or a share of each video or class."""
        settings = self.settings
        given = {}
        if settings.val_list:
            val, _ = read_list(settings.val_list, pictures)
        elif settings.split == "sequences":
            val = sequence_tails(pictures, settings.val_fraction)
        else:
            if settings.split == "auto":
                given = {name: picture.split for name, picture in pictures.items() if picture.split}
            by_class = defaultdict(list)
            for name in pictures.keys() - given.keys():
                by_class[pictures[name].class_name].append(name)
            val = stratified(by_class, settings.val_fraction, settings.seed)
        return {name: given.get(name) or ("val" if name in val else "train") for name in pictures}

    def _check_split(self, listing: Listing) -> None:
        """A list must name some of the pictures, and not all; what it names in vain is reported."""
        if self.settings.val_list is None:
            return
        names = [picture.name for picture in listing.pictures]
        val, missing = read_list(self.settings.val_list, names)
        if not val or len(val) == len(names):
            allowed = f"names {len(val)} of the {len(names)} pictures; some are for validation, some for training"
            raise SettingError(fault("val_list", self.settings.val_list, allowed))
        where = self.settings.val_list.name
        listing.rejected.extend(
            Rejected(name, f"is in {where}, and there is no such picture to use") for name in missing
        )

    def _remove(self, row: Row) -> None:
        for path in filter(None, (row.image, row.mask)):
            (self.work / path).unlink(missing_ok=True)

    def _moved(self, row: Row, split: str) -> Row:
        moved = replace(
            row,
            split=split,
            image=layout.in_split(row.image, split),
            mask=row.mask and layout.in_split(row.mask, split),
        )
        for old, new in ((row.image, moved.image), (row.mask, moved.mask)):
            if old != new and os.path.lexists(self.work / old):  # not if an earlier run moved it and was killed then
                (self.work / new).parent.mkdir(parents=True, exist_ok=True)
                os.replace(self.work / old, self.work / new)
        return moved

    def _unreadable(self) -> list[dict[str, str]]:
        return read_table(self.work / layout.REJECTED)

    def _finish(self, listing: Listing, rows: list[Row], rejected: list[Rejected]) -> None:
        """The last files, then the rename."""
        used = {row.class_name for row in rows}
        classes = [name for name in listing.classes if name in used or self.task == "segmentation"]
        unreadable = [Rejected(row["source"], row["reason"]) for row in self._unreadable()]
        splits = {row.split for row in rows}
        if len(splits) < 2 or len(classes) < 2:
            reasons = "".join(
                f"\n  {source}: {reason}" for source, reason in (listing.rejected + unreadable + rejected)[:5]
            )
            side = f", all for {'training' if splits == {'train'} else 'validation'}," if len(splits) == 1 else ""
            raise WorkError(
                f"{len(rows)} good images of {len(classes)} classes{side} make no data set; two classes are needed, "
                f"and images for training and for validation.{reasons}"
            )
        rejected += unreadable + [Rejected(harmless(source), reason) for source, reason in listing.rejected]
        layout.write_manifest(self.work, self.task, rows)
        layout.write_classes(self.work, classes, listing.colours)
        write_table(self.work / layout.REJECTED, layout.REJECTED_HEADER, sorted(rejected))
        layout.remove_empty_folders(self.work)
        old = self.data.with_name(self.data.name + ".old")
        if self.data.exists():
            layout.remove_made_here(old)
            self.data.rename(old)
        self.work.rename(self.data)
        if layout.read_settings_used(old) is not None:
            shutil.rmtree(old)

    def _report(self, rows: list[Row], rejected: list[Rejected]) -> None:
        counts = Counter(row.split for row in rows)
        print(f"{self.data}: {counts['train']} images for training, {counts['val']} for validation")
        if rejected:
            print(f"{len(rejected)} left out, each with its reason in {self.data / layout.REJECTED}, such as")
            for source, reason in sorted(rejected)[:3]:
                print(f"  {source}: {reason}")


def _disk(path: Path) -> int:
    """The device that `path` lies on, or will lie on."""
    return next(folder for folder in (path, *path.absolute().parents) if folder.exists()).stat().st_dev
