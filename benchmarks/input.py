"""Input for training: decode, resize, augment, against Keras's own and PyTorch's; in parallel or not; how it grows."""

import math
import tempfile
import time
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import cycle, islice
from pathlib import Path

from benchmarks._measure import Comparison, Variant, powers_of_ten
from benchmarks._pictures import write_pictures
from benchmarks._torch import WORKERS, Files, define_operators

BATCH = 32
WARM_UP = 20
"""Batches before the clock starts: AUTOTUNE has found its settings by then."""

DIFFERENT = 480
"""Pictures of 640 x 480 pixels that are gone round and round; they stay in the system's memory."""

LARGEST = 100_000
"""Of the curve against the number of pictures."""

SMALLEST_AREA, PROPORTION, CONTRAST, BRIGHTNESS = 0.6, 0.2, 0.2, 0.1
"""What `--augment light` does: the others are asked for the same."""

STEP = 0.1
"""Seconds that a batch takes on the graphics card that is played: about as long as one core takes to prepare it."""


def comparisons(settings) -> Iterator[Comparison]:
    amount = settings.amount or 3000
    with tempfile.TemporaryDirectory() as work:
        folder = write_pictures(Path(work) / "640x480", DIFFERENT, (480, 640), settings.pictures)
        for size in (224, 299):
            yield _against_others(folder, size, amount)
        yield _epochs("one small convolution on this processor", _fit, (folder, 224, amount))
        yield _epochs(f"a graphics card that takes {STEP} s a batch", _wait, (folder, 224, amount))
        sizes = [Variant(str(size), scenelab, (folder, size, amount)) for size in (64, 128, 224, 299, 512)]
        yield Comparison(f"The size it is brought to: {amount} JPEGs of 640 x 480", "images", amount, sizes,
                         growth="height and width")  # fmt: skip
        counts = powers_of_ten(min(settings.amount or LARGEST, LARGEST))
        folders = {count: write_pictures(Path(work) / f"{count}", count, (120, 160)) for count in counts}
        ways = [Variant(f"{count:,}", first_pass, (folder, 96)) for count, folder in folders.items()]
        yield Comparison("Once over a folder of JPEGs of 160 x 120, from its listing to the last batch at 96 x 96",
                         "images", counts[-1], ways, growth="images")  # fmt: skip


def _against_others(folder: Path, size: int, amount: int) -> Comparison:
    theirs, arguments = f"PyTorch, {WORKERS} workers", (folder, size, amount)
    ways = [
        Variant("SceneLab", scenelab, arguments),
        Variant("Keras", keras_layers, arguments),
        Variant(theirs, torch_loader, arguments, ("torch", "torchvision")),
    ]
    title = f"Decode, resize to {size} x {size}, augment as `light`: {amount} JPEGs of 640 x 480 by {BATCH}"
    return Comparison(title, "images", amount, ways, baseline=theirs)


def _epochs(what: str, train, arguments: tuple) -> Comparison:
    ways = [Variant("one after the other", epoch, (train, _one_by_one, *arguments)),
            Variant("in parallel, ahead", epoch, (train, _batches, *arguments))]  # fmt: skip
    title = f"An epoch of {arguments[-1]} JPEGs of 640 x 480 at 224 x 224: {what}"
    return Comparison(title, "images", arguments[-1], ways, baseline="one after the other")


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
        folder, labels=None, image_size=(size, size), batch_size=BATCH, seed=0, verbose=False
    )
    images = images.repeat().map(lambda batch: augment(batch, training=True), tf.data.AUTOTUNE)
    return _seconds(images.prefetch(tf.data.AUTOTUNE), amount)


def torch_loader(folder: Path, size: int, amount: int) -> float:
    define_operators()
    from torch.utils.data import DataLoader
    from torchvision.transforms import v2

    change = v2.Compose([
        v2.RandomResizedCrop(size, (SMALLEST_AREA, 1.0), (math.exp(-PROPORTION), math.exp(PROPORTION))),
        v2.RandomHorizontalFlip(),
        v2.ColorJitter(brightness=BRIGHTNESS, contrast=CONTRAST),
        v2.PILToTensor(),
    ])  # fmt: skip
    files = list(islice(cycle(sorted(folder.iterdir())), amount + (WARM_UP + 1) * BATCH))
    return _seconds(
        DataLoader(Files(files, change), BATCH, num_workers=WORKERS, multiprocessing_context="fork"), amount
    )


def epoch(train, batches, folder: Path, size: int, amount: int) -> float:
    return train(batches(folder, size), amount)


def first_pass(folder: Path, size: int) -> float:
    import tensorflow as tf

    tf.constant(0)  # it is up
    start = time.perf_counter()
    batches = _batches(folder, size)
    for _ in islice(batches, len(list(folder.iterdir())) // BATCH):
        pass
    return time.perf_counter() - start


def _batches(folder: Path, size: int):
    """As a classifier is trained with."""
    from pipeline.batches import training_batches

    return training_batches(*_parts(folder, size))


def _one_by_one(folder: Path, size: int):
    """The same work, each piece begun when it is asked for."""
    import tensorflow as tf

    load, count, batch_size, seed, _, change, _, draw = _parts(folder, size)

    def changed(step: tf.Tensor, batch: tuple) -> tuple:
        return change(batch, tf.stack([tf.constant(seed, tf.int64), step]))

    images = tf.data.Dataset.from_tensor_slices((tf.range(count), draw(count, (seed, 0))))
    samples = images.shuffle(count, seed).repeat().map(load)
    options = tf.data.Options()
    options.autotune.enabled = False
    options.experimental_optimization.apply_default_optimizations = (
        False  # among them: maps in parallel, and prefetching
    )
    return samples.batch(batch_size, drop_remainder=True).enumerate().map(changed).with_options(options)


def _parts(folder: Path, size: int) -> tuple:
    """What `training_batches` takes for a classifier with `--cache none --augment light`."""
    import tensorflow as tf

    from pipeline.augment import augmentation
    from pipeline.cache import make_crop_loader
    from pipeline.geometry import drawn_boxes

    files, augment = sorted(str(file) for file in folder.iterdir()), augmentation("light")
    images = make_crop_loader(files, (size, size))

    def change(batch: tuple, seed: tf.Tensor) -> tuple:
        return augment.recolour(tf.cast(batch[0], tf.float32), seed), batch[1]

    draw = partial(drawn_boxes, smallest=augment.smallest_crop)
    return lambda index, box: (images(index, box), 0), len(files), BATCH, 0, 0, change, None, draw


def _fit(batches, amount: int) -> float:
    import keras

    layers = keras.layers
    model = keras.Sequential([layers.Rescaling(1 / 255), layers.Conv2D(16, 7, strides=4, activation="relu"),
                              layers.GlobalAveragePooling2D(), layers.Dense(2)])  # fmt: skip
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    begun = []
    clock = keras.callbacks.LambdaCallback(on_train_batch_begin=lambda step, logs: begun.append(time.perf_counter()))
    model.fit(batches, steps_per_epoch=WARM_UP + -(-amount // BATCH), verbose=0, callbacks=[clock])
    return time.perf_counter() - begun[WARM_UP]


def _wait(batches, amount: int) -> float:
    def stepped() -> Iterator:
        for batch in batches:
            time.sleep(STEP)
            yield batch

    return _seconds(stepped(), amount)


def _seconds(batches: Iterable, amount: int) -> float:
    """That `amount` pictures take, once the stream is running."""
    stream = iter(batches)
    for _ in islice(stream, WARM_UP):
        pass
    start = time.perf_counter()
    for _ in islice(stream, -(-amount // BATCH)):
        pass
    return time.perf_counter() - start
