"""Presets of KerasHub, timm and transformers become backbones; what is none is refused in words."""

import json
import shutil

import keras
import keras_hub
import numpy as np
import pytest

from backbones import backbone, chosen_backbone, is_preset
from backbones.build import build_backbone, load_weights
from backbones.preset import spec_of_preset
from backbones.preset_files import CONVOLUTIONAL, ENCODERS, OTHER_TASKS, TRANSFORMERS, read_preset
from classifiers.network import build_classifier
from config import PresetConfig, UNetConfig
from layers.saved import load_saved_model
from segmentation.network import encoder_of
from settings import SettingError, WorkError
from tests.backbones import presets
from tests.conftest import ROOT, assert_equal_arrays, settings_of
from training.setting_checks import initial_weights

CONVERTER = {"image_size": (32, 32), "scale": [1 / 58.395, 1 / 57.12, 1 / 57.375], "offset": [-2.1, -2.0, -1.8]}
IMAGES = np.random.default_rng(0).uniform(-1, 1, (2, 32, 32, 3)).astype(np.float32)


SLOW = ("swin",)
FAMILIES = [pytest.param(name, marks=[pytest.mark.slow] * (name in SLOW)) for name in sorted(presets.BACKBONES)]


@pytest.mark.parametrize("name", FAMILIES)
def test_every_family_gives_features_with_the_weights_of_the_preset(name, tmp_path):
    hub = presets.BACKBONES[name]()
    folder = presets.save_preset(tmp_path / name, hub, **CONVERTER)
    spec = backbone(str(folder), "preset")
    model = build_backbone(spec, (32, 32, 3), "imagenet")
    assert len(model.layers) == spec.layers and len(model.output_shape) == 4
    encoder = getattr(hub, ENCODERS.get(type(hub).__name__, ""), hub)
    theirs = keras.Model(encoder.inputs[0], encoder.output)(IMAGES)
    expected = expected_features(name, keras.tree.map_structure(np.asarray, theirs), encoder)
    np.testing.assert_allclose(np.asarray(model(IMAGES)).mean((1, 2)), expected, atol=1e-5)

    model.layers[1].trainable = False
    model.save(tmp_path / "model.keras")
    loaded = load_saved_model(tmp_path / "model.keras")
    assert_equal_arrays(loaded.get_weights(), model.get_weights())
    assert not loaded.layers[1].trainable and loaded.layers[2].trainable
    np.testing.assert_allclose(loaded(IMAGES), model(IMAGES), atol=1e-5)


def expected_features(name, output, encoder):
    """What the mean over the pixels must be, by the family's published classifier."""
    if name == "hgnet":
        return output["stage3"].mean((1, 2))
    if output.ndim == 4:
        return output.mean((1, 2))
    if output.ndim == 2:
        return output
    if name in ("swin", "vit_without_class_token"):
        return output.mean(1)
    patches = output[:, 2:].mean(1) if name == "dinov2" else np.zeros((2, 0))  # behind class token and a register
    return np.concatenate([output[:, 0], patches], axis=1)


def test_all_image_backbones_of_keras_hub_are_taken_or_refused_with_a_reason():
    known = {*CONVOLUTIONAL, *TRANSFORMERS, *ENCODERS, *OTHER_TASKS}
    languages = {
        "Backbone", "FeaturePyramidBackbone", "BLIP2Backbone", "Gemma3Backbone", "Gemma3nBackbone", "Gemma4Backbone",
        "PaliGemmaBackbone", "Qwen3_5Backbone", "Qwen3_5MoeBackbone", "T5Gemma2Backbone",
    }  # fmt: skip
    converted = {
        one.backbone_cls.__name__
        for name, one in vars(keras_hub.layers).items()
        if name.endswith("ImageConverter") and getattr(one, "backbone_cls", None)
    }
    assert "ResNetBackbone" in converted
    assert converted <= known | languages


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"registered_name": "keras_hub>DFineBackbone"}, "DFineBackbone detects objects"),
        ({"registered_name": "keras_hub>GemmaBackbone"}, "GemmaBackbone is not an image backbone"),
        ({"model_type": "bert"}, "is a bert of transformers"),
        ({"other": 1}, "not one of KerasHub, timm or transformers"),
        ({"registered_name": "keras_hub>ViTBackbone"}, "no model.weights.h5"),
    ],
)
def test_other_folders_are_refused(content, words, tmp_path):
    with pytest.raises(SettingError, match=f"preset = .*{words}"):
        read_preset(presets.write_config(tmp_path, content), "preset")


def test_a_damaged_preset_is_refused(tmp_path):
    with pytest.raises(SettingError, match=r"no config\.json"):
        read_preset(tmp_path, "preset")
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(SettingError, match="cannot be read"):
        read_preset(tmp_path, "preset")
    folder = presets.save_preset(tmp_path / "vit", presets.vit(), **CONVERTER)
    (folder / "model.weights.h5").write_bytes(b"nothing")
    spec = backbone(str(folder), "preset")
    with pytest.raises(WorkError, match="cannot be loaded; download the preset again"):
        build_backbone(spec, (32, 32, 3), "imagenet")


def test_the_normalisation_is_that_of_keras_hub(tmp_path, monkeypatch):
    """Of the three formats; timm's by KerasHub's own converter."""
    images = np.random.default_rng(0).uniform(0, 255, (1, 32, 32, 3)).astype(np.float32)
    folder = presets.save_preset(tmp_path / "keras", presets.resnet(), **CONVERTER)
    timm = {
        "architecture": "resnet18",
        "pretrained_cfg": {"mean": [0.5, 0.4, 0.3], "std": [0.2, 0.3, 0.4], "input_size": [3, 32, 32],
                           "interpolation": "bilinear"},
    }  # fmt: skip
    presets.write_config(tmp_path / "timm", timm)
    (tmp_path / "timm" / "model.safetensors").write_bytes(b"")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: name)
    for preset in (folder, tmp_path / "timm"):
        mean, deviation, channels = read_preset(preset, "preset").normalisation
        expected = keras_hub.layers.ImageConverter.from_preset(str(preset))(images)
        np.testing.assert_allclose((images - mean) / deviation, expected, atol=1e-4)
        assert channels == "RGB" and read_preset(preset, "preset").image_size == (32, 32)

    config = {"image_mean": [0.5] * 3, "image_std": [0.25] * 3, "size": {"height": 32, "width": 32}}
    presets.write_config(tmp_path / "vit", {"model_type": "vit"})
    presets.write_config(tmp_path / "vit", config, "preprocessor_config.json")
    (tmp_path / "vit" / "model.safetensors").write_bytes(b"")
    files = read_preset(tmp_path / "vit", "preset")
    assert files.normalisation.mean == pytest.approx([127.5] * 3)
    assert files.normalisation.deviation == pytest.approx([63.75] * 3) and files.image_size == (32, 32)


@pytest.mark.parametrize("name", ["vit", "deit", "dinov2"])
def test_presets_of_transformers_give_its_features(name):
    """The features are those that PyTorch computed from the same files: see tests/references/make_presets.py."""
    folder = ROOT / "tests" / "references" / "presets"
    spec = spec_of_preset(str(folder / name), "preset")
    model = build_classifier(spec, (32, 32, 3), 3, "imagenet")
    images = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3)).astype(np.float32)
    features = keras.Model(model.input, model.get_layer("pool").output)(images, training=False)
    with np.load(folder / "features.npz") as expected:
        np.testing.assert_allclose(features, expected[name], rtol=1e-3, atol=1e-4)


def test_a_swin_of_transformers_is_refused(tmp_path):
    presets.write_config(tmp_path, {"model_type": "swin"})
    with pytest.raises(SettingError, match="converts into a network with other outputs; use a preset of KerasHub"):
        read_preset(tmp_path, "preset")


def test_damaged_weights_of_a_converted_preset_are_named(tmp_path):
    shutil.copytree(ROOT / "tests" / "references" / "presets" / "vit", tmp_path / "vit")
    (tmp_path / "vit" / "model.safetensors").write_bytes(b"no safetensors")
    spec = spec_of_preset(str(tmp_path / "vit"), "preset")
    with pytest.raises(WorkError, match=r"weights of .*vit cannot be loaded; download the preset again"):
        build_classifier(spec, (32, 32, 3), 3, "imagenet")


def test_converted_presets_need_safetensors(tmp_path, monkeypatch):
    presets.write_config(tmp_path, {"architecture": "resnet18"})
    (tmp_path / "model.safetensors").write_bytes(b"")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(WorkError, match="pip install safetensors"):
        read_preset(tmp_path, "preset")


def test_sizes_that_a_preset_does_not_take_are_refused(tmp_path):
    def check(name, *flags):
        folder = tmp_path / name
        if not folder.exists():
            presets.save_preset(folder, presets.BACKBONES[name](), **CONVERTER)
        chosen_backbone(str(folder), settings_of(PresetConfig, "--preset", folder, *flags))

    for flags, words in (
        (("--image-size", "48"), "are for images of 32x32, because of its position embeddings"),
        (("--image-size", "45"), "should be divisible by patch size"),
        (("--image-size", "32,48"), "needs images of one size"),
        (("--strategy", "multi-worker"), "does not work with a preset"),
    ):
        with pytest.raises(SettingError, match=words):
            check("vit", *flags)
    with pytest.raises(SettingError, match="MiTBackbone does not take this size"):
        check("mit", "--image-size", "32x64")
    check("vit", "--image-size", "48", "--weights", "none")
    check("dinov2", "--image-size", "48")
    check("resnet", "--image-size", "48,64x32")


@pytest.mark.parametrize("name", ["resnet", "hgnet", "mobilenet"])
def test_the_encoder_of_a_segmentation_network_has_the_feature_maps_of_the_preset(name, tmp_path):
    folder = presets.save_preset(tmp_path / name, presets.BACKBONES[name](), **CONVERTER)
    spec = chosen_backbone(str(folder), settings_of(UNetConfig, "--backbone", folder))
    encoder, halvings = encoder_of(spec, build_backbone(spec, (None, None, 3), "imagenet"))
    sizes = [tuple(one.shape[1:3]) for one in encoder(np.zeros((1, 64, 96, 3), np.float32))]
    assert sizes == [(64 >> count, 96 >> count) for count in halvings] and len(halvings) > 2


def test_a_transformer_is_no_encoder_of_a_segmentation_network(tmp_path):
    folder = presets.save_preset(tmp_path / "vit", presets.vit(), **CONVERTER)
    with pytest.raises(SettingError, match=r"has no feature maps of several sizes .* use a preset of ResNet"):
        chosen_backbone(str(folder), settings_of(UNetConfig, "--backbone", folder))


def test_weights_of_a_preset_of_the_same_network(tmp_path):
    folder = presets.save_preset(tmp_path / "resnet", presets.resnet(), **CONVERTER)
    spec = backbone(str(folder), "preset")
    models = [build_backbone(spec, (32, 32, 3), weights) for weights in ("none", "imagenet")]
    load_weights(folder, [models[0]])
    assert_equal_arrays(models[0].get_weights(), models[1].get_weights())
    with pytest.raises(SettingError, match="is another network than small"):
        load_weights(folder, [build_backbone(backbone("small"), (32, 32, 3), "none")])


def test_weights_with_another_normalisation_are_refused(tmp_path):
    folder = presets.save_preset(tmp_path / "resnet", presets.resnet(), image_size=(32, 32), scale=1 / 255)
    assert is_preset(str(folder)) and not is_preset("resnet34")
    settings = settings_of(PresetConfig, "--weights", folder)
    with pytest.raises(SettingError, match=r"trained with other colours .* classifiers\.preset"):
        initial_weights(backbone("resnet34"), settings)
    chosen = settings.model_copy(update={"normalise": "dataset"})
    assert initial_weights(backbone("resnet34"), chosen) == str(folder.resolve())
    assert json.loads((folder / "config.json").read_text())["class_name"] == "ResNetBackbone"
