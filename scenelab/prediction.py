"""Predicts images by one run. Files and arrays are decoded as the commands decode files: the numbers are the same."""

from collections.abc import Callable, Sequence
from functools import partial
from os import PathLike, fspath

import cv2
import numpy as np

from datatransformer.pictures.images import UnreadableImage, encode, read_content
from pipeline.decode import decode_and_resize, decode_full_and_resized
from predictor.codes.autoencoder import Autoencoder
from predictor.labels.ensemble import find_members
from predictor.labels.thresholds import read_thresholds
from predictor.labels.tta import views
from predictor.masks.segmenter import Network
from predictor.model import DEFAULT_BATCH_SIZE
from predictor.reading import DecodedImage, decoder
from scenelab.predictions import CodePrediction, LabelPrediction, LabelsPrediction, MaskPrediction, Prediction
from training.kinds import AUTOENCODER, MULTILABEL, SEGMENTATION
from training.run_folder import RunFolder

Image = str | PathLike[str] | np.ndarray


class Predictor:
    """A run and the two steps of its prediction.

    Arguments:
        decode: the bytes of an image file -> what `compute` takes of it.
        compute: predicts a batch of decoded images.
    """

    def __init__(
        self,
        run: RunFolder,
        decode: Callable[[bytes], object],
        compute: Callable[[list[DecodedImage]], list[Prediction]],
    ):
        self.pixel_range, self.decode, self.compute = run.pixel_range(), decode, compute

    def predict(self, images: Sequence[Image], max_pixels: int | None = None) -> list[Prediction]:
        """Predicts files and arrays, in batches. Raises UnreadableImage."""
        predictions: list[Prediction] = []
        for start in range(0, len(images), DEFAULT_BATCH_SIZE):
            batch = enumerate(images[start : start + DEFAULT_BATCH_SIZE], start + 1)
            predictions += self.compute([self._decoded(image, number, max_pixels) for number, image in batch])
        return predictions

    def _decoded(self, image: Image, number: int, max_pixels: int | None) -> DecodedImage:
        name = f"image {number}" if isinstance(image, np.ndarray) else fspath(image)
        try:
            content = _png(image) if isinstance(image, np.ndarray) else read_content(fspath(image))
            encoded = encode(content, pixel_range=self.pixel_range, max_pixels=max_pixels)
            return DecodedImage(name, self.decode(encoded.content))
        except UnreadableImage as error:
            raise UnreadableImage(f"{name}: {error}") from error


def make_predictor(run: RunFolder) -> Predictor:
    """The predictor for the run's kind. Raises SettingError or WorkError if the run cannot predict."""
    if run.kind == SEGMENTATION:
        return _mask_predictor(run)
    if run.kind == AUTOENCODER:
        return _code_predictor(run)
    return _label_predictor(run)


def _label_predictor(run: RunFolder) -> Predictor:
    member = find_members([run], "none")[0]
    decode = decoder(partial(views, size=member.size, tta="none"))
    thresholds = read_thresholds(run) if run.kind == MULTILABEL else None

    def compute(batch: list[DecodedImage]) -> list[Prediction]:
        probabilities = member.probabilities(np.stack([image.decoded for image in batch]))
        return [_labels(image.name, values) for image, values in zip(batch, probabilities, strict=True)]

    def _labels(name: str, values: np.ndarray) -> Prediction:
        classes = member.classes
        if thresholds is None:
            best = int(values.argmax())
            return LabelPrediction(name, classes[best], float(values[best]), classes, values)
        chosen = zip(classes, values, thresholds, strict=True)
        return LabelsPrediction(name, tuple(one for one, value, least in chosen if value >= least), classes, values)

    return Predictor(run, lambda content: decode(content).numpy(), compute)


def _mask_predictor(run: RunFolder) -> Predictor:
    network = Network(run, "none")
    decode = decoder(partial(decode_full_and_resized, size=network.size))

    def compute(batch: list[DecodedImage]) -> list[Prediction]:
        return [MaskPrediction(one.name, one.mask, network.classes) for one in network.masks(batch)]

    return Predictor(run, lambda content: tuple(one.numpy() for one in decode(content)), compute)


def _code_predictor(run: RunFolder) -> Predictor:
    autoencoder = Autoencoder(run)
    decode = decoder(partial(decode_and_resize, size=autoencoder.size))

    def compute(batch: list[DecodedImage]) -> list[Prediction]:
        encoded = autoencoder.encode(np.stack([image.decoded for image in batch]))
        pictures = np.rint(encoded.reconstructed).astype(np.uint8)
        rows = zip(batch, encoded.mean, pictures, encoded.anomaly, strict=True)
        return [CodePrediction(image.name, code, picture, float(anomaly)) for image, code, picture, anomaly in rows]

    return Predictor(run, lambda content: decode(content).numpy(), compute)


def _png(image: np.ndarray) -> bytes:
    """The bytes of a PNG file. Raises UnreadableImage for an array that is no picture of 8 bits."""
    if image.dtype != np.uint8 or not (image.ndim == 2 or (image.ndim == 3 and image.shape[2] == 3)):
        found = f"{image.dtype} {image.shape}"
        raise UnreadableImage(f"should be uint8 (height, width, 3) or (height, width), not {found}")
    if not image.size:
        raise UnreadableImage("has no pixels")
    return cv2.imencode(".png", image if image.ndim == 2 else image[:, :, ::-1])[1].tobytes()
