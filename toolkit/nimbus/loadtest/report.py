"""A load test as one page of HTML that needs nothing else, for people; the JSON beside it is for programs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from nimbus.loadtest.charts import Line, chart
from nimbus.loadtest.command import Under
from nimbus.loadtest.result import Step
from nimbus.loadtest.run import Trial
from nimbus.loadtest.verdict import Outcome
from nimbus_runtime.contract.words import percent, plural

_TITLES = {
    Outcome.OK: "Kept",
    Outcome.MISSED: "Missed",
    Outcome.UNSOUND: "Says nothing",
}


_LONG_MS = 10_000.0  # from there in seconds
_OF_REQUESTS = "when a request was due to its whole answer"
_OF_RUNS = "submitting a run to its publication"
_UNDER = {
    Under.ADDRESS: "a server at {url}",
    Under.BUNDLE: "the bundle, served on the machine that made the load",
    Under.IMAGE: "the image, in a container on the machine that made the load",
    Under.RUNS: "runs",
}


def page(tested: Trial, time: str, cost: Sequence[Sequence[str]] = (), note: str = "") -> str:
    """Return the page; `cost` are rows of a table, the first being the heads."""
    outcome = tested.verdict.outcome
    target = tested.result.target
    name = "runs" if tested.under is Under.RUNS else target.release or target.url or "a server"
    parts = [
        f"<h1>Load test of {escape(name)}</h1>",
        f'<p class="verdict {outcome.value}"><b>{_TITLES[outcome]}</b> {escape(tested.words)}</p>',
        _list(tested.verdict.reasons),
        _tiles(tested),
        _latency(tested),
        _throughput(tested),
        _steps(tested),
        _outcomes(tested),
    ]
    if cost:
        parts += ["<h2>Size and cost</h2>", _table(cost), f"<p>{escape(note)}</p>"]
    parts.append(_how(tested, time))
    body = "\n".join(part for part in parts if part)
    told = "<meta charset=utf-8><meta name=viewport content='width=device-width, initial-scale=1'>"
    head = f"{told}<title>Load test of {escape(name)}</title>{_STYLE}"
    return f"<!doctype html>\n<html lang=en><head>{head}</head>\n<body>{body}</body></html>\n"


def _tiles(tested: Trial) -> str:
    judged, target, saturation = tested.verdict.judged, tested.result.target, tested.verdict.saturation
    cpu = saturation.cpu if saturation else _mean(line.cpu for line in tested.result.timeline)
    tiles = [
        ("documents/s", _number(judged.documents_per_second)),
        ("p50", _ms(judged.p50)),
        ("p95", _ms(judged.p95)),
        ("p99", _ms(judged.p99)),
        ("p99.9", _ms(judged.p999)),
        ("failed", percent(judged.error_share)),
    ]
    if cpu is not None:
        of_all = f" of {target.processors:g}" if target.processors else ""
        tiles.append(("processors used", _number(cpu) + of_all))
    if target.peak_resident_bytes:
        tiles.append(("memory, at most", _mb(target.peak_resident_bytes)))
    shown = "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in tiles)
    runs = tested.under is Under.RUNS
    what, times = ("runs at once", _OF_RUNS) if runs else ("requests a second", _OF_REQUESTS)
    of = f"At {saturation.rate:.3g} {what}, the most that was kept." if saturation else "Of the whole test."
    return f"<dl>{shown}</dl><p>{of} Times are from {times}.</p>"


def _latency(tested: Trial) -> str:
    timeline = tested.result.timeline
    lines = [
        Line(name, [(second.second, getattr(second, name)) for second in timeline], colour)
        for name, colour in (("p50", "a"), ("p95", "b"), ("p99", "c"))
    ]
    limits = ((name, getattr(tested.slo, f"{name}_ms")) for name in ("p95", "p99", "p50"))
    limit = next(((name, value) for name, value in limits if value), None)
    if limit is not None and timeline and tested.under is not Under.RUNS:
        ends = [(timeline[0].second, limit[1]), (timeline[-1].second, limit[1])]
        lines.append(Line(f"limit of {limit[0]}", ends, "d"))
    return _figure("Answers, second by second", chart(lines, "ms", logarithmic=True))


def _throughput(tested: Trial) -> str:
    timeline = tested.result.timeline
    in_flight = [(second.second, float(second.in_flight)) for second in timeline]
    if tested.under is Under.RUNS:
        return _figure("Runs at once", chart([Line("runs that go", in_flight, "a")], ""))
    lines = [
        Line("documents/s", [(second.second, second.documents_per_second) for second in timeline], "a"),
        Line("requests/s asked for", [(second.second, second.rate) for second in timeline], "d"),
        Line("in flight", in_flight, "c"),
    ]
    return _figure("Load", chart(lines, ""))


def _figure(title: str, drawn: str) -> str:
    return f'<h2>{title}</h2><div class="wide">{drawn}</div>' if drawn else ""


def _steps(tested: Trial) -> str:
    steps, most = tested.result.steps, tested.verdict.saturation
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
            percent(step.error_share),
            _number(step.cpu),
            _mb(step.resident_bytes),
            _fate(step, None if most is None else most.rate),
        )
        for step in steps
    ]
    return f"<h2>Steps</h2>{_table([head, *rows])}"


def _fate(step: Step, most: float | None) -> str:
    """Say what became of a step, and whether it is the one that the test is judged by."""
    if step.warm_up:
        return "warm-up"
    return "; ".join(step.broken) or ("kept, the most" if step.rate == most else "kept")


def _outcomes(tested: Trial) -> str:
    overall, runs = tested.result.overall, tested.under is Under.RUNS
    head = ("outcome", "runs" if runs else "requests")
    rows = [head, *((name, f"{count:,}") for name, count in overall.outcomes.items())]
    if not runs:
        rows.append(("dropped: too many in flight", f"{overall.dropped:,}"))
    if overall.lost:
        rows.append(("lost with a process of the generator", f"{overall.lost:,}"))
    return f"<h2>Outcomes</h2>{_table(rows)}"


def _how(tested: Trial, time: str) -> str:
    result, judged, runs = tested.result, tested.verdict.judged, tested.under is Under.RUNS
    payload = result.payload
    texts = "the user's own" if payload.get("own") else f"made up, about {payload.get('words_median')} words each"
    limits = ", ".join(_limit(name, value) for name, value in result.limits.items())
    made = f"{result.shape} by {' and '.join(result.users)}, {plural(result.processes, 'process', 'processes')}"
    told = [
        f"Profile {tested.profile}: {made}",
        f"Texts: {texts}, {payload.get('texts')} a request" if "ArrivalUser" in result.users else "",
        f"Limits of a step: {limits}",
        "" if runs else f"The generator was {judged.lag_p99 or 0:,.1f} ms late at its p99",
        f"Under load: {_UNDER[tested.under].format(url=result.target.url)}{_on(tested)}",
        f"Bundle {result.target.bundle_digest}" if result.target.bundle_digest else "",
        f"Percentiles are exact to half a percent; {judged.finished:,} {'runs' if runs else 'answers'} were counted",
        time,
    ]
    return f"<h2>How</h2>{_list([line for line in told if line])}"


def _limit(name: str, value: float) -> str:
    return f"{percent(value)} failed" if name == "errors" else f"{name.replace('p999', 'p99.9')} {value:,g} ms"


def _on(tested: Trial) -> str:
    """Return which processors a target had, as far as is known."""
    cpus, kind = tested.result.target.processors, tested.architecture
    if not cpus:
        return ""
    return f", on {cpus:g} {kind or 'vCPU'}{' processor' if kind else ''}{'s' if kind and cpus != 1 else ''}"


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
    if value is None:
        return "-"
    if value >= _LONG_MS:
        return f"{value / 1e3:,.1f} s"
    return f"{value:,.0f} ms" if value >= 10 else f"{value:.1f} ms"


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
dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); gap: .6rem; }
dl div { border: 1px solid var(--line); border-radius: 6px; padding: .5rem .7rem; }
dt { color: var(--soft); font-size: .85rem; } dd { margin: 0; font-size: 1.25rem; font-variant-numeric: tabular-nums; }
.wide { overflow-x: auto; } table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .7rem; border-bottom: 1px solid var(--line); text-align: right; white-space: nowrap; }
th:first-child, td:first-child, td:last-child { text-align: left; } th { color: var(--soft); font-weight: 600; }
svg { width: 100%; min-width: 40rem; height: auto; } svg text { fill: var(--soft); font: 12px system-ui, sans-serif; }
svg .grid { stroke: var(--line); } svg polyline { fill: none; stroke-width: 2; }
.a { stroke: var(--a); } .b { stroke: var(--b); } .c { stroke: var(--c); }
.d { stroke: var(--d); stroke-dasharray: 5 4; }
</style>"""
