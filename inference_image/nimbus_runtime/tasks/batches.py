"""Cuts what waits of a run into batches, each for a task of one release."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from nimbus_runtime.contract import codec, paths
from nimbus_runtime.contract.records import Batch, Release

if TYPE_CHECKING:
    from nimbus_runtime.store import Store

_MOST = 5000  # tasks that a run may start


def execution_name(execution: str) -> str:
    """Return the last part of an execution's ARN, which is its name."""
    return execution.rpartition(":")[2]


def read_release(store: Store, name: str) -> Release:
    """Return a release that is registered."""
    place = paths.release(name)
    return codec.decode(Release, store.read(place) or b"", f"{store.location}/{place}")


def cut(
    waiting: Sequence[int], a_shard: float, wanted: float, release: Release, *, candidate: bool = False
) -> list[Batch]:
    """Cut shards of so many seconds into batches of the wanted length, no more of them than may be started."""
    size = max(1, round(wanted / a_shard), -(-len(waiting) // _MOST))
    parts = [waiting[at : at + size] for at in range(0, len(waiting), size)]
    return [Batch(release.task_definition or "", release.release, _in_ranges(numbers), candidate) for numbers in parts]


def _in_ranges(numbers: Sequence[int]) -> str:
    """Return numbers as ranges, such as 0-15,20."""
    ranges: list[list[int]] = []
    for number in numbers:
        if ranges and ranges[-1][1] + 1 == number:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    return ",".join(f"{first}-{last}" if first < last else str(first) for first, last in ranges)
