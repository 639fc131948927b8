"""How many pixels an image may have: one limit for every command. Its header tells, before memory is taken for it."""

from PIL import Image

USUAL = 178_000_000
"""Pillow has this limit too, of its own."""

MOST = 2**31 // 3
"""RGB takes 2 GiB of memory then. Images that are predicted by tiles may have as many, unless another limit is set."""

_given: int | None = None


def allow_pixels(given: int | None) -> None:
    """Sets the limit for this process: the setting `max_pixels`. None: the usual one."""
    global _given
    _given = given
    Image.MAX_IMAGE_PIXELS = -(-max(given or USUAL, USUAL) // 2) + 1  # Pillow raises an error from twice as many


def pixel_limit() -> int:
    return USUAL if _given is None else _given


def pixel_limit_by_tiles() -> int:
    return MOST if _given is None else _given


def why_too_large(width: int, height: int, limit: int | None = None) -> str:
    """Why an image of this size is not read; empty if it is."""
    limit = pixel_limit() if limit is None else limit
    if width * height <= limit:
        return ""
    return f"too large: {width}x{height} are {_millions(width * height)}{_remedy(limit)}"


def too_large_for_pillow(message: str) -> str:
    """The same, from Pillow's error."""
    pixels = next((word.strip("(") for word in message.split() if word.strip("(").isdecimal()), "0")
    return f"too large: {_millions(int(pixels))}{_remedy(pixel_limit())}"


def _millions(pixels: int) -> str:
    return f"{pixels / 1e6:.0f} million pixels" if pixels >= 1e6 else f"{pixels:,} pixels"


def _remedy(limit: int) -> str:
    tiles = "; python -m predictor --tile 512 reads larger ones in parts" if limit == USUAL else ""
    more = "--max-pixels sets another limit" if limit < MOST else "make it smaller, or cut it into parts"
    return f", and at most {_millions(limit)} are read ({more}{tiles})"
