"""Class weights, computed or from a file."""

import numpy as np
import pytest

from pipeline.class_weights import class_weights
from settings import SettingError

CLASSES = ("beach", "city", "forest")


def test_balanced():
    assert class_weights("none", [0, 1], CLASSES) is None
    weights = class_weights("balanced", [0] * 6 + [1] * 3 + [2], CLASSES)
    np.testing.assert_allclose(weights, [10 / 18, 10 / 9, 10 / 3], rtol=1e-6)


def test_a_file_in_any_order(tmp_path):
    file = tmp_path / "weights.csv"
    file.write_text("name,weight\nforest,3\nbeach,1.5\ncity,0\n")
    np.testing.assert_array_equal(class_weights(str(file), [0, 1, 2], CLASSES), [1.5, 0, 3])


@pytest.mark.parametrize(
    "text",
    [
        "weight;class\n3;forest\n1,5;beach\n0;city\n",
        "forest,3\nbeach,1.5\ncity,0\n",
        "3\tforest\n1.5\tbeach\n0\tcity\n",
        "index,weight\n2,3\n0,1.5\n1,0\n",
        "id,name,weight\n0,beach,1.5\n1,city,0\n2,forest,3\n",
        '{"forest": 3, "beach": 1.5, "city": 0}',
    ],
)
def test_a_file_of_any_form(tmp_path, text):
    (tmp_path / "weights.txt").write_text(text, encoding="utf-16")
    np.testing.assert_array_equal(class_weights(str(tmp_path / "weights.txt"), [0, 1, 2], CLASSES), [1.5, 0, 3])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name,weight\nbeach,1\ncity,1\n", "no weight for forest"),
        ("name,weight\nbeach,1\ncity,1\nforest,1\nsea,2\n", "no class has the name sea"),
        ("name,weight\nbeach,-1\ncity,1\nforest,nan\n", "the weight of beach is -1.0; the weight of forest is nan"),
        ("name,weight\nbeach,heavy\n", "heavy"),
        ("class,w\nbeach,1\n", "no column"),
        ("name,weight\nbeach,1\nbeach,2\ncity,1\nforest,1\n", "beach occurs twice"),
        ("1\n2\n3\n", "no column of names"),
        ("PK\x03\x04", "save it as CSV"),
    ],
)
def test_wrong_files_are_refused(tmp_path, text, words):
    file = tmp_path / "weights.csv"
    file.write_text(text)
    with pytest.raises(SettingError, match=words):
        class_weights(str(file), [0, 1, 2], CLASSES)
    with pytest.raises(SettingError, match="none, balanced, or a CSV file"):
        class_weights("balnced", [0, 1, 2], CLASSES)


def test_the_reading_of_a_file_is_said_once(tmp_path, caplog):
    file = tmp_path / "weights.csv"
    file.write_text("class;weight\nbeach;1\ncity;2,5\nforest;3\n")
    with caplog.at_level("INFO", "scenelab"):
        for _ in range(2):
            class_weights(str(file), [0, 1, 2], CLASSES)
    (message,) = (record.message for record in caplog.records)
    assert "a table separated by semicolons, with a header, UTF-8: beach 1, city 2.5, forest 3" in message
