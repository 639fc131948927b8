"""Presets of KerasHub, timm and transformers: what their JSON files tell, read without TensorFlow and KerasHub."""

import importlib.util
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from backbones import Normalisation
from settings import SettingError, WorkError, bad_setting
from storage.json_text import parse_json

CONVOLUTIONAL = (
    "ResNetBackbone", "DenseNetBackbone", "CSPNetBackbone", "EfficientNetBackbone", "MobileNetBackbone",
    "MobileNetV5Backbone", "VGGBackbone", "XceptionBackbone", "HGNetV2Backbone", "MiTBackbone", "ViTDetBackbone",
)  # fmt: skip
"""Classes whose output is a feature map, or several of them."""

TRANSFORMERS = (
    "ViTBackbone", "DeiTBackbone", "DINOV2Backbone", "DINOV3Backbone", "SwinTransformerBackbone", "SigLIPVisionEncoder",
    "CLIPVisionEncoder", "MetaCLIP2VisionEncoder",
)  # fmt: skip
"""Classes whose output is a row of tokens, or one vector."""

ENCODERS = {
    "SigLIPBackbone": "vision_encoder",
    "CLIPBackbone": "vision_encoder",
    "MetaCLIP2Backbone": "vision_encoder",
    "RetinaNetBackbone": "image_encoder",
    "DeepLabV3Backbone": "image_encoder",
    "SegFormerBackbone": "image_encoder",
    "BASNetBackbone": "image_encoder",
    "SAMBackbone": "image_encoder",
}
"""Networks for other tasks, and the attribute with their image encoder, which alone is used."""

OTHER_TASKS = {
    "DFineBackbone": "detects objects",
    "DepthAnythingBackbone": "estimates depth",
    "PARSeqBackbone": "reads text in images",
    "SAM3PromptableConceptBackbone": "needs prompts besides images",
    "VideoPrismBackbone": "takes videos",
    "VAEBackbone": "generates images",
    "StableDiffusion3Backbone": "generates images",
    "FluxBackbone": "generates images",
}
"""Networks for images that are refused, and why. All other classes are language or audio models."""

MODEL_TYPES = {
    "vit": "ViTBackbone",
    "deit": "DeiTBackbone",
    "dinov2": "DINOV2Backbone",
    "dinov2_with_registers": "DINOV2Backbone",
    "dinov3_vit": "DINOV3Backbone",
    "metaclip_2": "MetaCLIP2Backbone",
}
"""The types of image models of transformers that KerasHub converts, and its classes."""

OTHER_OUTPUTS = ("swin",)
"""Types that KerasHub 0.32 converts, but whose outputs then differ from those of transformers by tens of percent."""

FAMILIES = (
    "ResNet, DenseNet, CSPNet, EfficientNet, MobileNet, HGNetV2, VGG, Xception, MiT, ViT, DeiT, DINOv2, DINOv3, Swin, "
    "SigLIP, CLIP and MetaCLIP 2"
)

CONVERTED_WEIGHTS = ("model.safetensors", "model.safetensors.index.json")
WEIGHTS = {
    "KerasHub": ("model.weights.h5", "model.weights.json"),
    "timm": CONVERTED_WEIGHTS,
    "transformers": CONVERTED_WEIGHTS,
}
"""The files of weights of each kind of preset, or their index if there are several. One of them must exist."""


class PresetFiles(NamedTuple):
    """What the files of a preset tell.

    Attributes:
        kind: `KerasHub`, `timm` or `transformers`.
        class_name: the class of KerasHub; None for timm, whose architectures KerasHub knows.
        image_size: height and width in pixels for which the preset prepares images; None if it does not say.
        normalisation: None if the preset does not say.
    """

    folder: Path
    kind: str
    class_name: str | None
    image_size: tuple[int, int] | None
    normalisation: Normalisation | None


def read_preset(folder: Path, field: str) -> PresetFiles:
    """What the files of a preset tell. `field` is the setting that named it.

    Raises SettingError if the folder is no preset of an image backbone, WorkError if a needed package is missing.
    """
    config = _read_json(folder / "config.json", field)
    if config is None:
        raise SettingError(
            bad_setting(field, folder, "is not a preset of KerasHub, timm or transformers: no config.json")
        )
    if "registered_name" in config:
        kind, class_name = "KerasHub", str(config["registered_name"]).rpartition(">")[2]
        preparation = _converter_of_keras_hub(_read_json(folder / "image_converter.json", field))
    elif "model_type" in config:
        kind, class_name = "transformers", _class_of_model_type(folder, field, str(config["model_type"]))
        preparation = _preprocessor_of_transformers(_read_json(folder / "preprocessor_config.json", field))
    elif "architecture" in config:
        kind, class_name = "timm", None
        preparation = _preparation_of_timm(config)
    else:
        allowed = "is not a preset: its config.json is not one of KerasHub, timm or transformers"
        raise SettingError(bad_setting(field, folder, allowed))
    _check_class(folder, field, class_name)
    if not any((folder / name).is_file() for name in WEIGHTS[kind]):
        allowed = f"is an incomplete preset of {kind}: it has no {WEIGHTS[kind][0]}; download it again"
        raise SettingError(bad_setting(field, folder, allowed))
    if kind != "KerasHub" and not importlib.util.find_spec("safetensors"):
        raise WorkError(f"{folder} is a preset of {kind}, which KerasHub reads by a package: pip install safetensors")
    return PresetFiles(folder, kind, class_name, *preparation)


def _class_of_model_type(folder: Path, field: str, model_type: str) -> str:
    if model_type in OTHER_OUTPUTS:
        allowed = (
            f"is a {model_type} of transformers, which KerasHub converts into a network with other outputs; use a "
            f"preset of KerasHub, or one of {', '.join(MODEL_TYPES)}"
        )
        raise SettingError(bad_setting(field, folder, allowed))
    if model_type not in MODEL_TYPES:
        allowed = (
            f"is a {model_type} of transformers, which KerasHub does not convert as an image backbone; "
            f"use one of {', '.join(MODEL_TYPES)}"
        )
        raise SettingError(bad_setting(field, folder, allowed))
    return MODEL_TYPES[model_type]


def _check_class(folder: Path, field: str, class_name: str | None) -> None:
    if class_name is None or class_name in CONVOLUTIONAL or class_name in TRANSFORMERS or class_name in ENCODERS:
        return
    reason = OTHER_TASKS.get(class_name, "is not an image backbone")
    allowed = f"its class {class_name} {reason}; use a preset of {FAMILIES}"
    raise SettingError(bad_setting(field, folder, allowed))


def _read_json(path: Path, field: str) -> dict | None:
    """The content of a JSON file; None if there is no such file."""
    try:
        content = parse_json(path.read_bytes(), nan=True)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (ValueError, OSError) as error:
        raise SettingError(bad_setting(field, path, f"cannot be read: {error}; download the preset again")) from error
    if not isinstance(content, dict):
        raise SettingError(bad_setting(field, path, "is not the configuration of a preset; download it again"))
    return content


Preparation = tuple[tuple[int, int] | None, Normalisation | None]
"""Image size and normalisation."""


def _converter_of_keras_hub(converter: Mapping | None) -> Preparation:
    """KerasHub computes value * scale + offset. Presets of its first versions name mean and variance instead."""
    if converter is None:
        return None, None
    config = converter["config"]
    size = config.get("image_size") or (config.get("height"), config.get("width"))
    scale, offset = config.get("scale"), config.get("offset")
    if "variance" in config:
        deviations = [variance**0.5 for variance in config["variance"]]
        scale = [float(scale) / deviation for deviation in deviations]
        offset = [-mean / deviation for mean, deviation in zip(config["mean"], deviations, strict=True)]
    return _size(*size), _scaled(scale, offset)


def _preprocessor_of_transformers(config: Mapping | None) -> Preparation:
    """transformers computes (value * rescale_factor - mean) / deviation, unless a step is switched off."""
    if config is None:
        return None, None
    factor = config.get("rescale_factor", 1 / 255) if config.get("do_rescale", True) else 1.0
    mean, deviation = [0.0] * 3, [1.0] * 3
    if config.get("do_normalize", True):
        mean, deviation = config.get("image_mean", mean), config.get("image_std", deviation)
    crop = config.get("crop_size") if config.get("do_center_crop") else None
    size = crop or config.get("size") or {}
    height = size.get("height") or size.get("shortest_edge") if isinstance(size, dict) else size
    width = size.get("width") or height if isinstance(size, dict) else size
    scale = [factor / one for one in deviation]
    return _size(height, width), _scaled(scale, [-one / other for one, other in zip(mean, deviation, strict=True)])


def _preparation_of_timm(config: Mapping) -> Preparation:
    """timm computes (value / 255 - mean) / deviation."""
    preparation = config.get("pretrained_cfg") or {}
    if not {"mean", "std", "input_size"} <= preparation.keys():
        return None, None
    mean, deviation = preparation["mean"], preparation["std"]
    offset = [-one / other for one, other in zip(mean, deviation, strict=True)]
    return _size(*preparation["input_size"][1:]), _scaled([1 / 255 / one for one in deviation], offset)


def _size(height: object, width: object) -> tuple[int, int] | None:
    return (int(str(height)), int(str(width))) if height and width else None


def _scaled(scale: float | Sequence[float] | None, offset: float | Sequence[float] | None) -> Normalisation:
    """The normalisation value * scale + offset, each a number or one for each channel."""
    scales = _three(1.0 if scale is None else scale)
    offsets = _three(0.0 if offset is None else offset)
    mean = tuple(-one / other for one, other in zip(offsets, scales, strict=True))
    return Normalisation(mean, tuple(1 / one for one in scales))  # type: ignore[arg-type]  # three numbers each


def _three(value: float | Sequence[float]) -> list[float]:
    return [float(one) for one in value] if isinstance(value, Sequence) else [float(value)] * 3
