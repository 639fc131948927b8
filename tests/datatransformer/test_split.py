"""The split: which images are for validation, as the ledger chooses them."""

from collections.abc import Iterable
from pathlib import Path

import pytest

from datatransformer.ledger import Place, open_ledger
from datatransformer.listing import RawImage
from datatransformer.naming import natural_order
from datatransformer.split import Shares, split_key
from datatransformer.tables.image_list import read_list
from settings import WorkError

BY_RATIO = split_key("ratio", has_list=False, seed=0)


def validation_names(
    images: Iterable[RawImage], fraction: float = 0.2, split: str = "ratio", has_list: bool = False, seed: int = 0
) -> set[str]:
    with open_ledger() as ledger:
        ledger.add(images, split_key(split, has_list, seed), by_class=True)
        ledger.choice.by_share(Shares(fraction))
        return {one.image.name for batch in ledger.pending(7) for one in batch if one.split == "val"}


def in_class(class_name: str, names: Iterable[str]) -> list[RawImage]:
    return [RawImage(name, class_name=class_name) for name in names]


def test_each_class_gives_its_rounded_share():
    sizes = (1, 2, 3, 7, 8, 10, 97, 1000)
    images = [RawImage(f"{size}/{number}", class_name=str(size)) for size in sizes for number in range(size)]
    chosen = validation_names(images)
    counts = {size: sum(name.startswith(f"{size}/") for name in chosen) for size in sizes}
    assert counts == {1: 0, 2: 1, 3: 1, 7: 1, 8: 2, 10: 2, 97: 19, 1000: 200}


def test_neither_the_order_nor_other_classes_matter():
    names = [f"{number:06d}.jpg" for number in range(500)]
    chosen = validation_names(in_class("a", names), seed=3)
    assert chosen == validation_names(in_class("b", ["b"]) + in_class("a", reversed(names)), seed=3)
    assert chosen != validation_names(in_class("a", names), seed=4)
    more = validation_names(in_class("a", [*names, "new.jpg"]), seed=3)
    assert len(chosen ^ more) <= 2, "an added image moves few"


def test_splits_of_the_raw_data_count_with_split_auto_only():
    images = [RawImage(str(number), split="val" if number < 3 else "train") for number in range(20)]
    assert validation_names(images, split="auto") == {"0", "1", "2"}
    for split, has_list in (("ratio", False), ("auto", True)):
        chosen = validation_names(images, split=split, has_list=has_list)
        assert len(chosen) == 4 and chosen != {"0", "1", "2", "3"}


def test_the_ledger_knows_whether_all_splits_are_given():
    for last, expected in (("train", True), (None, False)):
        with open_ledger() as ledger:
            images = [RawImage("a", split="val"), RawImage("b", split=last)]
            ledger.add(images, split_key("auto", has_list=False, seed=0), by_class=True)
            assert ledger.all_splits_are_given() is expected
    with open_ledger() as ledger:
        assert not ledger.all_splits_are_given()


def test_the_last_frames_of_each_video():
    names = [f"{video}_{number}.png" for video in ("a1", "b2") for number in range(5, 15)]
    names += ["still.png", "odd007x.png"]
    expected = {"a1_13.png", "a1_14.png", "b2_13.png", "b2_14.png"}
    assert validation_names([RawImage(name) for name in reversed(names)], split="sequences") == expected


@pytest.mark.parametrize("name", ["naïve/été_1.jpg", "latin-\udce9.jpg", "日本/x.png", "'quoted\".jpg"])
def test_names_of_all_kinds_are_returned_unchanged(name):
    with open_ledger() as ledger:
        ledger.add([RawImage(name, f"/raw/{name}", name)], BY_RATIO, by_class=True)
        ((pending,),) = ledger.pending(5)
        assert pending.image == RawImage(name, f"/raw/{name}", name)
        place = Place(f"train/{name}", "x1")
        ledger.set_places({pending.number: place})
        assert list(ledger.placed()) == [(pending.image, place)]
        assert ledger.classes() == [name]


def test_names_keep_the_order_of_python():
    names = ["b", "a/c", "a-b", "a", "é", "\udce9", "日", "\U0001f600", "Z", "a/b"]
    with open_ledger() as ledger:
        ledger.add([RawImage(name) for name in names], BY_RATIO, by_class=True)
        for batch in ledger.pending(3):
            ledger.set_places({pending.number: Place(f"train/{pending.image.name}", "") for pending in batch})
        assert [image.name for image, _ in ledger.placed()] == sorted(names)


def test_a_list_names_images_as_tables_do(tmp_path: Path):
    names = ["day/1.jpg", "day/2.jpg", "night/1.jpg", "night/3.png", "7.jpg"]
    lines = {"day/1": {"day/1.jpg"}, "/mnt/raw/night/3.png": {"night/3.png"}, "1": set(), "2": {"day/2.jpg"},
             "NIGHT/1.PNG": {"night/1.jpg"},
             "raw\\day\\2.JPG": {"day/2.jpg"}, "sevens/7.jpg": {"7.jpg"}, "dusk/1": set(), "night/": set()}  # fmt: skip
    file = tmp_path / "val.txt"
    for line, expected in lines.items():
        file.write_text(f"\ufeff{line}\n\n", encoding="utf-8")
        with open_ledger() as ledger:
            ledger.add([RawImage(name) for name in names], BY_RATIO, by_class=True)
            missing = ledger.choice.by_list(read_list(file, "val"), "val")
            assert [name for name, _ in missing] == ([] if expected else [line])
            assert line != "1" or "could be any of day/1.jpg, night/1.jpg" in missing[0].reason
            chosen = {one.image.name for batch in ledger.pending(9) for one in batch if one.split == "val"}
        assert chosen == expected, line


def test_a_full_disk_gives_an_error_without_a_traceback():
    with pytest.raises(WorkError, match=r"list of images cannot be kept.*SQLITE_TMPDIR"), open_ledger() as ledger:
        ledger.table("PRAGMA max_page_count = 40")
        ledger.add((RawImage(f"{number}.jpg") for number in range(20_000)), BY_RATIO, by_class=True)


def test_numbers_keep_numeric_order():
    assert sorted(["10", "9", "2", "0"], key=natural_order) == ["0", "2", "9", "10"]
    assert sorted(["room10", "room9", "attic", "Attic2"], key=natural_order) == ["Attic2", "attic", "room9", "room10"]
