"""Test-time augmentation: views of an image whose probabilities are averaged."""

import tensorflow as tf

from pipeline.decode import decode_and_resize

CROP_SCALE = 8 / 7
"""Scale of the image from which crops are taken, relative to the size of the model: the usual 256 for 224."""


def views(content: tf.Tensor, size: tuple[int, int], tta: str) -> tf.Tensor:
    """The bytes of an image file -> RGB uint8 (views, height, width, 3), where `size` is the size of the model.

    Arguments:
        tta: `none`: the image. `flip`: the image and its mirror image. `ten-crop`: the corners and the centre of the
            image at 8/7 of the size, and their mirror images (Krizhevsky et al. 2012). `multi-scale`: the image, its
            centre at 8/7 and at 9/7 of the size, and their mirror images.
    """
    if tta == "none":
        return decode_and_resize(content, size)[None]
    if tta == "flip":
        return _with_mirror_images([decode_and_resize(content, size)])
    if tta == "ten-crop":
        enlarged = decode_and_resize(content, _scale(size, CROP_SCALE))
        corners_and_centre = ((0, 0), (0, 2), (2, 0), (2, 2), (1, 1))
        return _with_mirror_images([_crop(enlarged, size, *place) for place in corners_and_centre])
    scales = (1, CROP_SCALE, 2 * CROP_SCALE - 1)
    return _with_mirror_images([_crop(decode_and_resize(content, _scale(size, scale)), size, 1, 1) for scale in scales])


def _scale(size: tuple[int, int], scale: float) -> tuple[int, int]:
    return round(size[0] * scale), round(size[1] * scale)


def _crop(image: tf.Tensor, size: tuple[int, int], row: int, column: int) -> tf.Tensor:
    """A crop of `size`. `row` and `column` are 0 for the start, 1 for the middle and 2 for the end of that side."""
    top, left = (image.shape[0] - size[0]) * row // 2, (image.shape[1] - size[1]) * column // 2
    return image[top : top + size[0], left : left + size[1]]


def _with_mirror_images(images: list[tf.Tensor]) -> tf.Tensor:
    return tf.concat([tf.stack(images), tf.stack(images)[:, :, ::-1]], axis=0)
