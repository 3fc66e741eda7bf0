"""Sizes of tasks that Fargate has."""

from __future__ import annotations

_GIB = 1024
_MEMORY: dict[int, range | tuple[int, ...]] = {
    256: (512, 1024, 2048),
    512: range(1 * _GIB, 4 * _GIB + 1, _GIB),
    1024: range(2 * _GIB, 8 * _GIB + 1, _GIB),
    2048: range(4 * _GIB, 16 * _GIB + 1, _GIB),
    4096: range(8 * _GIB, 30 * _GIB + 1, _GIB),
    8192: range(16 * _GIB, 60 * _GIB + 1, 4 * _GIB),
    16384: range(32 * _GIB, 120 * _GIB + 1, 8 * _GIB),
}
"""MiB of memory by CPU units (ECS guide, AWS_Fargate)."""


def exists(cpu: str | None, memory: str | None) -> bool:
    """Whether Fargate has tasks of these CPU units and MiB."""
    return bool(cpu and memory and cpu.isdigit() and memory.isdigit()) and int(memory) in _MEMORY.get(int(cpu), ())
