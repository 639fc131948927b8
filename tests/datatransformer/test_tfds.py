"""Data sets of TensorFlow Datasets, read without a network from prepared folders."""

import numpy as np
import pytest
import tensorflow_datasets as tfds
from PIL import Image

from config import DataTransformerConfig
from datatransformer.layout import read_data_folder
from datatransformer.report import Report
from datatransformer.sources import tfds as source
from datatransformer.tfds_records import Records
from datatransformer.transformer import DataTransformer
from datatransformer.writer import Writer
from settings import SettingError, WorkError
from tests.conftest import table


def settings(name: str | None, data_dir, data) -> DataTransformerConfig:
    return DataTransformerConfig(source="tfds", tfds_name=name, data_dir=data_dir, data=data)


@pytest.mark.parametrize(
    ("name", "counts", "mode"), [("cifar10", (4068, 1017, 1017), "RGB"), ("mnist", (8000, 2000, 3600), "L")]
)
def test_images_labels_and_splits(shared, tmp_path, name, counts, mode):
    DataTransformer(settings(name, shared / "tfds", tmp_path / "data")).run()
    data = read_data_folder(tmp_path / "data", "classification")
    assert tuple(len(data.images(split)) for split in ("train", "val", "test")) == counts
    reference = tfds.load(name, data_dir=shared / "tfds", split="test", shuffle_files=False).as_numpy_iterator()
    rows = {row["source"]: row for row in table(tmp_path / "data" / "manifest.csv")}
    names = tfds.builder(name, data_dir=shared / "tfds").info.features["label"].names
    assert data.classes == tuple(names)
    for number, record in zip(range(30), reference, strict=False):
        row = rows[f"test_{number:06d}"]
        assert (row["split"], row["class"]) == ("test", names[record["label"]])
        image = Image.open(tmp_path / "data" / row["image"])
        assert image.mode == mode
        np.testing.assert_array_equal(np.asarray(image).reshape(record["image"].shape), record["image"])


def test_an_interrupted_run_resumes(shared, tmp_path, monkeypatch):
    """Records are read in order, and finished images are not read again."""
    place_one = Writer._place_one

    def stop(self, pending, *args):
        if pending.image.name == "train_002000":
            raise KeyboardInterrupt
        return place_one(self, pending, *args)

    monkeypatch.setattr(Writer, "_place_one", stop)
    with pytest.raises(KeyboardInterrupt):
        DataTransformer(settings("cifar10", shared / "tfds", tmp_path / "data")).run()
    monkeypatch.undo()
    DataTransformer(settings("cifar10", shared / "tfds", tmp_path / "data")).run()
    assert len(read_data_folder(tmp_path / "data", "classification").rows) == 6102


def test_records_in_any_order(shared):
    builder = tfds.builder("cifar10", data_dir=shared / "tfds")
    in_order, jumping = Records(builder, "test"), Records(builder, "test")
    expected = [in_order.make_pair(number).image.content for number in range(10)]
    for number in (7, 3, 9, 4, 3):
        assert jumping.make_pair(number).image.content == expected[number]
    builder = tfds.builder("mnist", data_dir=shared / "tfds")
    assert Records(builder, "test").make_pair(3000) == Records(builder, "test").make_pair(3000)


def test_unknown_and_unsuitable_data_sets(shared, tmp_path):
    with pytest.raises(SettingError, match="needs the name of a data set"):
        source.read(settings(None, None, tmp_path / "data"), Report())
    with pytest.raises(SettingError, match="did you mean cifar10"):
        source.read(settings("cifr10", shared / "tfds", tmp_path / "data"), Report())
    with pytest.raises(SettingError, match="image and label in each record"):
        source.read(settings("ag_news_subset", tmp_path, tmp_path / "data"), Report())


def test_a_failed_download_says_what_to_do(tmp_path, monkeypatch):
    def fails(self, **options):
        raise ConnectionError("Failed to resolve 'www.cs.toronto.edu'\nand more")

    monkeypatch.setattr(tfds.core.DatasetBuilder, "download_and_prepare", fails)
    with pytest.raises(WorkError, match=r"cifar100 could not be downloaded: Failed to resolve.*\n.*--data-dir FOLDER"):
        source.read(settings("cifar100", tmp_path / "sets", tmp_path / "data"), Report())
