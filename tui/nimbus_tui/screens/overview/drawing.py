"""The texts of the first screen: functions from what is known to what is drawn."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from textual.content import Content

from nimbus_tui import chart, figures
from nimbus_tui.plain import middle, plain
from nimbus_tui.widgets import text
from nimbus_tui.widgets.table import Cell

if TYPE_CHECKING:
    from nimbus.releases.history import Change
    from nimbus.runs.overview import Overview
    from nimbus_tui.api.overview import State

STANDINGS = {
    "starting": ("◌", "name"),
    "running": ("◐", "name"),
    "published": ("●", "good"),
    "finished": ("○", "dim"),
    "failed": ("✗", "bad"),
    "cancelled": ("■", "warn"),
    "interrupted": ("✗", "bad"),
}
"""A mark and a tone for each standing of a run: never colour alone."""


def live(state: State, now: datetime, width: int) -> Content:
    """Return what is live, what was before, and what readers see."""
    present = state.live
    if present is None:
        return Content("")
    since = next((c.state.entry.time for c in state.changes if c.state.entry.action != "publish"), None)
    shown = state.release
    facts: list[text.Fact] = [("live", present.release, "bold")]
    if since:
        facts.append(("since", figures.age(since, now)))
    if present.candidate is not None:
        facts.append(("canary", f"{present.candidate.release} at {present.candidate.percent} %", "note"))
    facts.append(("previous", present.previous or "none", "" if present.previous else "dim"))
    if shown is not None:
        release = shown.release
        facts.append(("pipeline", f"{release.pipeline} {release.pipeline_version}"))
        about = [release.precision or "", figures.size(release.size) if release.size else ""]
        if any(about):
            facts.append(("bundle", " · ".join(part for part in [release.bundle_digest[:12], *about] if part)))
    facts.append(("dataset", present.dataset or "none yet", "" if present.dataset else "dim"))
    if shown is not None and shown.dataset is not None and shown.dataset.run == present.dataset:
        counts = shown.dataset.counts
        told = f"{counts.scored:,} documents, {figures.age(shown.dataset.finished, now)}"
        facts.append(("", told, "dim"))
    return text.facts([*facts, *_alarms(state)], width)


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
    room = max(8, width - 14)
    ordered = ordered[-room:]
    told = []
    if ordered:
        marks = Content.assemble(*(text.toned(*STANDINGS[run.standing.value]) for run in ordered))
        told.append(_line("last runs", marks))
        told.append(_line("documents", text.toned(chart.spark([run.documents or None for run in ordered]), "name")))
        rates = [run.documents_a_second for run in ordered]
        last = next((rate for rate in reversed(rates) if rate), None)
        told.append(_line("documents/s", text.toned(chart.spark(rates), "name"), f"  {figures.rate(last)}"))
        told.append(_line("latest", _latest(ordered[-1], now, room)))
    timing = state.timing
    if state.live is not None and state.live.paused:
        told.append(_line("next", text.toned("paused", "warn")))
    elif timing is None:
        told.append(_line("next", text.toned("no schedule", "dim")))
    else:
        for number, due in enumerate(timing.upcoming[:2]):
            when = text.words(
                text.toned(f"{due:%a %d %b %H:%M} UTC"), text.toned(f"  {figures.until(due, now)}", "dim")
            )
            told.append(_line("next" if number == 0 else "then", when))
        told.append(_line("schedule", text.toned(middle(f"{timing.expression} {timing.time_zone}", room), "dim")))
    return text.lines(told)


def _line(name: str, shown: Content, beside: str = "") -> Content:
    return text.words(text.toned(f"{name:<12}  ", "dim"), shown, text.toned(beside, "dim"))


def _latest(run: Overview, now: datetime, room: int) -> Content:
    mark, tone = STANDINGS[run.standing.value]
    when = figures.age(run.ended or run.started, now)
    left = room - len(run.standing.value) - len(when) - 5
    name = middle(plain(run.run or run.execution), left) if left >= 8 else ""
    return text.words(
        text.toned(f"{mark} {run.standing.value} ", tone), text.toned(name), text.toned(f"  {when}", "dim")
    )


def change(found: Change, now: datetime) -> tuple[Cell | str, ...]:
    """Return a change of what is live as a row."""
    entry = found.state.entry
    changed = " · ".join(f"{item.name} {item.before} → {item.after}" for item in found.differences) or entry.reason
    tone = {"rollback": "warn", "promote": "good", "deploy": "good", "publish": "dim"}.get(entry.action, "")
    return (
        str(found.state.sequence),
        Cell(figures.age(entry.time, now), "dim"),
        Cell(entry.action, tone),
        Cell(entry.actor, "dim"),
        changed,
    )
