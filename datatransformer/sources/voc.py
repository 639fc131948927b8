"""The layout of PASCAL VOC (Everingham et al. 2010): JPEGImages, SegmentationClass, ImageSets/Segmentation."""

from typing import TYPE_CHECKING

from datatransformer.folders.raw_files import files_below, why_outside
from datatransformer.listing import Colour, Listing, Rejected
from datatransformer.names.pairing import Pair
from datatransformer.naming import IMAGE_SUFFIX
from datatransformer.sources import Evidence
from settings import SettingError, WorkError, bad_setting

if TYPE_CHECKING:
    from config import DataTransformerConfig
    from datatransformer.report import Report

TASKS = ("segmentation",)
SETTINGS = ("raw_images", "class_names", "merge_classes", "void", "threshold", "range", "max_pixels", "link")
NAMED_BY = ()

IMAGES, MASKS, LISTS = "JPEGImages", "SegmentationClass", "ImageSets/Segmentation"

NAMES = (
    "background", "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow", "diningtable",
    "dog", "horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train", "tvmonitor",
)  # fmt: skip
SPLITS = ("train", "val", "test")
BORDER = (224, 224, 192)
"""The colour that VOC draws around objects if its masks are in colour. Masks with a palette have 255 there."""


def recognises(settings: "DataTransformerConfig") -> list[Evidence]:
    """The folders of images and masks. The lists may be missing: `read` then names the missing file."""
    root = settings.raw_images
    if root is None or not all((root / folder).is_dir() for folder in (IMAGES, MASKS)):
        return []
    return [Evidence(f"{root} holds {IMAGES} and {MASKS}", overrides=("folders", "masks"))]


def read(settings: "DataTransformerConfig", report: "Report") -> Listing:
    """Raises SettingError for a folder with another layout, WorkError if no image of the lists exists."""
    from datatransformer.masks.classes import RawClass
    from datatransformer.masks.listing import list_pairs

    root = settings.raw_images
    if root is None:
        raise SettingError(bad_setting("raw_images", None, f"source voc needs the folder that holds {IMAGES}"))
    folders, lists = [root / IMAGES, root / MASKS], [root / LISTS / f"{split}.txt" for split in SPLITS]
    missing = [path for path in (*folders, lists[0]) if not path.exists()]
    if missing:
        raise SettingError(bad_setting("raw_images", root, f"has not the layout of VOC: {missing[0]} does not exist"))
    images, masks = (
        {path.stem: path for path in files_below(folder) if IMAGE_SUFFIX.search(path.name)} for folder in folders
    )
    pairs: dict[str, Pair] = {}
    rejected: list[Rejected] = []
    for split, file in zip(SPLITS, lists, strict=True):
        names = file.read_text(encoding="utf-8-sig", errors="replace").split() if file.exists() else []
        if split == "test" and masks.keys().isdisjoint(names):  # the test sets of most years came without masks
            continue
        has_split = split == "test" or lists[1].exists()
        for name in names:
            if name not in images or name not in masks:
                rejected.append(Rejected(name, f"is in {file.name} and has no {'mask' if name in images else 'image'}"))
            elif name in pairs:
                rejected.append(Rejected(name, f"is in {file.name} and was in a list before"))
            elif reason := why_outside(images[name], root) or why_outside(masks[name], root):
                rejected.append(Rejected(name, reason))
            else:
                pairs[name] = Pair(name, images[name], masks[name], split if has_split else None)
    if not pairs:
        raise WorkError(f"no image of {lists[0]} has a mask in {root / MASKS}")
    table = [RawClass(index, name, colour_of(index)) for index, name in enumerate(NAMES)]
    return list_pairs(list(pairs.values()), rejected, settings, report, table, BORDER)


def colour_of(index: int) -> Colour:
    """The colour map of VOC: the bits of the index go in turn to red, green and blue, from the highest bit down."""
    colour = [0, 0, 0]
    for bit in range(8):
        for channel in range(3):
            colour[channel] |= (index >> (3 * bit + channel) & 1) << (7 - bit)
    return colour[0], colour[1], colour[2]
