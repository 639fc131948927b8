"""Masks in class folders: they are left out, so that a classifier is not trained on masks as pictures."""

import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from datatransformer.folders.mask_folders import find_mask_folders
from datatransformer.folders.twin_masks import Twins, find_twins

if TYPE_CHECKING:
    from datatransformer.report import Report


@dataclass
class MasksAmongImages:
    """What is left out.

    Attributes:
        twins: the rule for masks beside their images.
        folders: of masks inside class folders, as paths that end in a slash.
    """

    twins: Twins | None = None
    folders: tuple[str, ...] = ()

    def reason(self, path: str) -> str | None:
        """Why a file is left out as a mask; None if it is none."""
        if self.folders and path.startswith(self.folders):
            return "is in a folder of masks"
        if self.twins and (image := self.twins.image_of(path)):
            return f"is the mask of {image}"
        return None


def find_masks(root: Path, prefixes: Iterable[str], report: "Report") -> MasksAmongImages:
    """The masks below class folders, with a warning. `prefixes`: of the folders in `root` that hold class folders."""
    found = MasksAmongImages(find_twins(root))
    if found.twins:
        report.warn(
            f"Masks lie beside their images, such as {found.twins.mask} of {found.twins.image}. They are left out; "
            f"--source masks --raw-masks {shlex.quote(str(root))} makes a data folder for segmentation"
        )
    remedy = "--source masks makes a data folder for segmentation"
    for images, masks, *_ in find_mask_folders(root):
        name = masks.relative_to(root).as_posix() if masks.is_relative_to(root) else ""
        prefix = max((prefix for prefix in prefixes if name.startswith(prefix)), key=len, default=None)
        if not name or prefix is None:
            continue
        if "/" in name[len(prefix) :]:
            found.folders += (f"{masks}/",)
        else:
            report.warn(f"{masks} looks like the masks of {images}, and both are classes here. {remedy}")
    if found.folders:
        more = f" and {len(found.folders) - 1} more" if len(found.folders) > 1 else ""
        report.warn(f"Folders of masks are left out: {found.folders[0]}{more}. {remedy}")
    return found
