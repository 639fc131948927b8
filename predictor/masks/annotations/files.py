"""The annotation files of predicted masks, in a folder for each format beside the CSV."""

import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from glob import has_magic
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from datatransformer.annotations.classes import BACKGROUND_NAMES
from log import logger
from predictor.masks.annotations import coco, label_studio, labelme, yolo
from predictor.masks.annotations.picture import PARTS, AnnotatedPicture, place_by_stem, place_of_part
from predictor.masks.annotations.regions import find_regions
from predictor.output import names_in_table
from settings import WorkError
from storage.tables import printable, replacing, replacing_binary
from storage.temporary import link_or_copy

if TYPE_CHECKING:
    from config import ClassicalConfig, PredictorConfig

FOLDERS = {"coco": "coco", "labelme": "labelme", "yolo": "yolo", "label-studio": "label-studio"}
"""Folders beside NAME.csv: NAME.coco and so on."""

TEXTS = {"coco": (coco.FILE, coco.text_of_file), "label-studio": (label_studio.FILE, label_studio.text_of_file)}
"""The formats with a file for all images: its name, and what makes its text."""

OWN_FILES = {"coco": PARTS, "label-studio": PARTS, "labelme": ".", "yolo": yolo.LABELS}
"""The folder, in that of each format, that has a text file for each image."""


class AnnotationFiles:
    """Writes annotations of masks.

    Arguments:
        kinds: keys of FOLDERS.
        classes: their names. Pixels of a class that is called background get no annotation, as in these tools.
        colours: uint8 (classes, 3).
    """

    def __init__(
        self,
        settings: "PredictorConfig | ClassicalConfig",
        kinds: Iterable[str],
        classes: Sequence[str],
        colours: Callable[[], np.ndarray],
    ):
        self.folders = {kind: folder_of(settings.output, kind) for kind in kinds}
        self.images, self.is_pattern = _folder_of_images(settings)
        self.classes, self.colours = [printable(name) for name in classes], colours
        names = (index for index, name in enumerate(classes) if name.lower() in BACKGROUND_NAMES)
        self.background = next(names, None)
        self.has_descriptions = False

    def add(self, name: str, mask: np.ndarray) -> None:
        """Writes what belongs to one image. `name` is that in the CSV; `mask` is uint8 (height, width).

        Raises WorkError if YOLO's copy of the image cannot be made.
        """
        if not self.folders:
            return
        regions = list(find_regions(mask, self.background))
        name_below = os.path.relpath(name, self.images) if self.is_pattern else name
        picture = AnnotatedPicture(name, name_below, self.images, mask.shape[::-1], self.classes, regions)
        if not self.has_descriptions:
            self._write_descriptions()
        for kind, folder in self.folders.items():
            WRITERS[kind](folder, picture)

    def _write_descriptions(self) -> None:
        """Writes the files about the classes."""
        self.has_descriptions = True
        if folder := self.folders.get("yolo"):
            _write(folder / "data.yaml", yolo.description(self.classes))
        if folder := self.folders.get("label-studio"):
            _write(folder / label_studio.CONFIG, label_studio.config(self.classes, self.colours()))


def folder_of(output: Path, kind: str) -> Path:
    return output.with_name(f"{output.stem}.{FOLDERS[kind]}")


def own_files(output: Path, kind: str) -> Iterator[Path]:
    """The text files of single images."""
    suffix = "txt" if kind == "yolo" else "json"
    return (folder_of(output, kind) / OWN_FILES[kind]).rglob(f"*.{suffix}")


def write_files_of_all(output: Path, kinds: Iterable[str], classes: Sequence[str]) -> None:
    """Writes the files for all images, in the order of the rows of the CSV `output`, from what `add` has written.

    Warns of images that are not in the CSV in formats without such a file. Raises WorkError if a part is missing.
    """
    if not output.exists():
        return
    for kind in sorted(FOLDERS.keys() & kinds):
        folder = folder_of(output, kind)
        if kind not in TEXTS:
            _warn_of_others(output, kind)
            continue
        folder.mkdir(exist_ok=True)
        name, text_of_file = TEXTS[kind]
        with replacing(folder / name) as file:
            file.writelines(text_of_file(partial(_parts, output, folder), [printable(name) for name in classes]))


def _warn_of_others(output: Path, kind: str) -> None:
    """Tools take all files of a folder, also those of images that were predicted earlier and are gone now."""
    others = sum(1 for _ in own_files(output, kind)) - sum(1 for _ in names_in_table(output))
    if others > 0:
        logger.warning(
            f"{folder_of(output, kind)} has also annotations of {others} images of earlier predictions. If they should "
            "not count, remove this folder and predict again with --overwrite."
        )


def _parts(output: Path, folder: Path) -> Iterator[Any]:
    for name in names_in_table(output):
        path = place_of_part(folder, name)
        try:
            yield json.loads(path.read_bytes())
        except (OSError, ValueError) as error:
            raise WorkError(f"{path} is missing or damaged; --overwrite predicts again: {error}") from error


def _folder_of_images(settings: "PredictorConfig | ClassicalConfig") -> tuple[Path, bool]:
    """The folder of all images, and whether `test_images` is a pattern. Names in the CSV then begin with the folder."""
    if settings.evaluate:
        return settings.evaluate / settings.split, False
    path = Path(settings.test_images).expanduser()
    if path.is_dir() or path.is_file():
        return (path if path.is_dir() else path.parent), False
    return Path(*takewhile(lambda part: not has_magic(part), path.parts)), True


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing_binary(path) as file:
        file.write(text.encode())


# ---- What each format has for one image ------------------------------------------------------------------------------


def _write_part(describe: Callable[[AnnotatedPicture], object], folder: Path, picture: AnnotatedPicture) -> None:
    _write(place_of_part(folder, picture.row), json.dumps(describe(picture), ensure_ascii=False))


def _write_labelme(folder: Path, picture: AnnotatedPicture) -> None:
    path = place_by_stem(folder, picture.name, picture.path, ".json")
    _write(path, labelme.text_of_image(picture, path.parent))


def _write_yolo(folder: Path, picture: AnnotatedPicture) -> None:
    name = yolo.name_of_copy(picture.name)
    _write(place_by_stem(folder / yolo.LABELS, name, picture.path, ".txt"), yolo.text_of_image(picture))
    put_copy(picture.path, folder / yolo.IMAGES / name)


def put_copy(file: Path, place: Path) -> None:
    """Puts a file in another place too, as a hard link if the disk allows it. Raises WorkError."""
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        link_or_copy(file.resolve(), place)
    except OSError as error:
        raise WorkError(f"{file} cannot be copied to {place}: {error.strerror or error}") from error


WRITERS: dict[str, Callable[[Path, AnnotatedPicture], None]] = {
    "coco": partial(_write_part, coco.describe),
    "label-studio": partial(_write_part, label_studio.describe),
    "labelme": _write_labelme,
    "yolo": _write_yolo,
}
