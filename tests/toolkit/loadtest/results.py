"""Results of load tests, made up."""

from __future__ import annotations

from typing import Any

from nimbus.loadtest.result import Figures, Measured, Result, Second, Step


def figures(**given: Any) -> dict[str, Any]:  # noqa: ANN401 - any figure
    """Return the values of figures that nothing is wrong with."""
    values: dict[str, Any] = {
        "seconds": 10.0,
        "arrivals": 100,
        "arrival_rate": 10.0,
        "finished": 100,
        "request_rate": 10.0,
        "documents": 100,
        "documents_per_second": 10.0,
        "failed": 0,
        "dropped": 0,
        "unanswered": 0,
        "lost": 0,
        "error_share": 0.0,
        "outcomes": {"200": 100},
        "p50": 40.0,
        "p95": 120.0,
        "p99": 180.0,
        "p999": 250.0,
        "max": 260.0,
        "lag_p99": 1.0,
    }
    return values | given


def step(number: int, rate: float, *broken: str, **given: Any) -> Step:  # noqa: ANN401 - as above
    """Return a step."""
    more = {"number": number, "rate": rate, "warm_up": number == 1, "settle_seconds": 1.0, "cpu": 0.9}
    values = figures(documents_per_second=rate, **given)
    return Step(**values, **more, resident_bytes=3e8, broken=tuple(broken))


def result(*steps: Step, shape: str = "ramp", target: Measured | None = None, **given: Any) -> Result:  # noqa: ANN401
    """Return a result of these steps."""
    about = target or Measured("http://127.0.0.1:1", 1.0, "en_support-1", "b" * 64, 3.1e8)
    seconds = tuple(
        Second(float(n), 1 + n // 3, 5.0, 5.0, 5.0, 30.0, 90.0 if n != 4 else None, 120.0 + n * 40, 0, 0, 2, 3e8, 0.5)
        for n in range(12)
    )
    payload: dict[str, object] = {"texts": 1, "own": False, "words_median": 70, "words_spread": 0.75}
    return Result(
        shape, ("ArrivalUser",), {"errors": 0.01}, payload, 1, about, Figures(**figures(**given)), steps, seconds
    )
