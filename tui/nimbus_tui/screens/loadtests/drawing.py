"""The rows and charts of the screen of load tests: functions from what is known to what is drawn."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence
from datetime import datetime

from textual.content import Content

from nimbus_runtime.contract.words import percent
from nimbus_tui import chart, figures, marks
from nimbus_tui.api.loadtests import Known, Profile, Result, Second
from nimbus_tui.plain import fit, middle, plain, release
from nimbus_tui.widgets import text
from nimbus_tui.widgets.table import Cell

_NAMES = 13  # cells
_MOST = 34  # of a result beside another: further apart they cannot be compared
_WIDEST = 4  # cells of a second
_ALIKE = 0.02  # a change that is no news
OUTCOMES = {"ok": (marks.PASSED, "good"), "missed": (marks.FAILED, "bad"), "unsound": (marks.LOOK, "warn")}

_GOING = {"going": (marks.GOES, "name"), "done": (marks.PASSED, "good"), "was stopped": (marks.STOPPED, "warn")}


def profile(item: Profile) -> tuple[Cell | str, ...]:
    """Return a profile as a row."""
    rate = f"{item.rate:g} at once" if item.users == "batch" else f"{item.rate:g}/s"
    return (
        Cell(marks.NOTED if item.chosen else " ", "note"),
        item.name,
        Cell(item.shape, "dim"),
        Cell(rate, "dim"),
        Cell(f"{item.seconds:g} s", "dim"),
    )


def result(item: Result, now: datetime, marked: Result | None = None) -> tuple[Cell | str, ...]:
    """Return what a test came to as a row, to be compared with those of other releases."""
    mark, tone = OUTCOMES.get(item.outcome, (marks.UNKNOWN, ""))
    return (
        Cell(marks.MARKED, "note") if item == marked else Cell(mark, tone),
        item.release,
        Cell(item.profile, "dim"),
        Cell(item.outcome, tone),
        figures.rate(item.documents_per_second),
        _ms(item.p50),
        _ms(item.p95),
        _ms(item.p99),
        Cell(_share(item.error_share), "bad" if item.error_share > 0.01 else "dim"),
        Cell(figures.size(item.memory), "dim"),
        Cell(figures.age(item.time, now), "dim"),
    )


def comparison(before: Result, after: Result, width: int) -> Content:
    """Return two results side by side, and by how much the second differs from the first."""
    room = min(_MOST, max(8, (width - _NAMES - 6) // 2))
    measured: tuple[tuple[str, Callable[[float | None], str], float | None, float | None, bool], ...] = (
        ("documents/s", figures.rate, before.documents_per_second, after.documents_per_second, True),
        ("p50", _ms, before.p50, after.p50, False),
        ("p95", _ms, before.p95, after.p95, False),
        ("p99", _ms, before.p99, after.p99, False),
        ("failed", _share, before.error_share, after.error_share, False),
        ("memory", figures.size, before.memory, after.memory, False),
    )
    names = (("profile", before.profile, after.profile), ("is", before.outcome, after.outcome))
    first, second = (release(plain(item.release), room - 1) for item in (before, after))
    told = [_beside("release", first, second, room)]
    told += [_beside(name, was, is_now, room) for name, was, is_now in names]
    for name, shown, value, other, more_is_better in measured:
        change = _change(value, other, more_is_better=more_is_better)
        told.append(text.words(_beside(name, shown(value), shown(other), room), change))
    return text.lines(told)


def _beside(name: str, first: str, second: str, room: int) -> Content:
    cells = [fit(middle(plain(cell), room - 1), room) for cell in (first, second)]
    return text.words(text.toned(name.ljust(_NAMES), "dim"), *cells)


def _change(before: float | None, after: float | None, *, more_is_better: bool) -> Content:
    if not before or after is None:
        return Content("")
    change = after / before - 1
    tone = "dim" if abs(change) < _ALIKE else "good" if (change > 0) is more_is_better else "bad"
    return text.toned(percent(change, 0, signed=True), tone)


def account(found: Result, width: int, mark: str) -> Content:
    """Return what a test came to in words, and why; `mark` is the key that marks it."""
    sign, tone = OUTCOMES.get(found.outcome, (marks.UNKNOWN, ""))
    told = [text.words(text.toned(f"{sign} {found.outcome}", tone), text.toned(f"  {found.profile}", "dim"))]
    for words, ink in ((found.words, ""), *((reason, tone) for reason in found.reasons)):
        told += [text.toned(line, ink) for line in textwrap.wrap(plain(words), width)]
    return text.lines([*told, text.toned(f"{mark} marks it, to compare others with it", "dim")])


def going(known: Known, width: int, height: int) -> Content:
    """Return how the test goes: figures of now, and latency and throughput over its seconds."""
    mark, tone = _GOING.get(known.going or "", (marks.FAILED, "bad"))
    told = [text.words(text.toned(f"{mark} {known.title}: {known.going}", tone))]
    seconds = known.seconds
    if not seconds:
        said = known.said or ("opening the release and the generator …",)
        words = [part for line in said for part in textwrap.wrap(plain(line), width - 1, subsequent_indent=" " * 12)]
        return text.lines([*told, *(text.toned(line, "bad" if tone == "bad" else "dim") for line in words[-6:])])
    last = seconds[-1]
    if known.going != "going":  # in which the last answers may have come a second before the end
        last = next((second for second in reversed(seconds) if second.p50 is not None), last)
    told.append(
        text.words(
            text.toned(f"{last.second:.0f} s", "bold"),
            text.toned(f"  step {last.step}  {last.rate:.3g}/s  {last.in_flight} in flight", "dim"),
            text.toned(f"  {sum(each.failed for each in seconds)} failed", "dim"),
        )
    )
    told.append(_marks(known, last))
    room, each = max(10, width - 2), max(2, min(7, (height - 7) // 2))
    latencies = [second.p95 or 0.0 for second in seconds]
    limit = dict(known.limits).get("p95")
    told += _chart("p95", latencies, room, each, f"ms at most{f', limit {limit}' if limit else ''}", "note")
    told += _chart("documents/s", [second.documents_per_second for second in seconds], room, each, "at most", "name")
    return text.lines(told)


def _marks(known: Known, last: Second) -> Content:
    limits = dict(known.limits)
    parts = []
    for name, value in (("p50", last.p50), ("p95", last.p95), ("p99", last.p99)):
        limit = limits.get(name)
        over = limit is not None and value is not None and value > float(limit.split()[0])
        parts += [text.toned(f"{name} ", "dim"), text.toned(_ms(value), "bad" if over else "bold"), Content("  ")]
    parts += [text.toned("docs/s ", "dim"), text.toned(figures.rate(last.documents_per_second), "bold")]
    return text.words(*parts)


def _chart(  # noqa: PLR0913, PLR0917 - what a chart is of
    name: str, values: Sequence[float], width: int, height: int, unit: str, tone: str
) -> list[Content]:
    each = max(1, min(_WIDEST, width // max(1, len(values))))
    shown = [value for value in chart.resampled(values, width) for _ in range(each)]
    top = max(shown, default=0.0)
    head = text.words(text.toned(name, "bold"), text.toned(f"  {figures.rate(top)} {unit}", "dim"))
    return [head, *(text.toned(line, tone) for line in chart.columns(shown, height))]


def _share(value: float | None) -> str:
    return figures.share(value or 0.0, 1)


def _ms(value: float | None) -> str:
    return "-" if value is None else f"{value:,.0f} ms" if value >= 10 else f"{value:.1f} ms"


def limits(known: Known) -> str:
    """Return what a test must keep, in a line."""
    told = " · ".join(f"{name} {value}" for name, value in known.limits)
    return f"at most {told}" if told else "no limits are set: [loadtest.slo]"
