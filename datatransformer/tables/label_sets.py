"""Images with several labels: their labels are checked, and the split gives each label its share."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from datatransformer.listing import RawImage, Rejected
from datatransformer.manifest import LABEL_SEPARATOR
from datatransformer.naming import natural_order
from datatransformer.report import Report
from datatransformer.split import Shares
from datatransformer.temporary_database import TemporaryDatabase
from settings import WorkError
from storage.tables import printable

MOST_NAMED = 10
"""Labels that a warning names."""


def with_labels(entries: Iterable[RawImage | Rejected], classes: Sequence[str] | None) -> Iterator[RawImage | Rejected]:
    """The entries, with each label of an image once, in the order of the classes or, without these, in natural order.

    The class of an image that has no labels is its only label.

    Raises WorkError for a label that contains the character which separates labels in the data folder.
    """
    place = {name: number for number, name in enumerate(classes or ())}
    for entry in entries:
        if isinstance(entry, Rejected):
            yield entry
            continue
        names = {printable(name) for name in entry.labels or (entry.class_name,) if name}
        labels = tuple(sorted(names, key=lambda name: (place.get(name, 0), natural_order(name))))
        for name in labels:
            if LABEL_SEPARATOR in name:
                problem = f"the label {name!r} of {entry.source} contains {LABEL_SEPARATOR}, which separates labels"
                raise WorkError(f"{problem} in the data folder. Give it another name.")
        yield entry._replace(class_name="", labels=labels)


def choose_by_labels(table: TemporaryDatabase, undecided: str, shares: Shares) -> None:
    """Chooses validation and test images so that each label gets its shares, as far as its images allow.

    Labels are taken in turn, the rarest first, as in Sechidis et al. 2011 (On the stratification of multi-label data).
    The images of a label that no rarer label has decided are taken in the order of their sort keys: for validation
    until the label has its share, then for testing likewise, then for training. So the split does not depend on the
    order of the images, and an added image moves few others. A label with one image decides nothing. Images without
    labels come last.

    Arguments:
        table: the database of the ledger.
        undecided: a condition of SQL for the images whose split is not given.
    """
    table("DELETE FROM chosen")
    table("CREATE TEMP TABLE IF NOT EXISTS decided (number INTEGER PRIMARY KEY)")
    table("DELETE FROM decided")
    of_label = f"FROM label JOIN image USING (number) WHERE {undecided}"
    sizes = table(f"SELECT label.name, count(*) {of_label} GROUP BY 1 ORDER BY 2, 1").fetchall()
    for name, size in sizes:
        if size > 1:
            images = f"{of_label} AND label.name = ?"
            chosen = (
                f"SELECT chosen.split, count(*) FROM chosen JOIN (SELECT number {images}) USING (number) GROUP BY 1"
            )
            have = dict(table(chosen, name))
            wanted = zip(("val", "test"), shares.counts(size), strict=True)
            _decide(table, images, (name,), {split: count - have.get(split, 0) for split, count in wanted})
    rest = f"FROM image WHERE {undecided}"
    size = table(f"SELECT count(*) {rest} AND number NOT IN decided").fetchone()[0]
    _decide(table, rest, (), dict(zip(("val", "test"), shares.counts(size), strict=True)))


def _decide(table: TemporaryDatabase, images: str, values: tuple[str, ...], wanted: Mapping[str, int]) -> None:
    """Decides all images that are left; the first ones are for these splits, the rest is for training."""
    left = f"FROM (SELECT number, sort_key, image.name {images} AND number NOT IN decided)"
    for split, count in wanted.items():
        first = f"INSERT INTO chosen SELECT number, '{split}' {left} WHERE number NOT IN (SELECT number FROM chosen)"
        table(f"{first} ORDER BY sort_key, name LIMIT ?", *values, max(count, 0))
    table(f"INSERT INTO decided SELECT number {left}", *values)


def describe_labels(table: TemporaryDatabase, kept: str, report: Report) -> None:
    """Tells the report how many labels images have, and which labels training or validation cannot learn or judge.

    `kept`: a condition of SQL for the images that are not left out.
    """
    images = table(f"SELECT count(*) FROM image WHERE {kept}").fetchone()[0]
    labelled, labels = table(
        f"SELECT count(DISTINCT number), count(*) FROM label JOIN image USING (number) WHERE {kept}"
    ).fetchone()
    without = f"; {images - labelled:,} images have none" if labelled < images else ""
    report.note(f"An image may have several labels: {labels / max(images, 1):.2f} on average{without}.")
    if labels and labels == labelled:
        advice = (
            ""
            if labelled < images
            else ". If that is right, leave out --labels several: one class per image is easier to learn"
        )
        report.warn(
            f"No image has more than one label. If cells of the table hold several, write ; between them{advice}."
        )
    rows = table(
        "SELECT label.name, sum(split = 'train'), sum(split = 'val') "
        f"FROM label JOIN with_split USING (number) WHERE {kept} GROUP BY 1 ORDER BY 1"
    ).fetchall()
    if untrained := [name for name, training, _ in rows if not training]:
        report.warn(f"No training image has the label {_listed(untrained)}: it cannot be learnt. Add images with it.")
    if unjudged := [name for name, _, validation in rows if not validation]:
        report.warn(
            f"No validation image has the label {_listed(unjudged)}: nothing can be said about how well it is "
            "predicted, and it does not count in averages over labels. Add images with it."
        )


def _listed(names: list[str]) -> str:
    more = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f" and {more} others" if more > 0 else "")
