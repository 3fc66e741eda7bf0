"""The texts of the first screen: functions from what is known to what is drawn."""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

from rich.cells import cell_len
from textual.content import Content

from nimbus_tui import chart, figures, marks
from nimbus_tui.plain import actor, fit, middle, plain, release
from nimbus_tui.widgets import text
from nimbus_tui.widgets.table import Cell

if TYPE_CHECKING:
    from nimbus.releases.history import Change
    from nimbus.runs.overview import Overview
    from nimbus_tui.api.overview import State

_NAMES = 10  # cells that the names of facts take
_LONGEST, _SHORTEST = 60, 10  # cells that a release's name is cut to
_BETWEEN = " · "
_Number = TypeVar("_Number", int, float)
_SINCE = re.compile(r"^(\S+) .* →")  # the name of what changed, what it was before
STANDINGS = {
    "starting": (marks.WAITS, "name"),
    "running": (marks.GOES, "name"),
    "published": (marks.LIVE, "good"),
    "finished": (marks.BESIDE, "dim"),
    "failed": (marks.FAILED, "bad"),
    "cancelled": (marks.STOPPED, "warn"),
    "interrupted": (marks.FAILED, "bad"),
}
"""A mark and a tone for each standing of a run: never colour alone."""


def live(state: State, now: datetime, width: int) -> Content:
    """Return what is live, what was before, and what readers see."""
    present = state.live
    if present is None:
        return Content("")
    shown, room = state.release, width - _NAMES
    facts: list[text.Fact] = [("live", release(plain(present.release), room), "bold")]
    if shown is not None and shown.live_since:
        facts.append(("since", figures.age(shown.live_since[-1], now)))
    if present.candidate is not None:
        share = f" at {present.candidate.percent} %"
        facts.append(("canary", release(plain(present.candidate.release), room - len(share)) + share, "note"))
    before = release(plain(present.previous), room) if present.previous else "none"
    facts += [("previous", before, "" if present.previous else "dim"), *_alarms(state)]
    facts.append(("dataset", present.dataset or "none yet", "" if present.dataset else "dim"))
    if shown is not None and shown.dataset is not None and shown.dataset.run == present.dataset:
        counts = shown.dataset.counts
        documents, when = f"{counts.scored:,} documents", figures.age(shown.dataset.finished, now)
        told = f"{documents}, {when}"
        facts.append(("", told if len(told) <= room else documents, "dim"))
    if shown is not None:
        record = shown.release
        facts.append(("pipeline", f"{record.pipeline} {record.pipeline_version}"))
        about = [record.precision or "", figures.size(record.size) if record.size else ""]
        if any(about):
            facts.append(("bundle", " · ".join(part for part in [record.bundle_digest[:12], *about] if part)))
    return text.facts(facts, width)


def _alarms(state: State) -> list[text.Fact]:
    if state.unknown:
        return [("alarms", "not known", "warn")]
    if state.alarms is None:
        return []
    raised = [alarm.name for alarm in state.alarms if alarm.state.value == "raised"]
    if raised:
        return [("alarms", f"{len(raised)} of {len(state.alarms)} raised: {', '.join(raised)}", "bad")]
    return [("alarms", f"{len(state.alarms)}, all quiet" if state.alarms else "none are made", "dim")]


def runs(state: State, now: datetime, width: int) -> Content:
    """Return the last runs as a line of marks and two sparklines, and when the next is due."""
    ordered = state.runs[::-1]
    room = max(8, width - _NAMES - 1)
    ordered = ordered[-room:]
    told = []
    if ordered:
        line = Content.assemble(*(text.toned(*STANDINGS[run.standing.value]) for run in ordered))
        told.append(_line("last runs", line))
        counts = [run.documents or None for run in ordered]
        told.append(_line("documents", text.toned(chart.spark(counts)), f"  {figures.count(_latest_of(counts))}"))
        rates = [run.documents_a_second for run in ordered]
        told.append(_line("docs/s", text.toned(chart.spark(rates), "name"), f"  {figures.rate(_latest_of(rates))}"))
        told.append(_line("latest", _latest(ordered[-1], now, room)))
    timing = state.timing
    if state.live is not None and state.live.paused:
        told.append(_line("next", text.toned("paused", "warn")))
    elif timing is None:
        told.append(_line("next", text.toned("no schedule", "dim")))
    else:
        for number, due in enumerate(timing.upcoming[:2]):
            far = figures.until(due, now)
            whole, short = f"{due:%a %d %b %H:%M} {timing.time_zone}", f"{due:%a %d %b %H:%M %Z}"
            when = whole if len(whole) + len(far) + 2 <= room else short
            if len(when) + len(far) + 2 > room:
                far = ""
            told.append(_line("next" if number == 0 else "then", text.toned(when), f"  {far}" if far else ""))
        told.append(_line("schedule", text.toned(middle(f"{timing.expression} {timing.time_zone}", room), "dim")))
    return text.lines(told)


def _latest_of(values: Sequence[_Number | None]) -> _Number | None:
    return next((value for value in reversed(values) if value), None)


def _line(name: str, shown: Content, beside: str = "") -> Content:
    return text.words(text.toned(f"{name:<{_NAMES - 1}}  ", "dim"), shown, text.toned(beside, "dim"))


def _latest(run: Overview, now: datetime, room: int) -> Content:
    mark, tone = STANDINGS[run.standing.value]
    when = figures.age(run.ended or run.started, now)
    left = room - len(run.standing.value) - len(when) - 5
    name = f" {middle(plain(run.run or run.execution), left)}" if left >= 8 else ""
    return text.words(
        text.toned(f"{mark} {run.standing.value}", tone), text.toned(name), text.toned(f"  {when}", "dim")
    )


@functools.lru_cache(256)
def changed(told: str, width: int) -> str:
    """Return what changed within a width: what was before goes first, then releases' names get short."""
    if cell_len(told) <= width:
        return told
    parts = [_SINCE.sub(r"\1 →", part) for part in told.split(_BETWEEN)]
    words = _BETWEEN.join(parts).split(" ")
    shown = " ".join(words)
    for room in range(_LONGEST, _SHORTEST - 1, -1):
        if cell_len(shown) <= width:
            break
        shown = " ".join(release(word, room) if word.count("-") > 1 else word for word in words)
    return fit(shown, width)


def change(found: Change, now: datetime) -> tuple[Cell | str, ...]:
    """Return a change of what is live as a row."""
    entry = found.state.entry
    differences = (f"{item.name} {item.before} → {item.after}" for item in found.differences)
    tone = {"rollback": "warn", "promote": "good", "deploy": "good", "publish": "dim"}.get(entry.action, "")
    return (
        str(found.state.sequence),
        Cell(figures.age(entry.time, now), "dim"),
        Cell(entry.action, tone),
        Cell(actor(entry.actor), "dim"),
        _BETWEEN.join(differences) or entry.reason,
    )
