"""The exponential moving average of the weights (`ema`), which is validated and saved as best."""

import contextlib
from collections.abc import Iterator

import keras


@contextlib.contextmanager
def ema_weights(model: keras.Model) -> Iterator[None]:
    """Gives the model the averages that its optimizer keeps, and afterwards its own weights, bit by bit.

    Keras's SwapEMAWeights adds and subtracts instead, which rounds.
    """
    weights = model.trainable_variables
    own = [keras.ops.convert_to_numpy(weight) for weight in weights]
    model.optimizer.finalize_variable_values(weights)
    try:
        yield
    finally:
        for weight, value in zip(weights, own, strict=True):
            weight.assign(value)


class ValidateEma(keras.callbacks.Callback):
    """Validates the moving average instead of the weights themselves."""

    def on_test_begin(self, logs: dict[str, float] | None = None) -> None:
        self.swapped = ema_weights(self.model)
        self.swapped.__enter__()

    def on_test_end(self, logs: dict[str, float] | None = None) -> None:
        self.swapped.__exit__(None, None, None)
