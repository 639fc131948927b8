"""`scenelab pack RUN`: one file with all that prediction needs, for another machine or another person."""

import json
import os
import shlex
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from command import import_tensorflow, run
from log import logger
from predictor.model import best_model, check_trained
from settings import SettingError, bad_setting
from storage.markdown import markdown_text
from storage.temporary import temporary_file
from training.checkpoint_file import INSIDE, INSIDE_FOLDER, ROW_FILE
from training.packed_run import PACKED_SUFFIX
from training.run_folder import RunFolder
from training.runs import find_runs

if TYPE_CHECKING:
    from config import PackRunConfig

CARD = "card.md"
PRIVATE = ("data", "runs", "config", "weights", "data_service")
"""Settings with paths or addresses of this machine."""


def pack_run(settings: "PackRunConfig") -> Mapping[str, object]:
    """Writes the file. Returns what `--json` prints."""
    folder = find_runs(settings.runs, [settings.run] if settings.run else [])[0]
    check_trained(folder)
    output = settings.output or Path(f"{folder.path.resolve().name}{PACKED_SUFFIX}")
    if output.suffix != PACKED_SUFFIX:
        raise SettingError(bad_setting("output", output, f"should end in {PACKED_SUFFIX}"))
    if output.exists() and not settings.overwrite:
        raise SettingError(bad_setting("output", output, "exists; name another file, or use --overwrite"))
    import_tensorflow()
    output.parent.mkdir(parents=True, exist_ok=True)
    with temporary_file(output.with_suffix(".keras")) as work:
        best_model(folder).save(work)  # loaded without its optimizer, which is two thirds of a checkpoint
        with zipfile.ZipFile(work, "a") as archive:
            archive.writestr(ROW_FILE, json.dumps(folder.best_row()))
            for name, content in _files(folder).items():
                archive.writestr(INSIDE_FOLDER + name, content)
        work.replace(output)
    size, before = output.stat().st_size, folder.best.stat().st_size
    logger.info(f"{output}: {size / 1e6:.1f} MB; the checkpoint of the run has {before / 1e6:.1f} MB")
    logger.info(f"Use it on any machine: scenelab predict NEW_IMAGES --run {shlex.quote(str(output))}")
    return {"output": output, "bytes": size}


def _files(folder: RunFolder) -> dict[str, bytes]:
    """The files inside, by name, without paths of this machine."""
    files = {name: (folder.path / name).read_bytes() for name in INSIDE if (folder.path / name).exists()}
    config = folder.config()
    config["settings"] = {
        name: value
        for name, value in config["settings"].items()
        if name not in PRIVATE and not (isinstance(value, str) and os.sep in value)
    }
    config.pop("data", None)
    return files | {"config.json": json.dumps(config, indent=1).encode(), CARD: card_text(folder).encode()}


def card_text(folder: RunFolder) -> str:
    """What the model is, in a few lines."""
    config, best = folder.config(), folder.best_row()
    size, classes = folder.image_size(), folder.classes()
    lines = [
        f"# {markdown_text(folder.path.resolve().name)}",
        f"A {folder.kind.name} of SceneLab: the network {markdown_text(config['model'])}, for RGB images of {size} "
        "pixels (height x width) with values of 0..255. It normalises them itself.",
        f"Best epoch {int(best['epoch'])}: {folder.kind.summary.format(**best)}, measured on the validation images, by "
        "which this epoch was also chosen. Expect a little less on new images.",
        f"Classes ({len(classes)}): {', '.join(map(markdown_text, classes))}." if classes else "It has no classes.",
        "Versions: "
        + ", ".join(markdown_text(f"{name} {version}") for name, version in config["versions"].items())
        + ".",
    ]
    return "\n\n".join(lines) + "\n"


if __name__ == "__main__":
    run("scenelab pack", "PackRunConfig", pack_run)
