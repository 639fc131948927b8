"""Sets of TensorFlow Datasets, read without a network from where they are prepared."""

import csv

import numpy as np
import pytest
import tensorflow_datasets as tfds
from PIL import Image

from config import DataTransformerConfig
from datatransformer.layout import read_data_folder
from datatransformer.sources import tfds as source
from datatransformer.transformer import DataTransformer
from datatransformer.writer import Writer
from settings import SettingError, WorkError


def settings(name: str | None, data_dir, data) -> DataTransformerConfig:
    return DataTransformerConfig(source="tfds", tfds_name=name, data_dir=data_dir, data=data)


@pytest.mark.parametrize(("name", "counts", "mode"), [("cifar10", (5085, 1017), "RGB"), ("mnist", (10000, 3600), "L")])
def test_pictures_labels_and_splits(shared, tmp_path, name, counts, mode):
    DataTransformer(settings(name, shared / "tfds", tmp_path / "data")).run()
    data = read_data_folder(tmp_path / "data", "classification")
    assert (len(data.images("train")), len(data.images("val"))) == counts
    reference = tfds.load(name, data_dir=shared / "tfds", split="test", shuffle_files=False).as_numpy_iterator()
    with (tmp_path / "data" / "manifest.csv").open(newline="") as file:
        rows = {row["source"]: row for row in csv.DictReader(file)}
    names = tfds.builder(name, data_dir=shared / "tfds").info.features["label"].names
    assert data.classes == tuple(names)
    for number, record in zip(range(30), reference, strict=False):
        row = rows[f"test_{number:06d}"]
        assert (row["split"], row["class"]) == ("val", names[record["label"]])
        picture = Image.open(tmp_path / "data" / row["image"])
        assert picture.mode == mode
        np.testing.assert_array_equal(np.asarray(picture).reshape(record["image"].shape), record["image"])


def test_interrupted_it_goes_on(shared, tmp_path, monkeypatch):
    """Records can only be read in order, and what is done is not asked for again."""
    placed = Writer._place_one

    def stops(self, picture, *args):
        if picture.name == "train_002000":
            raise KeyboardInterrupt
        return placed(self, picture, *args)

    monkeypatch.setattr(Writer, "_place_one", stops)
    with pytest.raises(KeyboardInterrupt):
        DataTransformer(settings("cifar10", shared / "tfds", tmp_path / "data")).run()
    monkeypatch.undo()
    DataTransformer(settings("cifar10", shared / "tfds", tmp_path / "data")).run()
    assert len(read_data_folder(tmp_path / "data", "classification").rows) == 6102


def test_records_in_any_order(shared):
    builder = tfds.builder("cifar10", data_dir=shared / "tfds")
    in_order, jumping = source.Records(builder, "test"), source.Records(builder, "test")
    expected = [in_order.draw(number).image.content for number in range(10)]
    for number in (7, 3, 9, 4, 3):
        assert jumping.draw(number).image.content == expected[number]
    builder = tfds.builder("mnist", data_dir=shared / "tfds")
    assert source.Records(builder, "test").draw(3000) == source.Records(builder, "test").draw(3000)


def test_what_is_no_set_for_this(shared, tmp_path):
    with pytest.raises(SettingError, match="needs the name of a set"):
        source.read(settings(None, None, tmp_path / "data"))
    with pytest.raises(SettingError, match="did you mean cifar10"):
        source.read(settings("cifr10", shared / "tfds", tmp_path / "data"))
    with pytest.raises(SettingError, match="image and label in each record"):
        source.read(settings("ag_news_subset", tmp_path, tmp_path / "data"))


def test_a_failed_download_says_what_to_do(tmp_path, monkeypatch):
    def fails(self, **options):
        raise ConnectionError("Failed to resolve 'www.cs.toronto.edu'\nand more")

    monkeypatch.setattr(tfds.core.DatasetBuilder, "download_and_prepare", fails)
    with pytest.raises(WorkError, match=r"cifar100 could not be downloaded: Failed to resolve.*\n.*--data-dir FOLDER"):
        source.read(settings("cifar100", tmp_path / "sets", tmp_path / "data"))
