"""The figure `strip.png`: the predicted masks of the same few validation images after each epoch."""

import contextlib
from pathlib import Path

import cv2
import keras
import numpy as np

from plots.palette import colour_mask, palette
from predictor.images import evenly_spaced
from storage.tables import replacing_binary
from training.ema import ema_weights
from training.session import Session

MAX_IMAGES = 3
"""Rows of the strip, spread evenly over the validation images."""

CELL_HEIGHT = 96
"""Height of a cell in pixels. Its width keeps the proportions of the first image."""

MIN_CELL_WIDTH = 24

HEADER_HEIGHT = 18
"""Height in pixels of the line of column titles."""

MARGIN = 3
FONT, FONT_SCALE = cv2.FONT_HERSHEY_SIMPLEX, 0.4


class MaskStrip(keras.callbacks.Callback):
    """Draws `figures/strip.png`: columns of the image, the true mask, and the predicted mask after each epoch.

    Add it after the callback that saves the epoch. A resumed run continues the strip of its folder.
    """

    def __init__(self, session: Session):
        super().__init__()
        self.session = session
        self.file = session.run.figures / "strip.png"
        self.colours = palette(session.data.colours)
        images, masks = session.data.images("val"), session.data.masks("val")
        chosen = evenly_spaced(len(images), MAX_IMAGES)
        self.images = [_read(images[index], cv2.IMREAD_COLOR_RGB) for index in chosen]
        self.true_masks = [_read(masks[index], cv2.IMREAD_GRAYSCALE) for index in chosen]
        height, width = self.images[0].shape[:2]
        self.cell = max(round(CELL_HEIGHT * width / height), MIN_CELL_WIDTH), CELL_HEIGHT

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        width = (2 + epoch) * self.cell[0]
        if epoch and self.file.exists():
            strip = _read(self.file, cv2.IMREAD_COLOR_RGB)[:, :width]
        else:
            columns = self._column("image", self.images), self._column("true mask", self._coloured(self.true_masks))
            strip = np.concatenate(columns, axis=1)
        # an epoch has no column if the process was killed right after it
        strip = np.pad(strip, ((0, 0), (0, width - strip.shape[1]), (0, 0)), constant_values=255)
        column = self._column(f"epoch {epoch + 1}", self._coloured(self._predict()))
        strip = np.concatenate([strip, column], axis=1)
        with replacing_binary(self.file) as file:
            file.write(cv2.imencode(".png", strip[..., ::-1])[1].tobytes())

    def _predict(self) -> list[np.ndarray]:
        """Masks at the size of the stage, in batches of the stage."""
        stage = self.session.stage_of(self.session.run.history()[-1])
        images = [cv2.resize(image, stage.size[::-1], interpolation=cv2.INTER_AREA) for image in self.images]
        batches = [images[start : start + stage.batch_size] for start in range(0, len(images), stage.batch_size)]
        with ema_weights(self.model) if self.session.settings.ema else contextlib.nullcontext():
            logits = [self.model(np.stack(batch).astype(np.float32), training=False) for batch in batches]
        classes = keras.ops.argmax(keras.ops.concatenate(logits), axis=-1)
        return list(keras.ops.convert_to_numpy(classes).astype(np.uint8))

    def _coloured(self, masks: list[np.ndarray]) -> list[np.ndarray]:
        return [colour_mask(mask, self.colours) for mask in masks]

    def _column(self, title: str, images: list[np.ndarray]) -> np.ndarray:
        header = np.full((HEADER_HEIGHT, self.cell[0], 3), 255, np.uint8)
        if cv2.getTextSize(title, FONT, FONT_SCALE, 1)[0][0] > self.cell[0] - 2 * MARGIN:
            title = title.split()[-1]
        cv2.putText(header, title, (MARGIN, HEADER_HEIGHT - 5), FONT, FONT_SCALE, (0, 0, 0), 1, cv2.LINE_AA)
        cells = [cv2.resize(image, self.cell, interpolation=cv2.INTER_NEAREST) for image in images]
        for cell in cells:
            cell[-1], cell[:, -1] = 255, 255  # a white line between cells
        return np.concatenate([header, *cells])


def _read(path: str | Path, mode: int) -> np.ndarray:
    return np.asarray(cv2.imdecode(np.frombuffer(Path(path).read_bytes(), np.uint8), mode))
