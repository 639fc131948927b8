"""Input for training (decode, resize, augment), against Keras and PyTorch, sequential, and growing."""

import math
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import cycle, islice
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from benchmarks._images import write_images
from benchmarks._measure import Comparison, Variant, powers_of_ten
from benchmarks._torch import WORKERS, ImageFiles, define_operators

if TYPE_CHECKING:
    import tensorflow as tf

    from config import BenchmarksConfig

AMOUNT = 3000
BATCH_SIZE = 32
WARM_UP = 20
"""Batches before the clock starts, in which AUTOTUNE finds its settings."""

DIFFERENT = 480
"""Images of 640 x 480 pixels. They are repeated, and stay in the page cache."""

LARGEST = 100_000
"""The last point of the curve against the number of images."""

SMALLEST_AREA, PROPORTION, CONTRAST, BRIGHTNESS = 0.6, 0.2, 0.2, 0.1
"""The parameters of `--augment light`. The other programs get the same."""

STEP = 0.1
"""Seconds per batch of the simulated GPU. One core needs about as long to prepare a batch."""

MakeBatches = Callable[[Path, int], "tf.data.Dataset"]
"""Takes a folder and the side of the square images, and returns an endless stream of batches."""

Train = Callable[["tf.data.Dataset", int], float]
"""Takes batches and a number of images, and returns the seconds of training on them."""


class Parts(NamedTuple):
    """The parts of the input pipeline of a classifier with `--cache none --augment light`."""

    load: "Callable[[tf.Tensor, tf.Tensor], tuple[tf.Tensor, int]]"
    image_count: int
    augment: "Callable[[tuple, tf.Tensor], tuple]"
    draw_boxes: "Callable[[tf.Tensor, tf.Tensor], tf.Tensor]"


def comparisons(settings: "BenchmarksConfig") -> Iterator[Comparison]:
    amount = settings.amount or AMOUNT
    with tempfile.TemporaryDirectory() as work:
        folder = write_images(Path(work) / "640x480", DIFFERENT, (480, 640), settings.pictures)
        for size in (224, 299):
            yield _against_others(folder, size, amount)
        yield _epochs("one small convolution on this processor", _fit, folder, amount)
        yield _epochs(f"a simulated GPU with {STEP} s per batch", _wait, folder, amount)
        sizes = [Variant(str(size), scenelab, (folder, size, amount)) for size in (64, 128, 224, 299, 512)]
        yield Comparison(f"Image size: {amount} JPEGs of 640 x 480", "images", amount, sizes, growth="height and width")
        counts = powers_of_ten(min(settings.amount or LARGEST, LARGEST))
        folders = {count: write_images(Path(work) / f"{count}", count, (120, 160)) for count in counts}
        variants = [Variant(f"{count:,}", first_pass, (folder, 96)) for count, folder in folders.items()]
        title = "First pass over a folder of JPEGs of 160 x 120, from its listing to the last batch at 96 x 96"
        yield Comparison(title, "images", counts[-1], variants, growth="images")


def _against_others(folder: Path, size: int, amount: int) -> Comparison:
    baseline, arguments = f"PyTorch, {WORKERS} workers", (folder, size, amount)
    variants = [
        Variant("SceneLab", scenelab, arguments),
        Variant("Keras", keras_layers, arguments),
        Variant(baseline, torch_loader, arguments, ("torch", "torchvision")),
    ]
    title = (
        f"Decode, resize to {size} x {size}, augment as `light`: {amount} JPEGs of 640 x 480 in batches of {BATCH_SIZE}"
    )
    return Comparison(title, "images", amount, variants, baseline=baseline)


def _epochs(training: str, train: Train, folder: Path, amount: int) -> Comparison:
    variants = [
        Variant("sequential", epoch, (train, _sequential_batches, folder, 224, amount)),
        Variant("parallel with prefetch", epoch, (train, _batches, folder, 224, amount)),
    ]
    title = f"An epoch of {amount} JPEGs of 640 x 480 at 224 x 224: {training}"
    return Comparison(title, "images", amount, variants, baseline="sequential")


def scenelab(folder: Path, size: int, amount: int) -> float:
    return _seconds(_batches(folder, size), amount)


def keras_layers(folder: Path, size: int, amount: int) -> float:
    import keras
    import tensorflow as tf

    side = 1 - SMALLEST_AREA**0.5
    augment = keras.Sequential([
        keras.layers.RandomFlip("horizontal"),
        keras.layers.RandomTranslation(side / 2, side / 2),
        keras.layers.RandomZoom((-side, 0.0)),
        keras.layers.RandomContrast(CONTRAST, value_range=(0, 255)),
        keras.layers.RandomBrightness(BRIGHTNESS),
    ])  # fmt: skip
    images = keras.utils.image_dataset_from_directory(
        folder, labels=None, image_size=(size, size), batch_size=BATCH_SIZE, seed=0, verbose=False
    )
    images = images.repeat().map(lambda batch: augment(batch, training=True), tf.data.AUTOTUNE)
    return _seconds(images.prefetch(tf.data.AUTOTUNE), amount)


def torch_loader(folder: Path, size: int, amount: int) -> float:
    define_operators()
    from torch.utils.data import DataLoader
    from torchvision.transforms import v2

    augment = v2.Compose([
        v2.RandomResizedCrop(size, (SMALLEST_AREA, 1.0), (math.exp(-PROPORTION), math.exp(PROPORTION))),
        v2.RandomHorizontalFlip(),
        v2.ColorJitter(brightness=BRIGHTNESS, contrast=CONTRAST),
        v2.PILToTensor(),
    ])  # fmt: skip
    files = list(islice(cycle(sorted(folder.iterdir())), amount + (WARM_UP + 1) * BATCH_SIZE))
    images = ImageFiles(files, augment)
    return _seconds(DataLoader(images, BATCH_SIZE, num_workers=WORKERS, multiprocessing_context="fork"), amount)


def epoch(train: Train, make_batches: MakeBatches, folder: Path, size: int, amount: int) -> float:
    return train(make_batches(folder, size), amount)


def first_pass(folder: Path, size: int) -> float:
    import tensorflow as tf

    tf.constant(0)  # initialises TensorFlow
    start = time.perf_counter()
    batches = _batches(folder, size)
    for _ in islice(batches, len(list(folder.iterdir())) // BATCH_SIZE):
        pass
    return time.perf_counter() - start


def _batches(folder: Path, size: int) -> "tf.data.Dataset":
    """The training batches of a classifier."""
    from pipeline.batches import training_batches

    parts = _parts(folder, size)
    return training_batches(parts.load, parts.image_count, BATCH_SIZE, 0, 0, parts.augment, draw=parts.draw_boxes)


def _sequential_batches(folder: Path, size: int) -> "tf.data.Dataset":
    """The same work, without parallelism and prefetching."""
    import tensorflow as tf

    parts = _parts(folder, size)

    def augment(step: tf.Tensor, batch: tuple) -> tuple:
        return parts.augment(batch, tf.stack([tf.constant(0, tf.int64), step]))

    images = tf.data.Dataset.from_tensor_slices(
        (tf.range(parts.image_count), parts.draw_boxes(parts.image_count, (0, 0)))
    )
    samples = images.shuffle(parts.image_count, 0).repeat().map(parts.load)
    options = tf.data.Options()
    options.autotune.enabled = False
    options.experimental_optimization.apply_default_optimizations = False  # parallel maps and prefetching among them
    return samples.batch(BATCH_SIZE, drop_remainder=True).enumerate().map(augment).with_options(options)


def _parts(folder: Path, size: int) -> Parts:
    import tensorflow as tf

    from pipeline.augment import augmentation
    from pipeline.cache import make_crop_loader
    from pipeline.geometry import draw_boxes

    files, light = sorted(str(file) for file in folder.iterdir()), augmentation("light")
    load_crop = make_crop_loader(files, (size, size))

    def load(index: "tf.Tensor", box: "tf.Tensor") -> "tuple[tf.Tensor, int]":  # AutoGraph does not see a local `tf`
        return load_crop(index, box), 0

    def augment(batch: tuple, seed: tf.Tensor) -> tuple:
        return light.recolour(tf.cast(batch[0], tf.float32), seed), batch[1]

    assert light.smallest_crop is not None, "boxes of `light` are cropped while decoding"
    return Parts(load, len(files), augment, partial(draw_boxes, smallest=light.smallest_crop))


def _fit(batches: "tf.data.Dataset", amount: int) -> float:
    import keras

    layers = keras.layers
    model = keras.Sequential([layers.Rescaling(1 / 255), layers.Conv2D(16, 7, strides=4, activation="relu"),
                              layers.GlobalAveragePooling2D(), layers.Dense(2)])  # fmt: skip
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    starts: list[float] = []
    clock = keras.callbacks.LambdaCallback(on_train_batch_begin=lambda step, logs: starts.append(time.perf_counter()))
    model.fit(batches, steps_per_epoch=WARM_UP + -(-amount // BATCH_SIZE), verbose=0, callbacks=[clock])
    return time.perf_counter() - starts[WARM_UP]


def _wait(batches: "tf.data.Dataset", amount: int) -> float:
    """A wait after each batch, as if a GPU computed meanwhile."""

    def after_step() -> Iterator[object]:
        for batch in batches:
            time.sleep(STEP)
            yield batch

    return _seconds(after_step(), amount)


def _seconds(batches: Iterable[object], amount: int) -> float:
    """The seconds for `amount` images after the warm-up."""
    stream = iter(batches)
    for _ in islice(stream, WARM_UP):
        pass
    start = time.perf_counter()
    for _ in islice(stream, -(-amount // BATCH_SIZE)):
        pass
    return time.perf_counter() - start
