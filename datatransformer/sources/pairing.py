"""Matches masks with images by their names."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from datatransformer.listing import Rejected
from datatransformer.naming import IMAGE_SUFFIX, without_suffix
from datatransformer.raw_files import files_below, why_outside

EXAMPLES = 200
"""Images whose names are used to find the common prefix and suffix of the masks."""


class Pair(NamedTuple):
    """An image and its mask. `name` is the path of the image in the raw folder."""

    name: str
    image: Path
    mask: Path
    split: str | None = None


def pair_by_name(images: Path, masks: Path, root: Path) -> tuple[list[Pair], list[Rejected]]:
    """Pairs the images below `images` with masks below `masks`, and returns files without a partner as Rejected.

    A mask has the same subfolder and name as its image, apart from a prefix and a suffix that most masks share (`ann_7`
    and `7`, `0001_L` and `0001`). The two folders may be the same, or one may be inside the other.
    """
    image_files, mask_files, rejected = _images_below(images), _images_below(masks), []
    if images.resolve() == masks.resolve():
        image_files, mask_files = _tell_apart(image_files, images)
    else:
        image_files, mask_files = _outside(image_files, images, masks), _outside(mask_files, masks, images)
    by_name: dict[str, Path] = {}
    for path in sorted(mask_files, key=_may_be_jpeg):
        first = by_name.setdefault(_name(path, masks), path)
        if first != path:
            rejected.append(Rejected(str(path), f"is a second mask beside {first.name}"))
    prefix, suffix = _affixes([_name(path, images) for path in image_files], by_name)
    pairs: list[Pair] = []
    taken: dict[str, Path] = {}
    for path in image_files:
        key = _with_affixes(_name(path, images), prefix, suffix)
        mask = by_name.get(key)
        if reason := why_outside(path, root):
            rejected.append(Rejected(str(path), reason))
        elif mask is None:
            rejected.append(Rejected(str(path), f"has no mask {key} in {masks}"))
        elif key in taken:
            rejected.append(Rejected(str(path), f"has the mask of {taken[key].name}, which has the same name"))
        elif reason := why_outside(mask, masks):
            rejected.append(Rejected(str(path), f"has the mask {mask.name}, which {reason}"))
        else:
            pairs.append(Pair(path.relative_to(root).as_posix(), path, mask))
        taken.setdefault(key, path)
    unused = (path for key, path in by_name.items() if key not in taken)
    rejected += [Rejected(str(path), f"is a mask without an image in {images}") for path in unused]
    return pairs, rejected


def _images_below(folder: Path) -> list[Path]:
    """Files with the suffix of an image, and folders without read permission."""
    return [path for path in files_below(folder) if IMAGE_SUFFIX.search(path.name) or path.is_dir()]


def _outside(paths: list[Path], folder: Path, other: Path) -> list[Path]:
    """The files below `folder` that are not in the folder `other`."""
    if not other.resolve().is_relative_to(folder.resolve()):
        return paths
    inner = folder / other.resolve().relative_to(folder.resolve())
    return [path for path in paths if not path.is_relative_to(inner)]


def _name(path: Path, folder: Path) -> str:
    return without_suffix(path.relative_to(folder).as_posix())


def _may_be_jpeg(path: Path) -> bool:
    return path.suffix.lower() in (".jpg", ".jpeg")


def _tell_apart(paths: list[Path], folder: Path) -> tuple[list[Path], list[Path]]:
    """Images and masks of one folder: masks have longer names, or are the files beside a JPEG of the same name."""
    names = {path: _name(path, folder) for path in paths}
    jpegs = {names[path] for path in paths if _may_be_jpeg(path)}
    masks = {path for path in paths if names[path] in jpegs and not _may_be_jpeg(path)}
    if not masks:
        prefix, suffix = _affixes(names.values(), names.values(), longer=True)
        mask_names = {_with_affixes(name, prefix, suffix) for name in names.values()} if prefix + suffix else set()
        masks = {path for path in paths if names[path] in mask_names}
    return [path for path in paths if path not in masks], sorted(masks)


def _with_affixes(name: str, prefix: str, suffix: str) -> str:
    path = PurePosixPath(name)
    return (path.parent / f"{prefix}{path.name}{suffix}").as_posix()


def _affixes(names: Iterable[str], masks: Iterable[str], longer: bool = False) -> tuple[str, str]:
    """The most frequent prefix and suffix of masks around the names of images.

    `longer`: masks with exactly the name of an image do not count.
    """
    names, masks = sorted(names), sorted(masks)
    exact = len(set(names) & set(masks))
    if not longer and exact * 2 >= min(len(names), len(masks)):
        return "", ""
    by_folder: dict[PurePosixPath, list[str]] = {}
    for path in map(PurePosixPath, masks):
        by_folder.setdefault(path.parent, []).append(path.name)
    votes: Counter[tuple[str, str]] = Counter()
    longest = sorted(names, key=len, reverse=True)[:EXAMPLES]  # long names rarely occur in others by chance
    for path in map(PurePosixPath, longest):
        for mask in by_folder.get(path.parent, []):
            prefix, match, suffix = mask.partition(path.name)
            if match and mask != path.name:
                votes[prefix, suffix] += 1
    return votes.most_common(1)[0][0] if votes else ("", "")
