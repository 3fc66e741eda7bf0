"""From what was measured to documents an hour and the price of a million of them."""

from __future__ import annotations

import math
from dataclasses import dataclass

from nimbus.quote import choose
from nimbus.quote.choose import Memory, TaskSize
from nimbus.quote.prices import PriceTable
from nimbus_runtime.contract.errors import UsageError

_MONTH = 730.0  # hours


@dataclass(frozen=True, slots=True)
class Measured:
    """How fast one process on one vCPU scored, what memory it took, and where that was measured."""

    documents_per_second: float
    memory: Memory
    source: str


@dataclass(frozen=True, slots=True)
class Option:
    """A task, what it does an hour, and what a million documents cost with it."""

    size: TaskSize
    architecture: str
    documents_an_hour: float
    price_an_hour: float
    price_a_million: float
    spot_price_a_million: float


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
    """All options, the recommended one, and what was asked for."""

    measured: Measured
    prices: PriceTable
    architecture: str
    recommended: Option
    options: tuple[Option, ...]
    finish: Finish | None
    serving: Serving | None


def quote(  # noqa: PLR0913 - what was measured, and what is asked
    measured: Measured,
    prices: PriceTable,
    architecture: str,
    *,
    documents: int | None = None,
    within_hours: float | None = None,
    rate: float | None = None,
    size: TaskSize | None = None,
) -> Quote:
    """Return what scoring comes to; the other architecture is priced at the same speed, which was not measured.

    `within_hours` says how many tasks there are; without it there is one. `size` is that of tasks that
    there are already; `rate` documents a second are to be served.
    """
    sizes = choose.all_sizes(measured.memory)
    names = sorted(prices.architectures, key=lambda name: name != architecture)
    options = tuple(_option(measured, prices, name, each) for name in names for each in sizes)
    chosen = size or choose.recommended(sizes)
    best = _option(measured, prices, architecture, chosen)
    finish = None if documents is None else _finish(best, documents, within_hours)
    serving = None if rate is None else _serving(best, rate)
    return Quote(measured, prices, architecture, best, options, finish, serving)


def _option(measured: Measured, prices: PriceTable, architecture: str, size: TaskSize) -> Option:
    an_hour = measured.documents_per_second * size.vcpus * 3600
    price = price_an_hour(prices, architecture, size)
    million = price * 1e6 / an_hour
    return Option(size, architecture, an_hour, price, million, million * prices.architectures[architecture].spot_share)


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
