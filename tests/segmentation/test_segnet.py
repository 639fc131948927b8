"""SegNet and its network of two stages: as large as published, and computing what the Caffe network computes."""

import logging
from functools import partial
from pkgutil import resolve_name

import keras
import numpy as np
import pytest

from backbones import backbone
from backbones.build import build_backbone, load_weights
from config import SegNetBasicConfig, SegNetConfig
from layers.losses import SegmentationLoss
from layers.saved import load_saved_model
from segmentation import recipe, segnet, segnet_basic
from segmentation.network import build_segmenter, encoder_of
from setting_types import Size
from settings import SettingError
from tests.conftest import settings_of, train_here
from tests.segmentation.conftest import count_trained
from training.freezing import backbone_of

BACKBONES = ["segnet", "segnet_basic", "segnet_basic_picture_norm"]


def segmenter(name, classes=2, weights="none", head="segmentation.decoders:convolution") -> keras.Model:
    spec = backbone(name)
    return build_segmenter(spec, classes, str(weights), 0, spec.normalisation, None, resolve_name(head))


@pytest.fixture
def caffe(shared):
    """The weights of the Caffe network, and what it computes by them."""
    return shared / "segnet_caffe" / "weights.npz", np.load(shared / "segnet_caffe" / "reference.npz")


def test_segnet_is_as_large_as_published():
    """29.44 million in https://pmc.ncbi.nlm.nih.gov/articles/PMC12440891, table 2; VGG16's convolutions: 14,714,688."""
    model = segmenter("segnet", classes=11, head=segnet.RECIPE.head)
    convolutions = [layer for layer in backbone_of(model).layers if isinstance(layer, keras.layers.Conv2D)]
    assert len(convolutions[:13]) == len([*convolutions[13:], model.get_layer("logits")]) == 13
    assert count_trained(convolutions[:13]) == 14_714_688
    assert count_trained(model.layers) == pytest.approx(29.44e6, rel=0.001)
    assert {layer.kernel_size for layer in [*convolutions, model.get_layer("logits")]} == {(3, 3)}


def test_the_decoder_mirrors_the_encoder():
    """Widths of Badrinarayanan et al. 2017, figure 2, and of the authors' own network description."""
    layers = build_backbone(backbone("segnet"), (64, 96, 3), "none").layers
    shapes = [layer.output.shape[1:] for layer in layers if isinstance(layer, keras.layers.Conv2D)]
    encoder, decoder = shapes[:13], shapes[13:]
    assert [shape[:2] for shape in decoder] == [shape[:2] for shape in reversed(encoder)][:-1]
    assert [shape[2] for shape in decoder] == [512] * 5 + [256] * 3 + [128] * 2 + [64] * 2
    assert encoder[-1] == (4, 6, 512)


def test_segnet_basic_has_7x7_filters_and_no_relu_in_its_decoder():
    layers = build_backbone(backbone("segnet_basic"), (32, 32, 3), "none").layers
    convolutions = [layer for layer in layers if isinstance(layer, keras.layers.Conv2D)]
    assert [(layer.filters, layer.kernel_size) for layer in convolutions] == [(64, (7, 7))] * 4
    assert sum(isinstance(layer, keras.layers.ReLU) for layer in layers) == 2


@pytest.mark.parametrize("image", [0, 7])
def test_the_logits_are_those_of_the_caffe_network(caffe, image):
    """But for a few pixels: of two nearly equal values in a pooling window, another processor may take the other."""
    weights, reference = caffe
    logits = segmenter("segnet_basic", weights=weights)(reference["images_rgb"][[image]].astype(np.float32))
    differences = np.abs(logits - reference["logits_inference"][image])
    assert np.quantile(differences, 0.95) <= 1e-4 and (differences <= 1e-3).mean() >= 0.99
    assert (np.argmax(logits[0], axis=-1) == reference["mask_inference"][image]).mean() >= 0.9999


def test_with_statistics_of_each_image_the_caffe_network_is_right(caffe):
    """Most of the difference comes from the reference's float64 statistics; its README says what to expect."""
    weights, reference = caffe
    model = segmenter("segnet_basic_picture_norm", weights=weights)
    logits = model(reference["images_rgb"][[1]].astype(np.float32))
    assert np.median(np.abs(logits - reference["logits_batchstat"][1])) <= 1e-3
    mask = np.argmax(logits[0], axis=-1)
    assert (mask == reference["mask_batchstat"][1]).mean() >= 0.9999
    assert (mask == reference["annotations"][1]).mean() > 0.998
    assert (reference["mask_inference"][1] == reference["annotations"][1]).mean() < 0.03, "with running statistics"


@pytest.mark.parametrize("name", BACKBONES)
def test_a_step_a_file_and_an_odd_size(name, tmp_path):
    model = segmenter(name, classes=3)
    random = np.random.default_rng(0)
    images = random.uniform(0, 255, (1, 40, 51, 3)).astype(np.float32)
    masks = random.integers(0, 3, (1, 40, 51))
    model.compile("sgd", SegmentationLoss(), run_eagerly=True)
    before = [weight.numpy() for weight in model.trainable_weights]
    assert np.isfinite(model.train_on_batch(images, masks))
    after = [weight.numpy() for weight in model.trainable_weights]
    assert sum(not np.array_equal(*pair) for pair in zip(before, after, strict=True)) > len(before) / 2
    logits = model(images, training=False)
    assert logits.shape == (1, 40, 51, 3)
    model.save(tmp_path / "model.keras")
    np.testing.assert_array_equal(load_saved_model(tmp_path / "model.keras")(images, training=False), logits)


def test_with_picture_norm_an_image_does_not_depend_on_the_others():
    model = segmenter("segnet_basic_picture_norm")
    images = np.random.default_rng(0).uniform(0, 255, (2, 32, 32, 3)).astype(np.float32)
    np.testing.assert_allclose(model(images, training=True)[:1], model(images[:1], training=False), atol=1e-4)


def test_the_head_of_a_file_with_other_classes_is_not_loaded(caffe, caplog):
    caplog.set_level(logging.INFO, "scenelab")
    model = segmenter("segnet_basic", classes=5, weights=caffe[0])
    assert "8 of 9 layers" in caplog.text
    np.testing.assert_array_equal(backbone_of(model).get_layer("conv1").bias, np.load(caffe[0])["conv1_b"])
    assert not model.get_layer("logits").bias.numpy().any(), "as it was initialised"


def test_arrays_that_do_not_fit_are_refused(tmp_path):
    model = build_backbone(backbone("segnet_basic"), (32, 32, 3), "none")
    arrays = {
        f"{layer.name}_{end}": weight
        for layer in model.layers
        if layer.weights
        for end, weight in zip(
            ("scale", "shift") if layer.name.endswith("bn") else ("w", "b"), layer.get_weights(), strict=False
        )
    }
    np.savez(tmp_path / "right.npz", **arrays)
    load_weights(tmp_path / "right.npz", [model])
    np.savez(tmp_path / "less.npz", **{name: arrays[name] for name in arrays if name != "conv2_bn_shift"})
    np.savez(tmp_path / "other.npz", **arrays | {"conv1_w": np.zeros((3, 3, 3, 64), np.float32)})
    (tmp_path / "damaged.npz").write_bytes(b"PK\x03\x04 no zip")
    for name, words in (("less", "has no conv2_bn_shift"), ("other", "conv1 "), ("damaged", "is not a file of arrays")):
        with pytest.raises(SettingError, match=words):
            load_weights(tmp_path / f"{name}.npz", [model])
    with pytest.raises(SettingError, match=r"another network: it has no .* more"):
        segmenter("segnet", weights=tmp_path / "right.npz")


def test_a_backbone_with_a_decoder_takes_no_other():
    spec = backbone("segnet_basic")
    with pytest.raises(SettingError, match="has a decoder of its own"):
        encoder_of(spec, build_backbone(spec, (None, None, 3), "none"))


def test_the_defaults_are_those_of_the_paper():
    settings = settings_of(SegNetConfig)
    assert (settings.image_size, settings.optimizer) == ((Size(360, 480),), "momentum")
    assert (settings.learning_rates, settings.class_weights) == ((0.1,), "median-frequency")


def test_each_norm_has_its_backbone():
    norms = {"picture": keras.layers.GroupNormalization, "batch": keras.layers.BatchNormalization}
    for norm, layer_class in norms.items():
        spec = backbone(segnet_basic.RECIPE.backbone(settings_of(SegNetBasicConfig, "--norm", norm)))
        layers = build_backbone(spec, (32, 32, 3), "none").layers
        assert sum(isinstance(layer, layer_class) for layer in layers) == 4


@pytest.mark.slow
@pytest.mark.parametrize("norm", ["picture", "batch"])
def test_the_module_trains(squares, tmp_path, norm):
    flags = ("--norm", norm, "--image-size", 32, "--epochs", 1, "--verbose", "none")
    run = train_here(partial(recipe.train, segnet_basic.RECIPE), SegNetBasicConfig, squares, tmp_path, *flags)
    network = backbone_of(load_saved_model(run / "checkpoints" / "best.keras"))
    assert network.name == "segnet_basic"
