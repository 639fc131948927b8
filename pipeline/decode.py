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


def decode_crop_and_resize(content: tf.Tensor, box: tf.Tensor, size: tuple[int, int]) -> tf.Tensor:
    """As `decode_and_resize`, of a part of the picture: at full detail, and the rest of a JPEG is not decoded.

    `box` has five numbers: top, left, height and width in shares of the picture, cut to whole pixels, and whether to
    mirror.
    """
    image = resize(_decoded(content, at_least=size, part=box[:4])[0], size)
    return tf.cond(box[4] > 0, lambda: tf.reverse(image, [1]), lambda: image)


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
    (height, width), columns = size, tf.shape(image)[1]
    rows = _resized_rows(tf.reshape(image, (-1, 3 * columns)), height, sides[0])
    turned = tf.reshape(tf.transpose(rows), (columns, 3 * height))  # as a matrix, which takes half the time
    turned = tf.reshape(_resized_rows(turned, width, sides[1]), (3 * width, height))
    return tf.reshape(tf.cast(tf.round(tf.transpose(turned)), tf.uint8), (height, width, 3))


def _resized_rows(image: tf.Tensor, height: int, rows: tf.Tensor) -> tf.Tensor:
    """The first `rows` of (rows, numbers in a row) -> float32 (height, numbers in a row).

    A row goes as one pixel of many channels, for which TensorFlow's loop over channels is fast.
    """
    resized = tf.raw_ops.ScaleAndTranslate(
        images=image[None, :, None],
        size=(height, 1),
        scale=tf.stack([height / rows, 1.0]),
        translation=tf.zeros(2),
        kernel_type="triangle",
        antialias=True,
    )
    return resized[0, :, 0]


def _decoded(
    content: tf.Tensor, at_least: tuple[int, int] | None, part: tf.Tensor | None = None
) -> tuple[tf.Tensor, tf.Tensor]:
    """The picture, and its sides in its pixels: one that has been reduced may end within its last pixel.

    Or a `part` of it, in shares of it: top, left, height, width.
    """

    def other() -> tuple[tf.Tensor, tf.Tensor]:
        image = tf.ensure_shape(tf.io.decode_image(content, channels=3, expand_animations=False), (None, None, 3))
        if part is not None:
            top, left, height, width = tf.unstack(_window(part, _sides(image)))
            image = image[top : top + height, left : left + width]
        return image, _sides(image)

    def jpeg() -> tuple[tf.Tensor, tf.Tensor]:
        if at_least is None:
            image = _jpeg(content, 1)
            return image, _sides(image)
        number, sides = _reduction(content, at_least, 1.0 if part is None else part[2:])
        window = None if part is None else _window(part, tf.floor(sides))
        images = [lambda ratio=ratio: _jpeg(content, ratio, window) for ratio in RATIOS]
        return tf.switch_case(number, images), sides

    return tf.cond(tf.io.is_jpeg(content), jpeg, other)


def _reduction(
    content: tf.Tensor, at_least: tuple[int, int], share: tf.Tensor | float = 1.0
) -> tuple[tf.Tensor, tf.Tensor]:
    """Which of RATIOS is the largest that leaves each side GAP times as long as `at_least`, and the sides it leaves.

    If only a `share` of each side is to be seen, that share is as long.
    """
    sides = tf.cast(tf.io.extract_jpeg_shape(content)[:2], tf.float32) / tf.constant(RATIOS, tf.float32)[:, None]
    enough = tf.reduce_all(sides * share >= GAP * tf.constant(at_least, tf.float32), axis=1)
    largest = tf.reduce_sum(tf.cast(enough[1:], tf.int32))
    return largest, sides[largest]


def _jpeg(content: tf.Tensor, ratio: int, window: tf.Tensor | None = None) -> tf.Tensor:
    # Bit by bit what Pillow decodes; TensorFlow's default is a gray level off, and no faster where this is vectorised
    options = {"channels": 3, "ratio": ratio, "dct_method": "INTEGER_ACCURATE"}
    if window is None:
        return tf.io.decode_jpeg(content, **options)
    return tf.io.decode_and_crop_jpeg(content, window, **options)


def _window(part: tf.Tensor, sides: tf.Tensor) -> tf.Tensor:
    """Shares of the sides as whole pixels, at least one."""
    return tf.concat([tf.cast(part[:2] * sides, tf.int32), tf.maximum(tf.cast(part[2:] * sides, tf.int32), 1)], 0)


def _sides(image: tf.Tensor) -> tf.Tensor:
    return tf.cast(tf.shape(image)[:2], tf.float32)
