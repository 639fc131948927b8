"""Writes files in COCO's format for the tests."""

from tests.datatransformer.annotated_folders import HEIGHT, LEFT_HALF, WIDTH, save_json, save_pictures

CATEGORIES = ((1, "cat"), (2, "dog"))
CAT, DOG = {"background": 100, "cat": 100}, {"background": 100, "dog": 100}
"""The pixels of each class in the pictures of `save_four`."""


def image(key, name, width=WIDTH, height=HEIGHT):
    return {"id": key, "file_name": name, "width": width, "height": height}


def outline(key, category, ring=LEFT_HALF, **other):
    """An annotation of the image `key`."""
    return {"id": 1, "image_id": key, "category_id": category, "segmentation": [ring], "iscrowd": 0, **other}


def save_coco(path, images, annotations, categories=CATEGORIES):
    listed = [{"id": key, "name": name} for key, name in categories]
    return save_json(path, {"images": images, "annotations": annotations, "categories": listed})


def save_four(root, names=("0.jpg", "1.jpg", "2.jpg", "3.jpg"), folder="images", change=lambda entry: entry):
    """Four pictures, whose left halves are cat, dog, cat, dog. `names`: what the JSON calls them."""
    save_pictures(root / folder, *(f"{number}.jpg" for number in range(4)))
    images = [image(number, name) for number, name in enumerate(names)]
    annotations = [change(outline(number, 1 + number % 2)) for number in range(4)]
    save_coco(root / "annotations.json", images, annotations)
    return root
