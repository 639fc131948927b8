"""Names in figures: those of columns, their width in letters, and long names shortened."""

import unicodedata

COLUMN_WORDS = {
    "f1": "F1", "iou": "IoU", "kind": "type", "kl": "KL", "learn": "trainable", "map": "mAP", "mse": "MSE",
    "val": "validation",
}  # fmt: skip
"""Words of CSV columns that figures and pages show in another way."""


def column_title(column: str) -> str:
    """`val_mean_iou` -> `validation mean IoU`."""
    return " ".join(COLUMN_WORDS.get(word, word) for word in column.split("_"))


def text_width(text: str) -> int:
    """The width in letters: Chinese, Japanese, Korean and emoji count as two, marks on another letter as none."""
    return sum(map(_letter_width, text))


def shorten(text: str, width: int) -> str:
    """The text, or its start and dots if it is wider than `width` letters. A letter keeps its marks."""
    if text_width(text) <= width:
        return text
    used = 0
    for end, letter in enumerate(text):
        used += _letter_width(letter)
        if used > width - 1:
            return text[:end] + "…"
    return text


def _letter_width(letter: str) -> int:
    if unicodedata.category(letter) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1
