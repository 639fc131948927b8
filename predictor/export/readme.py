"""What an export says of itself: what goes in, what comes out, how to load it, how far it is from the run."""

from importlib.metadata import version
from typing import NamedTuple

from predictor.export.agreement import Difference
from predictor.export.formats import FORMATS
from predictor.export.parts import Part
from training.kinds import AUTOENCODER
from training.run_folder import RunFolder

TITLE = "# Exported from SceneLab"
"""The README begins with it; a folder without it is not replaced."""


class Exported(NamedTuple):
    """A format of a part, bytes on disk, seconds it took, and how far it is from the run."""

    name: str
    part: Part
    size: int
    seconds: float
    difference: Difference

    @property
    def title(self) -> str:
        return " ".join(filter(None, (self.part.name, self.name)))

    @property
    def file(self) -> str:
        """Or the folder; within the export."""
        return "/".join(filter(None, (self.part.name, FORMATS[self.name].file)))


def readme(trained: RunFolder, exported: list[Exported], count: int) -> str:
    """Markdown. What was exported was compared on `count` pictures."""
    config, (height, width) = trained.config(), trained.image_size()
    versions = ", ".join(f"{name} {version(name)}" for name in ("tensorflow", "keras", "numpy"))
    lines = [
        f"{TITLE}: {trained.path.resolve().name}",
        "",
        f"The model `{config['model']}`, a run of kind {config['kind']}, exported with {versions}.",
        "",
        f"- In: `image`, float32 (batch, height, width, 3), RGB, 0 to 255; nothing is to be normalised. It was trained "
        f"at {height} x {width} (height x width): resize bilinearly, with antialias, without keeping proportions.",
    ]
    if trained.kind is AUTOENCODER:
        lines += _of_halves(exported, count)
    else:
        lines += _of_model(exported, count, (height, width))
    for one in exported:
        lines += ["", *_how_to_load(one)]
    return "\n".join(lines) + "\n"


def _of_model(exported: list[Exported], count: int, trained_at: tuple[int, int]) -> list[str]:
    (height, width), model = trained_at, exported[0].part.model
    masks, is_any_size = len(model.output_shape) == 4, model.input_shape[1] is None
    lines = [
        f"- Out: float32 {'(batch, height, width, classes)' if masks else '(batch, classes)'}: logits, in the order of "
        f"`classes.csv`, {model.output_shape[-1]} of them. The largest is the answer; a softmax over the last axis "
        "makes probabilities.",
        f"- Compared with the run on {count} pictures: the largest difference of a logit, that against the largest "
        f"logit, and the share of {'pixels' if masks else 'pictures'} whose largest logit is another.",
        "",
        "| Format | File | MB | Height x width | Difference | Relative | Other answers |",
        "|---|---|---|---|---|---|---|",
    ]
    for one in exported:
        far = one.difference
        sizes = "any" if is_any_size and FORMATS[one.name].resizes else f"{height} x {width}"
        measured = f"{one.size / 1e6:.2f} | {sizes} | {far.largest:.1e} | {far.relative:.1e} | {far.others:.2%}"
        lines.append(f"| {one.name} | `{one.file}` | {measured} |")
    return lines


def _of_halves(exported: list[Exported], count: int) -> list[str]:
    channels = exported[-1].part.model.output_shape[-1]
    latent_size = exported[0].part.expected.shape[-1]
    lines = [
        f"- `encoder` takes pictures of just that size and gives their codes, float32 (batch, {latent_size}): the "
        "means, so that nothing is random.",
        f"- `decoder` takes codes, `code`, float32 (batch, {latent_size}), and gives pictures, float32 (batch, height, "
        f"width, {channels}), 0 to 255. Codes of a standard normal distribution make new pictures.",
        f"- Compared with the run on {count} pictures and their codes: the largest difference of a number, and that "
        "against the largest.",
        "",
        "| Part | Format | File | MB | Difference | Relative |",
        "|---|---|---|---|---|---|",
    ]
    for one in exported:
        measured = f"{one.size / 1e6:.2f} | {one.difference.largest:.1e} | {one.difference.relative:.1e}"
        lines.append(f"| {one.part.name} | {one.name} | `{one.file}` | {measured} |")
    return lines


def _how_to_load(one: Exported) -> list[str]:
    form, part = FORMATS[one.name], one.part
    packages = " ".join(f"{package}=={version(package)}" for package in form.runtime)
    example = form.example.format(input=part.input, given=f"{part.input}s", output=part.output)
    where = f"in the folder `{part.name}`" if part.name else "in this folder"
    return [f"## {one.title}", "", f"`pip install {packages}`, {where}:", "", "```python", example, "```"]
