"""The side of PyTorch: loads `weights.value` into PyTorch's modules and stores outputs. Not for SceneLab's .venv."""

import importlib.util
import re
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import nn
from weights import FOLDER, sample, value


def define_operators_of_torchvision() -> None:
    """Declares torchvision's compiled operators, which no network here uses, if its build does not fit to PyTorch's."""
    spec = importlib.util.find_spec("torchvision")
    assert spec and spec.submodule_search_locations
    text = (Path(spec.submodule_search_locations[0]) / "_meta_registrations.py").read_text()
    library = torch.library.Library("torchvision", "DEF")
    for name in sorted(set(re.findall(r'register_(?:meta|fake)\("(?:torchvision::)?(\w+)"\)', text))):
        library.define(f"{name}() -> Tensor")
    sys.modules[__name__].__dict__["LIBRARY"] = library  # the declarations end with the object


def conv(module: nn.Module, layer: str, weight: str = "kernel", depthwise: bool = False) -> None:
    """Kernel and bias of a convolution, transposed or not. A depthwise kernel is (height, width, channels, 1)."""
    outputs, inputs, height, width = module.weight.shape
    shape = (height, width, outputs, 1) if depthwise else (height, width, inputs, outputs)
    order = (2, 3, 0, 1) if depthwise else (3, 2, 0, 1)
    _set(module.weight, value(layer, weight, shape).transpose(order))
    if module.bias is not None:
        _set(module.bias, value(layer, "bias", module.bias.shape))


def dense(module: nn.Linear, layer: str) -> None:
    _set(module.weight, value(layer, "kernel", module.weight.shape[::-1]).T)
    _set(module.bias, value(layer, "bias", module.bias.shape))


def norm(
    module: nn.Module,
    layer: str,
    scale: bool = True,
    bias_of: str | None = None,
    epsilon: float | None = None,
) -> None:
    """Batch or layer norm.

    Arguments:
        scale: whether SceneLab's layer has a gamma.
        bias_of: a convolution before it that has a bias in SceneLab, but not here: the mean is reduced by it.
        epsilon: SceneLab's, if that of the module differs.
    """
    shape = module.weight.shape
    _set(module.weight, value(layer, "gamma", shape) if scale else np.ones(shape, np.float32))
    _set(module.bias, value(layer, "beta", shape))
    if hasattr(module, "running_mean"):
        bias = value(bias_of, "bias", shape) if bias_of else 0
        _set(module.running_mean, value(layer, "moving_mean", shape) - bias)
        _set(module.running_var, value(layer, "moving_variance", shape))
    module.eps = epsilon or module.eps


def scale(parameter: nn.Parameter, layer: str) -> None:
    _set(parameter, value(layer, "scale", parameter.shape))


def _set(parameter: torch.Tensor, array: np.ndarray) -> None:
    with torch.no_grad():
        parameter.copy_(torch.tensor(np.ascontiguousarray(array)))


def modules_of(network: nn.Module, *kinds: type) -> list[nn.Module]:
    """The modules of these classes, in the order in which they were registered."""
    return [module for module in network.modules() if isinstance(module, kinds)]


def to_torch(images: np.ndarray) -> torch.Tensor:
    return torch.tensor(images.transpose(0, 3, 1, 2))


def store(name: str, network: nn.Module | Callable, images: np.ndarray, made_by: str) -> None:
    """Writes NAME.npz: the sampled output, its shape, the input's shape, and the implementation."""
    if isinstance(network, nn.Module):
        network.eval()
    with torch.no_grad():
        output = network(to_torch(images))
    output = output.numpy().transpose(0, 2, 3, 1)
    assert np.isfinite(output).all()
    np.savez_compressed(
        FOLDER / f"{name}.npz", values=sample(output), shape=output.shape, image=images.shape, made_by=made_by
    )
    print(f"{name}: {output.shape}, largest {np.abs(output).max():.4g}, mean {np.abs(output).mean():.4g}; {made_by}")
