"""Test-time augmentation: the views of a picture whose probabilities are averaged."""

import tensorflow as tf

from pipeline.decode import decode_and_resize

LARGER = 8 / 7
"""Of the size that crops are taken from, against the model's: 256 for 224, as is usual."""


def views(content: tf.Tensor, size: tuple[int, int], tta: str) -> tf.Tensor:
    """A picture file's bytes -> RGB uint8 (views, height, width, 3), `size` being that of the model.

    Arguments:
        tta: `none`: the picture. `flip`: and its mirror image. `ten-crop`: the corners and the middle of the picture at
            8/7 of the size, and their mirror images (Krizhevsky et al. 2012). `multi-scale`: the picture, the middle
            of it at 8/7 and at 9/7 of the size, and their mirror images.
    """
    if tta == "none":
        return decode_and_resize(content, size)[None]
    if tta == "flip":
        return _and_mirrored([decode_and_resize(content, size)])
    if tta == "ten-crop":
        large = decode_and_resize(content, _scaled(size, LARGER))
        return _and_mirrored([_crop(large, size, *place) for place in ((0, 0), (0, 2), (2, 0), (2, 2), (1, 1))])
    scales = (1, LARGER, 2 * LARGER - 1)
    return _and_mirrored([_crop(decode_and_resize(content, _scaled(size, scale)), size, 1, 1) for scale in scales])


def _scaled(size: tuple[int, int], scale: float) -> tuple[int, int]:
    return round(size[0] * scale), round(size[1] * scale)


def _crop(image: tf.Tensor, size: tuple[int, int], down: int, across: int) -> tf.Tensor:
    """`down` and `across` are 0, 1, 2: at the beginning, in the middle, at the end."""
    top, left = (image.shape[0] - size[0]) * down // 2, (image.shape[1] - size[1]) * across // 2
    return image[top : top + size[0], left : left + size[1]]


def _and_mirrored(images: list[tf.Tensor]) -> tf.Tensor:
    return tf.concat([tf.stack(images), tf.stack(images)[:, :, ::-1]], axis=0)
