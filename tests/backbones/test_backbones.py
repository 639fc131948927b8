"""Every spec builds the network of its paper; weight files of all formats are loaded into the right layers."""

import h5py
import keras
import numpy as np
import pytest
from keras.src.legacy.saving import legacy_h5_format

from backbones import backbone, backbones
from backbones.build import build_backbone, load_weights
from backbones.cifar_resnet import _shortcut
from backbones.inception_resnet_v2_paper_stem import paper_stem
from layers.normalisation import Normalise
from settings import SettingError, WorkError

PARAMETERS = {
    "small": 1_772_192,
    "mobilenet_v2": 2_257_984,
    "mobilenet_v2_to_block_16": 1_841_984,
    "inception_v3": 21_802_784,
    "xception": 20_861_480,
    "resnet50": 23_587_712,
    "vgg16": 14_714_688,
    "vgg19": 20_024_384,
    "efficientnet_lite0": 3_413_024,
    "efficientnet_lite1": 4_189_344,
    "efficientnet_lite2": 4_869_168,
    "efficientnet_v2_s": 20_331_360,
    "efficientnet_v2_b0": 5_919_312,
    "convnext_tiny": 27_820_128,
    "inception_resnet_v2": 54_336_736,
    "inception_resnet_v2_paper_stem": 56_465_952,
    "cifar_vgg16": 14_731_584,
    "cifar_resnet_20": 270_448,
    "cifar_resnet_32": 465_776,
    "cifar_resnet_44": 661_104,
    "cifar_resnet_56": 856_432,
    "cifar_resnet_110": 1_735_408,
    "segnet": 29_458_880,
    "segnet_basic": 612_800,
    "segnet_basic_picture_norm": 612_288,
    "resnet34": 21_301_696,
    "resnet50_atrous": 23_587_712,
    "resnet50_to_conv2_block3_out": 229_760,
    "resnet50_to_conv3_block4_out": 1_460_096,
    "resnet50_to_conv4_block1_out": 2_980_224,
    "resnet50_to_conv4_block6_out": 8_589_184,
    "resnet50_to_conv5_block3_out": 23_587_712,
    "vgg16_unpool": 29_438_272,
}
"""Parameters without head. For Keras's networks: its documented counts minus the head for 1000 classes. The paper's
stem has 606,592 by figure 3; the rest has Keras's count with the wider modules. VGG16 with batch norm for CIFAR has
14,728,266 in its sources with its head of 5,130, without 8,448 statistics. SegNet has 29.44 million in its sources:
VGG16's 14,714,688, the same mirrored without the last convolution, twice 7,936 for batch norm and as many statistics.
S3's network has the arrays of its Caffe file: 9,472 + 3 * 200,768 of convolutions, 8 * 64 for batch norm. ResNet-34 has
21,797,672 in PyTorch with its head of 513,000, without 17,024 statistics. Those of the cut ResNet-50 are added up
block by block in tests/segmentation. The decoder of vgg16_unpool has VGG16's 14,714,688 minus 4,224 biases and 1,728 of
the first convolution, which the head replaces, plus 4 * 3,712 for batch norm.
EfficientNet-Lite has 4,652,008, 5,416,680 and 6,092,072 in TensorFlow with its head of 1,281,000, without 42,016,
53,664 and 58,096 statistics."""

MILLIONS_OF_THE_PAPER = {20: 0.27, 32: 0.46, 44: 0.66, 56: 0.85, 110: 1.7}
"""He et al. 2016, table 6."""

STEM_LAYERS = {
    f"stem_{place}_{kind}"
    for place in ("1", "2", "3", "4", "5a_1", "5a_2", "5b_1", "5b_2", "5b_3", "5b_4", "6")
    for kind in ("conv", "bn")
}


@pytest.mark.parametrize("name", sorted(backbones()))
def test_every_spec(name):
    spec = backbone(name)
    side = max(spec.smallest, 32)
    model = build_backbone(spec, (side, side, 3), "none")
    assert model.count_params() == PARAMETERS[name]
    assert len(model.layers) == spec.layers, "--freeze is checked against this number"
    assert model.input_shape == (None, side, side, 3) and len(model.output_shape) == 4


@pytest.mark.parametrize("depth", MILLIONS_OF_THE_PAPER)
def test_cifar_resnet_has_the_parameters_of_the_paper(depth):
    model = build_backbone(backbone(f"cifar_resnet_{depth}"), (32, 32, 3), "none")
    trainable = sum(weight.shape.num_elements() for weight in model.trainable_weights) + 64 * 10 + 10
    assert trainable == pytest.approx(MILLIONS_OF_THE_PAPER[depth] * 1e6, rel=0.025)
    convolutions = [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]
    assert len(convolutions) + 1 == depth
    assert model.output_shape == (None, 8, 8, 64)


def test_a_shortcut_without_weights_takes_every_second_pixel_and_adds_channels_of_zeros():
    inputs = keras.Input((5, 6, 16))
    model = keras.Model(inputs, _shortcut(inputs, 32, 2))
    image = np.random.default_rng(0).normal(size=(1, 5, 6, 16)).astype(np.float32)
    out = model(image).numpy()
    assert out.shape == (1, 3, 3, 32)
    np.testing.assert_array_equal(out[..., 8:24], image[:, ::2, ::2])
    assert not out[..., :8].any() and not out[..., 24:].any()


@pytest.mark.parametrize(
    ("name", "module"),
    [
        ("inception_v3", "inception_v3"), ("xception", "xception"), ("resnet50", "resnet50"), ("vgg16", "vgg16"),
        ("vgg19", "vgg19"), ("mobilenet_v2", "mobilenet_v2"), ("inception_resnet_v2", "inception_resnet_v2"),
    ],
)  # fmt: skip
def test_normalisation_equals_preprocess_input(name, module):
    images = np.random.default_rng(0).uniform(0, 255, (1, 4, 4, 3)).astype(np.float32)
    expected = getattr(keras.applications, module).preprocess_input(images.copy())
    np.testing.assert_allclose(Normalise(*backbone(name).normalisation)(images), expected, atol=1e-4)


@pytest.mark.parametrize(
    ("name", "network"),
    [("efficientnet_v2_s", "EfficientNetV2S"), ("efficientnet_v2_b0", "EfficientNetV2B0"),
     ("convnext_tiny", "ConvNeXtTiny")],
)  # fmt: skip
def test_normalisation_equals_the_preprocessing_layers_of_keras(name, network):
    network_with_preprocessing = getattr(keras.applications, network)(
        include_top=False, weights=None, input_shape=(32, 32, 3)
    )
    kinds = (keras.layers.Rescaling, keras.layers.Normalization)
    values = images = np.random.default_rng(0).uniform(0, 255, (1, 32, 32, 3)).astype(np.float32)
    first = [
        layer for layer in network_with_preprocessing.layers if isinstance(layer, kinds) or "prestem" in layer.name
    ]
    assert first
    for layer in first:
        values = layer(values)
    np.testing.assert_allclose(Normalise(*backbone(name).normalisation)(images), values, atol=2e-3)


def test_an_unknown_name_is_refused_with_the_known_ones():
    with pytest.raises(SettingError, match="mobilenet_v2"):
        backbone("mobilnet")


def test_the_stem_of_the_paper_layer_by_layer():
    """Szegedy et al. 2017, figure 3; the sizes are those printed beside the boxes."""
    inputs = keras.Input((299, 299, 3))
    model = keras.Model(inputs, paper_stem(inputs))
    expected = {
        "stem_1_conv": (149, 149, 32), "stem_2_conv": (147, 147, 32), "stem_3_conv": (147, 147, 64),
        "stem_4_pool": (73, 73, 64), "stem_4_conv": (73, 73, 96), "stem_4_mixed": (73, 73, 160),
        "stem_5a_1_conv": (73, 73, 64), "stem_5a_2_conv": (71, 71, 96), "stem_5b_1_conv": (73, 73, 64),
        "stem_5b_2_conv": (73, 73, 64), "stem_5b_3_conv": (73, 73, 64), "stem_5b_4_conv": (71, 71, 96),
        "stem_5_mixed": (71, 71, 192), "stem_6_conv": (35, 35, 192), "stem_6_pool": (35, 35, 192),
        "stem_6_mixed": (35, 35, 384),
    }  # fmt: skip
    assert {name: model.get_layer(name).output.shape[1:] for name in expected} == expected
    kernels = {layer.name: layer.kernel_size for layer in model.layers if isinstance(layer, keras.layers.Conv2D)}
    assert kernels["stem_5b_2_conv"] == (7, 1) and kernels["stem_5b_3_conv"] == (1, 7)


def test_the_modules_after_the_stem_have_the_widths_of_the_paper(tmp_path, caplog):
    caplog.set_level("INFO", "scenelab")
    spec = backbone("inception_resnet_v2_paper_stem")
    donor = keras.applications.InceptionResNetV2(include_top=False, weights=None, input_shape=(299, 299, 3))
    donor.save_weights(tmp_path / "donor.weights.h5")
    model = build_backbone(spec, (299, 299, 3), str(tmp_path / "donor.weights.h5"))
    shapes = {layer.name: layer.output.shape[1:] for layer in model.layers}
    assert shapes["stem_6_mixed"] == (35, 35, 384)
    assert {shapes[f"block35_{number}_ac"] for number in range(1, 11)} == {(35, 35, 384)}
    assert shapes["mixed_6a"] == (17, 17, 1152) and shapes["block17_20_ac"] == (17, 17, 1152)
    assert shapes["mixed_7a"] == (8, 8, 2144) and shapes["block8_9_ac"] == (8, 8, 2144)
    assert shapes["conv_7b_ac"] == (8, 8, 1536)
    first_module = model.get_layer("block35_1_mixed")
    assert "mixed_5b" not in shapes, "the stem is the input of the first module"
    assert first_module.output.shape[-1] == 128

    random = set(caplog.messages[-1].split("random weights: ")[1].split(", "))
    assert {"stem_4_conv", "stem_6_conv", "block35_1_conv", "block17_20_conv", "conv_7b"} <= random
    assert not {"stem_1_conv", "stem_3_bn", "conv_7b_bn"} & random
    layers = [layer for layer in model.layers if layer.weights]
    theirs = [layer for layer in donor.layers if layer.weights][-len(layers) + len(STEM_LAYERS) :]
    equal = 0
    for mine, their in zip(layers[len(STEM_LAYERS) :], theirs, strict=True):
        if mine.name not in random:
            equal += 1
            for one, other in zip(mine.get_weights(), their.get_weights(), strict=True):
                np.testing.assert_array_equal(one, other)
    assert equal == len(layers) - len(STEM_LAYERS) - len(random - STEM_LAYERS) > 250
    np.testing.assert_array_equal(model.get_layer("stem_1_conv").get_weights()[0], donor.layers[1].get_weights()[0])


@pytest.fixture
def donor():
    keras.utils.set_random_seed(7)
    return build_backbone(backbone("small"), (32, 32, 3), "none")


@pytest.mark.parametrize("name", ["model.keras", "backbone.weights.h5", "old_weights.h5", "old_model.h5"])
@pytest.mark.filterwarnings("ignore:You are saving")
def test_files_of_all_formats(donor, tmp_path, name):
    path = tmp_path / name
    if name == "backbone.weights.h5":
        donor.save_weights(path)
    elif name == "old_weights.h5":  # the format of files that keras.applications downloads
        with h5py.File(path, "w") as file:
            legacy_h5_format.save_weights_to_hdf5_group(file, donor)
    else:
        donor.save(path)
    keras.utils.set_random_seed(8)
    model = build_backbone(backbone("small"), (32, 32, 3), str(path))
    for mine, theirs in zip(model.get_weights(), donor.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_a_file_of_another_network_is_refused(donor, tmp_path):
    other = keras.Sequential([keras.Input((32, 32, 3)), keras.layers.Conv2D(4, 3), keras.layers.Flatten()])
    other.save(tmp_path / "other.keras")
    other.save_weights(tmp_path / "other.weights.h5")
    (tmp_path / "damaged.keras").write_bytes(b"PK\x03\x04 no zip")
    for name, failure, words in (
        ("other.keras", SettingError, "another network"),
        ("other.weights.h5", SettingError, "does not match"),
        ("damaged.keras", WorkError, "damaged"),
    ):
        with pytest.raises(failure, match=words):
            load_weights(tmp_path / name, [donor])


def test_without_network_access_the_error_says_what_to_do(monkeypatch):
    def fails(*args, **kwargs):
        raise Exception("URL fetch failure on https://example.org/weights.h5: None -- Name or service not known")

    monkeypatch.setattr(keras.applications, "MobileNetV2", fails)
    with pytest.raises(
        WorkError,
        match=r"weights\.h5.*\n.*efficientnet_lite.*--weights FILE.*--weights none.*\n.*HF_ENDPOINT.*KERAS_HOME",
    ):
        build_backbone(backbone("mobilenet_v2"), (96, 96, 3), "imagenet")
