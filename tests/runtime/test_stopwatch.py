"""Rules of measuring work on a machine that has other things to do."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Iterator
from multiprocessing.synchronize import Semaphore
from pathlib import Path

import pytest

from nimbus_runtime.stopwatch import Stopwatch

SPINNERS = 3


def _spin(processor: int, spinning: Semaphore) -> None:
    os.sched_setaffinity(0, {processor})
    spinning.release()
    while True:
        pass


@pytest.fixture
def crowded() -> Iterator[None]:
    """Share one processor with others that never rest."""
    if not Path("/proc/thread-self/schedstat").exists():
        pytest.skip("this machine does not say how long a thread waits for a processor")
    mine = os.sched_getaffinity(0)
    processor = min(mine)
    context = multiprocessing.get_context("spawn")
    spinning = context.Semaphore(0)
    others = [context.Process(target=_spin, args=(processor, spinning), daemon=True) for _ in range(SPINNERS)]
    for other in others:
        other.start()
    try:
        assert all(spinning.acquire(timeout=120) for _ in others)
        os.sched_setaffinity(0, {processor})
        yield
    finally:
        os.sched_setaffinity(0, mine)
        for other in others:
            other.kill()
            other.join()


def test_waiting_for_a_processor_is_no_work(crowded: None) -> None:
    """What others take of the machine's time is not a pipeline's."""
    del crowded
    watch, began = Stopwatch(), time.perf_counter()
    while time.perf_counter() - began < 2:
        with watch:
            sum(range(200_000))
    assert 0 < watch.seconds < 0.9 * (time.perf_counter() - began)


def test_waiting_for_something_else_is_work() -> None:
    """A pipeline that waits is as slow as one that computes; what lies between is left out."""
    watch = Stopwatch()
    for _ in range(2):
        with watch:
            time.sleep(0.1)
        time.sleep(0.1)
    assert watch.seconds >= 0.19
    watch.reset()
    assert watch.seconds == 0
