"""`python -m benchmarks datatransformer`: each of our ways does the whole work, and leaves nothing behind."""

from types import SimpleNamespace

from benchmarks import datatransformer


def test_our_ways_and_cp(tmp_path):
    settings = SimpleNamespace(output=tmp_path / "results", amount=50, pictures=None)
    comparisons = datatransformer.comparisons(settings)
    comparison = next(comparisons)
    assert comparison.amount == 50 and comparison.baseline in [way.name for way in comparison.ways]
    for way in comparison.ways:
        if not way.needs:
            assert way.work(*way.arguments) > 0, way.name
            (work,) = (tmp_path / "results").iterdir()
            assert [path.name for path in work.iterdir()] == ["raw"]
            assert len(list(work.rglob("*.jpg"))) == 50
    comparisons.close()
    assert list((tmp_path / "results").iterdir()) == []
