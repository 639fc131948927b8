"""PASCAL VOC's layout (Everingham et al. 2010): JPEGImages, SegmentationClass, ImageSets/Segmentation/train.txt."""

from datatransformer.listing import Listing, Rejected
from datatransformer.mask_classes import RawClass
from datatransformer.naming import PICTURE_SUFFIX
from datatransformer.raw_files import files_below, why_outside
from datatransformer.sources.masks import listing
from datatransformer.sources.pairing import Pair
from settings import SettingError, WorkError, bad_setting

TASKS = ("segmentation",)
SETTINGS = ("raw_images", "class_names", "merge_classes", "void", "link")

NAMES = (
    "background", "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow", "diningtable",
    "dog", "horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train", "tvmonitor",
)  # fmt: skip
SPLITS = ("train", "val")
BORDER = (224, 224, 192)
"""What VOC draws around objects if its masks are in colour; in those with a palette it is 255."""


def read(settings) -> Listing:
    """Raises SettingError if the folder is not of this layout, WorkError if no picture of the lists is there."""
    root = settings.raw_images
    if root is None:
        raise SettingError(bad_setting("raw_images", None, "source voc needs the folder that holds JPEGImages"))
    images, masks, sets = (root / name for name in ("JPEGImages", "SegmentationClass", "ImageSets/Segmentation"))
    lists = [sets / f"{split}.txt" for split in SPLITS]
    missing = [path for path in (images, masks, lists[0]) if not path.exists()]
    if missing:
        raise SettingError(bad_setting("raw_images", root, f"has not the layout of VOC: there is no {missing[0]}"))
    pictures, drawn = (
        {path.stem: path for path in files_below(folder) if PICTURE_SUFFIX.search(path.name)}
        for folder in (images, masks)
    )
    pairs: dict[str, Pair] = {}
    rejected = []
    for split, file in zip(SPLITS, lists, strict=True):
        names = file.read_text(encoding="utf-8-sig", errors="replace").split() if file.exists() else []
        for name in names:
            if name not in pictures or name not in drawn:
                what = "picture" if name not in pictures else "mask"
                rejected.append(Rejected(name, f"is in {file.name} and has no {what}"))
            elif name in pairs:
                rejected.append(Rejected(name, f"is in {file.name} and was in a list before"))
            elif reason := why_outside(pictures[name], root) or why_outside(drawn[name], root):
                rejected.append(Rejected(name, reason))
            else:
                pairs[name] = Pair(name, pictures[name], drawn[name], split if lists[1].exists() else None)
    if not pairs:
        raise WorkError(f"no picture of {lists[0]} has a mask in {masks}")
    return listing(list(pairs.values()), rejected, settings, TABLE, BORDER)


def colour_of(index: int) -> tuple[int, int, int]:
    """VOC's colour map: the bits of the index, in turn to red, green and blue, from the highest bit down."""
    colour = [0, 0, 0]
    for bit in range(8):
        for channel in range(3):
            colour[channel] |= (index >> (3 * bit + channel) & 1) << (7 - bit)
    return colour[0], colour[1], colour[2]


TABLE = [RawClass(index, name, colour_of(index)) for index, name in enumerate(NAMES)]
