"""A label table per split, and tables beside split folders that hold files of the same names."""

from collections.abc import Iterable

import pytest

from config import DataTransformerConfig
from datatransformer.layout import read_data_folder
from datatransformer.source_choice import with_source
from settings import SettingError
from tests.conftest import make_data_folder
from tests.datatransformer.test_split_columns import kind, made, picture, report

SPLIT_OF = ["train"] * 6 + ["val"] * 4 + ["test"] * 2


def rows(numbers: Iterable[int]) -> str:
    return "image,label\n" + "".join(f"{number}.png,{kind(number)}\n" for number in numbers)


def numbers_of(split: str) -> list[int]:
    return [number for number, of_number in enumerate(SPLIT_OF) if of_number == split]


@pytest.mark.parametrize("form", ["{}.csv", "{}_labels.csv", "labels_{}.tsv", "meta/{}.csv"])
@pytest.mark.parametrize("folder", ["images", ""])
def test_tables_whose_names_differ_in_the_split(tmp_path, form, folder):
    """Beside one folder of images, or one per split."""
    raw = tmp_path / "raw"
    for number, split in enumerate(SPLIT_OF):
        picture(raw / (folder or split) / f"{number}.png", number)
    for split in ("train", "val", "test"):
        path = raw / form.format(split)
        path.parent.mkdir(exist_ok=True)
        path.write_text(rows(numbers_of(split)).replace(",", "\t" if path.suffix == ".tsv" else ","))
    (raw / "sample_submission.csv").write_text(rows(numbers_of("test")))
    assert made(raw) == {
        f"{folder or split}/{number}.png": (kind(number), split) for number, split in enumerate(SPLIT_OF)
    }


@pytest.mark.parametrize("test", ["image\n{}.png\n", "image,label\n{}.png,\n", "image,width\n{}.png,8\n"])
def test_a_table_without_labels_does_not_count(tmp_path, test):
    raw = tmp_path / "raw"
    for number in range(10):
        picture(raw / "images" / f"{number}.png", number)
    (raw / "train.csv").write_text(rows(range(8)))
    (raw / "test.csv").write_text(test.format(8) + test.format(9).partition("\n")[2])
    (raw / "sample_submission.csv").write_text("image,cat,dog\n8.png,0.5,0.5\n9.png,0.5,0.5\n")
    found = made(raw)
    assert {name: label for name, (label, _) in found.items()} == {
        f"images/{number}.png": kind(number) for number in range(8)
    }
    (raw / "val.csv").write_text(rows([8, 9]))
    splits = {name: split for name, (_, split) in made(raw).items()}
    assert splits == {f"images/{number}.png": "train" if number < 8 else "val" for number in range(10)}


def test_a_table_with_a_split_of_its_own_keeps_it(tmp_path):
    raw = tmp_path / "raw"
    for number in range(14):
        picture(raw / "images" / f"{number}.png", number)
    lines = "".join(f"{number}.png,{kind(number)},{number > 7}\n" for number in range(12))
    (raw / "train.csv").write_text(f"image,label,is_valid\n{lines}")
    (raw / "test.csv").write_text(rows([12, 13]))
    splits = ["train"] * 8 + ["val"] * 4 + ["test"] * 2
    assert made(raw) == {f"images/{number}.png": (kind(number), split) for number, split in enumerate(splits)}


def test_one_of_several_tables_says_what_is_not_used(tmp_path):
    raw = tmp_path / "raw"
    for number in range(10):
        picture(raw / "images" / f"{number}.png", number)
    (raw / "train.csv").write_text(rows(range(8)))
    (raw / "val.csv").write_text(rows([8, 9]))
    assert len(made(raw, raw_labels=raw / "train.csv")) == 8
    assert "val.csv beside train.csv is not used" in report(raw)


def test_a_table_for_training_means_the_pictures_for_training(tmp_path):
    raw = tmp_path / "raw"
    for number in range(8):
        picture(raw / "train" / f"{number}.png", number)
    for number in range(6, 12):
        picture(raw / "test" / f"{number}.png", 20 + number)
    (raw / "train.csv").write_text(rows(range(10)))
    found = {name: label for name, (label, _) in made(raw).items()}
    assert found == {f"train/{number}.png": kind(number) for number in range(8)}
    reasons = (raw.parent / "data" / "rejected.csv").read_text()
    assert "there is no such file for training; test/9.png is for testing" in reasons
    assert "2 lines are left out, because the only file of that name is for another split" in report(raw)


@pytest.mark.parametrize("place", ["", "images/"])
def test_tables_and_folders_of_splits_with_the_same_names(tmp_path, place):
    raw = tmp_path / "raw"
    for split, count in (("train", 8), ("val", 4)):
        for number in range(count):
            picture(raw / f"{place}{split}" / f"{number}.png", number + (split == "val") * 20)
        lines = (f"{number}.png {kind(number + (split == 'val'))}\n" for number in range(count))
        (raw / "meta").mkdir(exist_ok=True)
        (raw / "meta" / f"{split}.txt").write_text("".join(lines))
    assert made(raw) == {
        **{f"{place}train/{number}.png": (kind(number), "train") for number in range(8)},
        **{f"{place}val/{number}.png": (kind(number + 1), "val") for number in range(4)},
    }


def test_a_table_named_for_training_may_name_pictures_of_other_folders(tmp_path):
    """If no two have the same name."""
    raw = tmp_path / "raw"
    for number in range(12):
        picture(raw / ("train" if number < 8 else "valid") / f"{number}.png", number)
    (raw / "train.csv").write_text(rows(range(12)))
    assert made(raw) == {
        f"{'train' if number < 8 else 'valid'}/{number}.png": (kind(number), "train" if number < 8 else "val")
        for number in range(12)
    }


def test_pictures_lost_to_ambiguity_are_warned_about(tmp_path):
    raw = tmp_path / "raw"
    for number in range(12):
        picture(raw / "a" / f"{number}.png", number)
    for number in range(4):
        picture(raw / "b" / f"{number}.png", 20 + number)
    (raw / "labels.csv").write_text(rows(range(12)))
    assert len(made(raw, raw_labels=raw / "labels.csv")) == 8
    assert "4 lines are left out, because several files can be meant, such as a/0.png and b/0.png by 0.png" in (
        report(raw)
    )


def test_an_example_of_an_answer_is_no_label_table(tmp_path):
    raw = tmp_path / "raw"
    for number in range(8):
        picture(raw / f"{number}.png", number)
    (raw / "labels.csv").write_text(rows(range(8)))
    (raw / "sampleSubmission.csv").write_text("id,cat,dog\n" + "".join(f"{n}.png,0.5,0.5\n" for n in range(8)))
    settings = with_source(DataTransformerConfig(raw_images=raw, data=tmp_path / "data"))
    assert (settings.source, settings.raw_labels) == ("labels", raw / "labels.csv")


def test_a_single_table_in_the_folder_for_training(tmp_path):
    raw = tmp_path / "raw"
    for number in range(8):
        picture(raw / "train" / f"{number}.png", number)
    picture(raw / "test" / "20.png", 20)
    (raw / "train" / "train.csv").write_text(rows(range(8)))
    (raw / "test" / "test.csv").write_text("image\n20.png\n")
    assert {name: label for name, (label, _) in made(raw).items()} == {f"train/{n}.png": kind(n) for n in range(8)}


def test_links_to_a_raw_folder_that_was_moved(tmp_path):
    raw = tmp_path / "raw"
    for number in range(12):
        picture(raw / kind(number) / f"{number}.png", number)
    data = make_data_folder(tmp_path / "data", raw_images=raw, link="symlink")
    before = read_data_folder(data, None)
    moved = raw.rename(tmp_path / "moved")
    with pytest.raises(
        SettingError, match=r"data/train/cat/.* leads nowhere, to .*raw/cat.* raw folder has been moved"
    ):
        read_data_folder(data, None)
    make_data_folder(data, raw_images=moved, link="symlink", overwrite=True)
    assert [row.image for row in read_data_folder(data, None).rows] == [row.image for row in before.rows]
