"""The error if the usable images are too few: the reason that most of the others have comes first."""

import re
from collections import Counter
from collections.abc import Sequence

from datatransformer.listing import Rejected

EXAMPLES = 5

NO_FAULT = ("is for testing", "is a mask without an image")
"""Reasons that are not why an image is missing."""


def too_few(splits: Counter[str], classes: int, rejected: Sequence[Rejected]) -> str:
    """The message. `splits`: the number of usable images of each split; `classes`: the number of their classes."""
    faults = [entry for entry in rejected if entry.reason not in NO_FAULT]
    if not splits.total() and faults:
        return _none_usable(faults)
    examples = "".join(f"\n  {source}: {reason}" for source, reason in rejected[:EXAMPLES])
    side = f", all for {'training' if 'train' in splits else 'validation'}," if len(splits) == 1 else ""
    return (
        f"{splits.total()} usable images of {classes} {'class' if classes == 1 else 'classes'}{side} are too few: "
        f"two classes are needed, and images for training and for validation.{examples}"
    )


def _none_usable(faults: Sequence[Rejected]) -> str:
    kinds = Counter(_kind(reason) for _, reason in faults)
    first = {_kind(reason): (source, reason) for source, reason in reversed(faults)}
    (kind, count), *others = kinds.most_common(EXAMPLES)
    files = f"all {count} files" if count == len(faults) else f"{count} of {len(faults)} files"
    source, reason = first[kind]
    more = "".join(f"\n  {number} such as {first[other][0]}: {first[other][1]}" for other, number in others)
    return f"no image is usable. The reason for {files}, such as {source}: {reason}{more}"


def _kind(reason: str) -> str:
    """A reason without its numbers and names of files."""
    return re.sub(r"\d+|\S+\.\w+", "#", reason)
