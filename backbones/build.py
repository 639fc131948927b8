"""Builds backbones and loads their weights, from files of all formats that Keras has written."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from pkgutil import resolve_name

import keras
import numpy as np

from backbones import Backbone
from backbones.downloads import translated_errors, warn_of_unwritable_keras_home
from backbones.preset import spec_of_preset
from layers.keras_private import flatten_layers
from layers.normalisation import Normalise
from layers.safe_files import check_model_file
from layers.saved import load_saved_model
from log import logger
from settings import SettingError, bad_setting, first_line
from storage.archives import ARCHIVE_ERRORS

MIN_MATCHING = 0.5
"""Share of the layers that a file must match to count as a file of the same network."""

HEADS = {"logits": "conv_classifier"}
"""Layers behind the backbone, and their names in a file of arrays."""

InputShape = tuple[int | None, int | None, int]
"""Height, width and channels; None where the size is unknown."""


def build_backbone(spec: Backbone, input_shape: InputShape, weights: str) -> keras.Model:
    """The network of `spec` for RGB images of `input_shape`, with weights from `imagenet`, `none`, a file or a preset.

    Raises WorkError if the weights cannot be downloaded, SettingError if a file does not match the network.
    """
    network = partial(resolve_name(spec.network), **spec.arguments)
    if weights == "imagenet":
        if not (spec.package or spec.check):  # Keras downloads them
            warn_of_unwritable_keras_home()
        with translated_errors("The file of weights"):
            model = network(input_shape=input_shape, include_top=False, weights="imagenet")
    else:
        model = network(input_shape=input_shape, include_top=False, weights=None)
        if weights != "none":
            load_weights(Path(weights), [model])
    if spec.cut:
        model = keras.Model(model.input, model.get_layer(spec.cut).output, name=f"{model.name}_to_{spec.cut}")
    return resolve_name(spec.rebuild)(model, has_weights=weights != "none") if spec.rebuild else model


def load_weights(path: Path, models: list[keras.Model], with_normalisation: bool = False) -> None:
    """Loads a file into the first of `models` (a complete network, then its backbone) that it matches, and logs which.

    - `.keras` is a saved model. Its layers that do not match, such as a head for other classes, are not loaded.
    - `.weights.h5` and Keras's old `.h5` must match one of the models completely.
    - `.npz` has arrays by the names of layers.
    - A folder is a preset of KerasHub, timm or transformers, whose layers must all match those of the backbone.

    With `with_normalisation`, a saved model of this project also brings the normalisation that its weights were trained
    with. Raises SettingError if nothing matches.
    """
    if path.is_dir():
        _copy_preset(path, models[-1])
        return
    if path.suffix == ".npz":
        _load_arrays(path, models[0])
        return
    if path.suffix == ".keras":
        saved = load_saved_model(path)
        _copy_weights(path, saved, models[0])
        if with_normalisation:
            _copy_normalisation(saved, models[0])
        return
    try:
        check_model_file(path)
    except ARCHIVE_ERRORS as error:
        raise SettingError(bad_setting("weights", path, f"is not opened: {first_line(error)}")) from error
    reasons = []
    for model in models:
        try:
            # Keras only warns of skipped layers
            with _plain_norm(model), warnings.catch_warnings(action="error", category=UserWarning):
                model.load_weights(path)
        except Exception as error:  # Keras raises different errors, depending on where in the file the difference is
            reasons.append(f"{model.name}: {first_line(error)}")
        else:
            logger.info(f"Weights of all layers of {model.name} from {path}")
            return
    advice = "of the files of Keras's own networks use the one without top (no_top, notop)"
    raise SettingError(bad_setting("weights", path, f"does not match this network; {advice}. {'; '.join(reasons)}"))


@contextmanager
def _plain_norm(model: keras.Model) -> Iterator[None]:
    """Within the block, batch norm of our own classes is Keras's, because files find layers by their class."""
    norms = [layer for layer in flatten_layers(model) if isinstance(layer, keras.layers.BatchNormalization)]
    classes = [type(layer) for layer in norms]
    for layer in norms:
        layer.__class__ = keras.layers.BatchNormalization
    try:
        yield
    finally:
        for layer, own in zip(norms, classes, strict=True):
            layer.__class__ = own


def _copy_normalisation(saved: keras.Model, model: keras.Model) -> None:
    theirs = [layer for layer in saved.layers if isinstance(layer, Normalise)]
    ours = [layer for layer in model.layers if isinstance(layer, Normalise)]
    for layer, other in zip(ours, theirs, strict=False):
        layer.copy_from(other)


def _copy_weights(path: Path, saved: keras.Model, model: keras.Model) -> None:
    donors, layers = _layers_with_weights(saved), _layers_with_weights(model)
    pairs = list(zip(donors, layers, strict=False))
    matching = [(donor, layer) for donor, layer in pairs if _shapes(donor) == _shapes(layer)]
    if len(matching) < MIN_MATCHING * len(layers):
        allowed = f"is from another network: {len(matching)} of {len(layers)} layers match"
        raise SettingError(bad_setting("weights", path, allowed))
    for donor, layer in matching:
        layer.set_weights(donor.get_weights())
    loaded = {layer.name for _, layer in matching}
    _log_loaded(path, [layer.name for layer in layers], [layer.name for layer in layers if layer.name not in loaded])


def _copy_preset(folder: Path, backbone: keras.Model) -> None:
    """Copies the weights of a preset, layer by layer. Raises SettingError unless all layers are the same."""
    preset = build_backbone(spec_of_preset(str(folder), "weights"), backbone.input_shape[1:], "imagenet")
    donors, layers = _layers_with_weights(preset), _layers_with_weights(backbone)
    matching = sum(_kind(donor) == _kind(layer) for donor, layer in zip(donors, layers, strict=False))
    if not matching == len(layers) == len(donors):
        allowed = (
            f"is another network than {backbone.name}: {matching} of its {len(donors)} layers are like the "
            f"{len(layers)} here; python -m classifiers.preset --preset trains this one itself"
        )
        raise SettingError(bad_setting("weights", folder, allowed))
    for donor, layer in zip(donors, layers, strict=True):
        layer.set_weights(donor.get_weights())
    _log_loaded(folder, [layer.name for layer in layers], [])


def _kind(layer: keras.layers.Layer) -> tuple[object, ...]:
    """What two layers share that compute the same with the same weights."""
    options = [getattr(layer, name, None) for name in ("strides", "dilation_rate", "epsilon")]
    is_norm = isinstance(layer, keras.layers.BatchNormalization)
    return keras.layers.BatchNormalization if is_norm else type(layer), _shapes(layer), *options


def _load_arrays(path: Path, model: keras.Model) -> None:
    """Raises SettingError if arrays are missing or do not match. A head for other classes is not loaded."""
    try:
        check_model_file(path)
        with np.load(path, allow_pickle=False) as file:
            arrays = dict(file)
    except ARCHIVE_ERRORS as error:
        raise SettingError(bad_setting("weights", path, f"is not a file of arrays: {error}")) from error
    layers = _layers_with_weights(model)
    names = {layer.name: [f"{HEADS.get(layer.name, layer.name)}_{end}" for end in _endings(layer)] for layer in layers}
    missing = sorted({name for of_layer in names.values() for name in of_layer} - set(arrays))
    if missing:
        some = ", ".join(missing[:4]) + (f" and {len(missing) - 4} more" if len(missing) > 4 else "")
        raise SettingError(bad_setting("weights", path, f"is from another network: it has no {some}"))
    values = {layer.name: [arrays[name] for name in names[layer.name]] for layer in layers}
    unmatched = [layer.name for layer in layers if [v.shape for v in values[layer.name]] != _shapes(layer)[:2]]
    if set(unmatched) - set(HEADS):
        allowed = f"is from another network: {', '.join(unmatched)} have other shapes"
        raise SettingError(bad_setting("weights", path, allowed))
    for layer in layers:
        if layer.name not in unmatched:
            layer.set_weights(values[layer.name] + _neutral_statistics(layer))
    _log_loaded(path, [layer.name for layer in layers], unmatched)


def _log_loaded(path: Path, layers: list[str], random: list[str]) -> None:
    rest = f"; these start from random weights: {', '.join(random)}" if random else ""
    logger.info(f"Weights of {len(layers) - len(random)} of {len(layers)} layers from {path}{rest}")


def _endings(layer: keras.layers.Layer) -> tuple[str, str]:
    """The endings of the names of its two arrays, after the layer's name."""
    if isinstance(layer, keras.layers.BatchNormalization):
        return "scale", "shift"
    return ("gamma", "beta") if isinstance(layer, keras.layers.GroupNormalization) else ("w", "b")


def _neutral_statistics(layer: keras.layers.Layer) -> list[np.ndarray]:
    """Mean and variance with which batch norm only scales and shifts; empty for other layers."""
    if not isinstance(layer, keras.layers.BatchNormalization):
        return []
    zeros = np.zeros(layer.moving_mean.shape, np.float32)
    return [zeros, zeros + (1 - layer.epsilon)]


def _layers_with_weights(model: keras.Model) -> list[keras.layers.Layer]:
    """All layers with weights in the order of the graph, also those of nested models."""
    layers = []
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            layers += _layers_with_weights(layer)
        elif layer.weights:
            layers.append(layer)
    return layers


def _shapes(layer: keras.layers.Layer) -> list[tuple[int, ...]]:
    return [tuple(weight.shape) for weight in layer.weights]
