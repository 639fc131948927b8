"""A spec and a kind of weights -> the network, and weight files of every kind Keras has written."""

import warnings
import zipfile
import zlib
from functools import partial
from pathlib import Path
from pkgutil import resolve_name

import keras
import numpy as np

from backbones import Backbone
from layers.normalisation import Normalise
from layers.saved import load_saved_model
from settings import SettingError, WorkError, bad_setting

FEWEST_FITTING = 0.5
"""Share of the layers of a file that must fit for it to be of the same network."""

HEADS = {"logits": "conv_classifier"}
"""Layers behind the backbone, and how they are called in a file of arrays."""


def build_backbone(spec: Backbone, input_shape: tuple[int, int, int], weights: str) -> keras.Model:
    """The network of `spec` for RGB of `input_shape`, started from `imagenet`, `none` or a file.

    Raises WorkError if the weights cannot be downloaded, SettingError if a file does not fit.
    """
    network = partial(resolve_name(spec.network), **spec.arguments)
    if weights == "imagenet":
        model = _downloaded(network, input_shape)
    else:
        model = network(input_shape=input_shape, include_top=False, weights=None)
        if weights != "none":
            load_weights(Path(weights), [model])
    if spec.cut:
        model = keras.Model(model.input, model.get_layer(spec.cut).output, name=f"{model.name}_to_{spec.cut}")
    return resolve_name(spec.rebuild)(model, has_weights=weights != "none") if spec.rebuild else model


def _downloaded(network, input_shape: tuple[int, int, int]) -> keras.Model:
    try:
        return network(input_shape=input_shape, include_top=False, weights="imagenet")
    except Exception as error:
        if "URL fetch failure" not in str(error):
            raise
        raise WorkError(
            f"The ImageNet weights cannot be downloaded. {error}\n"
            "Get that file on a machine that has a network and name it by --weights FILE, "
            "or start from nothing by --weights none."
        ) from error


def load_weights(path: Path, models: list[keras.Model], with_normalisation: bool = False) -> None:
    """Loads a file into the first of `models` (a whole network, then its backbone) that it fits, and prints which.

    `with_normalisation`: a saved model of ours brings that of the pictures along, which its weights were trained with.

    `.keras` is a saved model, of which layers that do not fit, such as a head for other classes, are left out;
    `.weights.h5` and Keras's old `.h5` must fit one of the models as they are; `.npz` holds arrays by the names of
    layers. Raises SettingError if nothing fits.
    """
    if path.suffix == ".npz":
        _take_arrays(path, models[0])
        return
    if path.suffix == ".keras":
        donor = load_saved_model(path)
        _take_weights(path, donor, models[0])
        if with_normalisation:
            _take_normalisation(donor, models[0])
        return
    reasons = []
    for model in models:
        try:
            with warnings.catch_warnings(action="error", category=UserWarning):  # Keras only warns of layers it skips
                model.load_weights(path)
        except Exception as error:  # Keras raises of many kinds, by where in the file the difference lies
            reasons.append(f"{model.name}: {str(error).splitlines()[0]}")
        else:
            print(f"Weights of all layers of {model.name} from {path}")
            return
    advice = "of the files of Keras's own networks it is the one without top (no_top, notop) that fits"
    raise SettingError(bad_setting("weights", path, f"does not fit this network; {advice}. {'; '.join(reasons)}"))


def _take_normalisation(donor: keras.Model, model: keras.Model) -> None:
    theirs = [layer for layer in donor.layers if isinstance(layer, Normalise)]
    ours = [layer for layer in model.layers if isinstance(layer, Normalise)]
    for layer, other in zip(ours, theirs, strict=False):
        layer.take(other)


def _take_weights(path: Path, saved: keras.Model, model: keras.Model) -> None:
    donors, layers = _layers_with_weights(saved), _layers_with_weights(model)
    pairs = list(zip(donors, layers, strict=False))
    fitting = [(donor, layer) for donor, layer in pairs if _shapes(donor) == _shapes(layer)]
    if len(fitting) < FEWEST_FITTING * len(layers):
        raise SettingError(
            bad_setting("weights", path, f"is of another network: {len(fitting)} of {len(layers)} layers fit")
        )
    for donor, layer in fitting:
        layer.set_weights(donor.get_weights())
    fitted = {layer.name for _, layer in fitting}
    unfit = [layer.name for layer in layers if layer.name not in fitted]
    left_out = f"; these start from random numbers: {', '.join(unfit)}" if unfit else ""
    print(f"Weights of {len(fitting)} of {len(layers)} layers from {path}{left_out}")


def _take_arrays(path: Path, model: keras.Model) -> None:
    """Raises SettingError with what is missing or does not fit; a head for other classes is left out."""
    try:
        with np.load(path) as file:
            arrays = dict(file)
    except (ValueError, OSError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise SettingError(bad_setting("weights", path, f"is no file of arrays: {error}")) from error
    layers = _layers_with_weights(model)
    wanted = {layer.name: [f"{HEADS.get(layer.name, layer.name)}_{end}" for end in _ends(layer)] for layer in layers}
    missing = sorted({name for names in wanted.values() for name in names} - set(arrays))
    if missing:
        some = ", ".join(missing[:4]) + (f" and {len(missing) - 4} more" if len(missing) > 4 else "")
        raise SettingError(bad_setting("weights", path, f"is of another network: it has no {some}"))
    values = {layer.name: [arrays[name] for name in wanted[layer.name]] for layer in layers}
    unfit = [layer.name for layer in layers if [v.shape for v in values[layer.name]] != _shapes(layer)[:2]]
    if set(unfit) - set(HEADS):
        raise SettingError(bad_setting("weights", path, f"is of another network: {', '.join(unfit)} have other shapes"))
    for layer in layers:
        if layer.name not in unfit:
            layer.set_weights(values[layer.name] + _no_statistics(layer))
    left_out = f"; these start from random numbers: {', '.join(unfit)}" if unfit else ""
    print(f"Weights of {len(layers) - len(unfit)} of {len(layers)} layers from {path}{left_out}")


def _ends(layer: keras.layers.Layer) -> tuple[str, str]:
    """How the arrays of its two weights are called behind its name."""
    if isinstance(layer, keras.layers.BatchNormalization):
        return "scale", "shift"
    return ("gamma", "beta") if isinstance(layer, keras.layers.GroupNormalization) else ("w", "b")


def _no_statistics(layer: keras.layers.Layer) -> list[np.ndarray]:
    """Mean and variance with which batch norm does no more than scale and shift."""
    if not isinstance(layer, keras.layers.BatchNormalization):
        return []
    zeros = np.zeros(layer.moving_mean.shape, np.float32)
    return [zeros, zeros + (1 - layer.epsilon)]


def _layers_with_weights(model: keras.Model) -> list[keras.layers.Layer]:
    """In the order of the graph, those of models within the model too."""
    layers = []
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            layers += _layers_with_weights(layer)
        elif layer.weights:
            layers.append(layer)
    return layers


def _shapes(layer: keras.layers.Layer) -> list[tuple[int, ...]]:
    return [tuple(weight.shape) for weight in layer.weights]
