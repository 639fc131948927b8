"""The decoder of pixel shuffles: its last block, and runs that were saved before that block was mended."""

from functools import partial

import keras
import numpy as np
import tensorflow as tf

from backbones import backbone
from config import SegmentationConfig
from layers.saved import load_saved_model
from segmentation import recipe
from segmentation.network import build_segmenter
from segmentation.pixel_shuffle import pixel_shuffle
from tests.conftest import assert_equal_arrays, history, train_here, without_report

IMAGE = np.random.default_rng(0).uniform(0, 255, (1, 32, 64, 3)).astype(np.float32)


def old_pixel_shuffle(image, maps):
    """The decoder of older versions: x + relu(conv(relu(conv(x)))), with no ReLU behind the addition."""
    added = pixel_shuffle(image, maps)._keras_history.operation.input
    joined, second = added._keras_history.operation.input
    return keras.layers.Add(name="picture_add")([joined, keras.layers.ReLU(name="picture_2_relu")(second)])


def segmenter(decoder=pixel_shuffle, weights="none") -> keras.Model:
    spec = backbone("tiny")
    return build_segmenter(spec, 3, str(weights), 0, spec.normalisation, decoder)


def test_the_last_block_is_the_residual_block_of_fastai():
    model = segmenter()
    block = keras.Model(model.input, [model.get_layer(name).output for name in ("picture_join", "picture_relu")])
    joined, out = block(IMAGE)
    (one, bias_one), (two, bias_two) = (model.get_layer(f"picture_{number}_conv").weights for number in (1, 2))
    residual = tf.nn.conv2d(joined, one, 1, "SAME") + bias_one
    residual = tf.nn.conv2d(tf.nn.relu(residual), two, 1, "SAME") + bias_two
    np.testing.assert_allclose(out, tf.nn.relu(joined + residual), atol=1e-4)
    assert (joined + residual).numpy().min() < -0.1 and residual.numpy().min() < -0.1, "both ReLUs matter"


def test_batch_norm_starts_as_in_fastai():
    model = segmenter()
    for name in ("middle_bn", "decoder_0_skip_bn"):
        norm = model.get_layer(name)
        np.testing.assert_allclose(norm.beta, 1e-3)
        assert norm.epsilon == 1e-5 and norm.momentum == 0.9


def test_the_weights_of_an_old_run_load_into_the_new_graph(tmp_path):
    old = segmenter(old_pixel_shuffle)
    old.save(tmp_path / "old.keras")
    old.save_weights(tmp_path / "old.weights.h5")
    for name in ("old.keras", "old.weights.h5"):
        new = segmenter(weights=tmp_path / name)
        assert_equal_arrays(new.get_weights(), old.get_weights())
        assert np.abs(new(IMAGE) - old(IMAGE)).max() > 0.1


def test_an_old_run_is_loaded_and_resumed_with_its_own_graph(masks, tmp_path):
    flags = ("--image-size", 32, "--batch-size", 8, "--weights", "none", "--verbose", "none", "--epochs")
    for epochs, decoder in ((1, "tests.segmentation.test_pixel_shuffle:old_pixel_shuffle"),
                            (2, "segmentation.pixel_shuffle:pixel_shuffle")):  # fmt: skip
        network = recipe.Recipe("pixel_shuffle", "tiny", decoder)
        with without_report():
            run = train_here(partial(recipe.train, network), SegmentationConfig, masks, tmp_path, *flags, epochs)
        model = load_saved_model(run / "checkpoints" / "last.keras", compiled=True)
        names = {layer.name for layer in model.layers}
        assert "picture_2_relu" in names and "picture_relu" not in names
        assert len(history(run)) == epochs
