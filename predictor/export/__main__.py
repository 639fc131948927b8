"""`python -m predictor.export`: a run's best model in formats of other programs, each checked on real pictures.

EXPORT/README.md     what goes in, what comes out, how to load it, how far it is from the run
EXPORT/classes.csv
EXPORT/savedmodel/, model.onnx, model.xml and model.bin, model.tflite: those that were asked for
EXPORT/encoder/, decoder/: so for each half of an auto-encoder
"""

import os
import shutil
import time
from pathlib import Path

import numpy as np

from command import import_tensorflow, run
from datatransformer.images import UnreadableImage, read_image
from datatransformer.layout import read_data_folder
from predictor.engines.conversion import NotTaken, check_installed, quietly
from predictor.export.agreement import compare, unpools
from predictor.export.formats import FORMATS
from predictor.export.parts import Part, parts_of
from predictor.export.readme import TITLE, Exported, readme
from predictor.model import check_trained
from predictor.pictures import ImageFile, evenly_spaced, find_images, validation_images
from settings import SettingError, WorkError, bad_setting
from storage.lock import exclusive_lock
from training.run_folder import RunFolder, find_runs

CHECKED = 8


def export(settings) -> None:
    """Raises SettingError if the run cannot be exported so; WorkError if an exported model says something else."""
    trained = _run(settings)
    output = settings.output or Path("exports") / trained.path.resolve().name
    _check_output(output, settings.overwrite)
    names = list(dict.fromkeys(settings.format))
    for name in names:
        check_installed(FORMATS[name].packages, f"--format {name}")
    listed = _listed(settings, trained)
    with exclusive_lock(output):
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
        differs = f"differs by at most {one.difference.largest:.1e}"
        print(f"{one.title}: {one.size / 1e6:.2f} MB in {one.seconds:.1f} s, {differs}")
    print(f"{output}: compared on {len(images)} pictures. README.md there says how to load it.")


def _run(settings) -> RunFolder:
    runs = find_runs(settings.runs, settings.run)
    if len(runs) > 1:
        raise SettingError(bad_setting("run", ",".join(settings.run), "one run is exported at a time; name one"))
    _ = runs[0].kind  # an unknown one is refused
    check_trained(runs[0])
    return runs[0]


def _check_output(output: Path, overwrite: bool) -> None:
    if not output.name:
        raise SettingError(bad_setting("output", output, "should be the name of a folder"))
    if not output.exists():
        return
    readme = output / "README.md"
    if not readme.is_file() or not readme.read_text(encoding="utf-8", errors="replace").startswith(TITLE):
        if not output.is_dir() or any(output.iterdir()):
            raise SettingError(bad_setting("output", output, "exists and is no export; name another folder"))
    elif not overwrite:
        raise SettingError(
            bad_setting("output", output, "holds an export; --overwrite replaces it, or name another folder")
        )


def _listed(settings, trained: RunFolder) -> list[ImageFile]:
    """More than are compared: some may be unreadable."""
    if settings.test_images:
        found = list(find_images(settings.test_images))
    else:
        try:
            data = read_data_folder(Path(trained.config()["settings"]["data"]), trained.kind.task)
        except SettingError as error:
            raise WorkError(f"There are no pictures to compare on: {error}. Name some, --test-images FOLDER") from error
        found = validation_images(data)
    return [found[place] for place in evenly_spaced(len(found), 4 * CHECKED)]


def _images(listed: list[ImageFile], size: tuple[int, int]) -> np.ndarray:
    """Those that can be read, float32 (pictures, height, width, 3) in 0..255."""
    from pipeline.decode import decode_and_resize
    from predictor.reading import decoder

    decode, images = decoder(lambda content: decode_and_resize(content, size)), []
    for picture in listed:
        try:
            images.append(decode(read_image(picture.path).content).numpy())
        except UnreadableImage:
            continue
    if not images:
        raise WorkError(f"None of the pictures to compare on can be read, {listed[0].path} for one")
    return np.stack([images[place] for place in evenly_spaced(len(images), CHECKED)]).astype(np.float32)


def _write(trained: RunFolder, names: list[str], images: np.ndarray, folder: Path) -> list[Exported]:
    """All of an export, into a new folder."""
    parts = parts_of(trained, images)
    for part in parts:
        (folder / part.name).mkdir(parents=True)
    exported = [_exported(name, part, folder / part.name, images.shape[1:3]) for part in parts for name in names]
    shutil.copy(trained.path / "classes.csv", folder)
    (folder / "README.md").write_text(readme(trained, exported, len(images)), encoding="utf-8")
    return exported


def _exported(name: str, part: Part, folder: Path, image_size: tuple[int, int]) -> Exported:
    form, begin = FORMATS[name], time.monotonic()
    before = _bytes(folder)
    try:
        quietly(lambda: form.write(part.model, folder, part.input, image_size))
        seconds, size = time.monotonic() - begin, _bytes(folder) - before
        found = quietly(lambda: form.load(folder)(part.given))
    except NotTaken as error:
        raise WorkError(f"The {part.title} cannot be exported as {name}: {error}. Leave that format out.") from error
    if found.shape != part.expected.shape:
        told = f"gives {found.shape}, the run {part.expected.shape}"
        raise WorkError(f"The {part.title} as {name} {told}; nothing was exported.")
    difference = compare(found, part.expected)
    if not difference.passes(unpools(part.model)):
        told = (
            f"differs from the run by {difference.largest:.1e}, {difference.relative:.1e} of the largest number "
            f"({difference.mean:.1e} in the mean), and gives {difference.others:.2%} other answers"
        )
        raise WorkError(f"The {part.title} as {name} {told}; nothing was exported.")
    return Exported(name, part, size, seconds, difference)


def _bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _put_in_place(work: Path, output: Path) -> None:
    old = output.with_name(f".{output.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if output.exists():
        os.replace(output, old)
    os.replace(work, output)
    shutil.rmtree(old, ignore_errors=True)


if __name__ == "__main__":
    run("python -m predictor.export", "ExportConfig", export)
