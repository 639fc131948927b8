"""What a trained model says of the validation images."""

from pathlib import Path

import numpy as np

from command import import_tensorflow
from datatransformer.layout import DataFolder

BATCH_SIZE = 64


def validation_predictions(checkpoint: Path, data: DataFolder, size: tuple[int, int]) -> np.ndarray:
    """The class index that `checkpoint` gives each validation image, in the order of `data`."""
    import_tensorflow()
    from layers.saved import load_saved_model
    from pipeline.batches import validation_batches
    from pipeline.cache import make_loader

    model = load_saved_model(checkpoint)
    load = make_loader(data.images("val"), size, "none", Path())
    return model.predict(validation_batches(load, data.labels("val"), BATCH_SIZE), verbose=0).argmax(axis=-1)
