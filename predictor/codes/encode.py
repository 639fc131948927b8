"""Prediction by an auto-encoder: the code of each picture, how unusual it is, and what is made of its code."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
from functools import partial
from itertools import chain

import cv2
import numpy as np

from predictor.codes.autoencoder import Autoencoder
from predictor.model import check_trained
from predictor.output import Output, picture_path
from predictor.pictures import ImageFile
from settings import SettingError, bad_setting, errors_if_given
from storage.tables import csv_safe, replacing_binary
from training.run_folder import RunFolder

SETTINGS = ("encoding_files", "samples", "seed")
"""Those that are for auto-encoders alone."""

UNSUPPORTED = ("policy", "tta", "tile", "overlap", "evaluate", "top_k", "mask_files", "engine", "precision")
"""Those that are for classifiers and segmentation alone."""

RECONSTRUCTIONS = "reconstructions"
"""The folder beside the CSV: NAME.reconstructions."""


class Encoding:
    """What `predict` needs to know of it. Raises SettingError if the run cannot predict so.

    The CSV has for each picture `reconstruction` and `kl`, the two parts of the loss at the mean of its code, and
    `anomaly`, the loss itself, which is high for a picture unlike those of the training. All in nats a picture.
    """

    columns = ("reconstruction", "kl", "anomaly")

    def __init__(self, settings, runs: list[RunFolder]):
        errors = errors_if_given(settings, UNSUPPORTED, "is for runs of classifiers or of segmentation")
        if len(runs) > 1:
            errors.append(bad_setting("run", ",".join(settings.run), "one auto-encoder encodes at a time; name one"))
        if settings.seed is not None and not settings.samples:
            errors.append(
                bad_setting("seed", settings.seed, "decides on new pictures; give their number too, --samples 64")
            )
        if errors:
            raise SettingError(*errors)
        check_trained(runs[0])
        self.settings, self.autoencoder = settings, Autoencoder(runs[0])
        self.files = sorted(set(settings.encoding_files))
        self.depends_on = {"encoding_files": self.files}

    def rows(
        self, rest: Iterable[ImageFile], output: Output, bar: Callable[[Iterable], Iterable]
    ) -> Iterator[tuple[list[str], Iterable[list[object]]]]:
        from pipeline.decode import decode_and_resize
        from predictor.reading import ImageReader, decoder

        settings, autoencoder = self.settings, self.autoencoder
        decode = decoder(partial(decode_and_resize, size=autoencoder.size))
        reading = ImageReader(rest, output.reject, settings.workers, bar)
        batches = reading.batches(lambda content: decode(content).numpy(), settings.batch_size)
        is_last = False
        with self._latents(output) as latents:
            for batch, is_last in with_last(batches):
                names = [one.name for one in batch]
                encoded = autoencoder.encode(np.stack([one.decoded for one in batch]))
                if "reconstruction" in self.files:
                    self._write_reconstructions(names, encoded.reconstructed)
                if latents:
                    latents.append(encoded.mean, encoded.log_variance)
                if latents and is_last:  # once the last rows of the CSV are there nothing is left to do
                    latents.gather(chain(output.names(), map(csv_safe, names)))
                costs = zip(encoded.reconstruction, encoded.kl, encoded.anomaly, strict=True)
                yield names, [[f"{cost:.6g}" for cost in of_picture] for of_picture in costs]
            if latents and not is_last:
                latents.gather(output.names())

    def _latents(self, output: Output):
        from predictor.codes.latents import Latents

        if "latents" not in self.files:
            return nullcontext()
        return Latents(output.path, self.autoencoder.latent_size, sum(1 for _ in output.names()))

    def _write_reconstructions(self, names: list[str], pictures: np.ndarray) -> None:
        for name, picture in zip(names, pictures, strict=True):
            path = picture_path(self.settings.output, RECONSTRUCTIONS, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            write_png(path, picture)


def write_png(path, picture: np.ndarray) -> None:
    """RGB (height, width, 3) of 0..255; by rename."""
    with replacing_binary(path) as file:
        file.write(cv2.imencode(".png", np.round(picture).astype(np.uint8)[..., ::-1])[1].tobytes())


def with_last(items: Iterable) -> Iterator[tuple[object, bool]]:
    """Each item, and whether it is the last; an item comes when the next is known."""
    items = iter(items)
    for item in items:
        for following in items:
            yield item, False
            item = following
        yield item, True
