"""What Fargate costs: an assumption that a user can check, not a bill."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars an hour, on demand, as listed for us-east-1 in November 2026."""

    vcpu: float = 0.04048
    gigabyte: float = 0.004445


_ARM_SHARE = 0.8


def task_seconds(vcpu_seconds: float, cpu: int, memory: int, architecture: str, price: Price = Price()) -> float:
    """Return what so much processor time costs in tasks of `cpu` units of 1/1024 vCPU and `memory` MiB, in dollars."""
    gigabytes = memory / 1024 / (cpu / 1024)
    hourly = price.vcpu + gigabytes * price.gigabyte
    return vcpu_seconds / 3600 * hourly * (_ARM_SHARE if architecture == "ARM64" else 1)
