"""Masks as the run lengths of Label Studio's brushes: RGBA pixels, packed as by https://github.com/thi-ng/umbrella."""

import numpy as np

LENGTH_BITS = (3, 4, 8, 16)
"""Bits of the length of a run, for each of four kinds of runs."""

WORD_BITS, RGBA = 8, 4

LONGEST = 2 ** LENGTH_BITS[-1]


def brush(inside: np.ndarray) -> list[int]:
    """The bytes for a mask, bool (height, width): 255 inside, 0 outside, the same four times for each pixel.

    A header has the number of values, and the bits of a value and of the lengths, less one. A run has the bit 1 since
    one value repeats, the kind of its length, the length less one, and the value.
    """
    flat = inside.ravel()
    edges = np.concatenate([[0], np.flatnonzero(flat[1:] != flat[:-1]) + 1, [flat.size]])
    bits = [f"{flat.size * RGBA:032b}{WORD_BITS - 1:05b}", *(f"{count - 1:04b}" for count in LENGTH_BITS)]
    for start, length in zip(edges[:-1].tolist(), (np.diff(edges) * RGBA).tolist(), strict=True):
        value = f"{255 if flat[start] else 0:08b}"
        while length:
            part = min(length, LONGEST)
            kind = next(kind for kind, count in enumerate(LENGTH_BITS) if part <= 2**count)
            bits.append(f"1{kind:02b}{part - 1:0{LENGTH_BITS[kind]}b}{value}")
            length -= part
    text = "".join(bits)
    text += "0" * (-len(text) % 8)
    return list(int(text, 2).to_bytes(len(text) // 8))
