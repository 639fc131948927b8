"""Errors of TensorFlow become sentences about the user's files."""

from types import SimpleNamespace

import pytest
import tensorflow as tf

from settings import WorkError
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
