"""The names that tables in this field have for their columns, in the form of `normal_name`."""

import re

IMAGE = (
    "filename", "file_name", "filepath", "file_path", "image_path", "img_path", "image_file", "image_filename",
    "image_file_name", "img_file", "imagepath", "imgpath", "imagefile", "image_name", "img_name", "imagename",
    "imgname", "image", "images", "img", "path", "file", "files", "relative_path", "full_path", "uri", "url",
    "image_url", "fname", "picture", "photo", "image_id", "imageid", "img_id", "imgid", "image_index", "id_code",
    "isic_id", "photo_id", "picture_id", "file_id", "x_path", "name", "uuid", "id", "asset_id", "sample", "frame",
    "filenames", "image_names",
)  # fmt: skip
"""Columns that name pictures. Of several, the first here that names files counts."""

LABEL = (
    "label", "labels", "class", "classes", "category", "categories", "target", "dx", "diagnosis", "breed", "species",
    "finding_labels", "tags", "tag", "y", "class_name", "classname", "label_name", "labelname", "category_name",
    "target_name", "class_label", "species_name", "breed_name", "scientific_name", "cell_type", "emotion",
    "ground_truth", "gt", "annotation", "annotations", "label_id", "labelid", "class_id", "classid", "class_index",
    "category_id", "categoryid", "attribute_ids", "landmark_id", "target_id", "finding", "findings", "diagnosis_name",
    "variety", "disease", "label_text", "text_label", "class_names",
)  # fmt: skip

SPLIT = (
    "split", "subset", "set", "partition", "data_split", "dataset_split", "split_name", "usage", "phase", "data_set",
    "train_test_split", "train_val_test", "mode", "fold", "kfold", "k_fold", "folds", "is_valid", "is_val",
    "is_validation", "valid", "val", "validation", "is_test", "test", "is_train", "is_training", "train", "training",
    "is_training_image",
)  # fmt: skip

INDEX = (
    "index", "id", "value", "class_id", "class_index", "classid", "pixel_value", "pixelvalue", "label_id", "labelid",
    "category_id", "categoryid", "label_value", "gray", "grey", "gray_value", "grey_value", "class_number", "class_idx",
    "label_index", "label_idx", "idx", "mask_value", "pixel", "code", "number", "train_id", "trainid", "label",
    "target", "class", "category", "y",
)  # fmt: skip
"""Columns of a table of classes that give the value of a class. Of several, the first here that is all numbers."""

CLASS_NAME = (
    "name", "class_name", "classname", "label_name", "labelname", "category_name", "classes", "class", "label",
    "labels", "category", "title", "names", "text", "readable_name", "display_name", "readable", "description",
    "english", "class_label", "species", "breed", "dx", "diagnosis", "meaning",
)  # fmt: skip

RED, GREEN, BLUE = ("red", "r"), ("green", "g"), ("blue", "b")
COLOUR = (
    "color", "colour", "rgb", "hex", "color_rgb", "rgb_color", "hex_color", "color_hex", "rgb_value", "rgb_values",
    "palette", "colors",
)  # fmt: skip

MERGE_FROM = ("from", "old", "source", "before", "class", "name", "original", "old_name", "old_class", "from_class")
MERGE_TO = (
    "to",
    "new",
    "target",
    "after",
    "into",
    "merged",
    "new_name",
    "new_class",
    "to_class",
    "superclass",
    "group",
)
WEIGHT = ("weight", "weights", "class_weight", "loss_weight")

KNOWN = frozenset(
    (*IMAGE, *LABEL, *SPLIT, *INDEX, *CLASS_NAME, *COLOUR, "red", "green", "blue", *MERGE_FROM, *MERGE_TO, *WEIGHT)
)
"""All names that show that a line is a header."""


def normal_name(column: str) -> str:
    """The name of a column in small letters, with underscores: `Image Index`, `imageIndex`, `image-index` are one."""
    column = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", column.strip().lstrip("#").strip("\"' "))
    return re.sub(r"[\s\-_./]+", "_", column).strip("_").lower()
