"""Rules of many requests under way at once, and of how many objects are looked into."""

from __future__ import annotations

import threading

import pytest

from nimbus_runtime.at_once import each
from nimbus_runtime.readers.objects import sample


def test_answers_come_in_the_order_of_the_items() -> None:
    """Whichever was answered first; and several are under way at once."""
    together = threading.Barrier(4, timeout=120)

    def work(number: int) -> int:
        if number < 4:
            together.wait()
        return number * 2

    assert list(each(work, range(2500))) == [number * 2 for number in range(2500)]


def test_the_first_failure_in_order_is_the_one_that_is_told() -> None:
    """So that a run over the same objects always names the same."""

    def work(number: int) -> int:
        if number >= 7:
            raise ValueError(number)
        return number

    with pytest.raises(ValueError, match=r"^7$"):
        list(each(work, range(100)))


def test_of_many_objects_a_thousand_are_looked_into() -> None:
    """Spread over all; where there are fewer, every one."""
    assert sample(range(1000)) == range(1000)
    many = sample(range(100_000))
    assert (len(many), many[0], many[1], many[-1]) == (1000, 0, 100, 99_900)
