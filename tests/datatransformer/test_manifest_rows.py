"""Rows of a manifest that contradict each other are not read as data."""

import pytest

from datatransformer.manifest import Row, fault_of_rows


def labelled(image: str, class_name: str) -> Row:
    return Row(image, image.split("/")[0], class_name, "", "")


@pytest.mark.parametrize("mask", ["train/images/a.jpg", "train/masks/b.png", "val/masks/a.png", "train/masks/../a.png"])
def test_a_mask_is_that_of_its_image(mask):
    assert not fault_of_rows([Row("train/images/a.jpg", "train", "", "train/masks/a.png", "")], "segmentation")
    fault = fault_of_rows([Row("train/images/a.jpg", "train", "", mask, "")], "segmentation")
    assert fault == f"the image 'train/images/a.jpg' has the mask {mask!r}"


def test_images_of_one_folder_have_one_class():
    rows = [labelled("train/sea/a.jpg", "sea"), labelled("val/sea/b.jpg", "sea"), labelled("val/sky/b.jpg", "sky")]
    assert not fault_of_rows(rows, "classification")
    fault = fault_of_rows([*rows, labelled("train/sky/c.jpg", "sea")], "classification")
    assert fault == "the image 'train/sky/c.jpg' has the class 'sea', unlike its folder"
