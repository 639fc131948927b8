"""The focal loss of classifiers that predict one class per image.

Targets are (batch, classes) of 0 and 1; predictions are logits (batch, classes).
"""

import keras

from layers.losses import focal
from layers.tensor import Tensor


@keras.saving.register_keras_serializable("scenelab")
class CategoricalFocalLoss(keras.losses.Loss):
    """The focal loss (Lin et al. 2017, https://arxiv.org/abs/1708.02002, equation 4) with gamma 2 and alpha 1.

    It is computed from the logarithm of the softmax. Keras's `CategoricalFocalCrossentropy` (3.15) computes it from
    probabilities that it clips at 1e-7, so an image whose class has a probability below that has no gradient.
    """

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """The loss of each image, (batch,) float32."""
        entropies = -keras.ops.log_softmax(keras.ops.cast(y_pred, "float32"))
        return keras.ops.sum(keras.ops.cast(y_true, "float32") * focal(entropies), axis=-1)
