"""The page of published results: the experiments of `experiments/catalogue.py`."""

import importlib
import re

import setting_flags
from pages.text import NOTE, cell

PROJECTS = {
    "Chen": "a project on scene classification with Inception-ResNet-v2, trained on the 80 classes of the AI "
    "Challenger data",
    "Gupta": "a project on street scenes: a U-Net on ResNet-34 with fastai, trained on CamVid",
    "Goswami and Kumarasamy": "a project on pets: a U-Net on MobileNetV2, trained on Oxford-IIIT Pet",
    "Hidra": "a project on CIFAR-10, PASCAL VOC and MNIST: ResNet, VGG16, U-Nets and an auto-encoder",
}
"""The projects from which comparisons come, by their authors."""


def published_page() -> str:
    """The page of all comparisons of `experiments`, with their published results."""
    catalogue = importlib.import_module("experiments.catalogue").EXPERIMENTS
    used = [
        name
        for name in PROJECTS
        if any(re.search(rf"\b{name}\b", experiment.source) for experiment in catalogue.values())
    ]
    parts = [
        NOTE,
        "# Published results of the comparisons",
        "`python -m experiments LIST` lists these comparisons, and `python -m experiments NAME --data data` runs one. "
        "The results below are those of the source, on the data of the source. The table that the command writes has "
        "them beside your own results. [Compare settings](../howto/compare.md) explains how to run a comparison.",
        "The sources are student projects, named after their authors:",
        "\n".join(f"- {name}: {PROJECTS[name]}." for name in used),
    ]
    for name, experiment in catalogue.items():
        parts += [f"## {name}", f"{experiment.title}. Module `{experiment.module}`. Source: {experiment.source}."]
        if experiment.published_on:
            parts.append(f"Data of the source: {cell(experiment.published_on)}.")
        measures = list(
            dict.fromkeys(key for variant in experiment.variants.values() for key in variant.published or {})
        )
        rows = ["| variant | settings | " + "".join(f"{measure} | " for measure in measures).strip()]
        rows.append("|" + " --- |" * (2 + len(measures)))
        for title, variant in experiment.variants.items():
            given = " ".join(
                _switch(key, str(value)) for key, value in (dict(experiment.settings) | dict(variant.settings)).items()
            )
            module = f"`{variant.module}` " if variant.module else ""
            values = "".join(f" {(variant.published or {}).get(measure, '')} |" for measure in measures)
            rows.append(f"| {cell(title)} | {module}`{given}` |{values}")
        parts.append("\n".join(rows))
        parts.append(f"Finding of the source: {cell(experiment.finding)}")
        if experiment.caution:
            parts.append(f"Caution: {cell(experiment.caution)}")
    return "\n\n".join(parts) + "\n"


def _switch(name: str, value: str) -> str:
    if value in ("True", "False"):
        return setting_flags.flag(name if value == "True" else f"no_{name}")
    return f"{setting_flags.flag(name)} {value}"
