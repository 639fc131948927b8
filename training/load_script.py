"""RUN/load.py: opens the best model of a run, and predicts an image, with Keras alone and without this project."""

import json
import zipfile
from collections.abc import Mapping

from setting_types import parse_sizes
from storage.tables import replacing
from training.checkpoint_file import ROW_FILE
from training.layer_source import layer_source, own_layers
from training.run_folder import RunFolder

START = '''"""The best model of this training run, in plain Keras. It was written by SceneLab, and works without it.

It needs Keras with TensorFlow, NumPy and Pillow, and the folder `checkpoints` beside it.

    python load.py photo.jpg      prints what the model predicts for an image
    from load import load_model   in Python: a Keras model that takes RGB of 0..255 and normalises it itself
"""

from __future__ import annotations

import csv
import json
import sys
import zipfile
from pathlib import Path

import keras
{keras_hub}import numpy as np
from PIL import Image, ImageOps

RUN = Path(__file__).resolve().parent
BEST = RUN / "checkpoints" / "best.keras"
CLASSES = {classes}
SIZES = {sizes}  # height and width in pixels: one size, or one for each stage of the training


def load_model() -> keras.Model:
    """{model}"""
    return keras.saving.load_model(BEST, compile=False)


def image_size() -> tuple[int, int]:
    stage = json.loads(zipfile.ZipFile(BEST).read("{row_file}"))["stage"]
    return SIZES[min(int(stage), len(SIZES) - 1)]


def read_image(path: str) -> np.ndarray:
    """An image file -> float32 (1, height, width, 3) of 0..255."""
    try:
        image = ImageOps.exif_transpose(Image.open(path))
    except OSError as error:  # missing, or no image that Pillow knows
        sys.exit(f"{{path}} cannot be read: {{error}}")
    if image.mode[0] in "IF":
        sys.exit(f"{{path}} has more than 8 bits; SceneLab itself reads such images")
    if image.has_transparency_data:
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image.convert("RGBA"))
    pixels = np.asarray(image.convert("RGB"), "float32")
    resized = keras.ops.round(keras.ops.image.resize(pixels, image_size(), antialias=True))
    return keras.ops.convert_to_numpy(resized)[None]


{predict}

{layers}
if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("usage: {usage}")
    predict(*sys.argv[1:])
'''

IMAGE, IMAGE_AND_MASK = "python load.py IMAGE", "python load.py IMAGE [MASK.png]"
LOGITS = "Images (batch, height, width, 3) -> logits (batch, classes)."

CLASSIFIER = '''def predict(path: str) -> None:
    """Prints the five most probable classes."""
    logits = load_model()(read_image(path), training=False)
    probabilities = keras.ops.convert_to_numpy(keras.ops.softmax(logits))[0]
    for label in np.argsort(-probabilities, kind="stable")[:5]:
        print(f"{CLASSES[label]}\\t{probabilities[label]:.6f}")
'''

MULTILABEL = '''def predict(path: str) -> None:
    """Prints the probability of each class, and a star if it reaches the threshold of the class."""
    logits = load_model()(read_image(path), training=False)
    table, thresholds = RUN / "thresholds.csv", {}
    if table.exists():
        rows = csv.DictReader(table.open(encoding="utf-8"))
        thresholds = {row["name"]: float(row["threshold"]) for row in rows}
        thresholds = {name[1:] if name.lstrip("'")[:1] in tuple("=+-@") and name[0] == "'" else name: value
                      for name, value in thresholds.items()}  # an apostrophe keeps a name from being a formula
    for name, probability in zip(CLASSES, keras.ops.convert_to_numpy(keras.ops.sigmoid(logits))[0]):
        print(f"{name}\\t{probability:.6f}" + ("\\t*" if probability >= thresholds.get(name, 0.5) else ""))
'''

SEGMENTATION = '''def predict(path: str, mask_file: str = "") -> None:
    """Prints the share of each class in the pixels; the mask, a PNG of class indices, is saved if a file is named."""
    logits = load_model()(read_image(path), training=False)
    width, height = ImageOps.exif_transpose(Image.open(path)).size
    probabilities = keras.ops.image.resize(keras.ops.softmax(logits), (height, width), interpolation="bilinear")
    mask = np.argmax(keras.ops.convert_to_numpy(probabilities)[0], axis=-1).astype("uint8")
    for label, share in enumerate(np.bincount(mask.ravel(), minlength=len(CLASSES)) / mask.size):
        print(f"{CLASSES[label]}\\t{share:.6f}")
    if mask_file:
        Image.fromarray(mask).save(mask_file)
'''

AUTOENCODER = '''def predict(path: str) -> None:
    """Prints the code of the image: the mean that the encoder gives. The layer `decoder` turns codes into logits."""
    mean, log_variance = load_model().get_layer("encoder")(read_image(path), training=False)
    print("\\n".join(f"{value:.6f}" for value in keras.ops.convert_to_numpy(mean)[0]))
'''

FORMS = {
    "classifier": (CLASSIFIER, LOGITS, IMAGE),
    "multilabel": (MULTILABEL, LOGITS, IMAGE),
    "segmentation": (SEGMENTATION, "Images (batch, height, width, 3) -> logits of each pixel.", IMAGE_AND_MASK),
    "autoencoder": (AUTOENCODER, "Images (batch, height, width, 3) -> logits of their reconstructions.", IMAGE),
}
"""The function `predict` of each kind of run, what its model does, and how the script is used."""

KERAS_HUB = "import keras_hub  # registers the layers of this model: pip install keras-hub\n"

LAYERS = """# ---- Layers of the model that Keras lacks, as they are in SceneLab ----

{source}

"""


def write_load_script(run: RunFolder, model_config: Mapping[str, object]) -> None:
    """Writes RUN/load.py for models of this configuration, as Keras saves it."""
    config = run.config()
    predict, model, usage = FORMS[config["kind"]]
    source = layer_source(own_layers(model_config))
    code = START.format(
        classes=repr(run.classes()),
        sizes=repr(tuple(map(tuple, parse_sizes(config["settings"]["image_size"])))),
        row_file=ROW_FILE,
        predict=predict,
        model=model,
        usage=usage,
        layers=LAYERS.format(source=source) if source else "",
        keras_hub=KERAS_HUB if "keras_hub" in json.dumps(model_config) else "",
    )
    with replacing(run.load_script) as file:
        file.write(code)


def update_load_script(run: RunFolder) -> None:
    """Writes RUN/load.py for the best checkpoint of a run that lacks it, since an earlier version trained the run."""
    if not run.load_script.exists() and run.best.exists():
        with zipfile.ZipFile(run.best) as archive:
            write_load_script(run, json.loads(archive.read("config.json")))
