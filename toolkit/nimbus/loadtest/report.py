"""A load test as one page of HTML that needs nothing else, for people; the JSON beside it is for programs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from nimbus.loadtest.charts import Line, chart
from nimbus.loadtest.result import Second, Step
from nimbus.loadtest.run import Trial
from nimbus.loadtest.verdict import Outcome

_TITLES = {
    Outcome.OK: "Kept",
    Outcome.MISSED: "Missed",
    Outcome.UNSOUND: "Says nothing",
}


def page(tested: Trial, time: str, cost: Sequence[Sequence[str]] = (), note: str = "") -> str:
    """Return the page; `cost` are rows of a table, the first being the heads."""
    outcome = tested.verdict.outcome
    target = tested.result.target
    name = target.release or target.url or "runs"
    parts = [
        f"<h1>Load test of {escape(name)}</h1>",
        f'<p class="verdict {outcome.value}"><b>{_TITLES[outcome]}</b> {escape(tested.words)}</p>',
        _list(tested.verdict.reasons),
        _tiles(tested),
        _latency(tested.result.timeline),
        _throughput(tested.result.timeline),
        _steps(tested.result.steps),
        _outcomes(tested),
    ]
    if cost:
        parts += ["<h2>Size and cost</h2>", _table(cost), f"<p>{escape(note)}</p>"]
    parts.append(_how(tested, time))
    body = "\n".join(part for part in parts if part)
    head = f"<!doctype html>\n<html lang=en><meta charset=utf-8><title>Load test of {escape(name)}</title>"
    return f"{head}{_STYLE}\n<body>{body}</body></html>\n"


def _tiles(tested: Trial) -> str:
    judged, target, saturation = tested.verdict.judged, tested.result.target, tested.verdict.saturation
    cpu = saturation.cpu if saturation else _mean(line.cpu for line in tested.result.timeline)
    tiles = [
        ("documents/s", _number(judged.documents_per_second)),
        ("p50", _ms(judged.p50)),
        ("p95", _ms(judged.p95)),
        ("p99", _ms(judged.p99)),
        ("p99.9", _ms(judged.p999)),
        ("failed", f"{judged.error_share:.2%}"),
        ("processors used", _number(cpu)),
        ("memory, at most", _mb(target.peak_resident_bytes)),
    ]
    shown = "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in tiles)
    of = f"At {saturation.rate:.3g} requests a second, the most that was kept." if saturation else "Of the whole test."
    return f"<dl>{shown}</dl><p>{of} Times are from when a request was due to its whole answer.</p>"


def _latency(timeline: Sequence[Second]) -> str:
    lines = [
        Line(name, [(second.second, getattr(second, field)) for second in timeline], colour)
        for name, field, colour in (("p50", "p50", "a"), ("p95", "p95", "b"), ("p99", "p99", "c"))
    ]
    return f"<h2>Answers, second by second</h2>{chart(lines, 'ms', logarithmic=True)}" if timeline else ""


def _throughput(timeline: Sequence[Second]) -> str:
    if not timeline:
        return ""
    lines = [
        Line("documents/s", [(second.second, second.documents_per_second) for second in timeline], "a"),
        Line("requests/s asked for", [(second.second, second.rate) for second in timeline], "d"),
        Line("in flight", [(second.second, float(second.in_flight)) for second in timeline], "c"),
    ]
    return f"<h2>Load</h2>{chart(lines, '')}"


def _steps(steps: Sequence[Step]) -> str:
    if len(steps) < 2:
        return ""
    head = ("step", "requests/s", "documents/s", "p50", "p95", "p99", "failed", "processors", "memory", "")
    rows = [
        (
            str(step.number),
            _number(step.rate),
            _number(step.documents_per_second),
            _ms(step.p50),
            _ms(step.p95),
            _ms(step.p99),
            f"{step.error_share:.2%}",
            _number(step.cpu),
            _mb(step.resident_bytes),
            "warm-up" if step.warm_up else "; ".join(step.broken) or "kept",
        )
        for step in steps
    ]
    return f"<h2>Steps</h2>{_table([head, *rows])}"


def _outcomes(tested: Trial) -> str:
    overall = tested.result.overall
    rows = [("outcome", "requests"), *((name, f"{count:,}") for name, count in overall.outcomes.items())]
    rows.append(("dropped: too many in flight", f"{overall.dropped:,}"))
    rows.append(("unanswered at the end", f"{overall.unanswered:,}"))
    return f"<h2>Outcomes</h2>{_table(rows)}"


def _how(tested: Trial, time: str) -> str:
    result, judged = tested.result, tested.verdict.judged
    payload = result.payload
    texts = "the user's own" if payload.get("own") else f"made up, about {payload.get('words_median')} words each"
    limits = ", ".join(f"{name} {value:g}" for name, value in result.limits.items())
    plural = "es" if result.processes > 1 else ""
    made = f"{result.shape} by {' and '.join(result.users)}, {result.processes} process{plural}"
    told = [
        f"Profile {tested.profile}: {made}",
        f"Texts: {texts}, {payload.get('texts')} a request" if "ArrivalUser" in result.users else "",
        f"Limits of a step: {limits} (ms; a share)",
        f"The generator was {judged.lag_p99 or 0:,.1f} ms late at its p99",
        f"Target: {result.target.url}, {result.target.cpus or 'unknown'} processors",
        f"Bundle {result.target.bundle_digest}" if result.target.bundle_digest else "",
        f"Percentiles are exact to half a percent; {judged.finished:,} answers were counted",
        time,
    ]
    return f"<h2>How</h2>{_list([line for line in told if line])}"


def _list(lines: Sequence[str]) -> str:
    return f"<ul>{''.join(f'<li>{escape(line)}</li>' for line in lines)}</ul>" if lines else ""


def _table(rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(cell)}</th>" for cell in rows[0])
    body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows[1:])
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:,.3g}" if abs(value) < 1000 else f"{value:,.0f}"


def _ms(value: float | None) -> str:
    return "-" if value is None else f"{value:,.0f} ms" if value >= 10 else f"{value:.1f} ms"


def _mb(value: float | None) -> str:
    return "-" if value is None else f"{value / 1e6:,.0f} MB"


_STYLE = """<style>
:root { color-scheme: light dark; --ink: #1b2330; --soft: #5b6675; --line: #d5dbe3; --back: #fff;
  --a: #1f6feb; --b: #c98a00; --c: #b3261e; --d: #5b6675; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e9f0; --soft: #9aa6b5; --line: #38424f; --back: #12171e;
  --a: #6ea8fe; --b: #f2cc60; --c: #ff8a80; --d: #9aa6b5; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--back);
  max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; overflow-wrap: anywhere; } h2 { font-size: 1.1rem; margin-top: 2rem; }
.verdict { border-left: 6px solid var(--d); padding: .4rem .8rem; font-size: 1.15rem; }
.verdict.ok { border-color: #1a7f37; } .verdict.missed { border-color: var(--c); }
.verdict.unsound { border-color: var(--b); }
dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(12rem, 1fr)); gap: .6rem; }
dl div { border: 1px solid var(--line); border-radius: 6px; padding: .5rem .7rem; }
dt { color: var(--soft); font-size: .85rem; } dd { margin: 0; font-size: 1.25rem; font-variant-numeric: tabular-nums; }
.wide { overflow-x: auto; } table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .7rem; border-bottom: 1px solid var(--line); text-align: right; white-space: nowrap; }
th:first-child, td:first-child, td:last-child { text-align: left; } th { color: var(--soft); font-weight: 600; }
svg { width: 100%; height: auto; } svg text { fill: var(--soft); font: 12px system-ui, sans-serif; }
svg .grid { stroke: var(--line); } svg polyline { fill: none; stroke-width: 2; }
.a { stroke: var(--a); } .b { stroke: var(--b); } .c { stroke: var(--c); }
.d { stroke: var(--d); stroke-dasharray: 5 4; }
</style>"""
