"""Decoding and resizing: one function for training, prediction and the web page, so that they cannot disagree."""

import tensorflow as tf

VERSION = 2
"""Changes when the pictures do, so that those that an earlier one has decoded and left on disk are not mixed with them.
"""

RATIOS = (1, 2, 4, 8)
"""By which a JPEG's sides can be divided while it is decoded."""

GAP = 2
"""A reduced JPEG is still so many times as large as what it is resized to, as Pillow's thumbnails are. Then it is, once
resized, nearer to the whole than two common ways of decoding the whole are to each other; at 1 it would not be."""


def decode_and_resize(content: tf.Tensor, size: tuple[int, int]) -> tf.Tensor:
    """A picture file's bytes -> RGB uint8 (height, width, 3) in 0..255; `size` is (height, width).

    Bilinear with antialias; the picture is stretched to `size`, its sides are not kept in proportion. Of a large JPEG
    no more is decoded than that needs.
    Raises tf.errors.InvalidArgumentError for what `datatransformer.images` would not let through.
    """
    image, sides = _decoded(content, at_least=size)
    return resize(image, size, sides)


def decode_mask(content: tf.Tensor, size: tuple[int, int]) -> tf.Tensor:
    """A mask file's bytes -> class indices, uint8 (height, width, 1); the nearest pixel, nothing in between."""
    mask = tf.io.decode_png(content, channels=1)
    return tf.ensure_shape(tf.image.resize(mask, size, method="nearest"), (*size, 1))


def decode(content: tf.Tensor) -> tf.Tensor:
    """RGB uint8 (height, width, 3), as large as it is."""
    return _decoded(content, at_least=None)[0]


def decode_whole_and_resized(content: tf.Tensor, size: tuple[int, int]) -> tuple[tf.Tensor, tf.Tensor]:
    """What `decode` and `decode_and_resize` give; decoded twice only where the latter decodes less than the former."""
    whole = decode(content)
    is_reduced = tf.cond(tf.io.is_jpeg(content), lambda: _reduction(content, size)[0] > 0, lambda: False)
    return whole, tf.cond(is_reduced, lambda: decode_and_resize(content, size), lambda: resize(whole, size))


def resize(image: tf.Tensor, size: tuple[int, int], sides: tf.Tensor | None = None) -> tf.Tensor:
    """RGB (height, width, 3) -> uint8 of `size`, bilinear with antialias: as tf.image.resize does, in half the time.

    `sides` are the height and width in pixels, float32, of what is to be seen; if not given, all is.
    """
    if sides is None:
        sides = _sides(image)
    rows = _resized_rows(image, size[0], sides[0])
    columns = _resized_rows(tf.transpose(rows, (1, 0, 2)), size[1], sides[1])
    return tf.ensure_shape(tf.cast(tf.round(tf.transpose(columns, (1, 0, 2))), tf.uint8), (*size, 3))


def _resized_rows(image: tf.Tensor, height: int, rows: tf.Tensor) -> tf.Tensor:
    """The first `rows` of (rows, columns, channels) -> float32 (height, columns, channels).

    A row goes as one pixel of many channels, for which TensorFlow's loop over channels is fast.
    """
    shape = tf.shape(image)
    resized = tf.raw_ops.ScaleAndTranslate(
        images=tf.reshape(image, (1, shape[0], 1, -1)),
        size=(height, 1),
        scale=tf.stack([height / rows, 1.0]),
        translation=tf.zeros(2),
        kernel_type="triangle",
        antialias=True,
    )
    return tf.reshape(resized, (height, shape[1], shape[2]))


def _decoded(content: tf.Tensor, at_least: tuple[int, int] | None) -> tuple[tf.Tensor, tf.Tensor]:
    """The picture, and its sides in its pixels: one that has been reduced may end within its last pixel."""

    def other() -> tuple[tf.Tensor, tf.Tensor]:
        image = tf.io.decode_image(content, channels=3, expand_animations=False)
        return tf.ensure_shape(image, (None, None, 3)), _sides(image)

    def jpeg() -> tuple[tf.Tensor, tf.Tensor]:
        if at_least is None:
            image = _jpeg(content, 1)
            return image, _sides(image)
        number, sides = _reduction(content, at_least)
        return tf.switch_case(number, [lambda ratio=ratio: _jpeg(content, ratio) for ratio in RATIOS]), sides

    return tf.cond(tf.io.is_jpeg(content), jpeg, other)


def _reduction(content: tf.Tensor, at_least: tuple[int, int]) -> tuple[tf.Tensor, tf.Tensor]:
    """Which of RATIOS is the largest that leaves each side GAP times as long as `at_least`, and the sides it leaves."""
    sides = tf.io.extract_jpeg_shape(content)[:2] / tf.constant(RATIOS)[:, None]
    enough = tf.reduce_all(sides >= GAP * tf.constant(at_least, tf.float64), axis=1)
    largest = tf.reduce_sum(tf.cast(enough[1:], tf.int32))
    return largest, tf.cast(sides[largest], tf.float32)


def _jpeg(content: tf.Tensor, ratio: int) -> tf.Tensor:
    # Bit by bit what Pillow decodes; TensorFlow's default is a gray level off, and no faster where this is vectorised
    return tf.io.decode_jpeg(content, channels=3, ratio=ratio, dct_method="INTEGER_ACCURATE")


def _sides(image: tf.Tensor) -> tf.Tensor:
    return tf.cast(tf.shape(image)[:2], tf.float32)
