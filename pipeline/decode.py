"""Decoding and resizing: one function for training, prediction and the web page, so that they cannot disagree."""

import tensorflow as tf


def decode_and_resize(content: tf.Tensor, size: tuple[int, int]) -> tf.Tensor:
    """A picture file's bytes -> RGB uint8 (height, width, 3) in 0..255; `size` is (height, width).

    Bilinear with antialias; the picture is stretched to `size`, its sides are not kept in proportion.
    Raises tf.errors.InvalidArgumentError for what `datatransformer.images` would not let through.
    """
    return resize(decode(content), size)


def decode_mask(content: tf.Tensor, size: tuple[int, int]) -> tf.Tensor:
    """A mask file's bytes -> class indices, uint8 (height, width, 1); the nearest pixel, nothing in between."""
    mask = tf.io.decode_png(content, channels=1)
    return tf.ensure_shape(tf.image.resize(mask, size, method="nearest"), (*size, 1))


def decode(content: tf.Tensor) -> tf.Tensor:
    """RGB uint8 as large as it is."""
    return tf.io.decode_image(content, channels=3, expand_animations=False)


def resize(image: tf.Tensor, size: tuple[int, int]) -> tf.Tensor:
    image = tf.image.resize(image, size, antialias=True)
    image = tf.saturate_cast(tf.round(image), tf.uint8)
    return tf.ensure_shape(image, (*size, 3))
