"""Finds the file of a data folder that a training could not read, since TensorFlow's error does not name it."""

import tensorflow as tf

from datatransformer.layout import SPLITS, DataFolder
from storage.parallel import in_parallel


def first_unreadable(data: DataFolder) -> str:
    """The path of the first image or mask that TensorFlow cannot read, with the reason; empty if it reads all."""
    files = [path for split in SPLITS for path in data.images(split)]
    if data.task == "segmentation":
        files += [path for split in SPLITS for path in data.masks(split)]
    return next(filter(None, in_parallel(_why_unreadable, files)), "")


def _why_unreadable(path: str) -> str:
    try:
        tf.io.decode_image(tf.io.read_file(path), expand_animations=False)
    except (tf.errors.NotFoundError, tf.errors.PermissionDeniedError):
        return f"{path} is missing or may not be read"
    except tf.errors.InvalidArgumentError:
        return f"{path} is damaged"
    return ""
