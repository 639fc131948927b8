"""Loss and accuracy of classifiers that say yes or no to each of several labels.

Targets are (batch, classes) of 0..1, between 0 and 1 where images are mixed; predictions are logits (batch, classes).
"""

from collections.abc import Sequence
from typing import Any

import keras

from layers.tensor import Tensor


@keras.saving.register_keras_serializable("scenelab")
class LabelCrossEntropy(keras.losses.Loss):
    """The binary cross-entropy of the sigmoid of each logit, averaged over the classes.

    Arguments:
        positive_weights: a factor for each class, for the part of the loss that asks for the label. None for 1 each.
        label_smoothing: targets of 0 and 1 become half of it and 1 minus half of it.
        gamma: each part is multiplied by its error to this power, as in the focal loss (Lin et al. 2017,
            https://arxiv.org/abs/1708.02002); 0 is cross-entropy.
    """

    def __init__(
        self,
        positive_weights: Sequence[float] | None = None,
        label_smoothing: float = 0.0,
        gamma: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.positive_weights = None if positive_weights is None else [float(weight) for weight in positive_weights]
        self.label_smoothing, self.gamma = label_smoothing, gamma

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """The loss of each image, (batch,) float32."""
        logits = keras.ops.cast(y_pred, "float32")
        targets = keras.ops.cast(y_true, "float32") * (1 - self.label_smoothing) + self.label_smoothing / 2
        positive = targets * keras.ops.softplus(-logits)
        negative = (1 - targets) * keras.ops.softplus(logits)
        if self.gamma:
            positive *= keras.ops.sigmoid(-logits) ** self.gamma  # 1 - sigmoid(logits) would be 0 from 17 on
            negative *= keras.ops.sigmoid(logits) ** self.gamma
        if self.positive_weights is not None:
            positive *= keras.ops.convert_to_tensor(self.positive_weights, "float32")
        return keras.ops.mean(positive + negative, axis=-1)

    def get_config(self) -> dict[str, Any]:
        own = {name: getattr(self, name) for name in ("positive_weights", "label_smoothing", "gamma")}
        return super().get_config() | own


@keras.saving.register_keras_serializable("scenelab")
class LabelAccuracy(keras.metrics.Mean):
    """The share, 0..1, of right decisions among all images and labels, where a probability of 0.5 or more is a yes."""

    def __init__(self, name: str = "accuracy", **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)

    def update_state(self, y_true: Tensor, y_pred: Tensor, sample_weight: Tensor | None = None) -> None:
        right = keras.ops.equal(keras.ops.cast(y_true, "float32") >= 0.5, y_pred >= 0)
        super().update_state(keras.ops.cast(right, "float32"), sample_weight)
