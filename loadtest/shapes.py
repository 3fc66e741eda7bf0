"""How much load, and when: a shape gives one step after the other, and may look at how the last one went.

A step's `rate` is in requests a second for arrivals, in users at once for users who wait for an answer.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass

COARSE = 1.5  # from one step of a ramp to the next
_BEHIND = 0.1  # of a step's length: answers that take longer come from a queue that grows by a tenth and more
_FINER = 3  # times that the gap between what held and what broke is halved


@dataclass(frozen=True)
class Step:
    """So much load for so many seconds; `settles` says that what is in flight is waited for before the next."""

    number: int
    rate: float
    seconds: float
    settles: bool = False
    warm_up: bool = False


@dataclass(frozen=True)
class Limits:
    """What a step must keep, such as {"p95": 200.0, "errors": 0.01}: milliseconds, and the share of failures."""

    values: Mapping[str, float]

    @classmethod
    def parse(cls, text: str) -> Limits:
        """Read limits as the command line has them: p95=200,errors=0.01."""
        pairs = [part.partition("=") for part in text.split(",") if part.strip()]
        values = {name.strip(): float(value) for name, _, value in pairs}
        unknown = values.keys() - {"p50", "p95", "p99", "p999", "errors"}
        if unknown:
            raise ValueError(f"no limit is called {', '.join(sorted(unknown))}: p50, p95, p99, p999, errors")
        return cls({"errors": 0.01, **values})

    def broken(self, figures: Mapping[str, object], *, arrivals: bool = True) -> list[str]:
        """Return what a step's figures break, in words; only arrivals can fall behind, since others wait."""
        words = []
        for name, limit in self.values.items():
            got = figures.get("error_share" if name == "errors" else name)
            if isinstance(got, (int, float)) and got > limit:
                words.append(f"{name} {got:.4g} > {limit:g}")
        p95, seconds = figures.get("p95"), figures.get("seconds")
        if (
            arrivals
            and isinstance(p95, (int, float))
            and isinstance(seconds, (int, float))
            and p95 > seconds * 1e3 * _BEHIND
        ):
            words.append(f"falls behind: p95 {p95:,.0f} ms of {seconds:g} s")
        return words


Held = bool
Shape = Generator[Step, Held, None]


def steady(rate: float, seconds: float) -> Shape:
    """Yield one rate throughout."""
    yield Step(1, rate, seconds, settles=True)


def soak(rate: float, seconds: float) -> Shape:
    """Yield one rate, in ten parts, so that the last can be compared with the first."""
    for number in range(10):
        yield Step(number + 1, rate, seconds / 10, settles=number == 9)


def spike(rate: float, seconds: float) -> Shape:
    """Yield a rate, five times as much for a sixth of the time, and the rate again."""
    yield Step(1, rate, seconds / 3)
    yield Step(2, rate * 5, seconds / 6)
    yield Step(3, rate, seconds / 2, settles=True)


def ramp(rate: float, seconds: float) -> Shape:
    """Yield more and more until a step breaks a limit, then look for the breaking point in between.

    `seconds` is the length of a step. The first one warms up.
    """
    number, lowest, highest = 1, 0.0, 0.0
    yield Step(number, rate, min(seconds, 5.0), settles=True, warm_up=True)
    wanted = rate
    while not highest:
        number += 1
        if (yield Step(number, wanted, seconds, settles=True)):
            lowest, wanted = wanted, wanted * COARSE
        else:
            highest = wanted
            if not lowest and number > 12:  # it breaks at any rate
                return
            if not lowest:
                highest, wanted = 0.0, wanted / 4
    for _ in range(_FINER):
        number += 1
        wanted = (lowest * highest) ** 0.5
        if (yield Step(number, wanted, seconds, settles=True)):
            lowest = wanted
        else:
            highest = wanted


SHAPES: dict[str, Callable[[float, float], Shape]] = {
    "steady": steady,
    "ramp": ramp,
    "spike": spike,
    "soak": soak,
}
