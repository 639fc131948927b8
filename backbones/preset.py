"""Backbones from presets of KerasHub, timm and transformers, as KerasHub's `from_preset` builds them.

Of networks for other tasks the image encoder is taken: SigLIP, CLIP, RetinaNet, DeepLabV3, SegFormer and the like.
"""

import contextlib
import io
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from backbones import IMAGENET, Backbone
from backbones.downloads import local_preset
from backbones.fetched import check_fetched
from backbones.preset_files import CONVOLUTIONAL, ENCODERS, PresetFiles, read_preset
from log import logger
from setting_types import Size
from settings import SettingError, WorkError, bad_setting, first_line

if TYPE_CHECKING:
    import keras

    from config import SupervisedConfig
    from layers.preset import PresetBackbone

InputShape = tuple[int | None, int | None, int]

USUAL_SIZE = 224
"""Height and width in pixels, if neither the preset's files nor its network tell."""

ANY_SIZE: InputShape = (None, None, 3)

SIZE_ARGUMENT = {"EfficientNetBackbone": "input_shape"}
"""The argument of KerasHub's classes with the shape of the images, where it is not `image_shape`."""

RESIZES_POSITIONS = ("DINOV2Backbone",)
"""Classes that interpolate their position embeddings when weights are loaded at another image size."""


class PresetNetwork(NamedTuple):
    """What is known of a preset once its network was built.

    Attributes:
        class_name: the class of the preset; for networks of other tasks `encoder` is that of their image encoder.
        image_size: height and width in pixels; None if any size is allowed.
        weights: the shapes of all weights.
        levels: the number of feature maps of its pyramid; 0 if it has none.
    """

    class_name: str
    encoder: str
    layers: int
    image_size: tuple[int, int] | None
    weights: tuple[tuple[int, ...], ...]
    levels: int


def spec_of_preset(name: str, field: str) -> Backbone:
    """The spec of a preset: a folder or an address. `field` is the setting that named it. Imports TensorFlow.

    Raises SettingError if it is not an image backbone, WorkError if it cannot be downloaded or is damaged.
    """
    files = read_preset(check_fetched(local_preset(name, field), field), field)
    found = _inspect(files)
    height, _ = found.image_size or files.image_size or (USUAL_SIZE, USUAL_SIZE)
    if files.normalisation is None:
        logger.warning(
            f"{files.folder} does not tell how colours are normalised, so ImageNet's mean and deviation are used. "
            "If its weights were trained in another way, use --normalise dataset"
        )
    return Backbone(
        "backbones.preset:network",
        image_size=height,
        layers=found.layers,
        normalisation=files.normalisation or IMAGENET,
        arguments={"files": files},
        smallest=1,
        check="backbones.preset:check_settings",
        pyramid="backbones.preset:pyramid" if found.levels else None,
    )


def network(
    files: PresetFiles, input_shape: InputShape, include_top: bool = False, weights: str | None = None
) -> "keras.Model":
    """RGB images, normalised -> features (batch, height, width, channels), as this module describes.

    It has the layers of the preset. `weights` is None for random ones, or `imagenet` for those of the preset. Raises
    WorkError if they are damaged.
    """
    try:
        with contextlib.redirect_stdout(io.StringIO()):  # KerasHub prints each layer that it converts
            return _build(files, _inspect(files).class_name, input_shape, load_weights=weights is not None)
    except SettingError:
        raise
    except Exception as error:  # KerasHub and safetensors raise different errors, depending on what is missing
        again = "download the preset again, or start from random weights by --weights none"
        raise WorkError(f"The weights of {files.folder} cannot be loaded; {again}. {first_line(error)}") from error


def pyramid(model: "PresetBackbone") -> "list[keras.KerasTensor]":
    """The feature maps that the preset's class names, from the finest to the coarsest."""
    return model.pyramid


def check_settings(spec: Backbone, settings: "SupervisedConfig") -> None:
    """Raises SettingError for settings that this preset does not allow."""
    files = spec.arguments["files"]
    assert isinstance(files, PresetFiles)
    if settings.strategy == "multi-worker":
        allowed = "does not work with a preset, whose network is built before the workers are joined; use auto"
        raise SettingError(bad_setting("strategy", settings.strategy, allowed))
    if "backbone" in type(settings).model_fields:
        _check_feature_maps(files)
        return
    sizes = sorted(set(settings.image_size)) or [Size(spec.image_size, spec.image_size)]
    _check_size(files, sizes, with_weights=settings.weights != "none")


def _check_feature_maps(files: PresetFiles) -> None:
    found = _inspect(files)
    if found.encoder not in CONVOLUTIONAL or found.encoder == "ViTDetBackbone" or not _builds(files, ANY_SIZE):
        allowed = (
            f"its {found.encoder} has no feature maps of several sizes for images of any size; use a preset of ResNet, "
            "DenseNet, CSPNet, EfficientNet, MobileNet, HGNetV2, VGG or Xception"
        )
        raise SettingError(bad_setting("backbone", files.folder, allowed))


def _check_size(files: PresetFiles, sizes: list[Size], with_weights: bool) -> None:
    found = _inspect(files)
    given = ",".join(map(str, sizes))
    own = Size(*found.image_size) if found.image_size else None
    if len(sizes) > 1 and not _builds(files, ANY_SIZE):
        allowed = f"{found.encoder} needs images of one size in all stages; use one size, such as {own or sizes[-1]}"
        raise SettingError(bad_setting("image_size", given, allowed))
    if len(sizes) > 1 or own is None or sizes[0] == own:
        return
    try:
        changed = _build(files, found.class_name, (*sizes[0], 3), load_weights=False)
        changed.predict_on_batch(np.zeros((1, *sizes[0], 3), np.float32))
    except Exception as error:  # KerasHub's classes raise different errors for sizes that they do not take
        allowed = f"{found.encoder} does not take this size; {own} suits this preset. {first_line(error)}"
        raise SettingError(bad_setting("image_size", given, allowed)) from error
    if with_weights and found.encoder not in RESIZES_POSITIONS and _shapes(changed) != found.weights:
        allowed = f"the weights of this preset are for images of {own}, because of its position embeddings; use {own}"
        raise SettingError(bad_setting("image_size", given, allowed))


def _builds(files: PresetFiles, input_shape: InputShape) -> bool:
    """Whether the network can be built for images of this shape."""
    try:
        _build(files, _inspect(files).class_name, input_shape, load_weights=False)
    except Exception:  # KerasHub's classes raise different errors for sizes that they do not take
        return False
    return True


@cache
def _inspect(files: PresetFiles) -> PresetNetwork:
    """Builds the network of the preset once, with random weights."""
    preset = _from_preset(files, load_weights=False)
    encoder = _encoder(preset)
    model = _build(files, type(preset).__name__, encoder.inputs[0].shape[1:], load_weights=False)
    height, width = model.input_shape[1:3]
    return PresetNetwork(
        type(preset).__name__,
        type(encoder).__name__,
        len(model.layers),
        (height, width) if height and width else None,
        _shapes(model),
        len(model.pyramid),
    )


def _from_preset(files: PresetFiles, load_weights: bool, **arguments: object) -> "keras.Model":
    """The network as KerasHub builds it. Raises SettingError if KerasHub refuses the preset."""
    from command import import_tensorflow

    import_tensorflow()
    import keras_hub

    if load_weights:
        return keras_hub.models.Backbone.from_preset(str(files.folder), **arguments)
    try:
        return keras_hub.models.Backbone.from_preset(str(files.folder), load_weights=False, **arguments)
    except (ValueError, TypeError, KeyError, ImportError) as error:
        if arguments:
            raise
        allowed = f"KerasHub cannot build this preset: {first_line(error)}"
        raise SettingError(bad_setting("preset", files.folder, allowed)) from error


def _build(files: PresetFiles, class_name: str, input_shape: InputShape, load_weights: bool) -> "PresetBackbone":
    size = {SIZE_ARGUMENT.get(class_name, "image_shape"): input_shape}
    is_part = class_name in ENCODERS
    encoder = _encoder(_from_preset(files, load_weights, **({} if is_part else size)))
    if is_part:
        size = {SIZE_ARGUMENT.get(type(encoder).__name__, "image_shape"): input_shape}
        encoder = _rebuilt(encoder, size, load_weights)
    elif getattr(encoder, "use_mask_token", False):
        encoder = _rebuilt(encoder, {"use_mask_token": False}, load_weights)
    return _with_features(encoder)


def _encoder(preset: "keras.Model") -> "keras.Model":
    attribute = ENCODERS.get(type(preset).__name__)
    return getattr(preset, attribute) if attribute else preset


def _rebuilt(encoder: "keras.Model", changes: Mapping[str, object], load_weights: bool) -> "keras.Model":
    """The encoder with other configuration and the same weights, without the mask token that training never uses."""
    import keras

    new = type(encoder).from_config(encoder.get_config() | changes | {"dtype": keras.config.dtype_policy()})
    if load_weights:
        new.set_weights([weight for weight in encoder.weights if weight.name != "mask_token"])
    return new


def _with_features(encoder: "keras.Model") -> "PresetBackbone":
    from layers.preset import PresetBackbone

    return PresetBackbone(encoder, name=encoder.name)


def _shapes(model: "keras.Model") -> tuple[tuple[int, ...], ...]:
    return tuple(tuple(weight.shape) for weight in model.weights)
