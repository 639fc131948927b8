"""HEIC and HEIF, the format of iPhones, read by pillow-heif if it is installed."""

import importlib.util
from functools import cache

BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs")
"""Brands of files with HEVC pictures, and of sequences of them. AVIF has others, and Pillow reads it."""

BRANDS_AT, MAX_BRANDS_LENGTH = 8, 64


def is_heic(content: bytes) -> bool:
    """Whether the first box of the file names a brand of HEIC."""
    if content[4:8] != b"ftyp":
        return False
    end = min(int.from_bytes(content[:4]), MAX_BRANDS_LENGTH)
    return any(content[start : start + 4] in BRANDS for start in range(BRANDS_AT, end, 4))


@cache
def has_heic_reader() -> bool:
    """Whether pillow-heif is installed. It is registered with Pillow."""
    if importlib.util.find_spec("pillow_heif") is None:
        return False
    import pillow_heif

    pillow_heif.register_heif_opener()
    return True
