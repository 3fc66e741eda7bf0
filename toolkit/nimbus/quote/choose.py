"""Sizes of tasks that Fargate has, and the one that a pipeline needs."""

from __future__ import annotations

import math
from dataclasses import dataclass

from nimbus_runtime.contract.errors import UsageError

HEADROOM = 2.0
"""How much more is asked for than was measured: texts of tomorrow may be longer, batches fuller, and more may come."""

# vCPU -> the GB that go with it, as Fargate has them.
_SIZES: dict[float, tuple[float, ...]] = {
    0.25: (0.5, 1, 2),
    0.5: (1, 2, 3, 4),
    1: tuple(range(2, 9)),
    2: tuple(range(4, 17)),
    4: tuple(range(8, 31)),
    8: tuple(range(16, 61, 4)),
    16: tuple(range(32, 121, 8)),
}


@dataclass(frozen=True, slots=True)
class TaskSize:
    """A task that Fargate starts: vCPUs, and GB of memory."""

    vcpus: float
    gigabytes: float

    @property
    def cpu_units(self) -> int:
        """Return the processors as ECS has them, in 1/1024."""
        return int(self.vcpus * 1024)

    @property
    def memory_mib(self) -> int:
        """Return the memory as ECS has it."""
        return int(self.gigabytes * 1024)


@dataclass(frozen=True, slots=True)
class Memory:
    """What was measured, in MB: what there is once, and what each process takes besides."""

    base_mb: float
    process_mb: float

    def needed_mb(self, processes: float) -> float:
        """Return what so many processes need, with headroom; part of a vCPU runs a whole one."""
        return HEADROOM * (self.base_mb + max(1, math.ceil(processes)) * self.process_mb)


def smallest(vcpus: float, memory: Memory) -> TaskSize | None:
    """Return the smallest task of so many vCPUs whose memory is enough, a process a vCPU; None where none is."""
    needed = memory.needed_mb(vcpus)
    fitting = (size for size in _SIZES[vcpus] if size * 1024 >= needed)
    found = next(fitting, None)
    return None if found is None else TaskSize(vcpus, found)


def all_sizes(memory: Memory) -> tuple[TaskSize, ...]:
    """Return the smallest fitting task of each number of vCPUs; UsageError where nothing is large enough."""
    found = [size for vcpus in _SIZES if (size := smallest(vcpus, memory))]
    if not found:
        raise UsageError(
            "no task of Fargate has so much memory",
            got=f"{memory.needed_mb(1):,.0f} MB for one process, headroom included",
            expected=f"at most {max(map(max, _SIZES.values())):,} GB",
            remedy="take a smaller pipeline, or one in int8",
        )
    return tuple(found)


def recommended(sizes: tuple[TaskSize, ...]) -> TaskSize:
    """Return the task to ask for: 2 vCPUs, so that two processes share what is there once, or the next larger."""
    return next((size for size in sizes if size.vcpus >= 2), sizes[-1])
