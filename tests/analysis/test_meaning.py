"""The first sentence of a report says what the score means."""

from collections import Counter

import pytest

from analysis.meaning import meaning, of_hundred
from analysis.trained_run import read_run
from tests.conftest import table
from training.run_folder import RunFolder


def test_a_classifier(small_run, scenes):
    text = meaning(read_run(RunFolder(small_run)))
    best = max(float(row["val_accuracy"]) for row in table(small_run / "history.csv"))
    classes = Counter(row["class"] for row in table(scenes / "manifest.csv") if row["split"] == "val")
    assert text == (
        f"Of the 10 validation images, {100 * best:.0f} of 100 get the right class. Always answering the most frequent "
        f"class would be right for {10 * max(classes.values())} of 100."
    )


@pytest.mark.parametrize(("share", "text"), [(0.934, "93"), (1, "100"), (0.999, "99.9"), (0.002, "0.2"), (0, "0")])
def test_shares_are_not_rounded_to_all_or_nothing(share, text):
    assert of_hundred(share) == text
