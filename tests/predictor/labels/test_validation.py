"""The predictions for the validation images are stored for each checkpoint, and used again."""

import json
import os
import shutil

import numpy as np
import pytest

from predictor.labels import validation
from predictor.labels.ensemble import find_members
from predictor.labels.validation import validate
from settings import WorkError
from training.run_folder import RunFolder


@pytest.fixture
def copy(small_run, tmp_path) -> RunFolder:
    run = RunFolder(shutil.copytree(small_run, tmp_path / "run"))
    shutil.rmtree(run.validation, ignore_errors=True)
    return run


def test_predictions_are_stored_for_a_checkpoint(copy, monkeypatch):
    (member,) = find_members([copy], "none", batch_size=3)
    first = validate(member)
    assert len(first.names) == len(first.labels) == 10
    np.testing.assert_allclose(first.probabilities.sum(axis=1), 1, atol=1e-5)
    monkeypatch.setattr(validation, "predictions", lambda *_: pytest.fail("predicted again"))
    again = validate(member)
    assert again.same_images(first) and np.array_equal(again.probabilities, first.probabilities)
    config = copy.config()
    config["settings"]["data"] = "missing"
    config["data"]["path_from_run"] = "missing"
    copy.config_file.write_text(json.dumps(config))
    assert validate(member).same_images(first), "without the data folder"
    os.utime(copy.best)
    with pytest.raises(WorkError, match="has to be validated"):
        validate(member)


def test_a_damaged_file_is_replaced(copy):
    (member,) = find_members([copy], "none")
    first = validate(member)
    (file,) = copy.validation.iterdir()
    file.write_bytes(b"PK\x03\x04nothing")
    assert np.array_equal(validate(member).probabilities, first.probabilities)
