"""Weights and images that both implementations of a network get: a function of name and shape alone, NumPy only."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

FOLDER = Path(__file__).parent
MAX_VALUES = 1000
"""Values of an output that are stored, evenly spaced."""


def value(layer: str, weight: str, shape: Sequence[int]) -> np.ndarray:
    """A weight in Keras's shape, float32. The statistics of batch norm differ from 0 and 1, so epsilon and order count.

    Arguments:
        layer: the name of the layer in SceneLab.
        weight: `kernel`, `depthwise_kernel`, `pointwise_kernel`, `bias`, `gamma`, `beta`, `scale`, `moving_mean` or
            `moving_variance`.
    """
    digest = hashlib.sha256(f"{layer}/{weight}".encode()).digest()
    random = np.random.default_rng(int.from_bytes(digest[:8], "big"))
    if weight.endswith("kernel"):
        is_depthwise = weight == "depthwise_kernel" or shape[-1] == 1
        inputs = np.prod(shape[:2]) if is_depthwise else np.prod(shape[:-1])
        return (random.standard_normal(shape, np.float32) * np.sqrt(2 / inputs)).astype(np.float32)
    if weight == "gamma":  # below 1, so that sums of many blocks do not grow until rounding errors show
        return random.uniform(0.4, 0.8, shape).astype(np.float32)
    if weight in ("scale", "moving_variance"):
        return random.uniform(0.5, 1.5, shape).astype(np.float32)
    return 0.1 * random.standard_normal(shape, np.float32)


def image(height: int, width: int, channels: int = 3) -> np.ndarray:
    """An input of a backbone, (1, height, width, channels): noise on a wave, so that pools have clear maxima."""
    noise = np.random.default_rng(height * 1000 + width).standard_normal((1, height, width, channels))
    waves = np.sin(np.arange(height)[:, None, None] / 5) + np.cos(np.arange(width)[:, None] / 7)
    return (noise + waves).astype(np.float32)


def sample(output: np.ndarray) -> np.ndarray:
    """At most MAX_VALUES of the values of an output (batch, height, width, channels), evenly spaced."""
    flat = output.ravel()
    step = -(-flat.size // MAX_VALUES)
    while flat.size > MAX_VALUES and np.gcd(step, output.shape[-1]) > 1:
        step += 1  # so that all channels are among them
    return flat[::step].astype(np.float32)
