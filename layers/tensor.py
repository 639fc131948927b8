"""The type of tensors in layers, losses and metrics."""

from typing import TypeAlias

import keras
import tensorflow as tf

Tensor: TypeAlias = tf.Tensor | keras.KerasTensor
"""A tensor with values, or a symbolic one while Keras builds a model."""

Shape: TypeAlias = tuple[int | None, ...]
"""The shape of a tensor with its batch dimension; None where a dimension is unknown."""
