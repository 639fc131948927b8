"""The private parts of Keras that this project needs. No other module uses any; tests check each of them.

Checked with Keras 3.15. Keras may change private parts in any release: if a test of this module fails, its docstrings
say what each part is for and what breaks without it.
"""

from collections.abc import Callable, Iterator, Sequence

import keras
import tensorflow as tf


def flatten_layers(model: keras.Model) -> list[keras.layers.Layer]:
    """All layers of a model at every depth, also those within models and within layers themselves.

    Uses `Layer._flatten_layers` (since Keras 3.0). The public `Model.layers` has the outermost ones only. Without it,
    batch norm within a backbone would not be recalibrated.
    """
    return model._flatten_layers(include_self=False)


def producing_layer(tensor: keras.KerasTensor) -> keras.Operation:
    """The layer whose output a symbolic tensor is, also if it is inside a model within the model.

    Uses `KerasTensor._keras_history` (since Keras 3.0), a triple of operation, node index and tensor index. Without it,
    the diagram of a model could not show skip connections.
    """
    operation, _, index = tensor._keras_history
    return producing_layer(operation.outputs[index]) if isinstance(operation, keras.Model) else operation


def layer_and_output(tensor: keras.KerasTensor) -> tuple[keras.Operation, int]:
    """The layer whose output a symbolic tensor is, and which of its outputs.

    Uses `KerasTensor._keras_history` as `producing_layer` does. Without it, a preset's feature maps could not be saved.
    """
    operation, _, index = tensor._keras_history
    return operation, index


def build_from_local_batch(model: keras.Model, strategy: tf.distribute.Strategy) -> None:
    """Makes `fit` build the model from the batch of one device of this worker.

    Replaces `Trainer._maybe_symbolic_build` (in Keras 3.15, not in 3.0), which takes the mean of a batch over all
    devices only to learn its shape. With several workers that fails: https://github.com/keras-team/keras/issues/20585.
    Without it, `fit` fails with a MultiWorkerMirroredStrategy. Calls `Trainer._symbolic_build`, as Keras does.
    """

    def build(iterator: Iterator | None = None, data_batch: object = None) -> None:
        if iterator is not None:
            _, _, batches = next(iter(iterator))
            data_batch = tf.nest.map_structure(
                lambda values: strategy.experimental_local_results(values)[0], next(batches)
            )
        with strategy.scope():
            model._symbolic_build(data_batch=data_batch)

    model._maybe_symbolic_build = build


class OptimizerHooks:
    """Public names for the private methods of `keras.optimizers.Optimizer` that a subclass uses or replaces.

    Must come before the optimizer's class in the bases of a subclass.

    - `Optimizer._get_variable_index` (since Keras 3.0) is used by `variable_index`.
    - `Optimizer._model_variables_moving_average` (since Keras 3.0) is used by `moving_averages`.
    - `Optimizer._apply_weight_decay` (since Keras 3.0) calls `decay_weights` instead. If Keras no longer called it, all
      weights would decay twice.
    - `Optimizer._update_model_variables_moving_average` (since Keras 3.0) calls `update_moving_averages` instead. If
      Keras no longer called it, the moving average would stay close to the initial weights.
    """

    _get_variable_index: Callable[[keras.Variable], int]
    _model_variables_moving_average: Sequence[keras.Variable]

    def variable_index(self, variable: keras.Variable) -> int:
        """The position of a variable among those that the optimizer was built for."""
        return self._get_variable_index(variable)

    @property
    def moving_averages(self) -> Sequence[keras.Variable]:
        """The moving average of each variable, in the order in which the optimizer was built for them."""
        return self._model_variables_moving_average

    def decay_weights(self, variables: Sequence[keras.Variable]) -> None:
        raise NotImplementedError

    def update_moving_averages(self, variables: Sequence[keras.Variable]) -> None:
        raise NotImplementedError

    def _apply_weight_decay(self, variables: Sequence[keras.Variable]) -> None:
        self.decay_weights(variables)

    def _update_model_variables_moving_average(self, variables: Sequence[keras.Variable]) -> None:
        self.update_moving_averages(variables)
