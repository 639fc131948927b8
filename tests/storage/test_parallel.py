"""Parallel work keeps the order, takes few items ahead, and passes errors on."""

import sys
import threading

import pytest

from storage.parallel import in_parallel, short_switch_interval


def test_results_come_in_the_order_of_the_items_whatever_ends_first():
    second_done = threading.Event()

    def work(item: int) -> int:
        if item == 0:
            assert second_done.wait(30), "the second item runs beside the first"
        if item == 1:
            second_done.set()
        return item * item

    assert list(in_parallel(work, range(20), workers=2)) == [item * item for item in range(20)]


def test_only_a_few_items_are_taken_ahead():
    taken: list[int] = []

    def items():
        for item in range(1000):
            taken.append(item)
            yield item

    results = in_parallel(lambda item: item, items(), workers=2, waiting_per_worker=3)
    assert taken == [], "nothing is taken before a result is asked for"
    assert [next(results) for _ in range(10)] == list(range(10))
    assert len(taken) <= 10 + 2 * 3
    results.close()


def test_an_error_is_raised_at_its_item_and_stops_the_rest():
    done: list[int] = []

    def work(item: int) -> int:
        if item == 5:
            raise ValueError("item 5")
        done.append(item)
        return item

    results = in_parallel(work, range(10_000), workers=1, waiting_per_worker=2)
    assert [next(results) for _ in range(5)] == list(range(5))
    with pytest.raises(ValueError, match="item 5"):
        next(results)
    assert max(done) < 10


def test_the_switch_interval_is_restored():
    usual = sys.getswitchinterval()
    with pytest.raises(KeyError), short_switch_interval():
        assert sys.getswitchinterval() < usual
        raise KeyError
    assert sys.getswitchinterval() == pytest.approx(usual)
