"""Words in the names of folders that hold images, and of folders that hold their masks."""

import re

from datatransformer.names.affixes import OTHER_KINDS
from datatransformer.naming import split_of_folder

IMAGE_WORDS = {
    *("images", "image", "imgs", "img", "pictures", "picture", "pics", "photos", "photo", "frames", "frame", "rgb"),
    *("originals", "original", "inputs", "input", "jpegimages", "leftimg"),
}
MASK_WORDS = {
    *("masks", "mask", "labels", "label", "annotations", "annotation", "annots", "annot", "gt", "gts", "groundtruth"),
    *("groundtruths", "truth", "truths", "segmentation", "segmentations", "segs", "seg", "targets", "target"),
    *("segmentationclass", "segmentationobject", "gtfine", "gtcoarse", "segmentationmasks", "segmentationmask"),
}
COMPANIONS = {"ground", "semantic", "binary", "png", "jpg", "tif", "class", "classes", "ids", "raw", "bit", "data"}
"""Words that stand beside such a word: `label_images_semantic`, `ground truth`."""


def is_image_folder(name: str) -> bool:
    """Whether a folder is named like images: `original_images`, `RGB`."""
    words = _words(name)
    return bool(words & IMAGE_WORDS) and words <= IMAGE_WORDS | COMPANIONS


def is_mask_folder(name: str) -> bool:
    """Whether a folder is named like masks of class indices: `label_images_semantic`, `ground truth`, `GT`."""
    words = _words(name)
    are_known = bool(words & MASK_WORDS) and words <= IMAGE_WORDS | MASK_WORDS | COMPANIONS
    return are_known and not OTHER_KINDS.search(name.lower())


def _words(name: str) -> set[str]:
    words = set(re.findall(r"[^\W\d_]+", name.lower()))
    return {word for word in words if not split_of_folder(word)}
