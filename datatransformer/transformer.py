"""DataTransformer: raw pictures -> the data folder, in parallel, continued where it was interrupted."""

import hashlib
import shutil
from collections import Counter
from functools import cached_property
from pathlib import Path

from datatransformer import layout, sources
from datatransformer.ledger import Ledger, open_ledger
from datatransformer.listing import Listing, Rejected
from datatransformer.split import read_list, split_key
from datatransformer.writer import Writer
from settings import SettingError, WorkError, bad_setting
from storage.lock import exclusive_lock
from storage.tables import csv_safe, read_table, write_table

OF_ALL_SOURCES = ("source", "split", "val_list", "val_fraction", "seed")
RAW = ("raw_images", "raw_labels", "raw_masks", "class_names", "merge_classes", "val_list")
OF_SOME_SOURCES = {
    "raw_images", "raw_labels", "raw_masks", "class_names", "merge_classes", "void", "link", "tfds_name", "data_dir",
    "pictures", "picture_size", "verify",
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
        self.placing = Writer(settings, self.task, self.work)

    def run(self) -> None:
        """Raises SettingError where DATA exists and was made otherwise, WorkError if no data set comes of it."""
        self._keep_apart()
        if self._is_done():
            print(f"{self.data} is whole and was made with these settings: nothing to do. "
                  "If the raw pictures have changed, --overwrite makes it anew.")  # fmt: skip
            return
        with exclusive_lock(self.data):
            self._make()

    def _make(self) -> None:
        listing = self.source.read(self.settings)
        with open_ledger() as ledger:
            if self._is_begun():
                ledger.know(layout.rows_of_unfinished(self.work))
            rejected = ledger.add(listing.entries, split_key(self.settings), by_class=self.task == "classification")
            rejected += self._split(ledger)
            self._begin_or_continue()
            self.placing.place(ledger, listing)
            rejected += self._leave_out_lonely(ledger)
            self._settle_split(ledger)
            rejected += [Rejected(row["source"], row["reason"]) for row in read_table(self.work / layout.REJECTED)]
            self._report(self._finish(ledger, listing, rejected), rejected)

    def _keep_apart(self) -> None:
        """Raw pictures are never written to: a data folder is none of theirs, not around them and not in them."""
        data = self.data.resolve()
        if not self.data.name or data.is_file():
            raise SettingError(bad_setting("data", self.data, "should be a folder with a name of its own"))
        for key in RAW:
            raw = getattr(self.settings, key)
            if raw and (raw.resolve().is_relative_to(data) or (raw.is_dir() and data.is_relative_to(raw.resolve()))):
                raise SettingError(bad_setting("data", self.data, f"should lie apart from {key} = {str(raw)!r}"))

    def _is_done(self) -> bool:
        unused = sorted((OF_SOME_SOURCES & self.settings.model_fields_set) - set(self.source.SETTINGS))
        if unused:
            allowed = f"is of no use for source {self.settings.source}; leave it out"
            raise SettingError(*(bad_setting(name, getattr(self.settings, name), allowed) for name in unused))
        if self.task not in self.source.TASKS:
            allowed = f"source {self.settings.source} is for {' or '.join(self.source.TASKS)}"
            raise SettingError(bad_setting("task", self.task, allowed))
        made_with = layout.read_settings_used(self.data)
        if not self.data.exists() or (self.settings.overwrite and made_with is not None):
            return False
        if made_with == self._used:
            return True
        if made_with is None:
            raise SettingError(bad_setting("data", self.data, "exists and was not made here; name another folder"))
        changed = [
            f"{key} was {made_with.get(key)}, is {now}" for key, now in self._used.items() if made_with.get(key) != now
        ]
        allowed = (
            f"was made with other settings ({'; '.join(changed)}). Name another folder, or replace it by --overwrite"
        )
        raise SettingError(bad_setting("data", self.data, allowed))

    @cached_property
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

    def _is_begun(self) -> bool:
        return layout.read_settings_used(self.work) == self._used

    def _begin_or_continue(self) -> None:
        """Continues `DATA.partial` if it was begun with the same settings. Nobody else's folder is removed."""
        raw = self.settings.raw_images
        if raw and self.settings.link == "hardlink" and raw.stat().st_dev != _disk(self.work):
            allowed = "raw pictures and data folder are on different disks; use copy or symlink"
            raise SettingError(bad_setting("link", "hardlink", allowed))
        if self._is_begun():
            (self.work / layout.REJECTED).unlink(missing_ok=True)  # what could not be read is tried again
            return
        if self.work.exists():
            print(f"{self.work}, unfinished and of other settings, is begun anew")
            layout.remove_made_here(self.work)
        self.work.mkdir(parents=True)
        layout.write_settings_used(self.work, self._used)

    def _split(self, ledger: Ledger) -> list[Rejected]:
        """A list must name some of the pictures, and not all; what it names in vain is reported."""
        if self.settings.val_list is None:
            ledger.divide(self.settings.val_fraction)
            return []
        missing = ledger.choose(read_list(self.settings.val_list))
        splits = ledger.splits()
        if len(splits) < 2:
            allowed = (
                f"names {splits['val']} of the {splits.total()} pictures; some are for validation, some for training"
            )
            raise SettingError(bad_setting("val_list", self.settings.val_list, allowed))
        where = self.settings.val_list.name
        return [Rejected(csv_safe(name), f"is in {where}, and there is no such picture to use") for name in missing]

    def _leave_out_lonely(self, ledger: Ledger) -> list[Rejected]:
        """Images of classes that have too few good ones."""
        lonely = ledger.lonely(FEWEST_IMAGES)
        for _, _, image in lonely:
            self.placing.remove(image)
        ledger.correct({number: "" for number, _, _ in lonely})
        reason = "the only good image of class {}; a class needs {}"
        return [
            Rejected(csv_safe(picture.source), reason.format(picture.class_name, FEWEST_IMAGES))
            for _, picture, _ in lonely
        ]

    def _settle_split(self, ledger: Ledger) -> None:
        """The split is that of the good images alone: moves the few whose side changes because others are left out."""
        if self.settings.val_list is None:
            ledger.divide(self.settings.val_fraction)
        misplaced = ledger.misplaced()
        ledger.correct({number: self.placing.move(image, split) for number, image, split in misplaced})

    def _finish(self, ledger: Ledger, listing: Listing, rejected: list[Rejected]) -> Counter[str]:
        """The last files, then the rename. Returns how many images each split has."""
        splits, used = ledger.splits(), ledger.classes()
        classes = [name for name in listing.classes or used if name in used or self.task == "segmentation"]
        if len(splits) < 2 or len(classes) < 2:
            reasons = "".join(f"\n  {source}: {reason}" for source, reason in rejected[:5])
            side = f", all for {'training' if 'train' in splits else 'validation'}," if len(splits) == 1 else ""
            raise WorkError(
                f"{splits.total()} good images of {len(classes)} classes{side} make no data set; "
                f"two classes are needed, and images for training and for validation.{reasons}"
            )
        if not ledger.is_in_order:  # else it was written so, line by line
            layout.write_manifest(self.work, self.task, (self.placing.row(*good) for good in ledger.placed()))
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
        return splits

    def _report(self, splits: Counter[str], rejected: list[Rejected]) -> None:
        print(f"{self.data}: {splits['train']} images for training, {splits['val']} for validation")
        if rejected:
            print(f"{len(rejected)} left out, each with its reason in {self.data / layout.REJECTED}, such as")
            for source, reason in sorted(rejected)[:3]:
                print(f"  {source}: {reason}")


def _disk(path: Path) -> int:
    """The device that `path` lies on, or will lie on."""
    return next(folder for folder in (path, *path.absolute().parents) if folder.exists()).stat().st_dev
