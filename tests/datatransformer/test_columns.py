"""Columns of label tables are found by name, by content and by settings; what is undecided is refused in words."""

import pytest

from datatransformer.tables.columns import NO_COLUMNS, Columns, GivenColumns, columns_of
from settings import SettingError, WorkError
from storage.user_tables import open_user_table

FILES = {f"ISIC_{number:04}" for number in range(12)}


def is_there(name: str) -> bool:
    return name.replace("\\", "/").rpartition("/")[2].removesuffix(".jpg") in FILES


def columns(tmp_path, header: str, row, given: GivenColumns = NO_COLUMNS) -> Columns:
    lines = [*([header] if header else []), *(row(number) for number in range(12))]
    (tmp_path / "t.csv").write_text("\n".join(lines))
    return columns_of(open_user_table(tmp_path / "t.csv"), given, is_there)


def kind(number: int) -> str:
    return ("mel", "nv")[number % 2]


@pytest.mark.parametrize(
    ("header", "row", "image", "label"),
    [
        (
            "lesion_id,image_id,dx,dx_type,age,dataset",
            lambda n: f"H{n // 2},ISIC_{n:04},{kind(n)},histo,{n},vidir",
            1,
            2,
        ),
        ("label,IMAGE PATH", lambda n: f"{kind(n)},C:\\data\\ISIC_{n:04}.jpg", 1, 0),
        ("id,file,target", lambda n: f"{n},/home/me/ISIC_{n:04}.jpg,{kind(n)}", 1, 2),
        ("a,b,c", lambda n: f"{n},{kind(n)},ISIC_{n:04}", 2, 1),
        ("", lambda n: f"{kind(n)},ISIC_{n:04}", 1, 0),
        ("", lambda n: f"{n},ISIC_{n:04}.jpg,{kind(n)}", 1, 2),
        ("Unnamed: 0,image,y", lambda n: f"{n},ISIC_{n:04},{n % 3}", 1, 2),
        ("filename,x,y,class", lambda n: f"ISIC_{n:04}.jpg,{n},{n},{kind(n)}", 0, 3),
        ("image,mask,label", lambda n: f"ISIC_{n:04}.jpg,m{n}.png,{kind(n)}", 0, 2),
        ("image,whatever", lambda n: f"not there {n},{kind(n)}", 0, 1),
    ],
)
def test_columns_are_found(tmp_path, header, row, image, label):
    found = columns(tmp_path, header, row)
    assert (found.image, found.label) == (image, label)


def test_numbers_and_names_of_classes_together(tmp_path):
    found = columns(tmp_path, "file,class_id,class_name", lambda n: f"ISIC_{n:04},{1 - n % 2},{kind(n)}")
    assert (found.label, found.order) == (2, 1)
    with pytest.raises(
        SettingError, match=r"label_column.*class \(mel, nv, ...\); category \(0, 1, 2, ...\).*--label-column"
    ):
        columns(tmp_path, "file,class,category", lambda n: f"ISIC_{n:04},{kind(n)},{n % 3}")


def test_settings_name_columns(tmp_path):
    def row(number: int) -> str:
        return f"ISIC_{number:04},{kind(number)},{number % 3},{number % 2}"

    header = "file,class,Category,is valid"
    found = columns(tmp_path, header, row, GivenColumns(label="category", split="4"))
    assert (found.image, found.label, found.splits) == (0, 2, (3,))
    with pytest.raises(SettingError, match="image_column = 'photo': the columns are file, class, Category, is valid"):
        columns(tmp_path, header, row, GivenColumns(image="photo"))
    with pytest.raises(SettingError, match=r"label_column = '7'.*no header.*1 to 4"):
        columns(tmp_path, "", row, GivenColumns(label="7"))


def test_no_column_fits(tmp_path):
    with pytest.raises(WorkError, match=r"none of its columns.*number, weather.*--image-column"):
        columns(tmp_path, "number,weather", lambda n: f"{n},{kind(n)}")
    with pytest.raises(WorkError, match="has no column of labels"):
        columns(tmp_path, "", lambda n: f"{n} ISIC_{n:04}.jpg")


def test_what_is_said(tmp_path):
    found = columns(tmp_path, "file,label,age", lambda n: f"ISIC_{n:04},{kind(n)},{n}")
    assert found.describe() == "images from the column file, labels from the column label; not used: age"
