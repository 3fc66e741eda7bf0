"""The rows and texts of the screen of runs: functions from what is known to what is drawn."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from textual.content import Content

from nimbus_runtime.contract.words import percent
from nimbus_tui import chart, figures, marks
from nimbus_tui.plain import fit
from nimbus_tui.screens.overview.drawing import STANDINGS
from nimbus_tui.widgets import text
from nimbus_tui.widgets.table import Cell

if TYPE_CHECKING:
    from nimbus.executions import Line
    from nimbus.runs.overview import Overview
    from nimbus.runs.shards import Shards
    from nimbus_tui.api.runs import Quoted, SetAside

_LEVELS = {"error": "bad", "critical": "bad", "warning": "warn", "warn": "warn", "debug": "dim"}
_REASONS = 8
_MUCH_MORE = 0.25  # above the quote


def goes(run: Overview | None) -> bool:
    """Say whether a run has not ended."""
    return run is not None and run.standing.value in ("running", "starting")


def searched(key: str, run: Overview | None) -> str:
    """Return what a filter looks through."""
    return (key if run is None else f"{key} {run.standing.value} {run.release} {run.kind}").lower()


def row(key: str, run: Overview | None, now: datetime) -> tuple[Cell | str, ...]:
    """Return a run as a row; of one that nobody has looked at, its name."""
    if run is None:
        return Cell(marks.UNKNOWN, "dim"), key, Cell("…", "dim")
    mark, tone = STANDINGS[run.standing.value]
    standing = run.standing.value
    share = f"{standing} {percent(run.shards_done / run.shards, 0)}" if goes(run) and run.shards else standing
    return (
        Cell(mark, tone),
        key,
        Cell(share, tone),
        figures.count(run.documents) if run.shards else "-",
        Cell(figures.rate(run.documents_a_second), "dim"),
        Cell(figures.count(run.quarantined), "warn" if run.quarantined else "dim"),
        Cell(figures.age(run.started, now), "dim"),
        Cell(run.release, "dim"),
    )


def details(  # noqa: PLR0913, PLR0917 - what is known of it
    run: Overview,
    now: datetime,
    width: int,
    key: Callable[[str], str],
    price: tuple[float | None, str] = (None, ""),
    quoted: Quoted | None = None,
) -> list[Content]:
    """Return all that is known of a run; `price` is what a second of a worker costs, and in what; `key` names keys."""
    mark, tone = STANDINGS[run.standing.value]
    told = [text.words(text.toned(f"{mark} {run.standing.value}", tone), text.toned(f"  {run.kind}", "dim"))]
    if run.error:
        told += [text.toned(run.error, "bad")]
    if run.shards:
        done = run.shards_done / run.shards
        room = max(10, min(48, width - 8))
        bar = chart.bar(done, room)
        rest = text.toned("─" * (room - len(bar)), "dim")
        told += [Content(""), text.words(text.toned(bar, tone), rest, text.toned(f" {percent(done, 0):>5}"))]
    facts: list[text.Fact] = [
        ("shards", f"{run.shards_done:,} of {run.shards:,}" + (f", attempt {run.attempt}" if run.attempt > 1 else "")),
        ("documents", figures.count(run.documents)),
        ("documents/s", figures.rate(run.documents_a_second)),
    ]
    if run.eta is not None:
        facts.append(("left", figures.duration(run.eta), "name"))
    share = figures.share(run.quarantined, run.documents)
    facts.append(("set aside", f"{run.quarantined:,} ({share})", "warn" if run.quarantined else ""))
    facts += [("release", run.release), ("due", figures.moment(run.scheduled_time, now))]
    facts.append(("began", f"{figures.moment(run.started, now)}  {figures.age(run.started, now)}"))
    if run.ended:
        facts += [("ended", figures.moment(run.ended, now)), *_took(run)]
    if run.worker_seconds:
        facts.append(("workers", f"{figures.duration(run.worker_seconds)} of their time"))
        facts += _cost(run, run.worker_seconds, price, quoted)
    facts.append(("execution", run.execution, "dim"))
    told += [Content(""), text.facts(facts, width)]
    if run.reasons:
        told += [Content(""), text.toned("Set aside because", "bold"), *_reasons(run, width)]
    if run.standing.value in ("failed", "cancelled", "interrupted"):
        told += [
            Content(""),
            *text.hanging(f"{key('runs.redrive')} does what is missing; what is committed stays", width),
            *text.hanging(f"{key('runs.logs')} shows what its tasks said", width),
        ]
    return told


def _cost(run: Overview, seconds: float, of: tuple[float | None, str], quoted: Quoted | None) -> list[text.Fact]:
    """Return what a run has cost against what its documents should cost by the release's quote."""
    price, currency = of
    told: list[text.Fact] = []
    if price is not None:
        told.append(("cost", figures.money(seconds * price, currency) + (" so far" if goes(run) else "")))
    if quoted is not None and run.documents and not (quoted.source.startswith(f"run {run.run};") and run.run):
        expected = run.documents * quoted.seconds
        over = seconds / expected - 1
        should = figures.duration(expected) if price is None else figures.money(expected * price, currency)
        word = f"{percent(abs(over), 0)} {'more' if over > 0 else 'less'} than quoted"
        told.append(("quoted", f"{should}: {word}", "warn" if over > _MUCH_MORE else ""))
        told.append(("", f"by {quoted.source}", "dim"))
    return told


def shard_map(found: Shards, width: int) -> Content:
    """Return a run's shards as a line: each cell is one, or as many as must be, by how many of them are done."""
    cells = min(width, found.count)
    told = []
    for cell in range(cells):
        first, last = cell * found.count // cells, (cell + 1) * found.count // cells
        done = sum(number in found.done for number in range(first, last))
        whole = done == last - first
        told.append(text.toned("█" if whole else "▒" if done else "░", "good" if whole else "name" if done else "dim"))
    return Content.assemble(*told)


def shard(found: Shards, number: int) -> tuple[Cell | str, ...]:
    """Return a shard as a row; of one that nobody has looked at, its number."""
    done, known = number in found.done, found.known.get(number)
    mark = Cell(marks.PASSED, "good") if done else Cell(marks.WAITS, "dim")
    if known is None:
        return mark, f"{number:,}", Cell("…", "dim")
    head = (mark, f"{number:,}", known.input, Cell(f"{known.part[0]:,}-{known.part[1]:,}", "dim"))
    if known.seconds is None:
        return *head, Cell("waits", "dim"), "", "", "", Cell(known.release, "dim")
    rate = known.documents / known.seconds if known.seconds else None
    return (
        *head,
        figures.count(known.documents),
        Cell(figures.rate(rate), "dim"),
        Cell(figures.count(known.quarantined), "warn" if known.quarantined else "dim"),
        Cell(f"{known.seconds:.1f} s", "dim"),
        Cell(known.release, "dim"),
    )


def part(told: str, width: int) -> str:
    """Return where a shard begins and ends within a width: the marks between thousands go first."""
    return fit(told if len(told) <= width else told.replace(",", ""), width)


def _took(run: Overview) -> list[text.Fact]:
    if not run.started or not run.ended:
        return []
    seconds = (datetime.fromisoformat(run.ended) - datetime.fromisoformat(run.started)).total_seconds()
    return [("took", figures.duration(seconds))]


def _reasons(run: Overview, width: int) -> list[Content]:
    most = max(run.reasons.values())
    ordered = sorted(run.reasons.items(), key=lambda item: -item[1])[:_REASONS]
    room = max(len(reason) for reason, _ in ordered)
    return [
        text.words(
            text.toned(f"{reason:<{room}} ", ""),
            text.toned(chart.bar(count / most, max(6, min(24, width - room - 12))), "warn"),
            text.toned(f" {count:,}"),
        )
        for reason, count in ordered
    ]


def aside(item: SetAside) -> tuple[Cell | str, ...]:
    """Return a document that was set aside as a row."""
    return item.id, Cell(item.reason, "warn"), Cell(item.input, "dim"), Cell(f"{item.position:,}", "dim"), item.detail


def line(said: Line) -> tuple[Cell | str, ...]:
    """Return a line of a log as a row: one in JSON as its words, and what else it says."""
    when = datetime.fromtimestamp(said.time / 1000, UTC).strftime("%H:%M:%S")
    words, tone = said.text, ""
    try:
        record = json.loads(said.text)
    except ValueError:
        record = None
    if isinstance(record, dict):
        level = str(record.pop("level", "")).lower()
        tone = _LEVELS.get(level, "")
        record = {name: value for name, value in record.items() if name not in {"time", "run"} and name[:1] != "_"}
        main = str(record.pop("message", record.pop("event", "")))
        words = "  ".join([main, *(f"{name}={value}" for name, value in record.items())]).strip()
    elif "error" in said.text[:200].lower():
        tone = "bad"
    return Cell(when, "dim"), Cell(said.source.rpartition("/")[2], "dim"), Cell(words, tone)
