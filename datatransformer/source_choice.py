"""The choice of the source for `--source auto`, and the refusal of settings that the source does not use."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from datatransformer.annotations.files import tool_of
from datatransformer.folders.folder_words import is_image_folder
from datatransformer.folders.raw_files import (
    FIRST_FOLDERS,
    first_entries,
    has_images,
    holds_images,
    no_images,
    subfolders,
)
from datatransformer.sources import Evidence, Source, load_source
from datatransformer.tables.label_search import label_files
from log import logger
from setting_flags import flag
from settings import SettingError, bad_setting, errors_if_given, given_values
from storage.tables import printable

if TYPE_CHECKING:
    from config import DataTransformerConfig

AUTO = "auto"
MULTILABEL = "multilabel"
"""The task of a data folder whose images may have several labels; `--labels several` asks for it."""

OF_ALL_SOURCES = {
    "source", "data", "split", "val_list", "val_fraction", "test_list", "test_fraction", "workers", "overwrite", "seed",
    "json", "debug", "config",
}  # fmt: skip
"""Fields that have an effect with every source. Every other field is one of the SETTINGS of some sources."""

COMMON_COMMANDS = (
    ("images and a file with their labels", "--raw-images photos --raw-labels labels.csv"),
    ("one folder per class", "--raw-images photos"),
    ("images and their masks", "--raw-images photos --raw-masks masks"),
)


def with_source(settings: "DataTransformerConfig") -> "DataTransformerConfig":
    """The settings with a source instead of `auto`. Raises SettingError if it is undecided or a setting is unused."""
    if settings.source == AUTO:
        settings = _choose(settings)
    if errors := unused_settings(settings, load_source(settings.source)):
        raise SettingError(*errors)
    return settings


def unused_settings(settings: "DataTransformerConfig", source: Source) -> list[str]:
    """An error for each setting that was given and has no effect."""
    errors = []
    tasks = [task for task in source.TASKS if task != MULTILABEL]
    if settings.task and len(tasks) == 1:
        why = f"has no effect: source {settings.source} is for {tasks[0]}; leave it out"
        is_wrong = settings.task != tasks[0]
        errors += [bad_setting("task", settings.task, why)] if is_wrong else errors_if_given(settings, ["task"], why)
    if settings.labels == "several":
        errors += _errors_of_several_labels(settings, source)
    used = {*OF_ALL_SOURCES, *source.SETTINGS, "task", "labels"}
    unused = [name for name in type(settings).model_fields if name not in used]
    if settings.frames == "all" and "frames" in unused and "segmentation" in source.TASKS:
        unused.remove("frames")
        why = (
            "is not for masks: of each picture and mask the first frame is taken; leave it out, or save each frame as "
        )
        why += "a file"
        errors.append(bad_setting("frames", settings.frames, why))
    errors += errors_if_given(settings, unused, f"has no effect with source {settings.source}; leave it out")
    draws = "seed" in source.SETTINGS
    if settings.val_list:
        fields = ["val_fraction", "test_fraction", *([] if draws else ["seed"])]
        fields += ["split"] if settings.split == "sequences" else []
        errors += errors_if_given(settings, fields, "has no effect with val_list; leave out one of them")
    elif settings.split == "sequences" and not draws:
        errors += errors_if_given(settings, ("seed",), "has no effect with split sequences; leave it out")
    if settings.test_list and settings.test_fraction:
        why = "has no effect with test_list; leave out one of them"
        errors.append(bad_setting("test_fraction", settings.test_fraction, why))
    if (kept := settings.val_fraction + settings.test_fraction) >= 1:
        why = f"leaves no images for training, as {kept:g} of them would be for validation and testing"
        errors.append(bad_setting("test_fraction", settings.test_fraction, why))
    return errors


def _errors_of_several_labels(settings: "DataTransformerConfig", source: Source) -> list[str]:
    if MULTILABEL not in source.TASKS:
        why = f"is not for source {settings.source}, whose images have one class or a mask; leave it out"
        return [bad_setting("labels", "several", why)]
    return errors_if_given(settings, ["task"], "contradicts --labels several; leave out one of them")


def _choose(settings: "DataTransformerConfig") -> "DataTransformerConfig":
    names = [name for name in get_args(type(settings).model_fields["source"].annotation) if name != AUTO]
    sources = {name: load_source(name) for name in names}
    candidates = _named(settings, sources)
    if not candidates:
        if settings.raw_images is None:
            raise SettingError(_nothing_named(settings, sources))
        candidates = _recognised(settings, sources)
        if not candidates:
            raise SettingError(_not_recognised(settings.raw_images))
    if len(candidates) > 1:
        raise SettingError(_several(candidates))
    ((name, evidence),) = candidates
    logger.info(f"Source: {name}, because {evidence.reason}")
    return settings.model_copy(update={"source": name, **evidence.found})


def _named(settings: "DataTransformerConfig", sources: dict[str, Source]) -> list[tuple[str, Evidence]]:
    """The source whose own setting is given. Raises SettingError if these are settings of several sources."""
    given = {name: [field for field in source.NAMED_BY if getattr(settings, field)] for name, source in sources.items()}
    given = {name: fields for name, fields in given.items() if fields}
    if settings.raw_labels and "labels" in given and (tool := tool_of(settings.raw_labels)):
        given[tool] = given.pop("labels")
    if len(given) > 1:
        flags = " and ".join(f"{flag(fields[0])} (source {name})" for name, fields in given.items())
        raise SettingError(bad_setting("source", AUTO, f"{flags} contradict each other; leave out one of them"))
    return [(name, Evidence(f"{flag(fields[0])} is given")) for name, fields in given.items()]


def _recognised(settings: "DataTransformerConfig", sources: dict[str, Source]) -> list[tuple[str, Evidence]]:
    """Every way to read the folder of raw images."""
    evidence = {name: source.recognises(settings) for name, source in sources.items()}
    candidates = [(name, reason) for name, reasons in evidence.items() for reason in reasons]
    overridden = {other for _, reason in candidates for other in reason.overrides}
    return [(name, reason) for name, reason in candidates if name not in overridden]


def _nothing_named(settings: "DataTransformerConfig", sources: dict[str, Source]) -> str:
    """The error if no raw data are named. A setting that only sources without a raw folder use names these sources."""
    without_folder = {name: source for name, source in sources.items() if "raw_images" not in source.SETTINGS}
    with_folder = {field for name in sources.keys() - without_folder for field in sources[name].SETTINGS}
    for field, value in given_values(settings).items():
        users = [f"--source {name}" for name, source in without_folder.items() if field in source.SETTINGS]
        if users and field not in with_folder | OF_ALL_SOURCES:
            return bad_setting(
                "source",
                AUTO,
                f"{flag(field)} {value} is for {' or '.join(users)}: add {'it' if len(users) == 1 else 'one of them'}",
            )
    commands = "".join(f"\n  {kind}: python -m datatransformer {flags}" for kind, flags in COMMON_COMMANDS)
    return bad_setting("source", AUTO, f"no raw data are named. The most common commands:{commands}")


def _not_recognised(root: Path) -> str:
    """The error if the raw folder holds images, but nothing that gives their classes, or no images at all."""
    if not holds_images(root):
        links = [entry.name for entry in first_entries(root, FIRST_FOLDERS) if entry.is_symlink()]
        if links:
            allowed = f"holds only links, such as {printable(links[0])}, and links are not followed to other folders"
            return bad_setting(
                "raw_images", root, f"{allowed}; copy what they lead to, or name the folder that holds it"
            )
        return bad_setting("raw_images", root, no_images(root))
    folders = [folder.name for folder in subfolders(root, FIRST_FOLDERS) if holds_images(folder)]
    if len(folders) == 1 and not is_image_folder(folders[0]) and not has_images(first_entries(root, FIRST_FOLDERS)):
        allowed = (
            f"holds one folder of images, {printable(folders[0])}, and two classes are needed. Add the folder of "
            "another class beside it, or name the labels by --raw-labels FILE, or the masks by --raw-masks FOLDER"
        )
        return bad_setting("raw_images", root, allowed)
    beside = [
        f"--raw-labels {shlex.quote(str(path))} (it names these images)" for path in label_files(root.parent, root)
    ]
    labels = " or ".join(beside) or "--raw-labels FILE (the label of each image)"
    return bad_setting(
        "raw_images",
        root,
        "holds images, but no class folders, label file or masks were found in it. Add "
        f"{labels} or --raw-masks FOLDER, or name a folder that has one subfolder per class",
    )


def _several(candidates: list[tuple[str, Evidence]]) -> str:
    """The error if the raw folder can be read in several ways: each with its reason and the flags that choose it."""
    ways = ""
    for name, (reason, found, _) in candidates:
        flags = " ".join(
            [f"--source {name}", *(f"{flag(field)} {shlex.quote(str(path))}" for field, path in found.items())]
        )
        ways += f"\n  {flags}: {reason}"
    return bad_setting("source", AUTO, f"the raw folder can be read in {len(candidates)} ways. Choose one:{ways}")
