"""Networks of papers that no library has, against functions of weights and image that use `tf.nn` alone."""

import keras
import numpy as np
import tensorflow as tf

from backbones.inception_resnet_v2_paper_stem import paper_stem
from generation.network import build_decoder, build_encoder
from tests.references.test_references import set_reference_weights
from tests.references.weights import image, value


def paper_unit(x, name, size, filters, stride=1, padding="SAME"):
    """Convolution, batch norm without gamma, ReLU. `V` in the figure is VALID padding here."""
    kernel = value(f"{name}_conv", "kernel", (*size, x.shape[-1], filters))
    x = tf.nn.conv2d(x, kernel, stride, padding)
    mean, variance, beta = (
        value(f"{name}_bn", part, (filters,)) for part in ("moving_mean", "moving_variance", "beta")
    )
    return tf.nn.relu((x - mean) / np.sqrt(variance + 1e-3) + beta)


def stem_of_figure_3(x):
    """Szegedy et al. 2017, figure 3, from the bottom to the top."""
    x = paper_unit(x, "stem_1", (3, 3), 32, 2, "VALID")
    x = paper_unit(x, "stem_2", (3, 3), 32, 1, "VALID")
    x = paper_unit(x, "stem_3", (3, 3), 64)
    x = tf.concat([tf.nn.max_pool2d(x, 3, 2, "VALID"), paper_unit(x, "stem_4", (3, 3), 96, 2, "VALID")], axis=-1)
    left = paper_unit(paper_unit(x, "stem_5a_1", (1, 1), 64), "stem_5a_2", (3, 3), 96, 1, "VALID")
    right = paper_unit(x, "stem_5b_1", (1, 1), 64)
    right = paper_unit(paper_unit(right, "stem_5b_2", (7, 1), 64), "stem_5b_3", (1, 7), 64)
    x = tf.concat([left, paper_unit(right, "stem_5b_4", (3, 3), 96, 1, "VALID")], axis=-1)
    return tf.concat([paper_unit(x, "stem_6", (3, 3), 192, 2, "VALID"), tf.nn.max_pool2d(x, 3, 2, "VALID")], axis=-1)


def test_inception_resnet_v2_paper_stem():
    inputs = keras.Input((95, 79, 3))
    model = keras.Model(inputs, paper_stem(inputs))
    set_reference_weights(model)
    images = image(95, 79)
    expected = stem_of_figure_3(images).numpy()
    np.testing.assert_allclose(model(images), expected, atol=1e-5 * np.abs(expected).max())


def strided(x, name, filters):
    kernel, bias = value(name, "kernel", (4, 4, x.shape[-1], filters)), value(name, "bias", (filters,))
    padded = tf.pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]])
    return tf.nn.conv2d(padded, kernel, 2, "VALID") + bias


def dense(x, name, units):
    return x @ value(name, "kernel", (x.shape[-1], units)) + value(name, "bias", (units,))


def transposed(x, name, filters):
    """Each pixel adds its kernel to a map of twice the size, whose pixel (2 i - 1, 2 j - 1) is the kernel's first."""
    _, height, width, channels = x.shape
    kernel = value(name, "kernel", (4, 4, filters, channels))
    out = np.zeros((1, 2 * height + 2, 2 * width + 2, filters), np.float64)
    for row in range(height):
        for column in range(width):
            out[0, 2 * row : 2 * row + 4, 2 * column : 2 * column + 4] += kernel @ np.asarray(x)[0, row, column]
    return (out[:, 1:-1, 1:-1] + value(name, "bias", (filters,))).astype(np.float32)


def test_vae():
    """Kingma & Welling 2013: mean and log variance of a code, and logits of a code."""
    encoder, decoder = build_encoder((16, 8), 3, 5, (6, 7)), build_decoder((16, 8), 3, 5, (6, 7))
    for model in (encoder, decoder):
        set_reference_weights(model)
    images = np.clip(100 + 50 * image(16, 8), 0, 255)
    x = images / 255
    for number, filters in ((1, 6), (2, 7)):
        x = tf.nn.relu(strided(x, f"down{number}", filters))
    hidden = tf.nn.relu(dense(tf.reshape(x, (1, -1)), "hidden", 256))
    for found, name in zip(encoder(images), ("mean", "log_variance"), strict=True):
        np.testing.assert_allclose(found, dense(hidden, name, 5), rtol=1e-4, atol=1e-5)

    code = image(1, 5)[0, :, :, 0]
    x = tf.nn.relu(dense(tf.nn.relu(dense(code, "hidden", 256)), "spread", 4 * 2 * 7))
    x = np.maximum(transposed(tf.reshape(x, (1, 4, 2, 7)), "up1", 6), 0)
    np.testing.assert_allclose(decoder(code), transposed(x, "up2", 3), rtol=1e-4, atol=1e-4)
