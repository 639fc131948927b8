"""Columns of splits in label tables and lists: each picture gets the class and the split that the table gives it."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from settings import SettingError
from tests.conftest import make_data_folder, table

NUMBERS = range(12)
TRAIN_VAL = ["train" if number < 8 else "val" for number in NUMBERS]
TRAIN_VAL_TEST = ["train" if number < 6 else "val" if number < 9 else "test" for number in NUMBERS]


def kind(number: int) -> str:
    return ("cat", "dog")[number % 2]


def picture(path: Path, seed: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.random.default_rng(seed).integers(0, 256, (8, 8, 3), dtype=np.uint8))
    return path


@pytest.fixture
def raw(tmp_path) -> Path:
    for number in NUMBERS:
        picture(tmp_path / "raw" / f"{number}.png", number)
    return tmp_path / "raw"


def made(raw: Path, **settings: object) -> dict[str, tuple[str, str]]:
    """The class and the split of each picture, by its path in the raw folder."""
    data = make_data_folder(raw.parent / "data", raw_images=raw, overwrite=True, **settings)
    rows = table(data / "manifest.csv")
    return {Path(row["source"]).relative_to(raw).as_posix(): (row["class"], row["split"]) for row in rows}


def expected(splits: list[str]) -> dict[str, tuple[str, str]]:
    return {f"{number}.png": (kind(number), split) for number, split in enumerate(splits)}


def labels(raw: Path, header: str, cells: list[str]) -> Path:
    lines = [f"{number}.png,{kind(number)},{cell}\n" for number, cell in enumerate(cells)]
    path = raw.parent / "labels.csv"
    path.write_text((f"image,label,{header}\n" if header else "") + "".join(lines))
    return path


def report(raw: Path) -> str:
    return (raw.parent / "data" / "report.md").read_text().replace("\\_", "_")


def yes(*splits: str) -> list[str]:
    return [",".join("1" if split == of_picture else "0" for split in splits) for of_picture in TRAIN_VAL_TEST]


WORDS = [
    ("dataset", "training set", "validation set"),
    ("split", "Training set", "Validation set"),
    ("split", "tr", "va"),
    ("Split", "Train", "Validate"),
    ("purpose", "train", "val"),
    ("", "train", "val"),
    ("split", "1", "2"),
    ("split", "0", "1"),
    ("is_train_set", "yes", "no"),
    ("is_valid", "", "1"),
]


@pytest.mark.parametrize(("header", "training", "validation"), WORDS)
def test_words_numbers_and_flags(raw, header, training, validation):
    path = labels(raw, header, [training if split == "train" else validation for split in TRAIN_VAL])
    assert made(raw, raw_labels=path) == expected(TRAIN_VAL)
    if (header, training) == ("split", "0"):
        assert "0 is training, 1 is validation" in report(raw)


@pytest.mark.parametrize(
    ("header", "training", "testing"),
    [("split", "train_set", "test_set"), ("train_or_test", "train", "test"), ("train_test_split", "1", "0")],
)
def test_test_rows_stay_apart_and_validation_is_a_share_of_the_rest(raw, header, training, testing):
    path = labels(raw, header, [training if split == "train" else testing for split in TRAIN_VAL])
    splits = {name: split for name, (_, split) in made(raw, raw_labels=path).items()}
    assert {name for name, split in splits.items() if split == "test"} == {f"{number}.png" for number in range(8, 12)}
    assert list(splits.values()).count("val") == 2, "a fifth of the 8 others, at least one of each class"
    assert "a share of those for training is" in report(raw)
    assert header != "train_test_split" or "0 is testing, 1 is training" in report(raw)


@pytest.mark.parametrize(
    ("header", "flags"),
    [
        ("is_train,is_valid,is_test", ("train", "val", "test")),
        ("train,val,test", ("train", "val", "test")),
        ("is_train,is_val", ("train", "val")),
        ("val,test", ("val", "test")),
        ("train,test", ("train", "test")),
    ],
)
def test_of_several_flags_the_yes_counts(raw, header, flags):
    found = made(raw, raw_labels=labels(raw, header, yes(*flags)))
    assert found == expected(TRAIN_VAL_TEST)
    *names, last = header.split(",")
    assert f"the columns {', '.join(names)} and {last} (6 for training" in report(raw)


def test_a_picture_for_two_splits_is_refused(raw):
    path = labels(raw, "is_train,is_valid", [f"1,{int(split == 'val')}" for split in TRAIN_VAL])
    with pytest.raises(SettingError, match=r"4 rows have a yes in the columns is_train and is_valid.*--split-column"):
        made(raw, raw_labels=path)
    path = labels(raw, "is_train,is_valid", [f"{int(n < 9)},{int(n > 7)}" for n in NUMBERS])
    with pytest.raises(SettingError, match=r"1 row has a yes.*--split-column is_train"):
        made(raw, raw_labels=path)
    assert made(raw, raw_labels=path, split_column="is_valid") == expected(TRAIN_VAL)
    assert len(made(raw, raw_labels=path, split="ratio")) == 12


@pytest.mark.parametrize(("header", "cells"), [("split", "TV"), ("set", "AB"), ("subset", ("train", "holdout"))])
def test_unknown_words_are_refused(raw, header, cells):
    """The remedies work: another column, or a split by chance."""
    rows = [f"{cells[split == 'val']},{('train', 'val')[n % 4 == 0]}" for n, split in enumerate(TRAIN_VAL)]
    path = labels(raw, f"{header},other", rows)
    with pytest.raises(SettingError, match=rf"in the column {header} .*neither.*--split-column.*--split ratio"):
        made(raw, raw_labels=path)
    assert len(made(raw, raw_labels=path, split="ratio")) == 12
    by_other = expected([("train", "val")[number % 4 == 0] for number in NUMBERS])
    assert made(raw, raw_labels=path, split_column="other") == by_other


def test_columns_that_differ_are_refused(raw):
    rows = [f"{split},{('val', 'train')[split == 'train']}" for split in TRAIN_VAL]
    assert made(raw, raw_labels=labels(raw, "split,purpose", rows)) == expected(TRAIN_VAL), "they agree"
    path = labels(raw, "split,purpose", [f"{split},{('train', 'val')[n % 2]}" for n, split in enumerate(TRAIN_VAL)])
    with pytest.raises(SettingError, match=r"split and purpose both give a split, and differ.*--split-column"):
        made(raw, raw_labels=path)
    assert made(raw, raw_labels=path, split_column="split") == expected(TRAIN_VAL)


@pytest.mark.parametrize(("header", "numbers"), [("split", "10"), ("valid", "10")])
def test_numbers_that_would_train_on_the_smaller_part_are_asked_about(raw, header, numbers):
    path = labels(raw, header, [numbers[split == "val"] for split in TRAIN_VAL])
    with pytest.raises(SettingError, match=rf"would give 4 for training.*0 is.*--split-column {header}"):
        made(raw, raw_labels=path)
    reverse = {"train": "val", "val": "train"}
    assert made(raw, raw_labels=path, split_column=header) == expected([reverse[split] for split in TRAIN_VAL])


@pytest.mark.parametrize(("header", "count"), [("split", 5), ("split", 3), ("phase", 2)])
def test_numbers_that_may_be_folds_are_asked_about(raw, header, count):
    path = labels(raw, header, [str(min(number % count, 4)) for number in NUMBERS])
    with pytest.raises(SettingError, match=rf"the column {header} .*--split-column {header}.*--split ratio"):
        made(raw, raw_labels=path)
    assert len(made(raw, raw_labels=path, split="ratio")) == 12
    given = made(raw, raw_labels=path, split_column=header)
    lowest = {5: "val", 3: "train", 2: "train"}[count]
    assert {split for name, (_, split) in given.items() if int(name[:-4]) % count == 0} == {lowest}


def test_folds_with_a_word(raw):
    path = labels(raw, "fold", [f"fold{number % 3}" for number in NUMBERS])
    made(raw, raw_labels=path)
    assert "--split-column fold takes the lowest for validation" in report(raw)
    folds = expected([("val", "train", "train")[number % 3] for number in NUMBERS])
    assert made(raw, raw_labels=path, split_column="fold") == folds
    assert "fold0 is validation, all others are training" in report(raw)
    made(raw, raw_labels=labels(raw, "fold", list("abcabcabcabc")))
    assert "--split-column" not in report(raw), "letters of folds cannot be used"


def test_a_table_that_is_sorted_by_its_split(raw, monkeypatch):
    """The first rows are all for training."""
    monkeypatch.setattr("datatransformer.tables.columns.FIRST_ROWS", 5)
    assert made(raw, raw_labels=labels(raw, "", TRAIN_VAL)) == expected(TRAIN_VAL)


@pytest.mark.parametrize(
    "text",
    [
        "".join(f"{n}.png {split}\n" for n, split in enumerate(TRAIN_VAL)),
        "file,set\n" + "".join(f"{n}.png,{'dev' if s == 'val' else s}\n" for n, s in enumerate(TRAIN_VAL)),
        "file,is_valid\n" + "".join(f"{n}.png,{s == 'val'}\n" for n, s in enumerate(TRAIN_VAL)),
        "file,split\n" + "".join(f"{n}.png,{int(s == 'val')}\n" for n, s in enumerate(TRAIN_VAL)),
        "file,kind\n" + "".join(f"{n}.png,{s}\n" for n, s in enumerate(TRAIN_VAL)),
    ],
)
def test_a_list_with_a_column_of_splits(raw, text):
    (raw.parent / "list.csv").write_text(text)
    path = labels(raw, "", ["x"] * 12)
    splits = {"raw_labels": path, "val_list": raw.parent / "list.csv", "label_column": "2"}
    assert made(raw, **splits) == expected(TRAIN_VAL)
    (raw.parent / "list.csv").write_text("file,split\n" + "".join(f"{number}.png,train\n" for number in NUMBERS))
    with pytest.raises(SettingError, match=r"val_list = .*none of its rows is for validation"):
        made(raw, **splits)
    (raw.parent / "list.csv").write_text("file,set\n" + "".join(f"{n}.png,{'AB'[n % 2]}\n" for n in NUMBERS))
    with pytest.raises(SettingError, match=r"val_list = .*for validation alone: a, b in the column set are neither"):
        made(raw, **splits)


@pytest.mark.parametrize("name", ["my photo {}.png", "my {} photo.png"])
def test_names_with_blanks(tmp_path, name):
    raw, path = tmp_path / "raw", tmp_path / "raw" / "list.txt"
    names = [picture(raw / name.format(number), number).name for number in NUMBERS]
    path.write_text("".join(f"{name} {kind(number)}\n" for number, name in enumerate(names)))
    classes = {name: kind(number) for number, name in enumerate(names)}
    assert {name: label for name, (label, _) in made(raw).items()} == classes, "found without a setting"
    with pytest.raises(SettingError, match=r"label_column = '4'.*leave it out"):
        made(raw, raw_labels=path, label_column="4")
    assert {name: label for name, (label, _) in made(raw, raw_labels=path).items()} == classes
