"""From what was measured to documents an hour and the price of a million of them."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from nimbus.quote import choose
from nimbus.quote.choose import Memory, TaskSize
from nimbus.quote.prices import PriceTable
from nimbus_runtime.contract.errors import UsageError

_MONTH = 730.0  # hours


@dataclass(frozen=True, slots=True)
class Measured:
    """How fast one process on one vCPU scored, what memory it took, and where that was measured.

    `architecture` is that of the processor, where it is known.
    """

    documents_per_second: float
    memory: Memory
    source: str
    architecture: str | None = None


@dataclass(frozen=True, slots=True)
class Option:
    """A task, what it does an hour, and what a million documents cost with it.

    `assumed` says that its processors are taken to be as fast as those of another kind that were measured.
    """

    size: TaskSize
    architecture: str
    documents_an_hour: float
    price_an_hour: float
    price_a_million: float
    spot_price_a_million: float
    assumed: bool = False


@dataclass(frozen=True, slots=True)
class Finish:
    """A number of documents: how many tasks, how long they take, what they cost."""

    documents: int
    tasks: int
    hours: float
    price: float
    spot_price: float


@dataclass(frozen=True, slots=True)
class Serving:
    """A rate that servers keep with headroom: how many tasks, and what they cost a month of 730 hours."""

    documents_per_second: float
    tasks: int
    price_a_month: float


@dataclass(frozen=True, slots=True)
class Quote:
    """All options, the recommended one, and what was asked for; `arm_speed` is ARM's against x86, where it is known."""

    measured: Measured
    prices: PriceTable
    architecture: str
    recommended: Option
    options: tuple[Option, ...]
    finish: Finish | None
    serving: Serving | None
    arm_speed: float | None = None


def quote(  # noqa: PLR0913 - what was measured, and what is asked
    measured: Measured,
    prices: PriceTable,
    architecture: str,
    *,
    documents: int | None = None,
    within_hours: float | None = None,
    rate: float | None = None,
    size: TaskSize | None = None,
    arm_speed: float | None = None,
) -> Quote:
    """Return what scoring comes to; without `arm_speed` the other architecture is priced as if it were as fast.

    `within_hours` says how many tasks there are; without it there is one. `size` is that of tasks that
    there are already; `rate` documents a second are to be served.
    """
    if measured.architecture is None:
        measured = replace(measured, architecture=architecture)
    sizes = choose.all_sizes(measured.memory)
    names = sorted(prices.architectures, key=lambda name: name != architecture)
    options = tuple(_option(measured, prices, name, each, arm_speed) for name in names for each in sizes)
    chosen = size or choose.recommended(sizes)
    best = _option(measured, prices, architecture, chosen, arm_speed)
    finish = None if documents is None else _finish(best, documents, within_hours)
    serving = None if rate is None else _serving(best, rate)
    return Quote(measured, prices, architecture, best, options, finish, serving, arm_speed)


def _option(
    measured: Measured, prices: PriceTable, architecture: str, size: TaskSize, arm_speed: float | None
) -> Option:
    factor = _factor(measured.architecture, architecture, arm_speed or 1.0)
    an_hour = measured.documents_per_second * factor * size.vcpus * 3600
    price = price_an_hour(prices, architecture, size)
    million = price * 1e6 / an_hour
    spot = million * prices.architectures[architecture].spot_share
    other = measured.architecture != architecture
    return Option(size, architecture, an_hour, price, million, spot, assumed=other and arm_speed is None)


def _factor(measured: str | None, priced: str, arm_speed: float) -> float:
    """Return how fast the priced processors are against those that were measured."""
    if measured == priced:
        return 1.0
    return arm_speed if priced == "ARM64" else 1 / arm_speed


def price_an_hour(prices: PriceTable, architecture: str, size: TaskSize) -> float:
    """Return what a task costs an hour; UsageError where the table has no such processors."""
    rate = prices.architectures.get(architecture)
    if rate is None:
        raise UsageError(
            "the table of prices does not know these processors",
            got=architecture,
            expected=", ".join(prices.architectures),
            remedy="add them to the table",
        )
    return size.vcpus * rate.vcpu_hour + size.gigabytes * rate.gb_hour


def _serving(option: Option, rate: float) -> Serving:
    tasks = max(1, math.ceil(choose.HEADROOM * rate * 3600 / option.documents_an_hour))
    return Serving(rate, tasks, tasks * option.price_an_hour * _MONTH)


def _finish(option: Option, documents: int, within_hours: float | None) -> Finish:
    hours = documents / option.documents_an_hour
    tasks = 1 if within_hours is None else max(1, math.ceil(hours / within_hours))
    return Finish(
        documents,
        tasks,
        hours / tasks,
        documents / 1e6 * option.price_a_million,
        documents / 1e6 * option.spot_price_a_million,
    )
