"""Label Studio's run lengths of brushes, written by other code than reads them."""

import numpy as np

LENGTH_BITS = 3, 4, 8, 16


def packed(inside: np.ndarray) -> list[int]:
    """The bytes for a mask (height, width): RGBA values, whose equal neighbours are a run. Runs of one value alone
    are written as they are, as rle-pack of https://github.com/thi-ng/umbrella writes them."""
    values = np.repeat(inside.ravel(), 4).astype(int) * 255
    bits = f"{len(values):032b}{8 - 1:05b}" + "".join(f"{count - 1:04b}" for count in LENGTH_BITS)
    place = 0
    while place < len(values):
        end = place
        while end < len(values) and values[end] == values[place]:
            end += 1
        count = end - place
        kind = next(kind for kind, size in enumerate(LENGTH_BITS) if count <= 2**size)
        repeats = count > 4  # otherwise each value is written
        numbers = [values[place]] if repeats else values[place:end]
        bits += f"{int(repeats)}{kind:02b}{count - 1:0{LENGTH_BITS[kind]}b}" + "".join(f"{n:08b}" for n in numbers)
        place = end
    bits += "0" * (-len(bits) % 8)
    return [int(bits[start : start + 8], 2) for start in range(0, len(bits), 8)]
