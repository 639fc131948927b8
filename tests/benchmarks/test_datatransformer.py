"""The benchmark of data folders: each variant does the work, and leaves nothing behind."""

from benchmarks import datatransformer
from config import BenchmarksConfig
from tests.conftest import settings_of


def test_our_variants_and_cp(tmp_path):
    argv = ["datatransformer", "--output", str(tmp_path / "results"), "--amount", "50"]
    comparisons = datatransformer.comparisons(settings_of(BenchmarksConfig, *argv))
    comparison = next(comparisons)
    assert comparison.amount == 50 and comparison.baseline in [variant.name for variant in comparison.variants]
    for variant in comparison.variants:
        if not variant.needs:
            assert variant.work(*variant.arguments) > 0, variant.name
            (work,) = (tmp_path / "results").iterdir()
            assert [path.name for path in work.iterdir()] == ["raw"]
            assert len(list(work.rglob("*.jpg"))) == 50
    for _ in range(2):  # the looks at names and at masks, beside the whole work
        comparison = next(comparisons)
        whole, look = (variant.work(*variant.arguments) for variant in comparison.variants)
        assert 0 < look < whole, comparison.title
    comparisons.close()
    assert list((tmp_path / "results").iterdir()) == []
