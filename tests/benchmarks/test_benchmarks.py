"""Measurements, tables and curves: medians and ratios, skipped and failed variants, growth."""

import math

import cv2
import pytest

from benchmarks._figures import draw_growth
from benchmarks._measure import Comparison, Result, Variant, measure, powers_of_ten
from benchmarks._report import as_json, table


@pytest.mark.parametrize(
    ("largest", "amounts"), [(1, [100]), (100, [100]), (5000, [100, 1000, 5000]), (10_000, [100, 1000, 10_000])]
)
def test_powers_of_ten(largest, amounts):
    assert powers_of_ten(largest) == amounts


def test_missing_and_failing_variants_do_not_stop_the_others():
    variants = [
        Variant("ours", math.sqrt, (4.0,)),
        Variant("theirs", math.sqrt, (-1.0,)),
        Variant("none", math.sqrt, (1.0,), ("no_such",)),
    ]
    reported = []
    ours, theirs, none = measure(Comparison("roots", "roots", 10, variants, baseline="ours"), 2, reported.append)
    assert ours.seconds == [2.0, 2.0] and ours.per_second == 5 and ours.peak_bytes > 1e6 and len(reported) == 2
    assert "math domain error" in theirs.note and "no_such not installed" in none.note
    assert not theirs.seconds and not none.seconds


def test_ratios_are_ratios_of_medians():
    comparison = Comparison("c", "images", 100, [], baseline="theirs")
    results = [Result("ours", 100, [1.0, 2.0, 9.0], 10**6), Result("theirs", 100, [5.0, 6.0, 7.0], 10**6)]
    lines = table(comparison, results).splitlines()
    assert lines[2] == "| ours | 2.00 | 50 | 1 | 3.00 |" and lines[3].endswith("| 1.00 |")
    (entry,) = as_json([(comparison, results)])["comparisons"]
    assert entry["ways"][0]["seconds"] == [1.0, 2.0, 9.0]


def test_only_growth_is_drawn(tmp_path):
    results = [Result(f"{number:,}", number, [number / 100], number * 10**6) for number in (100, 1000)]
    draw_growth([(Comparison("c", "images", 1000, [], baseline="100"), results)], tmp_path / "none.png")
    assert not list(tmp_path.iterdir())
    draw_growth([(Comparison("c", "images", 1000, [], growth="images"), results)], tmp_path / "curve.png")
    drawn = cv2.imread(str(tmp_path / "curve.png"))
    assert (drawn != 255).any() and len({tuple(pixel) for pixel in drawn.reshape(-1, 3)[::50]}) > 3
