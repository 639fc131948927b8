"""Applies the settings of the split to the images of a ledger."""

from pathlib import Path
from typing import TYPE_CHECKING

from datatransformer.ledger import Ledger
from datatransformer.listing import Rejected
from datatransformer.report import Report
from datatransformer.source_choice import MULTILABEL
from datatransformer.sources import Source
from datatransformer.split import Shares
from datatransformer.tables.image_list import read_list
from settings import SettingError, bad_setting, errors_if_given
from storage.tables import csv_safe

if TYPE_CHECKING:
    from config import DataTransformerConfig

LISTS = {"val_list": "val", "test_list": "test"}


def split_images(
    ledger: Ledger, settings: "DataTransformerConfig", source: Source, task: str, report: Report
) -> list[Rejected]:
    """Chooses the validation and test images. Returns the names in the lists that mean no image, or several.

    Raises SettingError if a list names none or all of the images, if two lists name the same one, or if settings of
    the split have no effect.
    """
    rejected = [
        entry
        for key, split in LISTS.items()
        if getattr(settings, key)
        for entry in _take(ledger, settings, key, split, report)
    ]
    if settings.val_list is None:
        _check_shares(ledger, settings, source)
    choose_shares(ledger, settings, task)
    return rejected


def choose_shares(ledger: Ledger, settings: "DataTransformerConfig", task: str) -> None:
    """Chooses the shares of those images that neither the raw data nor a list decide.

    It is called again when images turned out to be unusable: a few others then change their split.
    """
    if settings.val_list is not None:
        return
    is_by_label = task == MULTILABEL and settings.split != "sequences"
    choose = ledger.choice.by_labels if is_by_label else ledger.choice.by_share
    choose(Shares(settings.val_fraction, settings.test_fraction))


def _take(ledger: Ledger, settings: "DataTransformerConfig", key: str, split: str, report: Report) -> list[Rejected]:
    """Takes the images that a list names for a split."""
    path: Path = getattr(settings, key)
    before = ledger.splits()
    missing = ledger.choice.by_list(read_list(path, split, report), split, report)
    splits = ledger.splits()
    if not splits["train"] or not splits[split]:
        first = "".join(f". {name} {reason}" for name, reason in missing[:1])
        allowed = f"names {splits[split]} of the {splits.total()} images; name some, but not all{first}"
        raise SettingError(bad_setting(key, path, allowed))
    if split == "test" and settings.val_list and (both := before["val"] - splits["val"]):
        allowed = f"names {both} images that val_list names too; an image is for one of them"
        raise SettingError(bad_setting(key, path, allowed))
    return [Rejected(csv_safe(name), f"is in {path.name}, but {reason}") for name, reason in missing]


def _check_shares(ledger: Ledger, settings: "DataTransformerConfig", source: Source) -> None:
    """Raises SettingError if shares have no effect, because the raw data give the split."""
    leave_out = "leave it out, or use --split ratio"
    if ledger.all_splits_are_given():
        unused = {"val_fraction", "test_fraction", "seed"} - set(source.SETTINGS)
        why = f"has no effect: the raw data give the split of every image; {leave_out}"
        if errors := errors_if_given(settings, sorted(unused), why):
            raise SettingError(*errors)
    elif settings.test_fraction and (given := ledger.splits()["test"]):
        why = f"has no effect: the raw data give {given} images for testing; {leave_out}"
        raise SettingError(bad_setting("test_fraction", settings.test_fraction, why))
