"""A strip that grows by a column an epoch: what the network says of the same few pictures, as S2 watched its own."""

import contextlib
from pathlib import Path

import cv2
import keras
import numpy as np

from plots.palette import coloured, palette
from predictor.pictures import evenly_spaced
from storage.tables import replacing_binary
from training.ema import ema_weights
from training.session import Session

PICTURES = 3
"""Rows of the strip, spread over the validation pictures."""

HEIGHT = 96
"""Of a cell in pixels; its width is in the proportion of the first picture."""

LABEL = 18
"""Height in pixels of the line above with the number of the epoch."""


class MaskStrip(keras.callbacks.Callback):
    """Draws `figures/strip.png`: the picture, the truth, then the prediction after each epoch.

    Must come after what keeps the epoch in the run. A resumed run goes on with the strip that is there.
    """

    def __init__(self, session: Session):
        super().__init__()
        self.session = session
        self.file = session.run.figures / "strip.png"
        self.colours = palette(session.data.colours)
        images, masks = session.data.images("val"), session.data.masks("val")
        chosen = evenly_spaced(len(images), PICTURES)
        self.pictures = [_read(images[index], cv2.IMREAD_COLOR_RGB) for index in chosen]
        self.truth = [_read(masks[index], cv2.IMREAD_GRAYSCALE) for index in chosen]
        height, width = self.pictures[0].shape[:2]
        self.cell = max(round(HEIGHT * width / height), 24), HEIGHT

    def on_epoch_end(self, epoch, logs=None):
        before = (2 + epoch) * self.cell[0]
        strip = _read(self.file, cv2.IMREAD_COLOR_RGB) if epoch and self.file.exists() else None
        if strip is None:
            columns = self._column("picture", self.pictures), self._column("truth", self._coloured(self.truth))
            strip = np.concatenate(columns, axis=1)
        missing = max(before - strip.shape[1], 0)  # of an epoch after which the process was killed at once
        strip = np.pad(strip[:, :before], ((0, 0), (0, missing), (0, 0)), constant_values=255)
        column = self._column(str(epoch + 1), self._coloured(self._predicted()))
        strip = np.concatenate([strip, column], axis=1)
        with replacing_binary(self.file) as file:
            file.write(cv2.imencode(".png", strip[..., ::-1])[1].tobytes())

    def _predicted(self) -> list[np.ndarray]:
        """At the size of the stage."""
        stage = self.session.stages[int(self.session.run.history()[-1]["stage"])]
        batch = np.stack(
            [cv2.resize(picture, stage.size[::-1], interpolation=cv2.INTER_AREA) for picture in self.pictures]
        )
        with ema_weights(self.model) if self.session.settings.ema else contextlib.nullcontext():
            logits = self.model(batch.astype(np.float32), training=False)
        return list(keras.ops.convert_to_numpy(keras.ops.argmax(logits, axis=-1)).astype(np.uint8))

    def _coloured(self, masks: list[np.ndarray]) -> list[np.ndarray]:
        return [coloured(mask, self.colours) for mask in masks]

    def _column(self, label: str, images: list[np.ndarray]) -> np.ndarray:
        line = np.full((LABEL, self.cell[0], 3), 255, np.uint8)
        cv2.putText(line, label, (3, LABEL - 5), cv2.FONT_HERSHEY_SIMPLEX, 0.4, (0, 0, 0), 1, cv2.LINE_AA)
        cells = [cv2.resize(image, self.cell, interpolation=cv2.INTER_NEAREST) for image in images]
        return np.concatenate([line, *cells])


def _read(path: str | Path, mode: int) -> np.ndarray | None:
    return cv2.imdecode(np.frombuffer(Path(path).read_bytes(), np.uint8), mode)
