"""Prediction by a segmentation network: a mask for each picture, at the picture's own size."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import cv2
import numpy as np

from datatransformer.layout import DataFolder, read_colours
from datatransformer.tables import harmless, replacing_binary
from predictor.flow import Opened, decoder, opened
from predictor.members import check_trained, trained_model
from predictor.output import Output
from predictor.palette import coloured, overlay, palette
from predictor.pictures import Picture, validation_pictures
from settings import SettingError, fault, height_and_width
from training.run_folder import RunFolder

FOLDERS = {"index": "masks", "colour": "colours", "overlay": "overlays"}
"""Beside the CSV, NAME.masks and so on."""

NOT_HERE = {"policy": "mean", "top_k": 1}
"""Settings of classifiers, and what they are if nobody asks for them."""


class Segmented(NamedTuple):
    """A picture, RGB uint8 (height, width, 3), and its class indices, uint8 (height, width)."""

    name: str
    picture: np.ndarray
    mask: np.ndarray


class Segmentation:
    """What `predict` needs to know of it. Raises SettingError if the run cannot predict so."""

    task = "segmentation"

    def __init__(self, settings, runs: list[RunFolder]):
        faults = [
            fault(name, getattr(settings, name), "is for runs of classifiers")
            for name, default in NOT_HERE.items()
            if getattr(settings, name) != default
        ]
        if len(runs) > 1:
            faults.append(fault("run", ",".join(settings.run), "one run of segmentation predicts at a time; name one"))
        if settings.tta not in ("none", "flip"):
            faults.append(fault("tta", settings.tta, "masks can be predicted with none or flip"))
        if faults:
            raise SettingError(*faults)
        check_trained(runs[0])
        self.settings, self.runs = settings, runs
        self.classes = runs[0].classes()
        self.columns = ["height", "width", *(f"share {harmless(name)}" for name in self.classes)]
        self.mask_files = sorted({*settings.mask_files, *["index"] * bool(settings.evaluate)})  # which is evaluated
        self.depends_on = {"tta": settings.tta, "mask_files": self.mask_files}

    def rows(
        self, rest: Iterable[Picture], output: Output, bar: Callable[[Iterable], Iterable]
    ) -> Iterator[tuple[list[str], list[list[object]]]]:
        network, colours = Network(self.runs[0], self.settings.tta), palette(read_colours(self.runs[0].path))
        for one in segmented(network, rest, self.settings.batch_size, self.settings.workers, output.reject, bar):
            self._write(one, output.path, colours)
            shares = np.bincount(one.mask.ravel(), minlength=len(self.classes)) / one.mask.size
            yield [one.name], [[*one.mask.shape, *(f"{share:.6f}" for share in shares)]]

    def evaluate(self, output: Output, data: DataFolder) -> None:
        from predictor.mask_evaluation import evaluate

        evaluate(self._written(output, data), data, output.path.with_name(f"{output.path.stem}.evaluation"))

    def _written(self, output: Output, data: DataFolder) -> Iterator[Segmented]:
        for picture in validation_pictures(data):
            mask = mask_path(output.path, "index", picture.name)
            if mask.exists():
                image = cv2.imdecode(np.frombuffer(picture.path.read_bytes(), np.uint8), cv2.IMREAD_COLOR_RGB)
                yield Segmented(picture.name, image, cv2.imread(str(mask), cv2.IMREAD_GRAYSCALE))

    def _write(self, one: Segmented, output: Path, colours: np.ndarray) -> None:
        images = {
            "index": lambda: one.mask,
            "colour": lambda: coloured(one.mask, colours)[..., ::-1],
            "overlay": lambda: overlay(one.picture, one.mask, colours)[..., ::-1],
        }
        for kind in self.mask_files:
            path = mask_path(output, kind, one.name)
            path.parent.mkdir(parents=True, exist_ok=True)
            with replacing_binary(path) as file:
                file.write(cv2.imencode(".png", images[kind]())[1].tobytes())


def mask_path(output: Path, kind: str, name: str) -> Path:
    """Where a mask of `kind` lies: under the name of its picture, with its suffix unless that is .png already.

    So `a.jpg` and `a.png` do not share a mask.
    """
    place = PurePosixPath(name.lstrip("/").replace("..", "_"))
    file = place.name if place.suffix == ".png" else f"{place.name}.png"
    return output.with_name(f"{output.stem}.{FOLDERS[kind]}") / place.parent / file


class Network:
    """A trained network; loaded when it is first used."""

    def __init__(self, run: RunFolder, tta: str):
        self.run, self.tta = run, tta
        self.classes = run.classes()
        self.size = height_and_width(run.config()["settings"]["image_size"])

    @cached_property
    def answer(self):
        """Pictures (batch, height, width, 3) -> probabilities of each class (batch, height, width, classes)."""
        import tensorflow as tf

        model = trained_model(self.run)

        def probabilities(images: tf.Tensor) -> tf.Tensor:
            if self.tta == "none":
                return model(images)
            return (model(images) + model(images[:, :, ::-1])[:, :, ::-1]) / 2

        return tf.function(probabilities, [tf.TensorSpec((None, *self.size, 3), tf.uint8)])

    def masks(self, batch: Sequence[Opened]) -> Iterator[Segmented]:
        """At the pictures' own sizes: probabilities are resized, and the most probable class is taken then.

        What is decoded of a picture is it as it is, and at the size of the model.
        """
        answers = self.answer(np.stack([one.decoded[1] for one in batch])).numpy()
        for one, answer in zip(batch, answers, strict=True):
            picture = one.decoded[0]
            height, width = picture.shape[:2]
            if answer.shape[:2] != (height, width):
                answer = cv2.resize(answer, (width, height), interpolation=cv2.INTER_LINEAR)
            yield Segmented(one.name, picture, answer.argmax(axis=-1).astype(np.uint8))


def segmented(
    network: Network,
    listed: Iterable[Picture],
    batch_size: int,
    workers: int | None,
    reject: Callable[[str, str], None],
    shown: Callable[[Iterable], Iterable] = iter,
) -> Iterator[Segmented]:
    """In the order of the pictures. Those that cannot be read go to `reject` with the reason."""
    from pipeline.decode import decode, resize

    def both(content):
        picture = decode(content)
        return picture, resize(picture, network.size)

    graph = decoder(both)

    def decode_both(content) -> tuple[np.ndarray, ...]:
        return tuple(part.numpy() for part in graph(content))

    for batch in opened(decode_both, listed, batch_size, workers, reject, shown):
        yield from network.masks(batch)
