"""Which mask belongs to which picture, by their names."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from datatransformer.listing import Rejected
from datatransformer.naming import PICTURE_SUFFIX, without_suffix
from datatransformer.raw_files import files_below, why_outside

EXAMPLES = 200
"""Pictures from whose names is read how the masks are called."""


class Pair(NamedTuple):
    """A picture and its mask. `name` is the picture's path in the raw folder."""

    name: str
    image: Path
    mask: Path
    split: str | None = None


def pair(images: Path, masks: Path, root: Path) -> tuple[list[Pair], list[Rejected]]:
    """The pictures below `images` with their masks below `masks`, and those that have none.

    A mask has its picture's place and name, with a prefix and a suffix that all of them share (`ann_7` and `7`,
    `0001_L` and `0001`); what most have is taken. One of the folders may lie in the other, or be it.
    """
    pictures, drawn, rejected = _pictures_below(images), _pictures_below(masks), []
    if images.resolve() == masks.resolve():
        pictures, drawn = _told_apart(pictures, images)
    else:
        pictures, drawn = _without(pictures, images, masks), _without(drawn, masks, images)
    below: dict[str, Path] = {}
    for path in sorted(drawn, key=_may_be_jpeg):
        first = below.setdefault(_name(path, masks), path)
        if first != path:
            rejected.append(Rejected(str(path), f"is a mask for what has one, {first.name}"))
    before, after = _affixes([_name(path, images) for path in pictures], below)
    pairs, taken = [], {}
    for path in pictures:
        key = _affixed(_name(path, images), before, after)
        mask = below.get(key)
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
    alone = (path for key, path in below.items() if key not in taken)
    rejected += [Rejected(str(path), f"is a mask without a picture in {images}") for path in alone]
    return pairs, rejected


def _pictures_below(folder: Path) -> list[Path]:
    return [path for path in files_below(folder) if PICTURE_SUFFIX.search(path.name) or path.is_dir()]


def _without(paths: list[Path], folder: Path, other: Path) -> list[Path]:
    """Those of `paths`, which lie below `folder`, that are not in `other`."""
    if not other.resolve().is_relative_to(folder.resolve()):
        return paths
    inner = folder / other.resolve().relative_to(folder.resolve())
    return [path for path in paths if not path.is_relative_to(inner)]


def _name(path: Path, folder: Path) -> str:
    return without_suffix(path.relative_to(folder).as_posix())


def _may_be_jpeg(path: Path) -> bool:
    return path.suffix.lower() in (".jpg", ".jpeg")


def _told_apart(paths: list[Path], folder: Path) -> tuple[list[Path], list[Path]]:
    """Pictures and masks of one folder: masks have a longer name, or are those beside a JPEG of their name."""
    names = {path: _name(path, folder) for path in paths}
    jpegs = {names[path] for path in paths if _may_be_jpeg(path)}
    masks = {path for path in paths if names[path] in jpegs and not _may_be_jpeg(path)}
    if not masks:
        before, after = _affixes(names.values(), names.values(), longer=True)
        wanted = {_affixed(name, before, after) for name in names.values()} if before + after else set()
        masks = {path for path in paths if names[path] in wanted}
    return [path for path in paths if path not in masks], sorted(masks)


def _affixed(name: str, before: str, after: str) -> str:
    place = PurePosixPath(name)
    return (place.parent / f"{before}{place.name}{after}").as_posix()


def _affixes(names: Iterable[str], masks: Iterable[str], longer: bool = False) -> tuple[str, str]:
    """What stands before and behind the names of pictures in those of their masks, most often.

    `longer`: masks with the very names do not count.
    """
    names, masks = sorted(names), sorted(masks)
    exact = len(set(names) & set(masks))
    if not longer and exact * 2 >= min(len(names), len(masks)):
        return "", ""
    by_folder: dict[PurePosixPath, list[str]] = {}
    for mask in map(PurePosixPath, masks):
        by_folder.setdefault(mask.parent, []).append(mask.name)
    votes: Counter[tuple[str, str]] = Counter()
    for place in map(PurePosixPath, sorted(names, key=len, reverse=True)[:EXAMPLES]):  # long ones: fewer by chance
        for mask in by_folder.get(place.parent, []):
            before, found, after = mask.partition(place.name)
            if found and mask != place.name:
                votes[before, after] += 1
    return votes.most_common(1)[0][0] if votes else ("", "")
