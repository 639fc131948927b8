"""Errors of TensorFlow become sentences about the user's files."""

from types import SimpleNamespace

import pytest
import tensorflow as tf

from datatransformer.layout import DataFolder
from datatransformer.manifest import Row
from settings import WorkError
from tests.conftest import write_image
from training.failures import translate_errors

FOUND = (
    "{{function_node __wrapped__IteratorGetNext_device_/job:localhost/device:CPU:0}} Error in user-defined "
    "function passed to ParallelMapDatasetV2:1 transformation with iterator: Iterator::Root::Prefetch::ParallelMapV2: "
    "%s; No such file or directory\n\t [[{{node ReadFile}}]] [Op:IteratorGetNext]"
)


@pytest.mark.parametrize("is_link", [True, False])
def test_an_image_that_is_gone(tmp_path, is_link):
    path = tmp_path / "a.jpg"
    if is_link:
        path.symlink_to(tmp_path / "raw" / "a.jpg")
    session = SimpleNamespace(data=SimpleNamespace(path=tmp_path))
    with pytest.raises(WorkError) as raised, translate_errors(session):
        raise tf.errors.NotFoundError(None, None, FOUND % path)
    text = str(raised.value)
    assert "function_node" not in text and "Iterator" not in text
    if is_link:
        assert text.startswith(f"Training stopped: {path} leads nowhere, to {tmp_path / 'raw' / 'a.jpg'}, because")
    else:
        assert text.startswith(f"Training stopped: {path}; No such file or directory. If {tmp_path} has changed")


@pytest.mark.parametrize("suffix", ["jpg", "png", "mask"])
def test_a_damaged_file_of_the_data_folder_is_named(tmp_path, suffix):
    """TensorFlow says what is wrong with a file's bytes, but not whose they are."""
    rows = []
    for number in range(3):
        row = Row(
            f"val/images/{number}.{'jpg' if suffix == 'jpg' else 'png'}", "val", "", f"val/masks/{number}.png", ""
        )
        for name in (row.image, row.mask):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            write_image(tmp_path / name)
        rows.append(row)
    bad = tmp_path / (rows[1].mask if suffix == "mask" else rows[1].image)
    bad.write_bytes(bad.read_bytes()[:-40])
    session = SimpleNamespace(data=DataFolder(tmp_path, "segmentation", ("a", "b"), rows))
    with pytest.raises(WorkError) as raised, translate_errors(session):
        next(iter(tf.data.Dataset.from_tensors(bad.read_bytes()).map(tf.io.decode_image)))
    assert str(raised.value).startswith(f"Training stopped: {bad} is damaged. If {tmp_path} has changed, python -m")
