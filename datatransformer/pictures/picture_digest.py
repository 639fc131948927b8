"""Digests of pictures and masks, by which a run knows its data wherever they lie.

A digest is a letter for what was read and 16 hexadecimal digits, such as x8a3f0c1e52d47b96. x: the whole file of the
data folder. e: only its size and its ends, because it is a link that was not verified. Digests of different letters
cannot be compared. The letter also keeps a spreadsheet from reading the digits as a number. In a data folder for
segmentation the digest of the mask follows after a dot.
"""

import hashlib

WHOLE, ENDS = "x", "e"
DIGEST_BYTES = 8
"""The chance that two of a million different pictures agree is 1 in 30 million."""


def content_digest(content: bytes, mask: bytes = b"") -> str:
    """The digest of the bytes of a picture and, if there is one, of its mask."""
    picture = f"{WHOLE}{_hex(content)}"
    return f"{picture}.{_hex(mask)}" if mask else picture


def ends_digest(size: int, start: bytes, end: bytes) -> str:
    """The digest of a file of which only the size in bytes and the first and last bytes are known."""
    return f"{ENDS}{_hex(b'%d %b %b' % (size, start, end))}"


def picture_part(digest: str) -> str:
    """The digest of the picture without that of its mask. Empty if the data folder has no digests."""
    return digest.partition(".")[0]


def mask_part(digest: str) -> str:
    return digest.partition(".")[2]


def are_comparable(one: str, other: str) -> bool:
    """Whether these two digests tell if the pictures are the same."""
    return bool(one and other) and one[0] == other[0]


def _hex(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[: 2 * DIGEST_BYTES]  # processors have instructions for it
