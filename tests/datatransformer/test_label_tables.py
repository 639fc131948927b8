"""Label tables as competitions and programs write them: the labels of each picture, or a refusal with a remedy."""

import json

import pytest

from datatransformer.listing import Rejected
from datatransformer.tables.class_table_hint import class_tables_beside, offer
from datatransformer.tables.columns import NO_COLUMNS, GivenColumns
from datatransformer.tables.label_file import open_label_table
from datatransformer.tables.label_search import finder
from datatransformer.tables.label_table import LabelTable
from settings import SettingError

KINDS = ("mel", "nv", "bcc")


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "images").mkdir()
    for number in range(9):
        (tmp_path / "images" / f"{number:03}.jpg").touch()
    return tmp_path


def opened(folder, text: str, name: str = "labels.csv", given: GivenColumns = NO_COLUMNS, several: bool = False):
    (folder / name).write_text(text)
    return open_label_table(folder / name, finder(folder / "images"), several, given)


def labels(table: LabelTable) -> dict[str, tuple[str, ...]]:
    entries = list(table.entries())
    assert not [entry for entry in entries if isinstance(entry, Rejected)]
    return {entry.image: entry.labels for entry in entries}


def rows(header: str, row) -> str:
    return (header + "\n" if header else "") + "".join(row(number) + "\n" for number in range(9))


def one_hot(number: int, sign: str = ",", yes: str = "1", no: str = "0") -> str:
    return sign.join(yes if number % 3 == place else no for place in range(3))


EXPECTED = {f"{number:03}.jpg": (KINDS[number % 3],) for number in range(9)}


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("image,age,sex,mel,nv,bcc", lambda n: f"{n:03}.jpg,{40 + n},f,{one_hot(n)}"),
        ("image,mel,nv,bcc,age", lambda n: f"{n:03}.jpg,{one_hot(n)},{40 + n}"),
        ("image,age,smoker,mel,nv,bcc", lambda n: f"{n:03}.jpg,{40 + n},{n % 2},{one_hot(n)}"),
        ("image,age,mel,nv,bcc", lambda n: f"{n:03}.jpg,{n},{one_hot(n, no='0.0', yes='1.0')}"),
        ("image,age,mel,nv,bcc", lambda n: f"{n:03}.jpg,{n},{one_hot(n, no='-1')}"),
        ("image,mel,nv,bcc", lambda n: f"{n:03}.jpg,{one_hot(n, yes='x', no='')}"),
        ("image,label,notes", lambda n: f"{n:03}.jpg,{KINDS[n % 3]}" + (",blurry" if n % 2 else "")),
        ("naam,soort", lambda n: f"{n:03}.jpg,{KINDS[n % 3]}"),
    ],
)
def test_the_label_of_each_picture(folder, header, row):
    assert labels(opened(folder, rows(header, row))) == EXPECTED


def test_columns_of_classes_beside_others_for_several_labels(folder):
    text = rows("image,age,sex,mel,nv", lambda n: f"{n:03}.jpg,{40 + n},f,{n % 2},{int(n % 3 == 0)}")
    with pytest.raises(SettingError, match="--label-column A,B,C"):
        opened(folder, text)
    found = labels(opened(folder, text, several=True))
    assert [found[f"{n:03}.jpg"] for n in range(4)] == [("nv",), ("mel",), (), ("mel", "nv")]
    given = GivenColumns(label="mel, nv")
    assert labels(opened(folder, text, several=True, given=given)) == found
    with pytest.raises(SettingError, match=r"label_column = 'age,mel'.*hold 0 and 1, but these hold"):
        opened(folder, text, given=GivenColumns(label="age,mel"))
    assert labels(opened(folder, rows("image,age,mel,nv,bcc", lambda n: f"{n:03}.jpg,{n},{one_hot(n)}"),
                         given=GivenColumns(label="mel,nv,bcc"))) == EXPECTED  # fmt: skip


def test_nothing_but_columns_of_yes_and_no(folder):
    text = rows("image,smoker,mel,nv,bcc", lambda n: f"{n:03}.jpg,{n % 2},{one_hot(n)}")
    with pytest.raises(SettingError, match=r"--labels several, or name those .* --label-column A,B,C"):
        opened(folder, text)
    assert labels(opened(folder, text, given=GivenColumns(label="mel,nv,bcc"))) == EXPECTED
    assert labels(opened(folder, text, several=True))["001.jpg"] == ("smoker", "nv")


def test_two_columns_of_opposites_are_no_classes_beside_others_of_their_kind(folder):
    text = rows("image,age,mel,male,female", lambda n: f"{n:03}.jpg,{n},{int(n < 3)},{n % 2},{1 - n % 2}")
    with pytest.raises(SettingError, match="label_column"):
        opened(folder, text)


@pytest.mark.parametrize("count", ["9\n", ""])
def test_celeba(folder, count):
    text = count + "5_o_Clock_Shadow Male Young \n"
    text += "".join(f"{n:03}.jpg {' 1' if n % 2 else '-1'} {'-1' if n % 3 else ' 1'} -1\n" for n in range(9))
    found = labels(opened(folder, text, "list_attr_celeba.txt", several=True))
    assert [found[f"{n:03}.jpg"] for n in range(4)] == [
        ("Male",), ("5_o_Clock_Shadow",), (), ("5_o_Clock_Shadow", "Male"),
    ]  # fmt: skip
    with pytest.raises(SettingError, match="--labels several"):
        opened(folder, text, "list_attr_celeba.txt")


def test_a_short_row_without_its_label_is_no_row(folder):
    table = opened(folder, rows("image,label,notes", lambda n: f"{n:03}.jpg" if n == 4 else f"{n:03}.jpg,x,y"))
    assert next(entry for entry in table.entries() if isinstance(entry, Rejected)).source.endswith(":6")


def test_two_columns_that_name_pictures(folder):
    text = rows("a,b,c", lambda n: f"{8 - n:03}.jpg,{n:03}.jpg,{KINDS[n % 3]}")
    with pytest.raises(SettingError, match=r"image_column.*a \(008.jpg, 007.jpg, ...\); b \(000.jpg"):
        opened(folder, text)
    assert labels(opened(folder, text, given=GivenColumns(image="b"))) == EXPECTED
    assert labels(opened(folder, text.replace("a,b,c", "a,image,c"))) == EXPECTED
    same = rows("a,b,c", lambda n: f"{n:03}.jpg,{n:03}.png,{KINDS[n % 3]}")
    assert labels(opened(folder, same)) == EXPECTED


def test_headers_that_settings_or_files_show(folder):
    def row(number: int) -> str:
        return f"{number:03},{KINDS[number % 3]},{'town' if number % 2 else 'sea'}"

    expected = {name.removesuffix(".jpg"): kind for name, kind in EXPECTED.items()}
    text = rows("naam,soort,plaats", row)
    assert labels(opened(folder, text, given=GivenColumns(label="soort"))) == expected
    no_suffix = rows("a,b", lambda n: f"{n:03},{KINDS[n % 3]}")
    assert labels(opened(folder, no_suffix)) == expected
    elsewhere = opened(folder, rows("a,b", lambda n: f"p{n:03},{KINDS[n % 3]}"))
    assert labels(elsewhere) == {f"p{name}": kind for name, kind in expected.items()}
    without = opened(folder, rows("", lambda n: f"{n:03},{KINDS[n % 3]}"))
    assert labels(without) == expected


def test_numbers_of_pictures_are_looked_up(folder):
    (folder / "images.txt").write_text("".join(f"{n + 1} {n:03}.jpg\n" for n in range(9)))
    table = opened(folder, "".join(f"{n + 1} {n % 3}\n" for n in range(9)), "image_class_labels.txt")
    assert labels(table) == {f"{n:03}.jpg": (str(n % 3),) for n in range(9)}
    assert "whose names are in" in " ".join(table.notes)


@pytest.mark.parametrize(
    "content",
    [
        {kind: [name for name, (own,) in EXPECTED.items() if own == kind] for kind in KINDS},
        {"labels": [[name, label] for name, (label,) in EXPECTED.items()]},
        {name: label for name, (label,) in EXPECTED.items()},
    ],
)
def test_json(folder, content):
    assert labels(opened(folder, json.dumps(content), "labels.json")) == EXPECTED


def test_class_tables_beside_are_told_of(folder):
    table = folder / "labels.csv"
    (folder / "classes.csv").write_text("label,name\n0,cat\n1,dog\n2,eel\n")
    offered = class_tables_beside([table], folder, {"0", "1", "2"})
    assert f"--class-names {folder / 'classes.csv'} (0: cat, 1: dog, 2: eel)" in offer(offered)
    assert class_tables_beside([table], folder, {"cat", "1"}) == {}
    assert class_tables_beside([table], folder, {"0", "7"}) == {}
    (folder / "classes.csv").write_text("label,name\n0,0\n1,1\n2,2\n")
    assert class_tables_beside([table], folder, {"0", "1"}) == {}
