"""The tables that the report of every data folder has."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from datatransformer.equal_pictures import warn_of_equal_pictures
from datatransformer.ledger import Ledger
from datatransformer.listing import Rejected
from datatransformer.masks.split_report import describe_mask_splits
from datatransformer.remarks import describe_remarks
from datatransformer.report import Report
from datatransformer.source_choice import MULTILABEL
from datatransformer.tables.split_column import TEXTS

MOST_REASONS = 40
"""Reasons to leave out an image that the report shows. The list of rejects has all."""


def describe(
    work: Path, task: str, classes: Sequence[str], ledger: Ledger, rejected: Sequence[Rejected], report: Report
) -> None:
    """Adds the numbers of images, those of each class, the changed pictures and what was left out."""
    splits = ledger.splits()
    used = [split for split in TEXTS if splits[split]]
    numbers = [(TEXTS[split], splits[split]) for split in used]
    report.add_table("Images", ("for", "images"), [*numbers, ("left out", len(rejected))], show=False)
    if task == MULTILABEL:
        ledger.describe_labels(report)
    if task != "segmentation":
        sizes = [(name, *(by_split[split] for split in used)) for name, by_split in ledger.class_counts().items()]
        report.add_table("Images of each class", ("class", *(TEXTS[split] for split in used)), sizes, show=False)
    describe_mask_splits(work, classes if task == "segmentation" else (), splits.total(), report)
    warn_of_equal_pictures(ledger.table, report)
    describe_remarks(work, report)
    reasons = Counter(reason for _, reason in rejected)
    first = {reason: source for source, reason in sorted(rejected, reverse=True)}
    rows = [(count, reason, first[reason]) for reason, count in reasons.most_common(MOST_REASONS)]
    report.add_table("Left out", ("files", "reason", "first file"), rows, show=False)
