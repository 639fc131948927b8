"""Writes images as PNG files."""

from pathlib import Path

import cv2
import numpy as np

from storage.tables import replacing_binary


def write_png(path: Path, image: np.ndarray) -> None:
    """Writes RGB (height, width, 3) of 0..255. The file appears when it is complete."""
    with replacing_binary(path) as file:
        file.write(cv2.imencode(".png", np.round(image).astype(np.uint8)[..., ::-1])[1].tobytes())
