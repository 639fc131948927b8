"""What an export says of itself: what goes in, what comes out, how to load it, how far it is from the run."""

from importlib.metadata import version
from typing import NamedTuple

from predictor.agreement import Difference
from predictor.formats import FORMATS, Format
from training.run_folder import RunFolder

TITLE = "# Exported from SceneLab"
"""The README begins with it; a folder without it is not replaced."""


class Exported(NamedTuple):
    """A format, bytes on disk, seconds it took, and how far it is from the run."""

    name: str
    size: int
    seconds: float
    difference: Difference


def readme(trained: RunFolder, model, exported: list[Exported], count: int) -> str:
    """Markdown. `model` is of Keras; it was compared on `count` pictures."""
    config, (height, width) = trained.config(), trained.image_size()
    is_any_size = model.input_shape[1] is None
    masks = len(model.output_shape) == 4
    output = "(batch, height, width, classes)" if masks else "(batch, classes)"
    what = "pixels" if masks else "pictures"
    versions = ", ".join(f"{name} {version(name)}" for name in ("tensorflow", "keras", "numpy"))
    lines = [
        f"{TITLE}: {trained.path.resolve().name}",
        "",
        f"The model `{config['model']}`, a run of kind {config['kind']}, exported with {versions}.",
        "",
        f"- In: `image`, float32 (batch, height, width, 3), RGB, 0 to 255; nothing is to be normalised. It was trained "
        f"at {height} x {width} (height x width): resize bilinearly, with antialias, without keeping proportions.",
        f"- Out: float32 {output}: logits, in the order of `classes.csv`, {model.output_shape[-1]} of them. "
        f"The largest is the answer; a softmax over the last axis makes probabilities.",
        f"- Compared with the run on {count} pictures: the largest difference of a logit, that against the largest "
        f"logit, and the share of {what} whose largest logit is another.",
        "",
        "| Format | File | MB | Height x width | Difference | Relative | Other answers |",
        "|---|---|---|---|---|---|---|",
    ]
    for one in exported:
        far = one.difference
        sizes = "any" if is_any_size and FORMATS[one.name].resizes else f"{height} x {width}"
        measured = f"{one.size / 1e6:.2f} | {sizes} | {far.largest:.1e} | {far.relative:.1e} | {far.others:.2%}"
        lines.append(f"| {one.name} | `{FORMATS[one.name].file}` | {measured} |")
    for one in exported:
        lines += ["", *_how_to_load(one.name, FORMATS[one.name])]
    return "\n".join(lines) + "\n"


def _how_to_load(name: str, form: Format) -> list[str]:
    packages = " ".join(f"{package}=={version(package)}" for package in form.runtime)
    return [f"## {name}", "", f"`pip install {packages}`, in this folder:", "", "```python", form.example, "```"]
