"""DataTransformer: makes a data folder from raw images, in parallel. An interrupted run can be resumed."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from datatransformer import layout, own_files
from datatransformer.ledger import Ledger, open_ledger
from datatransformer.listing import Listing, Rejected
from datatransformer.made_with import RAW, MadeWith
from datatransformer.manifest import rows_of_manifest, write_manifest
from datatransformer.pictures.deep_pictures import DeepPictures
from datatransformer.pictures.frames import with_frames
from datatransformer.pictures.pixel_limit import allow_pixels
from datatransformer.pictures.pixel_range import PixelRange
from datatransformer.read_source import read_source
from datatransformer.report import Report
from datatransformer.report_tables import describe
from datatransformer.source_choice import MULTILABEL, with_source
from datatransformer.sources import load_source
from datatransformer.split import split_key
from datatransformer.split_settings import choose_shares, split_images
from datatransformer.tables.label_sets import with_labels
from datatransformer.too_few import too_few
from datatransformer.writer import Writer
from log import logger
from settings import SettingError, WorkError, bad_setting
from storage.lock import exclusive_lock, was_locked
from storage.owned import has_replaced, is_hollow
from storage.tables import csv_safe, read_table, write_table
from storage.temporary import remove_dead

if TYPE_CHECKING:
    from config import DataTransformerConfig

MIN_IMAGES = 2
"""Images that a class needs, so that training and validation get one each."""


class DataTransformer:
    """Makes `settings.data` from the raw images.

    It works in the folder `DATA.partial`. The manifest and the list of rejects there get a line per image, so an
    interrupted run can be resumed. The folder is renamed to DATA when it is complete.

    Raises SettingError for settings that are wrong or have no effect.
    """

    def __init__(self, settings: "DataTransformerConfig") -> None:
        allow_pixels(settings.max_pixels)
        self.report = Report()
        self.settings = settings = with_source(settings)
        self.data, self.work = settings.data, layout.partial(settings.data)
        raw = f" from {settings.raw_images}" if settings.raw_images else ""
        self.report.readings.append(f"The raw data were read as --source {settings.source}{raw}")
        self.source = load_source(settings.source)
        self.task = MULTILABEL if settings.labels == "several" else settings.task or self.source.TASKS[0]
        self.made_with = MadeWith(settings, self.source, self.task)
        self.deep = DeepPictures(PixelRange(*settings.range) if settings.range else None, self.report)
        self.writer = self._writer()

    def _writer(self) -> Writer:
        link, verify, workers = self.settings.link, self.settings.verify, self.settings.workers
        return Writer(self.task, self.work, link, verify, workers, self.deep)

    def run(self) -> Mapping[str, object]:
        """Returns the path and the numbers of images, for `--json`.

        Raises SettingError if DATA exists and was made with other settings, WorkError if the images are too few.
        """
        self._check_paths()
        if was_locked(self.data) or has_replaced(self.data):
            with exclusive_lock(self.data):
                own_files.finish(self.data)
        if self._is_complete():
            logger.info(f"{self.data} is complete and was made with these settings: nothing to do.")
            splits = Counter(row.split for row in rows_of_manifest(self.data))
            rejected = len(read_table(self.data / layout.REJECTED))
            return self._result(splits, len(layout.read_classes(self.data)), rejected)
        with exclusive_lock(self.data):
            return self._make()

    def _make(self) -> Mapping[str, object]:
        listing = read_source(self.source, self.settings, self.report)
        if listing.task and listing.task != self.task:
            self.task = listing.task
            self.writer = self._writer()
        with open_ledger() as ledger:
            remove_dead(self.work)
            is_started = self._is_started()
            if is_started:
                own_files.check_no_links(self.work)
                ledger.add_earlier(own_files.rows_begun(self.work, self.task))
            key = split_key(self.settings.split, self.settings.val_list is not None, self.settings.seed)
            entries = with_frames(listing.entries) if self.settings.frames == "all" else listing.entries
            entries = with_labels(entries, listing.classes) if self.task == MULTILABEL else entries
            rejected = ledger.add(entries, key, by_class=self.task == "classification")
            rejected += split_images(ledger, self.settings, self.source, self.task, self.report)
            self._start_or_resume(is_started)
            self.writer.place(ledger, listing)
            rejected += self._leave_out_small_classes(ledger)
            self._correct_split(ledger)
            rejected += [Rejected(row["source"], row["reason"]) for row in read_table(self.work / layout.REJECTED)]
            classes, splits = self._used_classes(ledger, listing, rejected), ledger.splits()
            self._finish(ledger, classes, listing, rejected)
        self._report(splits, rejected)
        return self._result(splits, len(classes), len(rejected))

    def _check_paths(self) -> None:
        """Raw images are never written to: raises SettingError if DATA is a raw folder, in one or around one."""
        data = self.data.resolve()
        if not self.data.name or data.is_file():
            raise SettingError(bad_setting("data", self.data, "should be a folder with a name of its own"))
        for key in RAW:
            raw = getattr(self.settings, key)
            if raw and (raw.resolve().is_relative_to(data) or (raw.is_dir() and data.is_relative_to(raw.resolve()))):
                raise SettingError(bad_setting("data", self.data, f"should be apart from {key} = {str(raw)!r}"))

    def _is_complete(self) -> bool:
        """Whether DATA was made with these settings and raw files. Raises SettingError if it was made otherwise."""
        made_with = layout.read_settings_used(self.data)
        if not self.data.exists() or (self.settings.overwrite and made_with is not None):
            return False
        if made_with is None:
            allowed = "exists and was not made by python -m datatransformer; name another folder"
            if layout.is_data_folder(self.data):
                allowed = f"exists, and its {layout.SETTINGS} is missing or damaged; restore it, or name another folder"
            raise SettingError(bad_setting("data", self.data, allowed))
        replace = "Name another folder, or replace it: --overwrite"
        if changed := self.made_with.changed_settings(made_with, rows_of_manifest(self.data)):
            allowed = f"was made with other settings ({'; '.join(changed)}). {replace}"
            raise SettingError(bad_setting("data", self.data, allowed))
        if changed := self.made_with.changed_files(made_with, _time_of_settings(self.data)):
            allowed = f"was made before the raw files changed ({'; '.join(changed)}). {replace}"
            raise SettingError(bad_setting("data", self.data, allowed))
        return True

    def _is_started(self) -> bool:
        """Whether DATA.partial was begun with these settings and raw files."""
        begun_with = layout.read_settings_used(self.work)
        if begun_with is None or not self.made_with.is_equal(begun_with):
            return False
        return not self.made_with.changed_files(begun_with, _time_of_settings(self.work))

    def _start_or_resume(self, is_started: bool) -> None:
        """Resumes `DATA.partial` if it was started with the same settings. Other people's folders are never removed."""
        raw = self.settings.raw_images
        if raw and self.settings.link == "hardlink" and raw.stat().st_dev != _device(self.work):
            allowed = "raw images and data folder are on different disks; use copy or symlink"
            raise SettingError(bad_setting("link", "hardlink", allowed))
        if is_started:
            (self.work / layout.REJECTED).unlink(missing_ok=True)  # unreadable files are tried again
            return
        if self.work.exists() and not is_hollow(self.work):
            own_files.remove_unfinished(self.work)
            logger.warning(f"{self.work} was started with other settings or raw files: starting again")
        self.work.mkdir(parents=True, exist_ok=True)
        layout.write_settings_used(self.work, self.made_with.note())

    def _leave_out_small_classes(self, ledger: Ledger) -> list[Rejected]:
        """Removes the images of classes that are too small."""
        left_out = ledger.too_small_classes(MIN_IMAGES)
        for _, _, place in left_out:
            self.writer.remove(place)
        ledger.correct_places({number: "" for number, _, _ in left_out})
        reason = "the only usable image of class {}; a class needs {}"
        return [
            Rejected(csv_safe(image.source), reason.format(image.class_name, MIN_IMAGES)) for _, image, _ in left_out
        ]

    def _correct_split(self, ledger: Ledger) -> None:
        """Moves the few images whose split changes because others turned out to be unusable."""
        choose_shares(ledger, self.settings, self.task)
        wrong = ledger.in_wrong_split()
        ledger.correct_places({number: self.writer.move(place, split) for number, place, split in wrong})

    def _used_classes(self, ledger: Ledger, listing: Listing, rejected: list[Rejected]) -> list[str]:
        """The classes of the data folder. Raises WorkError if there are too few classes or images."""
        splits, used = ledger.splits(), ledger.classes()
        classes = [name for name in listing.classes or used if name in used or self.task == "segmentation"]
        fewest = 1 if self.task == MULTILABEL and ledger.lack_labels() else 2  # one label that images have or lack
        if not splits["train"] or not splits["val"] or len(classes) < fewest:
            raise WorkError(too_few(splits, len(classes), rejected))
        return classes

    def _finish(self, ledger: Ledger, classes: list[str], listing: Listing, rejected: list[Rejected]) -> None:
        """Writes the last files and renames the folder."""
        if not ledger.is_in_order:  # otherwise its lines already have the right order
            write_manifest(self.work, self.task, (self.writer.row(*image) for image in ledger.placed()))
        layout.write_classes(self.work, classes, listing.colours)
        write_table(self.work / layout.REJECTED, layout.REJECTED_HEADER, sorted(rejected))
        describe(self.work, self.task, classes, ledger, rejected, self.report)
        self.deep.describe(ledger.splits().total())
        self.report.write(self.work)
        own_files.put_in_place(self.work, self.data)

    def _report(self, splits: Counter[str], rejected: list[Rejected]) -> None:
        images = "image" if splits["train"] == 1 else "images"
        testing = f", {splits['test']} for testing" if splits["test"] else ""
        logger.info(f"{self.data}: {splits['train']} {images} for training, {splits['val']} for validation{testing}")
        if rejected:
            first = "".join(f"\n  {source}: {reason}" for source, reason in sorted(rejected)[:3])
            logger.warning(f"{len(rejected)} left out. {self.data / layout.REJECTED} has the reasons, such as{first}")

    def _result(self, splits: Counter[str], classes: int, rejected: int) -> Mapping[str, object]:
        return {
            "output": self.data,
            "source": self.settings.source,
            "task": self.task,
            "classes": classes,
            "images": splits.total(),
            "training_images": splits["train"],
            "validation_images": splits["val"],
            "test_images": splits["test"],
            "rejected": rejected,
        }


def _time_of_settings(folder: Path) -> int:
    """When the folder was begun, in ns."""
    return (folder / layout.SETTINGS).stat().st_mtime_ns


def _device(path: Path) -> int:
    """The device on which `path` is or will be."""
    return next(folder for folder in (path, *path.absolute().parents) if folder.exists()).stat().st_dev
