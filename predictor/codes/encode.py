"""Prediction by an auto-encoder: writes the code of each image, its anomaly score and its reconstruction."""

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from datatransformer.layout import DataFolder
from predictor.codes.autoencoder import Autoencoder, EncodedBatch
from predictor.codes.latents import LatentsFile, latents_path, rows_path
from predictor.codes.png import write_png
from predictor.codes.samples import UNUSED_FOR_SAMPLES, generate_samples
from predictor.image_names import image_path
from predictor.images import ImageFile
from predictor.model import check_trained
from predictor.output import Output
from predictor.reading import DecodedImage, ImageReader, ProgressBar, decoder
from predictor.task import PredictedRows, Reject, SamplingTask, Scores
from settings import SettingError, bad_setting, errors_if_given
from storage.tables import csv_safe
from training.run_folder import RunFolder

if TYPE_CHECKING:
    from config import PredictorConfig

RECONSTRUCTIONS = "reconstructions"
"""The folder beside the CSV: NAME.reconstructions."""

Item = TypeVar("Item")


class EncodingTask(SamplingTask):
    """Implements `SamplingTask` for auto-encoders. Raises SettingError for settings that do not fit the run.

    The columns are `reconstruction` and `kl`, the two terms of the loss at the mean of the code, and `anomaly`, the
    loss, which is high for an image unlike those of the training. All are in nats per image.
    """

    columns = ("reconstruction", "kl", "anomaly")
    evaluation_columns = ()
    classes = ()

    def __init__(self, settings: "PredictorConfig", runs: list[RunFolder]):
        if errors := _wrong_settings(settings, runs):
            raise SettingError(*errors)
        check_trained(runs[0])
        self.settings, self.autoencoder = settings, Autoencoder(runs[0])
        self.pixel_range = runs[0].pixel_range()
        self.output = Output(settings.output, self.columns)
        self.files = sorted(set(settings.encoding_files))
        self.takes_new_images = "latents" not in self.files  # whose rows are in the order of the images
        self.depends_on = {"encoding_files": self.files}

    def rows(self, images: Iterable[ImageFile], reject: Reject, progress: ProgressBar) -> PredictedRows:
        is_last = False
        with self._open_latents() as latents:
            for batch, is_last in mark_last(self._read(images, reject, progress)):
                names = [image.name for image in batch]
                encoded = self.autoencoder.encode(np.stack([image.decoded for image in batch]))
                if "reconstruction" in self.files:
                    self._write_reconstructions(names, encoded.reconstructed)
                if latents:
                    latents.append(encoded.mean, encoded.log_variance)
                if latents and is_last:  # before the last rows of the CSV, after which nothing is resumed
                    latents.write_hdf5(chain(self.output.names(), map(csv_safe, names)))
                yield names, _cells(encoded)
            if latents and not is_last:
                latents.write_hdf5(self.output.names())

    def finish(self) -> None:
        """Removes the rows that are in the HDF5 file too, if a kill came before."""
        if latents_path(self.output.path).exists():
            rows_path(self.output.path).unlink(missing_ok=True)

    def evaluate(self, output: Output, data: DataFolder) -> Scores:
        """Auto-encoders have no evaluation: `errors_of_other_kinds` refuses --evaluate for them."""
        raise NotImplementedError

    def generate(self, note: dict[str, object]) -> dict[str, object]:
        return generate_samples(self.settings, self.autoencoder, note)

    def _read(
        self, images: Iterable[ImageFile], reject: Reject, progress: ProgressBar
    ) -> Iterator[list[DecodedImage[np.ndarray]]]:
        from pipeline.decode import decode_and_resize

        decode = decoder(partial(decode_and_resize, size=self.autoencoder.size))
        reader = ImageReader(images, reject, self.settings.workers, progress, self.pixel_range)
        return reader.batches(lambda content: decode(content).numpy(), self.settings.batch_size)

    def _open_latents(self) -> AbstractContextManager[LatentsFile | None]:
        if "latents" not in self.files:
            return nullcontext()
        done = sum(1 for _ in self.output.names())
        return LatentsFile(self.output.path, self.autoencoder.latent_size, done)

    def _write_reconstructions(self, names: list[str], images: np.ndarray) -> None:
        for name, image in zip(names, images, strict=True):
            path = image_path(self.output.path, RECONSTRUCTIONS, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            write_png(path, image)


def _cells(encoded: EncodedBatch) -> list[list[str]]:
    """The cells of the columns for each image."""
    terms = zip(encoded.reconstruction, encoded.kl, encoded.anomaly, strict=True)
    return [[f"{value:.6g}" for value in image_terms] for image_terms in terms]


def _wrong_settings(settings: "PredictorConfig", runs: list[RunFolder]) -> list[str]:
    errors: list[str] = []
    if len(runs) > 1:
        errors.append(bad_setting("run", settings.run, "one auto-encoder predicts at a time; name one"))
    if settings.samples:
        errors += errors_if_given(settings, UNUSED_FOR_SAMPLES, "has no effect on --samples, which reads no images")
    else:
        errors += errors_if_given(settings, ["seed"], "is the seed of new images; give their number too: --samples 64")
    return errors


def mark_last(items: Iterable[Item]) -> Iterator[tuple[Item, bool]]:
    """Yields each item, and whether it is the last one. An item is yielded when the next one is known."""
    iterator = iter(items)
    for item in iterator:
        for following in iterator:
            yield item, False
            item = following
        yield item, True
