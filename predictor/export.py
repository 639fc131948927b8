"""`python -m predictor.export`: a run's best model in formats of other programs, each checked on real pictures.

EXPORT/README.md     what goes in, what comes out, how to load it, how far it is from the run
EXPORT/classes.csv
EXPORT/savedmodel/, model.onnx, model.xml and model.bin, model.tflite: those that were asked for
"""

import os
import shutil
import time
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import numpy as np

from command import import_tensorflow, run
from datatransformer.images import UnreadableImage, read_image
from datatransformer.layout import read_data_folder
from datatransformer.lock import only_here
from predictor.formats import FORMATS, Format, NotTaken, check_installed, quietly
from predictor.members import best_model, check_trained
from predictor.pictures import Picture, pictures, spread, validation_pictures
from settings import SettingError, WorkError, fault
from training.run_folder import RunFolder, find_runs

TASKS = {"classifier": "classification", "segmentation": "segmentation"}
TITLE = "# Exported from SceneLab"
"""The README begins with it; a folder without it is not replaced."""

CHECKED = 8
LIMIT = 1e-3
"""The largest difference that passes, as a share of the largest logit."""


class Exported(NamedTuple):
    """A format, bytes on disk, seconds it took, and the largest difference, as it is and against the largest logit."""

    name: str
    size: int
    seconds: float
    difference: float
    relative: float


def export(settings) -> None:
    """Raises SettingError if the run cannot be exported so; WorkError if an exported model says something else."""
    trained = _run(settings)
    output = settings.output or Path("exports") / trained.path.resolve().name
    _check_output(output, settings.overwrite)
    names = list(dict.fromkeys(settings.format))
    for name in names:
        check_installed(FORMATS[name].packages, f"--format {name}")
    listed = _listed(settings, trained)
    with only_here(output):
        import_tensorflow()
        images = _images(listed, trained.image_size())
        work = output.with_name(f".{output.name}.work")
        shutil.rmtree(work, ignore_errors=True)
        try:
            exported = _write(trained, names, images, work)
            _put_in_place(work, output)
        finally:
            shutil.rmtree(work, ignore_errors=True)
    for one in exported:
        print(f"{one.name}: {one.size / 1e6:.2f} MB in {one.seconds:.1f} s, differs by at most {one.difference:.1e}")
    print(f"{output}: compared on {len(images)} pictures. README.md there says how to load it.")


def _run(settings) -> RunFolder:
    runs = find_runs(settings.runs, settings.run)
    if len(runs) > 1:
        raise SettingError(fault("run", ",".join(settings.run), "one run is exported at a time; name one"))
    kind = runs[0].config()["kind"]
    if kind not in TASKS:
        allowed = f"is a run of kind {kind}; exported are those of kind {', '.join(TASKS)}"
        raise SettingError(fault("run", runs[0].path, allowed))
    check_trained(runs[0])
    return runs[0]


def _check_output(output: Path, overwrite: bool) -> None:
    if not output.name:
        raise SettingError(fault("output", output, "should be the name of a folder"))
    if not output.exists():
        return
    readme = output / "README.md"
    if not readme.is_file() or not readme.read_text(encoding="utf-8", errors="replace").startswith(TITLE):
        if not output.is_dir() or any(output.iterdir()):
            raise SettingError(fault("output", output, "exists and is no export; name another folder"))
    elif not overwrite:
        raise SettingError(fault("output", output, "holds an export; --overwrite replaces it, or name another folder"))


def _listed(settings, trained: RunFolder) -> list[Picture]:
    """More than are compared: some may be unreadable."""
    if settings.test_images:
        found = list(pictures(settings.test_images))
    else:
        try:
            data = read_data_folder(Path(trained.config()["settings"]["data"]), TASKS[trained.config()["kind"]])
        except SettingError as error:
            raise WorkError(f"There are no pictures to compare on: {error}. Name some, --test-images FOLDER") from error
        found = validation_pictures(data)
    return [found[place] for place in spread(len(found), 4 * CHECKED)]


def _images(listed: list[Picture], size: tuple[int, int]) -> np.ndarray:
    """Those that can be read, float32 (pictures, height, width, 3) in 0..255."""
    from pipeline.decode import decode_and_resize
    from predictor.flow import decoder

    decode, images = decoder(lambda content: decode_and_resize(content, size)), []
    for picture in listed:
        try:
            images.append(decode(read_image(picture.path).content).numpy())
        except UnreadableImage:
            continue
    if not images:
        raise WorkError(f"None of the pictures to compare on can be read, {listed[0].path} for one")
    return np.stack([images[place] for place in spread(len(images), CHECKED)]).astype(np.float32)


def _write(trained: RunFolder, names: list[str], images: np.ndarray, folder: Path) -> list[Exported]:
    """All of an export, into a new folder."""
    model = best_model(trained)
    expected = model(images, training=False).numpy()
    folder.mkdir(parents=True)
    exported = [_exported(name, model, images, expected, folder) for name in names]
    shutil.copy(trained.path / "classes.csv", folder)
    (folder / "README.md").write_text(_readme(trained, model, exported, len(images)), encoding="utf-8")
    return exported


def _exported(name: str, model, images: np.ndarray, expected: np.ndarray, folder: Path) -> Exported:
    form, begin = FORMATS[name], time.monotonic()
    before = _bytes(folder)
    try:
        quietly(lambda: form.write(model, folder, images.shape[1:3]))
        seconds, size = time.monotonic() - begin, _bytes(folder) - before
        found = quietly(lambda: form.load(folder)(images))
    except NotTaken as error:
        raise WorkError(f"The model cannot be exported as {name}: {error}. Leave that format out.") from error
    if found.shape != expected.shape:
        raise WorkError(f"The model as {name} gives {found.shape}, the run {expected.shape}; nothing was exported.")
    difference = float(np.abs(found - expected).max())
    relative = difference / max(float(np.abs(expected).max()), np.finfo(np.float32).tiny)
    if not relative <= LIMIT:  # so that NaN does not pass
        told = f"differs from the run by {difference:.1e}, {relative:.1e} of the largest logit"
        raise WorkError(f"The model as {name} {told} (at most {LIMIT:.0e} passes); nothing was exported.")
    return Exported(name, size, seconds, difference, relative)


def _bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _put_in_place(work: Path, output: Path) -> None:
    old = output.with_name(f".{output.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if output.exists():
        os.replace(output, old)
    os.replace(work, output)
    shutil.rmtree(old, ignore_errors=True)


def _readme(trained: RunFolder, model, exported: list[Exported], count: int) -> str:
    config, (height, width) = trained.config(), trained.image_size()
    is_any_size = model.input_shape[1] is None
    output = "(batch, height, width, classes)" if len(model.output_shape) == 4 else "(batch, classes)"
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
        f"- Compared with the run on {count} pictures: the largest difference of a logit, and that against the largest "
        f"logit.",
        "",
        "| Format | File | MB | Height x width | Difference | Relative |",
        "|---|---|---|---|---|---|",
    ]
    for one in exported:
        sizes = "any" if is_any_size and FORMATS[one.name].resizes else f"{height} x {width}"
        measured = f"{one.size / 1e6:.2f} | {sizes} | {one.difference:.1e} | {one.relative:.1e}"
        lines.append(f"| {one.name} | `{FORMATS[one.name].file}` | {measured} |")
    for one in exported:
        lines += ["", *_how_to_load(one.name, FORMATS[one.name])]
    return "\n".join(lines) + "\n"


def _how_to_load(name: str, form: Format) -> list[str]:
    packages = " ".join(f"{package}=={version(package)}" for package in form.runtime)
    return [f"## {name}", "", f"`pip install {packages}`, in this folder:", "", "```python", form.example, "```"]


if __name__ == "__main__":
    run("python -m predictor.export", "ExportConfig", export)
