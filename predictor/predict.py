"""The flow of a prediction: find the run, list the pictures, go on where it stopped, write a row each."""

import sys
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import islice

import numpy as np
from tqdm import tqdm

from command import import_tensorflow
from datatransformer.images import UnreadableImage, read_image
from datatransformer.lock import only_here
from datatransformer.parallel import in_parallel
from predictor.output import Output
from predictor.pictures import Picture, pictures
from settings import SettingError, WorkError, fault
from training.run_folder import RunFolder, find_run

KIND = "classifier"

Read = tuple[str, np.ndarray | UnreadableImage]
"""A picture's name, and its pixels or why there are none."""


def predict(settings) -> None:
    """Raises SettingError or WorkError if nothing can be predicted; a picture that cannot be read is listed."""
    run = _run(settings)
    with only_here(settings.output):
        _predict(settings, run)


def _predict(settings, run: RunFolder) -> None:
    classes = run.classes()
    if settings.top_k > len(classes):
        raise SettingError(fault("top_k", settings.top_k, f"the run knows {len(classes)} classes"))
    output = Output(settings.output, classes, settings.top_k)
    listed = partial(pictures, settings.test_images, (output.path, output.rejected))
    total = sum(1 for _ in listed())
    output.begin(_made_with(settings, run), settings.overwrite)
    done = _done(settings, output, listed, total)
    if done == total:
        print(f"{output.path} is whole: {total} pictures were predicted before. --overwrite predicts them again.")
    else:
        if done:
            print(f"Going on after {done} of {total} pictures.")
        _predict_rest(settings, run, output, islice(listed(), done, None), done, total)
        print(f"{output.path}: {total - output.count_rejected()} pictures predicted by {run.path}")
    if rejected := output.count_rejected():
        print(f"{rejected} of {total} pictures could not be read; {output.rejected} says why.", file=sys.stderr)


def _done(settings, output: Output, listed: Callable[[], Iterable[Picture]], total: int) -> int:
    """How many pictures have their row. With `overwrite` whole work begins anew; interrupted work still goes on."""
    try:
        done = output.done(listed())
    except SettingError:
        if not settings.overwrite:
            raise
        done = total
    if settings.overwrite and done == total:
        output.clear()
        return 0
    return done


def _run(settings) -> RunFolder:
    run = find_run(settings.runs, settings.run)
    if len(settings.run) > 1:
        print(f"Of {', '.join(settings.run)} only the first is used: {run.path}", file=sys.stderr)
    kind = run.config()["kind"]
    if kind != KIND:
        raise SettingError(fault("run", run.path, f"is a run of kind {kind}; this command predicts with a {KIND}"))
    if not run.best.exists():
        raise WorkError(f"{run.path} has no {run.best.name} yet: its first epoch is not finished. Train it first.")
    return run


def _made_with(settings, run: RunFolder) -> dict:
    """What the rows depend on. A checkpoint that has changed makes other rows."""
    checkpoint = run.best.stat()
    return {
        "checkpoint": str(run.best.resolve()),
        "written": [checkpoint.st_size, checkpoint.st_mtime_ns],
        "test_images": settings.test_images,
        "top_k": settings.top_k,
    }


def _predict_rest(settings, run: RunFolder, output: Output, rest: Iterable[Picture], done: int, total: int) -> None:
    import_tensorflow()
    from layers.saved import load_saved_model

    model = load_saved_model(run.best)
    if model.output_shape[-1] != len(output.classes):
        raise WorkError(
            f"{run.best} knows {model.output_shape[-1]} classes, {run.path}/classes.csv {len(output.classes)}"
        )
    size = model.input_shape[1:3]
    read = in_parallel(partial(_read, decoder(size)), rest, settings.workers)
    bar = tqdm(read, "predicting", total, initial=done, unit=" images", disable=None)
    with output:
        for names, batch in _batches(bar, settings.batch_size, output.reject):
            output.add(names, probabilities(model, batch))


def decoder(size: tuple[int, int]) -> Callable:
    """`pipeline.decode` as training has it, compiled for files of any kind."""
    import tensorflow as tf

    from pipeline.decode import decode_and_resize

    signature = [tf.TensorSpec((), tf.string)]
    return tf.function(partial(decode_and_resize, size=size), input_signature=signature)


def probabilities(model, batch: np.ndarray) -> np.ndarray:
    """(pictures, classes), by a softmax of the logits: the one place where that is done."""
    import keras

    return keras.ops.convert_to_numpy(keras.ops.softmax(model.predict_on_batch(batch)))


def _read(decode: Callable, picture: Picture) -> Read:
    import tensorflow as tf

    try:
        return picture.name, decode(tf.constant(read_image(picture.path).content)).numpy()
    except UnreadableImage as error:
        return picture.name, error
    except tf.errors.InvalidArgumentError as error:
        return picture.name, UnreadableImage(f"cannot be decoded: {error.message.splitlines()[0]}")


def _batches(
    read: Iterable[Read], batch_size: int, reject: Callable[[str, str], None]
) -> Iterator[tuple[list[str], np.ndarray]]:
    """Pictures in order, `batch_size` at a time; those that could not be read go to `reject`."""
    names: list[str] = []
    images: list[np.ndarray] = []
    for name, image in read:
        if isinstance(image, UnreadableImage):
            reject(name, str(image))
            continue
        names.append(name)
        images.append(image)
        if len(images) == batch_size:
            yield names, np.stack(images)
            names, images = [], []
    if images:
        yield names, np.stack(images)
