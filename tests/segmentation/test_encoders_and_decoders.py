"""Segmentation networks: as large as published, masks as large as images, checkpoints that need only `layers`."""

import logging
from functools import partial
from pkgutil import resolve_name
from typing import get_args

import h5py
import keras
import numpy as np
import pytest
import tensorflow as tf
from keras.src.legacy.saving import legacy_h5_format

import config
from backbones import backbone, chosen_backbone
from backbones.build import build_backbone
from backbones.resnet50_cut import CUTS
from layers.losses import SegmentationLoss
from layers.normalisation import Normalise
from segmentation import unet_resnet50
from segmentation.decoders import unet
from segmentation.network import build_segmenter
from settings import SettingError
from tests.conftest import assert_equal_arrays, make_data_folder, run, run_code, settings_of
from tests.segmentation.conftest import count_trained
from training.freezing import backbone_of
from training.progress import FIXED_AFTER_START

NETWORKS = ["unet_resnet34", "unet_resnet50", "vgg16_unpool", "deeplab_v3_plus"]
VGG16 = 14_714_688
RESNET34 = 21_797_672 - 513_000
"""Trained parameters that PyTorch counts, without the head."""

LOAD = """
import sys
from pathlib import Path
import numpy as np
from layers.saved import load_saved_model
folder = Path(sys.argv[1])
for path in folder.glob("*.keras"):
    np.save(path.with_suffix(".npy"), load_saved_model(path)(np.load(folder / "images.npz")["images"]))
assert not {"keras_hub", "segmentation", "backbones"} & set(sys.modules)
"""


def segmenter(name, *flags, classes=3, weights="none") -> keras.Model:
    recipe = resolve_name(f"segmentation.{name}:RECIPE")
    settings = settings_of(getattr(config, recipe.config), *flags)
    spec = chosen_backbone(recipe.backbone, settings)
    decoder, head = recipe.resolve_decoder(settings), recipe.resolve_head()
    return build_segmenter(spec, classes, str(weights), 0, spec.normalisation, decoder, head)


def random_image(*shape) -> np.ndarray:
    return np.random.default_rng(0).uniform(0, 255, (1, *shape, 3)).astype(np.float32)


def conv(channels, filters, size=3, bias=1) -> int:
    return (channels * size**2 + bias) * filters


def bottlenecks(count, channels, filters) -> int:
    """Parameters of a stage of He et al. 2016, table 1: weights, biases, and four numbers of batch norm per filter."""
    total = conv(channels, 4 * filters, 1) + 16 * filters
    for _ in range(count):
        total += conv(channels, filters, 1) + conv(filters, filters) + conv(filters, 4 * filters, 1) + 24 * filters
        channels = 4 * filters
    return total


def test_unet_resnet34_is_as_large_as_in_fastai():
    """fastai's summary of `unet_learner(dls, resnet34)` with 7 classes has 41,221,668: the sum of its parts here."""
    total = RESNET34 + 2 * 512 + conv(512, 1024) + conv(1024, 512)
    channels = 512
    for skip, narrower in ((256, 1), (128, 1), (64, 1), (64, 2)):
        joined = channels // 2 + skip
        total += conv(channels, 4 * (channels // 2), 1) + 2 * skip
        channels = joined // narrower
        total += conv(joined, channels) + conv(channels, channels)
    total += conv(channels, 4 * channels, 1) + 2 * conv(channels + 3, channels + 3) + conv(channels + 3, 7, 1)
    assert total == 41_221_668 == count_trained(segmenter("unet_resnet34", classes=7).layers)


def test_unet_resnet50_is_as_large_as_its_parts():
    blocks = {"conv2_block3_out": 0, "conv3_block4_out": 4, "conv4_block1_out": 1, "conv4_block6_out": 6}
    stages = [bottlenecks(3, 64, 64), bottlenecks(4, 256, 128), bottlenecks(1, 512, 256), bottlenecks(6, 512, 256)]
    first = conv(3, 64, 7) + 4 * 64
    counts = [first + sum(stages[:end]) for end in (1, 2, 3)] + [first + stages[0] + stages[1] + stages[3]]
    for cut, count in zip(blocks, counts, strict=True):
        assert build_backbone(backbone(f"resnet50_to_{cut}"), (32, 32, 3), "none").count_params() == count
    assert first + stages[0] + stages[1] + stages[3] + bottlenecks(3, 1024, 512) == 23_587_712, "Keras's own count"

    def decoder(skips):
        total, channels = 0, 1024
        for skip, filters in zip(skips, (256, 128, 64, 32), strict=True):
            total += conv(channels + skip, filters, bias=0) + conv(filters, filters, bias=0) + 2 * 4 * filters
            channels = filters
        return total + conv(channels, 21, 1)

    half = counts[2]
    assert segmenter("unet_resnet50", classes=21).count_params() == half + decoder((512, 256, 64, 0)) == 8_025_909
    bare = segmenter("unet_resnet50", "--no-skip", classes=21)
    assert bare.count_params() == half + decoder((0, 0, 0, 0)) == 6_514_485
    assert not any(isinstance(layer, keras.layers.Concatenate) for layer in bare.layers)


def test_vgg16_unpool_mirrors_vgg16():
    layers = backbone_of(segmenter("vgg16_unpool")).layers
    encoder = [layer for layer in layers if type(layer) is keras.layers.Conv2D]
    decoder = [layer for layer in layers if isinstance(layer, keras.layers.Conv2DTranspose)]
    assert sum(layer.count_params() for layer in encoder) == VGG16
    assert [(layer.input.shape[-1], layer.filters) for layer in reversed(decoder)] == [
        (layer.filters, layer.input.shape[-1]) for layer in encoder[1:]
    ]


def test_deeplab_v3_plus_computes_what_keras_hub_computes():
    """KerasHub documents 39,190,656 parameters on its ResNet-50. Keras's ResNet-50 has 26,560 more: its biases."""
    from keras_hub.models import DeepLabV3Backbone

    model = segmenter("deeplab_v3_plus")
    random = np.random.default_rng(0)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.set_weights([random.uniform(0.5, 1.5, weight.shape) for weight in layer.weights])
    encoder = backbone_of(model)
    encoder = keras.Model(encoder.input, encoder.get_layer("conv5_block3_out").output)
    encoder.pyramid_outputs = {"P2": encoder.get_layer("conv2_block3_out").output, "P4": encoder.output}
    hub = DeepLabV3Backbone(encoder, "P4", 4, [6, 12, 18], "P2")
    assert hub.count_params() == 39_190_656 + 26_560 == model.count_params() - conv(256, 3, 1)

    pooling = next(layer for layer in hub.layers if type(layer).__name__ == "SpatialPyramidPooling")
    parts = dict(zip(("_1x1", "_6", "_12", "_18", "_whole"), pooling.aspp_parallel_channels, strict=True))
    pairs = {f"pyramid{name}": part.layers for name, part in (parts | {"": pooling.projection}).items()}
    pairs["details"] = [hub.get_layer("decoder_conv"), hub.get_layer("decoder_norm")]
    pairs["decoder"] = [hub.get_layer("segmentation_head_conv"), hub.get_layer("segmentation_head_norm")]
    for name, hub_layers in pairs.items():
        layers = [model.get_layer(f"{name}_conv"), model.get_layer(f"{name}_bn")]
        for layer, hub_layer in zip(layers, [layer for layer in hub_layers if layer.weights], strict=True):
            hub_layer.set_weights(layer.get_weights())
    x = random_image(64, 96)
    values = Normalise(*backbone("resnet50_atrous").normalisation)(x)
    features = hub(values, training=False)  # by default KerasHub 0.32 uses the statistics of the batch here
    expected = model.get_layer("logits")(features)
    np.testing.assert_allclose(model(x), expected, atol=1e-4 * np.abs(expected).max())


def test_the_atrous_resnet_differs_from_resnet50_only_in_its_last_stage(tmp_path):
    donor = keras.applications.ResNet50(include_top=False, weights=None, input_shape=(64, 64, 3))
    donor.save_weights(tmp_path / "resnet50.weights.h5")
    model = build_backbone(backbone("resnet50_atrous"), (64, 64, 3), str(tmp_path / "resnet50.weights.h5"))
    ends = [keras.Model(net.input, net.get_layer("conv4_block6_out").output) for net in (donor, model)]
    x = random_image(64, 64)
    np.testing.assert_array_equal(ends[0](x), ends[1](x))
    assert donor.output_shape == (None, 2, 2, 2048) and model.output_shape == (None, 4, 4, 2048)
    last = [layer for layer in model.layers if layer.name.startswith("conv5_") and hasattr(layer, "kernel_size")]
    rates = {(layer.kernel_size[0], layer.strides[0], layer.dilation_rate[0]) for layer in last}
    assert rates == {(1, 1, 1), (3, 1, 2)}


@pytest.mark.parametrize(
    "networks",
    [NETWORKS[:2], pytest.param(NETWORKS[2:], marks=pytest.mark.slow)],
    ids=["quick", "slow"],
)
def test_a_step_a_file_a_new_process_and_any_size(networks, tmp_path):
    """The new process imports only `layers`."""
    x = random_image(38, 50)
    masks = np.random.default_rng(0).integers(0, 3, (1, 38, 50))
    np.savez(tmp_path / "images.npz", images=x)
    logits = {}
    for name in networks:
        model = segmenter(name)
        model.compile("sgd", SegmentationLoss(), run_eagerly=True)
        before = [weight.numpy() for weight in model.trainable_weights]
        assert np.isfinite(model.train_on_batch(x, masks))
        after = [weight.numpy() for weight in model.trainable_weights]
        assert sum(not np.array_equal(*pair) for pair in zip(before, after, strict=True)) > 0.9 * len(before)
        logits[name] = model(x, training=False)
        assert logits[name].shape == (1, 38, 50, 3) and logits[name].dtype == tf.float32
        graph = tf.function(lambda x, model=model: model(x, training=False))
        of_any_size = graph.get_concrete_function(tf.TensorSpec((None, None, None, 3)))
        assert of_any_size(tf.constant(random_image(20, 33))).shape == (1, 20, 33, 3)
        model.save(tmp_path / f"{name}.keras")
    done = run_code(LOAD, tmp_path)
    assert done.code == 0, done.err
    for name in networks:
        np.testing.assert_array_equal(np.load(tmp_path / f"{name}.npy"), logits[name])


def count_equal_layers(model, donor) -> int:
    """The number of layers with weights whose names are in both networks. Fails if their weights differ."""
    layers = {layer.name: layer for layer in backbone_of(model).layers if layer.weights}
    pairs = [(layers[layer.name], layer) for layer in donor.layers if layer.weights and layer.name in layers]
    for layer, donor_layer in pairs:
        assert_equal_arrays(layer.get_weights(), donor_layer.get_weights())
    return len(pairs)


@pytest.mark.parametrize("kind", ["vgg16.weights.h5", "vgg16.keras", "vgg16.h5"])
@pytest.mark.filterwarnings("ignore:You are saving")
def test_vgg16_unpool_loads_the_weights_of_vgg16(kind, tmp_path, caplog):
    caplog.set_level(logging.INFO, "scenelab")
    donor = keras.applications.VGG16(include_top=False, weights=None, input_shape=(32, 32, 3))
    path = tmp_path / kind
    if kind == "vgg16.h5":  # the format of the files that keras.applications downloads
        with h5py.File(path, "w") as file:
            legacy_h5_format.save_weights_to_hdf5_group(file, donor)
    else:
        donor.save_weights(path) if kind.endswith(".weights.h5") else donor.save(path)
    assert count_equal_layers(segmenter("vgg16_unpool", weights=path), donor) == 13
    assert "vgg16" in caplog.text


def test_vgg16_unpool_loads_what_keras_downloads(monkeypatch):
    donor = keras.applications.VGG16(include_top=False, weights=None, input_shape=(None, None, 3))
    monkeypatch.setattr(keras.applications, "VGG16", lambda weights, **kwargs: donor)
    assert count_equal_layers(segmenter("vgg16_unpool", weights="imagenet"), donor) == 13


@pytest.mark.parametrize("kind", ["resnet50.weights.h5", "resnet50.keras"])
def test_a_cut_backbone_loads_the_weights_of_the_complete_network(kind, tmp_path):
    donor = keras.applications.ResNet50(include_top=False, weights=None, input_shape=(32, 32, 3))
    donor.save_weights(tmp_path / kind) if kind.endswith(".weights.h5") else donor.save(tmp_path / kind)
    model = segmenter("unet_resnet50", "--cut", "conv3_block4_out", weights=tmp_path / kind)
    assert count_equal_layers(model, donor) == 48


def test_resnet34_loads_the_weights_of_keras_hub(tmp_path):
    from keras_hub.models import ResNetBackbone

    donor = ResNetBackbone([64], [7], [64, 128, 256, 512], [3, 4, 6, 3], [1, 2, 2, 2], "basic_block")
    donor.save_weights(tmp_path / "resnet34.weights.h5")
    assert count_equal_layers(segmenter("unet_resnet34", weights=tmp_path / "resnet34.weights.h5"), donor) == 72


def test_a_file_of_the_complete_network_has_its_decoder_too(tmp_path):
    """This continues a training at half size by one at full size."""
    donor = segmenter("unet_resnet50", "--cut", "conv2_block3_out")
    donor.save(tmp_path / "half.keras")
    model = segmenter("unet_resnet50", "--cut", "conv2_block3_out", weights=tmp_path / "half.keras")
    assert_equal_arrays(model.get_weights(), donor.get_weights())


def test_a_file_of_another_network_is_refused(tmp_path):
    keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Conv2D(4, 3)]).save(tmp_path / "other.keras")
    for name in ("vgg16_unpool", "unet_resnet34"):
        with pytest.raises(SettingError, match="another network"):
            segmenter(name, weights=tmp_path / "other.keras")


def test_without_skip_connections_the_decoder_sees_the_deepest_map_only():
    spec, logits = backbone("tiny"), {}
    for skip in (True, False):
        keras.utils.set_random_seed(0)
        decoder = partial(unet, decoder_filters=(8, 4), skip=skip)
        model = build_segmenter(spec, 3, "none", 0, spec.normalisation, decoder)
        logits[skip] = model(random_image(32, 32))
        assert any(isinstance(layer, keras.layers.Concatenate) for layer in model.layers) == skip
    assert logits[True].shape == logits[False].shape
    assert np.abs(logits[True] - logits[False]).max() > 1e-3
    assert {"skip", "cut"} <= set(FIXED_AFTER_START)


def test_the_recipe_passes_its_settings_to_the_decoder():
    settings = settings_of(config.UNetResNet50Config, "--no-skip", "--decoder-filters", "8,4")
    decoder = unet_resnet50.RECIPE.resolve_decoder(settings)
    assert decoder.func is unet and decoder.keywords == {"skip": False, "decoder_filters": (8, 4)}


def test_the_setting_cut_names_all_cuts():
    assert get_args(config.UNetResNet50Config.model_fields["cut"].annotation) == tuple(CUTS)


def test_a_wrong_cut_is_refused_before_tensorflow_is_imported(tmp_path):
    code = (
        "import sys; from segmentation import recipe\n"
        "from segmentation.unet_resnet50 import RECIPE\n"
        "try: recipe.main(RECIPE)\n"
        "finally: assert not {'tensorflow', 'keras'} & set(sys.modules)"
    )
    done = run_code(code, "--data", tmp_path, "--cut", "conv4_block7_out")
    assert done.code == 2 and "cut = 'conv4_block7_out'" in done.err, done.err
    assert all(cut in done.err for cut in CUTS)


@pytest.mark.slow
@pytest.mark.parametrize("name", NETWORKS)
def test_the_module_trains_and_predicts(name, tmp_path, shared):
    data = make_data_folder(tmp_path / "data", source="scenes", task="segmentation", pictures=20, picture_size=32)
    flags = ("--weights", "none", "--image-size", 32, "--batch-size", 4, "--epochs", 1, "--verbose", "none")
    done = run(f"segmentation.{name}", "--data", data, "--runs", tmp_path, *flags)
    assert done.code == 0, done.err
    done = run("predictor", "--run", tmp_path / name, "--test-images", data / "val", "--output", tmp_path / "p.csv")
    assert done.code == 0, done.err
