"""The batch size of a training also holds for the features, figures and scores of the run."""

import keras
import numpy as np
import pytest

from tests.conftest import train_small
from training.feature_cache import FeatureCache

FEATURES = ("--epochs", 1, "--freeze", 44, "--cache", "features", "--feature-views", 2, "--schedule", "constant")


def test_features_are_computed_in_batches_of_this_size_and_do_not_depend_on_it(scenes, tmp_path, monkeypatch):
    sizes: list[int] = []
    append = FeatureCache._append

    def record(self, work, batches, batch_size, count, title):
        batches = list(batches)
        sizes.extend(map(len, batches))
        append(self, work, _List(batches), batch_size, count, title)

    monkeypatch.setattr(FeatureCache, "_append", record)
    tables = []
    for batch_size in (7, 50):
        keras.utils.clear_session()  # layers then have the same names, which are part of the digest
        folder = train_small(scenes, tmp_path / str(batch_size), "--batch-size", batch_size, *FEATURES)
        tables.append({file.name: np.fromfile(file, np.float32) for file in sorted((folder / "cache").iterdir())})
        assert max(sizes) == batch_size
        sizes.clear()
    small, large = tables
    assert small.keys() == large.keys() and len(small) == 3, "two versions of the training images, validation images"
    for name in small:
        np.testing.assert_allclose(small[name], large[name], rtol=1e-4, atol=1e-5)


class _List(list):
    """Batches in a list, with the method of a dataset that the cache uses."""

    def skip(self, count: int) -> list:
        return self[count:]


@pytest.mark.parametrize("batch_size", [3, 10])
def test_figures_are_drawn_in_batches_of_this_size(scenes, tmp_path, monkeypatch, batch_size):
    from predictor.labels import ensemble

    found = []
    find_members = ensemble.find_members

    def record(*arguments, **named):
        found.extend(find_members(*arguments, **named))
        return found[-1:]

    monkeypatch.setattr(ensemble, "find_members", record)
    train_small(scenes, tmp_path, "--batch-size", batch_size, "--epochs", 1, report=True)
    assert {member.batch_size for member in found} == {batch_size}
