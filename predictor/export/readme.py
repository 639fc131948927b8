"""The README of an export: inputs, outputs, how to load each format, and its difference from the run."""

from importlib.metadata import version
from typing import NamedTuple

from predictor.engines.calibration import TITLES
from predictor.export.agreement import Difference
from predictor.export.formats import FORMATS
from predictor.export.int8 import Cost
from predictor.export.parts import ModelPart
from setting_types import Size
from storage.markdown import markdown_text
from training.kinds import AUTOENCODER, CLASSIFIER, MULTILABEL, SEGMENTATION
from training.run_folder import RunFolder

TITLE = "# Exported from SceneLab"
"""First words of the README. A folder without them is not replaced."""


ONE_CLASS = "The largest logit is the predicted class; a softmax over the last axis gives probabilities."
SEVERAL_LABELS = (
    "An image may have several labels: the sigmoid of a logit, 1 / (1 + exp(-logit)), is the probability of its label. "
    "A label is predicted if this is at least its threshold in `thresholds.csv`, chosen on validation images."
)


READ_IMAGE = """
import numpy as np
from PIL import Image, ImageOps

def read_image(path):
    image = ImageOps.exif_transpose(Image.open(path)).convert("RGB")
    return np.asarray(image.resize(({width}, {height}), Image.Resampling.BILINEAR), np.float32)

images = np.stack([read_image("photo.jpg")])
"""

NAMES = """
import csv
import re

def name_of(row):  # an apostrophe keeps a spreadsheet from reading a name as a formula
    return re.sub(r"^'(?='*[-=+@])", "", row["name"])

with open("classes.csv", newline="", encoding="utf-8") as file:
    names = [name_of(row) for row in sorted(csv.DictReader(file), key=lambda row: int(row["index"]))]
"""

ANSWERS = {
    CLASSIFIER: NAMES
    + """
exponentials = np.exp(logits - logits.max(axis=-1, keepdims=True))
probabilities = exponentials / exponentials.sum(axis=-1, keepdims=True)
for index in np.argsort(-probabilities[0])[:3]:
    print(names[index], probabilities[0, index])
""",
    MULTILABEL: NAMES
    + """
with open("thresholds.csv", newline="", encoding="utf-8") as file:
    thresholds = {name_of(row): float(row["threshold"]) for row in csv.DictReader(file)}
probabilities = 1 / (1 + np.exp(-logits))
print([name for name, value in zip(names, probabilities[0]) if value >= thresholds[name]])
""",
    SEGMENTATION: NAMES
    + """
mask = logits[0].argmax(axis=-1).astype(np.uint8)  # class indices, at the size of the resized image
for index, pixels in enumerate(np.bincount(mask.ravel(), minlength=len(names))):
    print(names[index], pixels / mask.size)
""",
}
"""Python code that turns logits into names, by kind of run."""


class ExportRecord(NamedTuple):
    """A model in a format: its size in bytes, the seconds of the conversion, and its difference from the run; in int8
    also its cost."""

    format: str
    part: ModelPart
    size: int
    seconds: float
    difference: Difference
    cost: Cost | None = None

    @property
    def title(self) -> str:
        return " ".join(filter(None, (self.part.name, self.format)))

    @property
    def file(self) -> str:
        """Path of the file or folder in the export."""
        return "/".join(filter(None, (self.part.name, FORMATS[self.format].file)))


def readme_text(run: RunFolder, records: list[ExportRecord], images: int) -> str:
    """The README as Markdown. `images` is the number of images on which the exports were checked."""
    config, size = run.config(), run.image_size()
    versions = ", ".join(f"{name} {version(name)}" for name in ("tensorflow", "keras", "numpy"))
    lines = [
        f"{TITLE}: {markdown_text(run.path.resolve().name)}",
        "",
        f"The model {markdown_text(config['model'])} of a run of kind {markdown_text(config['kind'])}, exported with "
        f"{versions}.",
        "",
        "- Input: `image`, float32 (batch, height, width, 3), RGB of 0 to 255. Do not normalise it: the model does. It "
        f"was trained at {_text(size)} pixels (height x width): resize bilinearly with antialiasing to this size, "
        "without keeping the aspect ratio.",
    ]
    if scaled := run.pixel_range():
        lines.append(
            f"- Pictures of more than 8 bits were scaled in training: values of {scaled} became 0 to 255. Do the same."
        )
    if run.kind == AUTOENCODER:
        lines += _autoencoder_lines(records, images)
    else:
        lines += _model_lines(records, images, size, run.kind == MULTILABEL)
        lines += [
            "",
            "## Read an image",
            "",
            "`pip install numpy pillow`:",
            "",
            *_code(READ_IMAGE.format(height=size.height, width=size.width)),
        ]
    for record in records:
        lines += ["", *_loading_lines(record)]
    if run.kind in ANSWERS:
        lines += ["", "## Read the answer", "", *_code(ANSWERS[run.kind])]
    return "\n".join(lines) + "\n"


def _code(text: str) -> list[str]:
    return ["```python", text.strip(), "```"]


def _text(size: Size) -> str:
    return f"{size.height} x {size.width}"


def _model_lines(records: list[ExportRecord], images: int, size: Size, has_several_labels: bool) -> list[str]:
    model = records[0].part.model
    has_masks, takes_any_size = len(model.output_shape) == 4, model.input_shape[1] is None
    shape, unit = ("(batch, height, width, classes)", "pixels") if has_masks else ("(batch, classes)", "images")
    lines = [
        f"- Output: logits, float32 {shape}, of {model.output_shape[-1]} classes in the order of `classes.csv`. "
        + (SEVERAL_LABELS if has_several_labels else ONE_CLASS),
        f"- Checked against the run on {images} images. The table shows the largest difference of a logit, this "
        f"difference relative to the largest logit, and the share of {unit} with another largest logit.",
        "",
        "| Format | File | MB | Height x width | Difference | Relative | Other predictions |",
        "|---|---|---|---|---|---|---|",
    ]
    for record in records:
        difference = record.difference
        sizes = "any" if takes_any_size and FORMATS[record.format].keeps_any_size else _text(size)
        cells = [
            record.format, f"`{record.file}`", f"{record.size / 1e6:.2f}", sizes, f"{difference.largest:.1e}",
            f"{difference.relative:.1e}", f"{difference.other_answers:.2%}",
        ]  # fmt: skip
        lines.append(f"| {' | '.join(cells)} |")
    return lines + _cost_lines(records)


def _cost_lines(records: list[ExportRecord]) -> list[str]:
    """What the 8 bits cost; nothing in f32."""
    costs = {record.format: record.cost for record in records if record.cost}
    if not costs:
        return []
    images = next(iter(costs.values())).images
    lines = [
        "",
        "## 8 bits",
        "",
        "Weights and the values between layers have 8 bits; inputs and outputs are float32. The models were calibrated "
        f"on training images, and the scores measured on {images} validation images. The milliseconds are those of one "
        "image at a time on the computer that made this export.",
        "",
        "| Format | Score | f32 | int8 | MB in f32 | in int8 | ms in f32 | in int8 |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, (f32, int8, _) in costs.items():
        sizes = [f"{f32.bytes / 1e6:.2f}", f"{int8.bytes / 1e6:.2f}"]
        times = [f"{f32.milliseconds:.1f}", f"{int8.milliseconds:.1f}"]
        for score, before in f32.scores.items():
            cells = [name, TITLES[score], f"{before:.4f}", f"{int8.scores[score]:.4f}", *sizes, *times]
            lines.append(f"| {' | '.join(cells)} |")
    return lines


def _autoencoder_lines(records: list[ExportRecord], images: int) -> list[str]:
    channels = records[-1].part.model.output_shape[-1]
    latent_size = records[0].part.expected.shape[-1]
    lines = [
        f"- `encoder` takes images of exactly this size and returns their codes, float32 (batch, {latent_size}). These "
        "are the means, so nothing is random.",
        f"- `decoder` takes codes, `code`, float32 (batch, {latent_size}), and returns images, float32 (batch, height, "
        f"width, {channels}), 0 to 255. Codes from the standard normal distribution give new images.",
        f"- Checked against the run on {images} images and their codes. The table shows the largest difference of a "
        "number, and this difference relative to the largest number.",
        "",
        "| Part | Format | File | MB | Difference | Relative |",
        "|---|---|---|---|---|---|",
    ]
    for record in records:
        cells = [
            record.part.name, record.format, f"`{record.file}`", f"{record.size / 1e6:.2f}",
            f"{record.difference.largest:.1e}", f"{record.difference.relative:.1e}",
        ]  # fmt: skip
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _loading_lines(record: ExportRecord) -> list[str]:
    chosen, part = FORMATS[record.format], record.part
    packages = " ".join(f"{package}=={version(package)}" for package in chosen.runtime)
    example = chosen.example.format(
        input_name=part.input_name, inputs=f"{part.input_name}s", output_name=part.output_name
    )
    place = f"in the folder `{part.name}`" if part.name else "in this folder"
    return [f"## {record.title}", "", f"`pip install {packages}`, then {place}:", "", "```python", example, "```"]
