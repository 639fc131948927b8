"""Masks in colours that no table names: a table of them is written, and read again once it has names."""

import numpy as np
import pytest
from PIL import Image

from settings import SettingError
from tests.conftest import make_data_folder, noise, table

COLOURS = np.array([(0, 0, 0), (128, 0, 0), (0, 64, 255)], np.uint8)


def write_array(path, pixels):
    path.parent.mkdir(exist_ok=True)
    Image.fromarray(pixels).save(path)


def test_a_table_of_unknown_colours_is_written_and_can_be_filled_in(tmp_path):
    indices = np.minimum(np.arange(20 * 24).reshape(20, 24) // 100, 2)
    for number in range(6):
        write_array(tmp_path / "photos" / f"{number}.png", noise(20, 24, 3, seed=number))
        write_array(tmp_path / "masks" / f"{number}.png", COLOURS[indices])
    raw = {"source": "masks", "raw_images": tmp_path / "photos", "raw_masks": tmp_path / "masks"}
    file = tmp_path / "data-colours.csv"
    with pytest.raises(SettingError, match=f"write your names into it, then give --class-names {file}"):
        make_data_folder(tmp_path / "data", **raw)
    assert [tuple(row.values())[:4] for row in table(file)] == [
        ("0", "64", "255", "class1"), ("0", "0", "0", "class2"), ("128", "0", "0", "class3"),
    ]  # fmt: skip
    file.write_text(file.read_text().replace("class1", "river").replace("class2", "ground").replace("class3", "car"))
    with pytest.raises(SettingError):
        make_data_folder(tmp_path / "data", **raw)
    assert [row["name"] for row in table(file)] == ["river", "ground", "car"], "a filled table is kept"
    data = make_data_folder(tmp_path / "data", class_names=file, **raw)
    assert [row["name"] for row in table(data / "classes.csv")] == ["river", "ground", "car"]
    mask = np.asarray(Image.open(next((data / "train" / "masks").iterdir())))
    np.testing.assert_array_equal(mask, np.array([1, 2, 0])[indices])
