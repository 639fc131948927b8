"""Pairs of images and masks, from two folders to a table on disk."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from datatransformer.folders.raw_files import names_below, why_outside
from datatransformer.listing import Rejected
from datatransformer.names.affixes import SAME, Affixes, differ_in_numbers, only_sensible
from datatransformer.names.mask_matching import MaskMatching
from datatransformer.naming import IMAGE_SUFFIX, without_suffix
from datatransformer.temporary_database import new_temporary_database, translated_errors
from settings import SettingError, bad_setting

if TYPE_CHECKING:
    from datatransformer.report import Report

TABLES = "CREATE TABLE pair (name TEXT, image TEXT, mask TEXT, split TEXT)"


class Pair(NamedTuple):
    """An image and its mask. `name` is the path of the image in the raw folder."""

    name: str
    image: Path
    mask: Path
    split: str | None = None


class Pairs:
    """Pairs in a table on disk, by name. They can be iterated as often as needed."""

    def __init__(self) -> None:
        with translated_errors():
            self.table = new_temporary_database(TABLES)

    def __len__(self) -> int:
        return self.table("SELECT count(*) FROM pair").fetchone()[0]

    def __iter__(self) -> Iterator[Pair]:
        with translated_errors():
            for name, image, mask, split in self.table("SELECT name, image, mask, split FROM pair ORDER BY name"):
                yield Pair(name, Path(image), Path(mask), split)

    def add(self, pairs: Iterable[Pair]) -> None:
        text = "CAST(? AS TEXT)"
        rows = ((*self.table.text(pair.name, str(pair.image), str(pair.mask)), pair.split) for pair in pairs)
        with translated_errors():
            self.table.each(f"INSERT INTO pair SELECT {text}, {text}, {text}, ?", rows)

    def set_splits(self, split_of: Callable[[str], str | None]) -> None:
        """Sets the split of each pair by its name."""
        with translated_errors():
            names = [name for (name,) in self.table("SELECT name FROM pair")]
            update = "UPDATE pair SET split = ? WHERE name = CAST(? AS TEXT)"
            self.table("CREATE INDEX IF NOT EXISTS by_name ON pair (name)")
            self.table.each(update, ((split_of(name), *self.table.text(name)) for name in names))


def pair_by_name(images: Path, masks: Path, root: Path, pairs: Pairs, report: "Report") -> list[Rejected]:
    """Adds the images below `images` with their masks below `masks`; returns the files without a partner.

    A mask has the name of its image, apart from what all images and all masks have before and behind (`1000_sat` and
    `1000_mask`), in upper or lower case, and in the same folders, if the names do not make it clear without them. The
    two folders may be the same, or one may be inside the other.

    Raises SettingError if images have several masks.
    """
    matching = MaskMatching()
    with translated_errors():
        if images.resolve() == masks.resolve():
            matching.files.add("any", _image_names(images))
            matching.files.tell_apart()
        else:
            matching.files.add("image", _image_names(images, leave_out=masks))
            matching.files.add("mask", _image_names(masks, leave_out=images))
        rules = matching.files.find_affixes()
        affixes = _choose(rules, masks, report)
        matching.match(affixes)
        _refuse_several(matching, masks)
        if affixes != SAME and (example := next(matching.pairs(), None)):
            said = affixes.describe(*(without_suffix(name.rpartition("/")[2]) for name in example))
            report.note(f"Masks were matched with images by name, {said}: {example[1]} is the mask of {example[0]}")
        rejected: list[Rejected] = []
        pairs.add(_checked(matching, images, masks, root, rejected))
        _describe(matching, report)
        folders = {"image": images, "mask": masks}
        rejected += [
            Rejected(str(folders[side] / name), _with_folder(reason, images, masks))
            for side, name, reason in matching.unmatched()
        ]
    return rejected


def _image_names(folder: Path, leave_out: Path | None = None) -> Iterator[str]:
    """Files with the suffix of an image, and folders without read permission, without the folder `leave_out`."""
    inner = ""
    if leave_out and leave_out.resolve().is_relative_to(folder.resolve()):
        inner = leave_out.resolve().relative_to(folder.resolve()).as_posix() + "/"
    for name, _ in names_below(folder):
        if inner and name.startswith(inner):
            continue
        if IMAGE_SUFFIX.search(name) or (folder / name).is_dir():
            yield name


def _choose(rules: Sequence[Affixes], masks: Path, report: "Report") -> Affixes:
    """The rule by which masks belong to images. Raises SettingError if several are as good and differ."""
    if not rules:
        return SAME
    sensible = only_sensible(rules)
    names = [f"{rule.mask_prefix}*{rule.mask_suffix}" for rule in sensible]
    if len(sensible) > 1:
        if differ_in_numbers(sensible):
            raise SettingError(bad_setting("raw_masks", masks, SEVERAL.format(" and ".join(names[:3]))))
        why = (
            f"holds masks of {len(sensible)} kinds for the same images: {', '.join(names)}. "
            "Move the masks of one kind into a folder of their own and name it by --raw-masks; of masks of single "
            "classes make one mask per image first"
        )
        raise SettingError(bad_setting("raw_masks", masks, why))
    if others := [f"{rule.mask_prefix}*{rule.mask_suffix}" for rule in rules if rule not in sensible]:
        report.note(f"Of several kinds of masks, {names[0]} is used, and not {', '.join(others)}")
    return sensible[0]


SEVERAL = (
    "holds several masks for one image: {}. Masks of single objects or classes are not supported as they are; "
    "make one mask per image in which each value is a class, or use --source coco for annotations of objects"
)


def _refuse_several(matching: MaskMatching, masks: Path) -> None:
    """Raises SettingError if at least as many images have several masks as have one."""
    count, example = matching.several()
    if count and count * 2 >= count + sum(1 for _ in matching.pairs()):
        raise SettingError(bad_setting("raw_masks", masks, SEVERAL.format(example.partition(": ")[2])))


def _describe(matching: MaskMatching, report: "Report") -> None:
    for said, count, image, mask in matching.differences():
        report.note(f"{count} masks were found {said}, such as {mask} for {image}")
    several, example = matching.several()
    if several:
        report.warn(
            f"{several} images are left out because they have several masks ({example.partition(': ')[2]}). If these "
            "are masks of single objects or classes, make one mask per image of them"
        )


def _checked(matching: MaskMatching, images: Path, masks: Path, root: Path, rejected: list[Rejected]) -> Iterator[Pair]:
    """The pairs without those whose files are links that lead out of their folders."""
    for image_name, mask_name in matching.pairs():
        image, mask = images / image_name, masks / mask_name
        if reason := why_outside(image, root):
            rejected.append(Rejected(str(image), reason))
        elif reason := why_outside(mask, masks):
            rejected.append(Rejected(str(image), f"has the mask {mask.name}, which {reason}"))
        else:
            yield Pair(image.relative_to(root).as_posix(), image, mask)


def _with_folder(reason: str, images: Path, masks: Path) -> str:
    if reason == "is a mask without an image":
        return f"{reason} in {images}"
    if reason.startswith("has no mask "):
        mask, _, nearest = reason.partition("; ")
        return f"{mask} in {masks}" + (f"; {nearest}" if nearest else "")
    return reason
