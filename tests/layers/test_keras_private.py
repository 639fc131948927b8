"""The private parts of Keras that this project uses. If a test fails, this version of Keras has changed one of them."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from layers.keras_private import build_from_local_batch, flatten_layers, layer_and_output, producing_layer
from layers.optimizers import SGD

HELP = f"Keras {keras.__version__} differs from 3.15 here: see the docstring in layers/keras_private.py"


@pytest.fixture
def nested() -> tuple[keras.Model, keras.Model]:
    """A model, and the model within it."""
    inner_input = keras.Input((4,))
    inner = keras.Model(inner_input, keras.layers.Dense(3, name="inside")(inner_input), name="inner")
    inputs = keras.Input((4,))
    outputs = keras.layers.TimeDistributed(keras.layers.Dense(2, name="wrapped"))(
        keras.layers.Reshape((1, 3))(inner(inputs))
    )
    return keras.Model(inputs, outputs), inner


def test_flatten_layers_includes_nested_models_and_wrapped_layers(nested):
    names = {layer.name for layer in flatten_layers(nested[0])}
    assert {"inner", "inside", "wrapped"} <= names, f"Layer._flatten_layers. {HELP}"
    assert nested[0].name not in names, f"Layer._flatten_layers(include_self=False). {HELP}"


def test_producing_layer_looks_into_nested_models(nested):
    model, inner = nested
    reshape = next(layer for layer in model.layers if isinstance(layer, keras.layers.Reshape))
    assert isinstance(producing_layer(model.output), keras.layers.TimeDistributed), (
        f"KerasTensor._keras_history. {HELP}"
    )
    assert producing_layer(reshape.input) is inner.get_layer("inside"), f"KerasTensor._keras_history. {HELP}"


def test_layer_and_output_tells_which_of_several_outputs_a_tensor_is(nested):
    inputs = keras.Input((4, 5))
    sequence, state = keras.layers.SimpleRNN(3, return_state=True, return_sequences=True, name="two")(inputs)
    found = [layer_and_output(tensor) for tensor in (sequence, state)]
    assert [(layer.name, output) for layer, output in found] == [("two", 0), ("two", 1)], HELP
    _, inner = nested
    assert layer_and_output(inner(keras.Input((4,))))[0] is inner, f"it does not look into models. {HELP}"


@pytest.mark.parametrize("method", ["_maybe_symbolic_build", "_symbolic_build"])
def test_fit_still_has_the_methods_that_are_replaced(method):
    assert hasattr(keras.Model, method), f"Trainer.{method}. {HELP}"


def test_fit_builds_the_model_from_the_first_batch():
    model = keras.Sequential([keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    build_from_local_batch(model, tf.distribute.get_strategy())
    built = []
    build = model._maybe_symbolic_build

    def record(iterator=None, data_batch=None):
        build(iterator, data_batch)
        built.append(model.built)

    model._maybe_symbolic_build = record
    model.fit(np.ones((4, 3), np.float32), np.ones((4, 1), np.float32), batch_size=2, verbose=0)
    assert built == [True], f"Trainer._maybe_symbolic_build is not called by fit. {HELP}"


def optimizer(**options) -> tuple[SGD, list[keras.Variable]]:
    variables = [keras.Variable(np.ones((2, 2), np.float32)), keras.Variable(np.ones((3, 3), np.float32))]
    sgd = SGD(0.5, **options)
    sgd.build(variables)
    return sgd, variables


def test_variables_have_an_index():
    sgd, variables = optimizer()
    assert [sgd.variable_index(variable) for variable in variables] == [0, 1], f"_get_variable_index. {HELP}"


def test_weights_decay_once():
    sgd, variables = optimizer(weight_decay=0.1)
    sgd.apply([keras.ops.zeros_like(variable) for variable in variables], variables)
    np.testing.assert_allclose(variables[0], 1 - 0.5 * 0.1, rtol=1e-6, err_msg=f"_apply_weight_decay. {HELP}")


def test_the_moving_average_is_ours():
    sgd, variables = optimizer(use_ema=True, ema_momentum=0.9)
    for _ in range(2):
        sgd.apply([keras.ops.ones_like(variable) for variable in variables], variables)
    warm = 2 / 11  # (1 + step) / (10 + step) in the second step
    expected = warm * 0.5 + (1 - warm) * 0.0
    message = f"_update_model_variables_moving_average or _model_variables_moving_average. {HELP}"
    np.testing.assert_allclose(sgd.moving_averages[0], expected, rtol=1e-5, err_msg=message)
