"""The layout of a raw folder whose folders are classes: in it, in split folders in it, or the other way round."""

import re
import unicodedata
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from datatransformer.folders.folder_split import FOR_VALIDATION, LEFT_OUT
from datatransformer.folders.raw_files import (
    FIRST_FILES,
    FIRST_FOLDERS,
    first_entries,
    has_images,
    holds_images,
    subfolders,
)
from datatransformer.naming import split_folders
from settings import SettingError, bad_setting
from storage.tables import printable

MOST_WRAPPERS = 4
"""Folders within each other that hold nothing but the next one."""

EXAMPLES = 3

PART_OF_A_SET = re.compile(r"(k?fold|part|batch|chunk|shard|subset|set|split)[ _-]*\d+", re.IGNORECASE)
"""Names of folders that are parts of one set and no classes, if they hold folders of the same names."""

WITHOUT_CLASSES = ("pred", "unlabel", "inference", "submission")
"""Beginnings of names of folders beside split folders, whose images have no class: left out like those for testing."""

SPLIT_TEXT = {"train": "training", "val": "validation", "test": "testing", LEFT_OUT: "testing (left out: no classes)"}


@dataclass
class ClassFolders:
    """Where the class folders are.

    Attributes:
        roots: the folders that hold class folders, as paths that end in a slash, or empty for the raw folder itself;
            and the split of each: train, val, test, LEFT_OUT if its folders are not classes, or empty.
        inner: the split of each folder inside class folders, such as cat/train; empty if they give none.
        classes: the names of class folders that are spelt otherwise than the same class in another split.
        bad_split: why the split folders give no split that makes sense.
        notes, warnings: sentences for the report.
    """

    roots: dict[str, str] = field(default_factory=lambda: {"": ""})
    inner: dict[str, str] = field(default_factory=dict)
    classes: dict[str, str] = field(default_factory=dict)
    bad_split: str = ""
    notes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    @property
    def has_split(self) -> bool:
        return {"train", "val"} <= {*self.roots.values(), *self.inner.values()}


def find_class_folders(root: Path, count: int | None = None) -> ClassFolders:
    """The layout of `root`, by a quick look. Raises SettingError if only some of the folders are named like splits.

    `count`: look only at the first entries of each folder.
    """
    found = ClassFolders()
    prefix = _inside_wrappers(root, "")
    if prefix:
        found.notes.append(f"The classes are looked for in {root / prefix}, the only folder of {root} with images")
    names = _folders_with_images(root / prefix, count)
    splits = split_folders(names)
    if any(_folders_with_images(root / prefix / name, FIRST_FOLDERS) for name in splits):
        _take_split_folders(found, root, prefix, names, splits)
        _compare_classes(found, root)
    elif inner := _classes_in_parts(root / prefix, names):
        found.roots = {f"{prefix}{name}/": "" for name in names}
        found.notes.append(
            f"{_examples(names)} in {root / prefix} are parts of one set, as their names say: the classes are the "
            f"folders inside, {_examples(inner)}"
        )
    else:
        found.roots = {prefix: ""}
        _warn_of_alike(found, names)
        _look_inside_classes(found, root / prefix, names[:FIRST_FOLDERS])
    return found


def class_names(root: Path, found: ClassFolders, count: int | None = None) -> list[str]:
    """The folders that are classes, in any split."""
    return sorted({name for prefix in found.roots for name in _folders_with_images(root / prefix, count)})


def _classes_in_parts(folder: Path, names: Sequence[str]) -> list[str]:
    """The folders that each of these parts of a set holds; empty if they are no parts, or hold other folders each."""
    if len(names) < 2 or not all(map(PART_OF_A_SET.fullmatch, names)):
        return []
    inside = [_folders_with_images(folder / name, FIRST_FOLDERS) for name in names]
    is_same = all(sorted(inner) == sorted(inside[0]) for inner in inside)
    return inside[0] if is_same and len(inside[0]) > 1 else []


def _take_split_folders(
    found: ClassFolders, root: Path, prefix: str, names: Sequence[str], splits: dict[str, str]
) -> None:
    others = [name for name in names if name not in splits]
    unlabelled = [
        name
        for name in others
        if any(word.startswith(WITHOUT_CLASSES) for word in name.lower().replace("-", "_").split("_"))
    ]
    if others := [name for name in others if name not in unlabelled]:
        raise SettingError(
            bad_setting(
                "raw_images",
                root / prefix,
                f"holds folders that are named like splits ({', '.join(splits)}) and hold folders of images, and "
                f"others beside them ({_examples(others)}). Are the classes in the split folders, or are all of these "
                "classes? Move the folders of one kind away, or rename them",
            )
        )
    roots = {name: _inside_wrappers(root, f"{prefix}{name}/") for name in [*splits, *unlabelled]}
    known = {key for name, split in splits.items() if split != "test" for key in _keys(root / roots[name])}
    unlabelled += [name for name, split in splits.items() if split == "test" and not known & _keys(root / roots[name])]
    splits = {**splits, **dict.fromkeys(unlabelled, LEFT_OUT)}
    said = ", ".join(f"{roots[name].rstrip('/')} for {SPLIT_TEXT[split]}" for name, split in splits.items())
    said = _with_missing_splits(said, splits.values())
    found.notes.append(f"The classes are the folders inside the split folders of {root / prefix}: {said}")
    found.roots = {roots[name]: split for name, split in splits.items()}


def _with_missing_splits(said: str, splits: Collection[str]) -> str:
    """The text with a word on where the images for training and validation come from if no folder is for them."""
    if "train" not in splits:
        return said.replace(SPLIT_TEXT["val"], "training and validation, as no folder is for training")
    if "val" not in splits:
        return said.replace(f"for {SPLIT_TEXT['train']}", f"for {SPLIT_TEXT['train']} ({FOR_VALIDATION})")
    return said


def _compare_classes(found: ClassFolders, root: Path) -> None:
    """Unites spellings of a class, and warns of classes that one of the splits has not."""
    by_split: dict[str, dict[str, str]] = {}
    labelled = {prefix: split for prefix, split in found.roots.items() if split != LEFT_OUT}
    for prefix, split in sorted(labelled.items(), key=lambda item: item[1] != "train"):
        names = by_split.setdefault(split, {})
        folders = _folders_with_images(root / prefix, None)
        _warn_of_alike(found, folders)
        for name in folders:
            key = _key(name)
            is_used = key in names and names[key] != name
            names.setdefault(name if is_used else key, name)
    spellings: dict[str, str] = {}
    for names in by_split.values():
        for key, name in names.items():
            if (first := spellings.setdefault(key, name)) != name:
                found.classes[name] = first
                found.notes.append(
                    f"The folders {printable(first)} and {printable(name)} of different splits are one class"
                )
    if not {"train", "val"} <= by_split.keys():
        return
    if not by_split["train"].keys() & by_split["val"].keys():
        found.bad_split = (
            f"its split folders have no class in common: {_examples([*by_split['train'].values()])} for training, "
            f"{_examples([*by_split['val'].values()])} for validation. Give the folders of a class the same name "
            "in both, or take all folders together by --split ratio"
        )
        return
    for split, other in (("val", "train"), ("train", "val"), ("test", "train")):
        if missing := [name for key, name in by_split.get(split, {}).items() if key not in by_split[other]]:
            has = "has" if len(missing) == 1 else "have"
            found.warnings.append(
                f"{_examples(missing)} {has} no folder of images for {SPLIT_TEXT[other]}. If the folder has another "
                "name there, rename it; --split ratio takes all folders together"
            )


def _warn_of_alike(found: ClassFolders, names: Sequence[str]) -> None:
    """Warns of folders side by side that differ in upper and lower case, blanks or the form of Unicode alone."""
    first: dict[str, str] = {}
    for name in names:
        if (other := first.setdefault(_key(name), name)) != name:
            found.warnings.append(
                f"The folders {printable(other)} and {printable(name)} are two classes. If they are one, move the "
                "files into one of them"
            )


def _key(name: str) -> str:
    """Equal for spellings of one class."""
    return unicodedata.normalize("NFC", name).casefold().strip()


def _keys(folder: Path) -> set[str]:
    return set(map(_key, _folders_with_images(folder, None)))


def _look_inside_classes(found: ClassFolders, folder: Path, names: Sequence[str]) -> None:
    """Finds split folders inside class folders, and warns of folders inside them that may be the classes."""
    inside = {name: _folders_with_images(folder / name, FIRST_FOLDERS) for name in names}
    deep = {name: inner for name, inner in inside.items() if inner and not _has_images_directly(folder / name)}
    splits = {name: set(split_folders(inner).values()) for name, inner in deep.items()}
    with_splits = [name for name, found_splits in splits.items() if len(found_splits) > 1]
    if with_splits and len(with_splits) == len(names):
        found.inner = {inner: split for name in with_splits for inner, split in split_folders(deep[name]).items()}
        said = ", ".join(f"{name} for {SPLIT_TEXT[split]}" for name, split in found.inner.items())
        said = _with_missing_splits(said, found.inner.values())
        found.notes.append(f"The split folders are those inside the class folders of {folder}: {said}")
        return
    nested = [f"{name}/{inner}" for name, folders in deep.items() if len(folders) > 1 for inner in folders]
    if nested:
        found.warnings.append(
            f"Folders inside class folders ({_examples(nested)}) do not count: the classes are {_examples(names)}. If "
            "the inner folders are the classes, move them up by one level, or name a folder that holds them by "
            "--raw-images"
        )


def _inside_wrappers(root: Path, prefix: str) -> str:
    """The path of the first folder that holds more than one folder, which holds folders of images."""
    for _ in range(MOST_WRAPPERS):
        folder = root / prefix
        if _has_images_directly(folder):
            break
        inner = subfolders(folder, FIRST_FOLDERS)
        inner = inner if len(inner) == 1 else [path for path in inner if holds_images(path)]
        if len(inner) != 1 or not _folders_with_images(inner[0], FIRST_FOLDERS, is_deep=True):
            break
        prefix += inner[0].name + "/"
    return prefix


def _folders_with_images(folder: Path, count: int | None, is_deep: bool = False) -> list[str]:
    paths: Iterator[Path] = (path for path in subfolders(folder, count) if not path.is_symlink())
    return [
        path.name for path in paths if holds_images(path) or (is_deep and any(map(holds_images, subfolders(path, 9))))
    ]


def _has_images_directly(folder: Path) -> bool:
    return has_images(first_entries(folder, FIRST_FILES))


def _examples(names: Sequence[str]) -> str:
    return ", ".join(map(printable, names[:EXAMPLES])) + (", ..." if len(names) > EXAMPLES else "")
