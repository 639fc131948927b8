"""Which images are for validation, told by the ledger, which draws the lots."""

from types import SimpleNamespace

import pytest

from datatransformer.ledger import open_ledger
from datatransformer.listing import Picture
from datatransformer.naming import natural_order
from datatransformer.split import read_list, split_key
from settings import WorkError

RATIO = {"split": "ratio", "val_list": None, "seed": 0}


def validated(pictures, fraction=0.2, **settings):
    with open_ledger() as ledger:
        ledger.add(pictures, split_key(SimpleNamespace(**RATIO | settings)), by_class=True)
        ledger.divide(fraction)
        return {one.picture.name for batch in ledger.open(7) for one in batch if one.split == "val"}


def of_class(name, names):
    return [Picture(one, class_name=name) for one in names]


def test_each_class_gives_its_rounded_share():
    sizes = (1, 2, 3, 7, 8, 10, 97, 1000)
    pictures = [Picture(f"{size}/{number}", class_name=str(size)) for size in sizes for number in range(size)]
    chosen = validated(pictures)
    counts = {size: sum(name.startswith(f"{size}/") for name in chosen) for size in sizes}
    assert counts == {1: 0, 2: 1, 3: 1, 7: 1, 8: 2, 10: 2, 97: 19, 1000: 200}


def test_neither_order_nor_company_matters():
    names = [f"{number:06d}.jpg" for number in range(500)]
    chosen = validated(of_class("a", names), seed=3)
    assert chosen == validated(of_class("b", ["b"]) + of_class("a", reversed(names)), seed=3)
    assert chosen != validated(of_class("a", names), seed=4)
    more = validated(of_class("a", [*names, "new.jpg"]), seed=3)
    assert len(chosen ^ more) <= 2, "an added image moves few"


def test_what_the_source_says_holds_unless_another_split_is_asked_for():
    pictures = [Picture(str(number), split="val" if number < 3 else "train") for number in range(20)]
    assert validated(pictures, split="auto") == {"0", "1", "2"}
    assert len(validated(pictures)) == 4 and validated(pictures) != {"0", "1", "2", "3"}


def test_of_a_video_the_last_frames():
    names = [f"{video}_{number}.png" for video in ("a1", "b2") for number in range(5, 15)] + [
        "still.png",
        "odd007x.png",
    ]
    expected = {"a1_13.png", "a1_14.png", "b2_13.png", "b2_14.png"}
    assert validated([Picture(name) for name in reversed(names)], split="sequences") == expected


@pytest.mark.parametrize("name", ["naïve/été_1.jpg", "latin-\udce9.jpg", "日本/x.png", "'quoted\".jpg"])
def test_names_of_every_kind_come_back(name):
    with open_ledger() as ledger:
        ledger.add([Picture(name, f"/raw/{name}", name)], split_key(SimpleNamespace(**RATIO)), by_class=True)
        ((one,),) = ledger.open(5)
        assert one.picture == Picture(name, f"/raw/{name}", name)
        ledger.note({one.number: f"train/{name}"})
        assert list(ledger.placed()) == [(one.picture, f"train/{name}")]
        assert ledger.classes() == [name]


def test_names_keep_pythons_order():
    names = ["b", "a/c", "a-b", "a", "é", "\udce9", "日", "\U0001f600", "Z", "a/b"]
    with open_ledger() as ledger:
        ledger.add([Picture(name) for name in names], split_key(SimpleNamespace(**RATIO)), by_class=True)
        for batch in ledger.open(3):
            ledger.note({one.number: f"train/{one.picture.name}" for one in batch})
        assert [picture.name for picture, _ in ledger.placed()] == sorted(names)


def test_a_list_names_by_path_end_of_path_or_last_part(tmp_path):
    names = ["day/1.jpg", "day/2.jpg", "night/1.jpg", "night/3.png", "7.jpg"]
    ways = {"day/1": {"day/1.jpg"}, "/mnt/raw/night/3.png": {"night/3.png"}, "1": {"day/1.jpg", "night/1.jpg"},
            "raw\\day\\2.JPG": {"day/2.jpg"}, "sevens/7.jpg": {"7.jpg"}, "dusk/1": set(), "night/": set()}  # fmt: skip
    file = tmp_path / "val.txt"
    for line, expected in ways.items():
        file.write_text(f"\ufeff{line}\n\n", encoding="utf-8")
        with open_ledger() as ledger:
            ledger.add([Picture(name) for name in names], split_key(SimpleNamespace(**RATIO)), by_class=True)
            assert ledger.choose(read_list(file)) == ([] if expected else [line])
            chosen = {one.picture.name for batch in ledger.open(9) for one in batch if one.split == "val"}
        assert chosen == expected, line


def test_a_full_disk_is_no_traceback():
    with pytest.raises(WorkError, match=r"list of pictures cannot be kept.*SQLITE_TMPDIR"), open_ledger() as ledger:
        ledger.table("PRAGMA max_page_count = 40")
        ledger.add(
            (Picture(f"{number}.jpg") for number in range(20_000)), split_key(SimpleNamespace(**RATIO)), by_class=True
        )


def test_numbers_keep_numeric_order():
    assert sorted(["10", "9", "2", "0"], key=natural_order) == ["0", "2", "9", "10"]
    assert sorted(["room10", "room9", "attic", "Attic2"], key=natural_order) == ["Attic2", "attic", "room9", "room10"]
