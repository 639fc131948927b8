"""The moving average of the weights (`ema`): what is validated and kept as best, while training goes on without it."""

import contextlib
from collections.abc import Iterator

import keras


@contextlib.contextmanager
def ema_weights(model: keras.Model) -> Iterator[None]:
    """Within it the model has the averages that its optimizer keeps; afterwards its own weights, to the bit.

    Keras's SwapEMAWeights swaps by adding and subtracting, which rounds.
    """
    weights = model.trainable_variables
    own = [keras.ops.convert_to_numpy(weight) for weight in weights]
    model.optimizer.finalize_variable_values(weights)
    try:
        yield
    finally:
        for weight, value in zip(weights, own, strict=True):
            weight.assign(value)


class ValidateAverage(keras.callbacks.Callback):
    """Validates the averages."""

    def on_test_begin(self, logs=None):
        self.swapped = ema_weights(self.model)
        self.swapped.__enter__()

    def on_test_end(self, logs=None):
        self.swapped.__exit__(None, None, None)
