"""Decoding and resizing. Training and prediction use the same functions, so that they see the same pixels."""

import tensorflow as tf

DECODER_VERSION = 2
"""Changes whenever decoded pixels change, so that images which an older version has cached on disk are not used."""

RATIOS = (1, 2, 4, 8)
"""Factors by which a JPEG's sides can be divided while it is decoded."""

MIN_OVERSIZE = 2
"""A reduced JPEG must still be this many times as large as its final size, as in Pillow's thumbnails. After resizing it
then differs less from the full JPEG than two common decoders differ from each other; with 1 it would differ more."""


def decode_and_resize(content: tf.Tensor, size: tuple[int, int]) -> tf.Tensor:
    """The content of an image file -> RGB uint8 (height, width, 3) in 0..255; `size` is (height, width).

    Bilinear with antialias; the aspect ratio is not kept. A large JPEG is decoded only as far as necessary.
    Raises tf.errors.InvalidArgumentError for files that `datatransformer.pictures.images` rejects.
    """
    image, sides = _decode(content, at_least=size)
    return resize(image, size, sides)


def decode_crop_and_resize(content: tf.Tensor, box: tf.Tensor, size: tuple[int, int]) -> tf.Tensor:
    """As `decode_and_resize`, for a part of the image: at full detail, and the rest of a JPEG is not decoded.

    `box` has five numbers: top, left, height and width as shares of the image, rounded down to pixels, and whether to
    mirror.
    """
    image = resize(_decode(content, at_least=size, part=box[:4])[0], size)
    return tf.cond(box[4] > 0, lambda: tf.reverse(image, [1]), lambda: image)


def decode_mask(content: tf.Tensor, size: tuple[int, int]) -> tf.Tensor:
    """The content of a mask file -> class indices, uint8 (height, width, 1), resized by nearest neighbour."""
    mask = tf.io.decode_png(content, channels=1)
    return tf.ensure_shape(tf.image.resize(mask, size, method="nearest"), (*size, 1))


def decode(content: tf.Tensor) -> tf.Tensor:
    """The content of an image file -> RGB uint8 (height, width, 3) at its own size."""
    return _decode(content, at_least=None)[0]


def decode_full_and_resized(content: tf.Tensor, size: tuple[int, int]) -> tuple[tf.Tensor, tf.Tensor]:
    """The results of `decode` and `decode_and_resize`. Decodes twice only if the latter reduces the JPEG."""
    full = decode(content)
    is_reduced = tf.cond(tf.io.is_jpeg(content), lambda: _reduction(content, size)[0] > 0, lambda: False)
    return full, tf.cond(is_reduced, lambda: decode_and_resize(content, size), lambda: resize(full, size))


def resize(image: tf.Tensor, size: tuple[int, int], sides: tf.Tensor | None = None) -> tf.Tensor:
    """RGB (height, width, 3) -> uint8 of `size`, bilinear with antialias: as tf.image.resize, in half the time.

    `sides` are height and width in pixels, float32, of the part at the top left to resize; None for the full image.
    """
    if sides is None:
        sides = _sides(image)
    (height, width), columns = size, tf.shape(image)[1]
    rows = _resize_rows(tf.reshape(image, (-1, 3 * columns)), height, sides[0])
    transposed = tf.reshape(tf.transpose(rows), (columns, 3 * height))  # as a matrix, which takes half the time
    transposed = tf.reshape(_resize_rows(transposed, width, sides[1]), (3 * width, height))
    return tf.reshape(tf.cast(tf.round(tf.transpose(transposed)), tf.uint8), (height, width, 3))


def _resize_rows(image: tf.Tensor, height: int, rows: tf.Tensor) -> tf.Tensor:
    """The first `rows` of (rows, numbers per row) -> float32 (height, numbers per row).

    Each row is treated as one pixel of many channels, because TensorFlow's loop over channels is fast.
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


def _decode(
    content: tf.Tensor, at_least: tuple[int, int] | None, part: tf.Tensor | None = None
) -> tuple[tf.Tensor, tf.Tensor]:
    """The image and its sides in pixels; the sides of a reduced JPEG may be fractions.

    With `part` (top, left, height and width as shares of the image), only this part.
    """

    def other_format() -> tuple[tf.Tensor, tf.Tensor]:
        image = tf.ensure_shape(tf.io.decode_image(content, channels=3, expand_animations=False), (None, None, 3))
        if part is not None:
            top, left, height, width = tf.unstack(_window(part, _sides(image)))
            image = image[top : top + height, left : left + width]
        return image, _sides(image)

    def jpeg() -> tuple[tf.Tensor, tf.Tensor]:
        if at_least is None:
            image = _decode_jpeg(content, 1)
            return image, _sides(image)
        number, sides = _reduction(content, at_least, 1.0 if part is None else part[2:])
        window = None if part is None else _window(part, tf.floor(sides))
        images = [lambda ratio=ratio: _decode_jpeg(content, ratio, window) for ratio in RATIOS]
        return tf.switch_case(number, images), sides

    return tf.cond(tf.io.is_jpeg(content), jpeg, other_format)


def _reduction(
    content: tf.Tensor, at_least: tuple[int, int], share: tf.Tensor | float = 1.0
) -> tuple[tf.Tensor, tf.Tensor]:
    """The index of the largest of RATIOS after which each side is MIN_OVERSIZE times `at_least`, and the sides then.

    `share` is the share of each side that is used; the length of this share counts.
    """
    sides = tf.cast(tf.io.extract_jpeg_shape(content)[:2], tf.float32) / tf.constant(RATIOS, tf.float32)[:, None]
    large_enough = tf.reduce_all(sides * share >= MIN_OVERSIZE * tf.constant(at_least, tf.float32), axis=1)
    largest = tf.reduce_sum(tf.cast(large_enough[1:], tf.int32))
    return largest, sides[largest]


def _decode_jpeg(content: tf.Tensor, ratio: int, window: tf.Tensor | None = None) -> tf.Tensor:
    # bit by bit the result of Pillow; TensorFlow's default differs by a gray level, and is no faster with SIMD
    options = {"channels": 3, "ratio": ratio, "dct_method": "INTEGER_ACCURATE"}
    if window is None:
        return tf.io.decode_jpeg(content, **options)
    return tf.io.decode_and_crop_jpeg(content, window, **options)


def _window(part: tf.Tensor, sides: tf.Tensor) -> tf.Tensor:
    """Shares of the sides in pixels, rounded down; height and width are at least one pixel."""
    return tf.concat([tf.cast(part[:2] * sides, tf.int32), tf.maximum(tf.cast(part[2:] * sides, tf.int32), 1)], 0)


def _sides(image: tf.Tensor) -> tf.Tensor:
    return tf.cast(tf.shape(image)[:2], tf.float32)
