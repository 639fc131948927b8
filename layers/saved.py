"""Loading of saved models, with all custom layers and without running code from the file."""

import importlib
import pkgutil
from pathlib import Path

import keras

import layers
from layers.safe_files import check_model_file
from settings import WorkError, first_line

for module in pkgutil.iter_modules(layers.__path__):  # each registers its classes with Keras
    if module.name != "saved":
        importlib.import_module(f"layers.{module.name}")


def load_saved_model(path: Path, compiled: bool = False) -> keras.Model:
    """The model of a `.keras` file; with `compiled`, also its optimizer, the optimizer's state and the loss.

    Raises WorkError if the file is damaged, is not a Keras model, or contains code.
    """
    try:
        check_model_file(path)
        return keras.saving.load_model(path, compile=compiled, safe_mode=True)
    except Exception as error:  # Keras raises errors of all kinds, and so do zip and HDF5
        raise WorkError(f"{path} is damaged or not a model that can be loaded: {first_line(error)}") from error
