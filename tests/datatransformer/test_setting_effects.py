"""No setting is accepted and ignored: with every source, each field changes the data folder or is refused."""

import shutil
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from PIL import Image

from config import DataTransformerConfig
from datatransformer.tfds_records import Records
from datatransformer.transformer import DataTransformer
from settings import SettingError, WorkError
from tests.conftest import settings_of
from tests.datatransformer import annotations

SOURCES = [name for name in get_args(DataTransformerConfig.model_fields["source"].annotation) if name != "auto"]

NOT_IN_THE_FILES = {
    "source": "decides which of the cases below applies",
    "data": "the place of the data folder",
    "workers": "the speed",
    "overwrite": "whether an existing data folder may be replaced",
    "json": "the messages",
    "debug": "the messages",
    "config": "other settings, which have effects of their own",
}
"""Fields whose effect is not in the files of a data folder, and what it is."""

OTHER_VALUES: dict[str, Callable[[Path], list[object]]] = {
    "raw_images": lambda raw: ["--raw-images", raw / "other"],
    "raw_masks": lambda raw: ["--raw-masks", raw / "other_masks"],
    "raw_labels": lambda raw: ["--raw-labels", raw / "other_labels.csv"],
    "image_column": lambda raw: ["--image-column", "again"],
    "label_column": lambda raw: ["--label-column", "3"],
    "split_column": lambda raw: ["--split-column", "fold"],
    "class_names": lambda raw: ["--class-names", raw / "names.csv"],
    "merge_classes": lambda raw: ["--merge-classes", raw / "merge.csv"],
    "boxes": lambda raw: ["--boxes", "class"],
    "attribute": lambda raw: ["--attribute", "colour"],
    "void": lambda raw: ["--void", "1"],
    "threshold": lambda raw: ["--threshold", "1"],
    "tfds_name": lambda raw: ["--tfds-name", "no_such_set"],
    "data_dir": lambda raw: ["--data-dir", raw / "no_data_sets"],
    "labels": lambda raw: ["--labels", "several"],
    "task": lambda raw: ["--task", "classification"],
    "split": lambda raw: ["--split", "sequences"],
    "val_list": lambda raw: ["--val-list", raw / "val.txt"],
    "val_fraction": lambda raw: ["--val-fraction", "0.4"],
    "test_list": lambda raw: ["--test-list", raw / "val.txt"],
    "test_fraction": lambda raw: ["--test-fraction", "0.2"],
    "range": lambda raw: ["--range", "0,60000"],
    "max_pixels": lambda raw: ["--max-pixels", "1000"],
    "frames": lambda raw: ["--frames", "all"],
    "link": lambda raw: ["--link", "symlink"],
    "verify": lambda raw: ["--no-verify"],
    "pictures": lambda raw: ["--pictures", "12"],
    "picture_size": lambda raw: ["--picture-size", "130"],
    "seed": lambda raw: ["--seed", "1"],
}
"""Flags that give each field another value than CASES do."""


@pytest.fixture(scope="module")
def raw(tmp_path_factory) -> Path:
    """Small raw data for every source that reads files. One JPEG of them is damaged in the middle."""
    root = tmp_path_factory.mktemp("raw")
    random = np.random.default_rng(0)
    labels = []
    suffixes = {6: ".png", 8: ".gif"}
    for folder, count in (("images", 12), ("other", 14)):
        for number in range(count):
            content = Image.fromarray(random.integers(0, 256, (32, 32, 3), np.uint8))
            for path in (
                root / folder / f"f_{number}.jpg",
                root / f"{folder}_classes" / "ab"[number % 2] / f"f_{number}.jpg",
            ):
                path.parent.mkdir(parents=True, exist_ok=True)
                content.save(path)
            labels.append(
                f"f_{number}{suffixes.get(number, '.jpg')},{number % 2},{number // 6},{number % 5},f_{11 - number}.jpg"
            )
    save_special_images(root / "images", root / "images_classes" / "a")
    for path in (root / "images" / "f_3.jpg", root / "images_classes" / "b" / "f_3.jpg"):
        content = path.read_bytes()
        path.write_bytes(content[:300] + bytes(len(content) - 600) + content[-300:])
    for folder, values in (("masks", 3), ("other_masks", 2)):
        (root / folder).mkdir()
        for number in range(14):
            mask = np.arange(32 * 32, dtype=np.uint8).reshape(32, 32) % values
            Image.fromarray(mask).save(root / folder / f"f_{number}.png")
    header = "file,label,other,fold,again"
    (root / "labels.csv").write_text("\n".join([header, *labels[:12]]))
    (root / "other_labels.csv").write_text("\n".join([header, *labels[:10]]))
    (root / "names.csv").write_text("label,name\n0,zero\n1,one\n2,two\n3,three\n")
    (root / "merge.csv").write_text("from,to\n1,2\n")
    (root / "voc_merge.csv").write_text("from,to\ncat,dog\n")
    (root / "val.txt").write_text("f_1\nf_5\ntrain_000001\nbeach_00001\n00003\n")
    (root / "no_data_sets").mkdir()
    for name in annotations.FORMATS:
        for folder, count in ((name, 12), (f"other_{name}", 8)):
            annotations.save(name, root / folder, [f"f_{number}" for number in range(count)])
    for name, folder in (("voc", "images"), ("other_voc", "other")):
        for target, source in (("JPEGImages", folder), ("SegmentationClass", "masks")):
            shutil.copytree(root / source, root / name / target)
        lists = root / name / "ImageSets" / "Segmentation"
        lists.mkdir(parents=True)
        (lists / "train.txt").write_text("\n".join(f"f_{number}" for number in range(12)))
    return root


def save_special_images(*folders: Path) -> None:
    """Puts a picture of 16 bits in the place of f_6, and an animation in the place of f_8."""
    frames = [Image.new("RGB", (32, 32), (50 * number, 0, 200)) for number in range(3)]
    for folder in folders:
        (folder / "f_6.jpg").unlink()
        values = np.linspace(0, 2**16 - 1, 32 * 32).astype(np.uint16).reshape(32, 32)
        Image.fromarray(values).save(folder / "f_6.png")
        (folder / "f_8.jpg").unlink()
        frames[0].save(folder / "f_8.gif", save_all=True, append_images=frames[1:])


CASES: dict[str, Callable[[Path, Path], list[object]]] = {
    "labels": lambda raw, shared: ["--raw-images", raw / "images", "--raw-labels", raw / "labels.csv"],
    "folders": lambda raw, shared: ["--raw-images", raw / "images_classes"],
    "masks": lambda raw, shared: ["--raw-images", raw / "images", "--raw-masks", raw / "masks"],
    "voc": lambda raw, shared: ["--raw-images", raw / "voc"],
    "tfds": lambda raw, shared: ["--tfds-name", "cifar10", "--data-dir", shared / "tfds"],
    "tfds with masks": lambda raw, shared: [
        "--tfds-name", "oxford_iiit_pet", "--data-dir", shared / "tfds", "--task", "segmentation",
    ],
    **{name: lambda raw, shared, name=name: ["--raw-images", raw / name] for name in annotations.FORMATS},
    "scenes": lambda raw, shared: ["--pictures", "20", "--picture-size", "32", "--task", "segmentation"],
    "squares": lambda raw, shared: ["--pictures", "10", "--picture-size", "128"],
}  # fmt: skip
"""Flags that make a small data folder with each source."""

OWN_VALUES: dict[tuple[str, str], Callable[[Path], list[object]]] = {
    ("folders", "raw_images"): lambda raw: ["--raw-images", raw / "other_classes"],
    ("voc", "raw_images"): lambda raw: ["--raw-images", raw / "other_voc"],
    ("voc", "merge_classes"): lambda raw: ["--merge-classes", raw / "voc_merge.csv"],
    **{
        (name, "raw_images"): lambda raw, name=name: ["--raw-images", raw / f"other_{name}"]
        for name in annotations.FORMATS
    },
    **{(name, "void"): lambda raw: ["--void", "cat"] for name in annotations.FORMATS},
    **{(name, "merge_classes"): lambda raw: ["--merge-classes", raw / "voc_merge.csv"] for name in annotations.FORMATS},
    ("tfds", "task"): lambda raw: ["--task", "segmentation"],
}
"""Other values where OTHER_VALUES do not fit the case."""

outcomes: dict[str, object] = {}


def outcome(case: str, flags: list[object], data: Path) -> object:
    """The files of the data folder, without the recorded settings; or the error. Raises SettingError without effect."""
    settings = settings_of(DataTransformerConfig, "--source", case.partition(" ")[0], *flags, "--data", data)
    try:
        DataTransformer(settings).run()
    except (WorkError, SettingError) as error:
        if "has no effect" in str(error):
            raise
        return str(error)
    files = sorted(path for path in data.rglob("*") if path.is_file() and path.name != "settings.json")
    return [(path.relative_to(data), path.is_symlink(), path.read_bytes()) for path in files]


def _shorten_data_sets(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first 60 records of each split; downloads fail."""
    import tensorflow_datasets as tfds

    labels = Records.labels
    monkeypatch.setattr(Records, "labels", lambda self: islice(labels(self), 60))
    monkeypatch.setattr(tfds.core.DatasetBuilder, "download_and_prepare", lambda self: 1 / 0)


def test_every_source_has_a_case():
    assert {case.partition(" ")[0] for case in CASES} == set(SOURCES)


@pytest.mark.parametrize("field", DataTransformerConfig.model_fields)
@pytest.mark.parametrize("case", CASES)
def test_a_field_changes_the_data_folder_or_is_refused(case, field, raw, shared, tmp_path, monkeypatch):
    if field in NOT_IN_THE_FILES:
        return
    assert field in OTHER_VALUES, f"{field} is new: add a value to OTHER_VALUES, or its effect to NOT_IN_THE_FILES"
    flags = CASES[case](raw, shared)
    if case.startswith("tfds"):
        _shorten_data_sets(monkeypatch)
    if case not in outcomes:
        outcomes[case] = outcome(case, flags, tmp_path / "data")
        assert isinstance(outcomes[case], list), outcomes[case]
    change = OWN_VALUES.get((case, field), OTHER_VALUES[field])(raw)
    try:
        changed = outcome(case, [*flags, *change], tmp_path / "changed")
    except SettingError as error:
        assert any(line.startswith(f"{field} = ") for line in error.errors), error
        assert not (tmp_path / "changed").exists() and not (tmp_path / "changed.partial").exists()
    else:
        assert changed != outcomes[case], f"{change} is accepted with source {case}, but has no effect"


# ---- Settings that exclude each other --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("flags", "field", "why"),
    [
        (["--val-list", "val.txt", "--split", "sequences"], "split", "val_list"),
        (["--val-list", "val.txt", "--test-fraction", "0.1"], "test_fraction", "val_list"),
        (["--test-list", "val.txt", "--test-fraction", "0.1"], "test_fraction", "test_list"),
        (["--val-list", "val.txt", "--val-fraction", "0.3"], "val_fraction", "val_list"),
        (["--val-list", "val.txt", "--seed", "3"], "seed", "val_list"),
        (["--split", "sequences", "--seed", "3"], "seed", "split sequences"),
    ],
)
def test_settings_of_the_split_exclude_each_other(raw, tmp_path, monkeypatch, flags, field, why):
    monkeypatch.chdir(raw)
    with pytest.raises(SettingError) as caught:
        outcome("folders", ["--raw-images", "images_classes", *flags], tmp_path / "data")
    (error,) = caught.value.errors
    assert error.startswith(f"{field} = ") and why in error and "leave" in error


def test_shares_that_leave_no_training_images_are_refused(raw, tmp_path):
    flags = ["--raw-images", raw / "images_classes", "--val-fraction", "0.5", "--test-fraction", "0.5"]
    assert "leaves no images for training" in str(outcome("folders", flags, tmp_path / "data"))


def test_the_seed_counts_for_synthetic_images_in_any_case(raw, tmp_path):
    flags = ["--pictures", "10", "--picture-size", "32", "--val-list", raw / "val.txt"]
    results = [outcome("scenes", [*flags, "--seed", seed], tmp_path / str(seed)) for seed in (0, 1)]
    assert results[0] != results[1]


def test_a_fraction_has_no_effect_if_the_raw_data_decide_the_split(raw, tmp_path):
    lists = raw / "voc" / "ImageSets" / "Segmentation"
    voc = tmp_path / "voc"
    shutil.copytree(raw / "voc", voc)
    names = (lists / "train.txt").read_text().split()
    (voc / "ImageSets" / "Segmentation" / "train.txt").write_text("\n".join(names[:8]))
    (voc / "ImageSets" / "Segmentation" / "val.txt").write_text("\n".join(names[8:]))
    for flags in (["--val-fraction", "0.5"], ["--seed", "3"]):
        with pytest.raises(SettingError, match=r"has no effect: the raw data give the split.*--split ratio"):
            outcome("voc", ["--raw-images", voc, *flags], tmp_path / "data")
        assert not (tmp_path / "data.partial").exists()
        assert isinstance(outcome("voc", ["--raw-images", voc, "--split", "ratio", *flags], tmp_path / flags[0]), list)


def test_a_wrong_task_in_config_is_refused_although_it_is_no_flag(raw):
    class Changed(DataTransformerConfig):
        task: str | None = "segmentation"

    settings = settings_of(Changed, "--source", "folders", "--raw-images", raw / "images_classes")
    with pytest.raises(SettingError, match=r"task = 'segmentation'.*is for classification"):
        DataTransformer(settings)
