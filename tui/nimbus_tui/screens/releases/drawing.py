"""The rows and texts of the screen of releases: functions from what is known to what is drawn."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from textual.content import Content

from nimbus_tui import figures, marks
from nimbus_tui.plain import actor, plain
from nimbus_tui.widgets import text
from nimbus_tui.widgets.table import Cell

if TYPE_CHECKING:
    from nimbus.releases.canary import Status
    from nimbus.releases.history import Change
    from nimbus.releases.show import Shown
    from nimbus_runtime.contract.records import Live
    from nimbus_tui.api.releases import Releases

ACTIONS = {"rollback": "warn", "promote": "good", "deploy": "good", "publish": "dim", "pause": "warn", "canary": "note"}
OUTCOMES = {
    "ok": "good",
    "promote": "good",
    "passed": "good",
    "met": "good",
    "none": "good",
    "failed": "bad",
    "hold": "bad",
    "missed": "bad",
    "material": "bad",
    "inconclusive": "warn",
    "visible": "warn",
}
_KINDS = {"loadtest": "load test"}
_LABELS = 14
_EVIDENCE = 26  # cells that come before its age
_WHOLE = 100  # percent


def entry(change: Change, now: datetime) -> tuple[Cell | str, ...]:
    """Return a change of what is live as a row."""
    done = change.state.entry
    return (
        Cell(str(change.state.sequence), "dim"),
        Cell(figures.age(done.time, now), "dim"),
        Cell(done.action, ACTIONS.get(done.action, "")),
        of(change.state),
        Cell(actor(done.actor), "dim"),
        Cell(done.reason, "dim"),
    )


def change(found: Change, now: datetime, width: int) -> list[Content]:
    """Return a change in words: what it was, by whom, when, and why."""
    done = found.state.entry
    told = f"#{found.state.sequence} {done.action} by {actor(done.actor)}, {figures.age(done.time, now)}"
    why = f": {done.reason}" if done.reason else ""
    lines = textwrap.wrap(plain(told + why), width, break_on_hyphens=False)
    return [*(text.toned(line, ACTIONS.get(done.action, "")) for line in lines), Content("")]


def of(state: Live) -> str:
    """Return the release that a change is about: in a canary, the candidate."""
    return state.candidate.release if state.entry.action == "canary" and state.candidate else state.release


def matches(change: Change, wanted: str) -> bool:
    """Say whether a change has a text in it."""
    done = change.state.entry
    return wanted in f"{done.action} {done.actor} {done.reason} {of(change.state)}".lower()


def ordered(known: Releases) -> list[str]:
    """Return the releases: live, candidate and previous first, then as they were live last, then the others."""
    live = known.live
    first = [] if live is None else [live.release, live.candidate.release if live.candidate else None, live.previous]
    names = [*first, *(change.state.release for change in known.changes), *reversed(known.names)]
    there = set(known.names)
    return list(dict.fromkeys(name for name in names if name in there))


def release_row(name: str, known: Releases, marked: str) -> tuple[Cell | str, ...]:
    """Return a release as a row."""
    live = known.live
    role, tone, mark = "", "dim", marks.UNKNOWN
    if live is not None and name == live.release:
        role, tone, mark = "live", "good", marks.LIVE
    elif live is not None and live.candidate is not None and name == live.candidate.release:
        role, tone, mark = f"canary {live.candidate.percent} %", "note", marks.NOTED
    elif live is not None and name == live.previous:
        role, tone, mark = "previous", "", marks.BESIDE
    if name == marked:
        role, mark = ", ".join(part for part in (role.partition(" ")[0], "marked") if part), marks.MARKED
    return Cell(mark, tone), Cell(name, "bold" if role == "live" else ""), Cell(role, tone)


def release(found: Any, now: datetime, width: int) -> list[Content]:  # noqa: ANN401 - as the API hands it over
    """Return all that is known of a release, one part below the other."""
    shown: Shown = found
    record = shown.release
    facts: list[text.Fact] = [
        ("is", shown.role or "registered", {"live": "good", "candidate": "note"}.get(shown.role or "", "")),
        (
            "can run",
            "yes" if shown.lacks is None else f"no: {shown.lacks} is gone",
            "" if shown.lacks is None else "bad",
        ),
        ("pipeline", f"{record.pipeline} {record.pipeline_version}"),
        ("bundle", record.bundle_digest[:16]),
    ]
    about = " · ".join(part for part in (record.precision, figures.size(record.size) if record.size else None) if part)
    facts += [
        (name, value)
        for name, value in (("made of", about), ("image", record.image), ("task", record.task_definition))
        if value
    ]
    facts += [("went live", figures.age(shown.live_since[-1], now))] if shown.live_since else []
    if shown.dataset is not None:
        counts = shown.dataset.counts
        facts.append(("dataset", f"{shown.dataset.run}, {counts.scored:,} scored, {counts.quarantined:,} set aside"))
    told = [text.facts(facts, width, whole=True), Content(""), text.toned("Evidence", "bold")]
    told += _evidence(shown, now, width)
    for component, labels in record.labels.items():
        more = f" and {len(labels) - _LABELS} more" if len(labels) > _LABELS else ""
        told += [Content(""), text.words(text.toned(f"Labels of {component}", "bold"))]
        told.append(text.toned(", ".join(labels[:_LABELS]) + more, "dim"))
    told += _settings(shown, width)
    if shown.against_live:
        told += [Content(""), text.toned("Against what is live", "bold"), text.differences(shown.against_live, width)]
    return told


def canary(found: Any, name: str, key: Callable[[str], str]) -> list[Content]:  # noqa: ANN401 - as the API hands it over
    """Return how the canary of a release goes: its share, its runs and by which rules, what comes next by which key."""
    status: Status | None = found
    if status is None or status.candidate is None or status.candidate.release != name:
        return []
    share = f"{status.candidate.percent} % of the shards, the rest is by {status.live}"
    told = [text.words(text.toned("Canary  ", "bold"), text.toned(share, "note"))]
    for run in status.runs:
        verdict = run.verdict
        word, tone = ("goes on", "dim") if verdict is None else ("kept", "good") if verdict.kept else ("dropped", "bad")
        of = f"{run.run}  {run.shards} of {run.of} shards  "
        told.append(text.words(text.toned(of, "dim"), text.toned(word, tone)))
        for rule in () if verdict is None else verdict.rules:
            mark, tone = (marks.PASSED, "good") if rule.held else (marks.FAILED, "bad")
            figures_of = f" {rule.name}: {rule.candidate:g}, live {rule.live:g}, limit {rule.limit:g}"
            told.append(text.words(text.toned(f"  {mark}", tone), text.toned(figures_of)))
    following = f"a run in which it does well comes first; {key('releases.canary')} drops it"
    if status.next is not None:
        promotes, gives = (
            f"{key('releases.promote')} makes it live",
            f"{key('releases.canary')} gives it {status.next} %",
        )
        following = promotes if status.next == _WHOLE else gives
    return [*told, text.words(text.toned("→ ", "note"), text.toned(following)), Content("")]


def _evidence(shown: Shown, now: datetime, width: int) -> Sequence[Content]:
    if not shown.evidence:
        return [text.toned("nothing was found out about it yet", "dim")]
    told = []
    for item in reversed(shown.evidence):
        age, by = figures.age(item.time, now), f" by {actor(item.actor)}"
        fits = _EVIDENCE + len(age) + len(by) <= width
        told.append(
            text.words(
                text.toned(f"{_KINDS.get(item.kind, item.kind):<11} ", "dim"),
                text.toned(f"{item.outcome:<13}", OUTCOMES.get(item.outcome, "")),
                text.toned(f" {age}{by if fits else ''}", "dim"),
            )
        )
    return told


def _settings(shown: Shown, width: int) -> list[Content]:
    if shown.release.job is None:
        return []
    from nimbus_runtime.contract import codec  # noqa: PLC0415 - only where settings are shown

    plain = codec.plain(shown.release.job)
    values = plain if isinstance(plain, dict) else {}
    facts = [(str(name), _shown(value)) for name, value in values.items() if value is not None]
    return [Content(""), text.toned("Settings", "bold"), text.facts(facts, width)]


def _shown(value: object) -> str:
    """Return a setting as one would say it: of several, each."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return ", ".join(map(_shown, value))
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_shown(each)}" for name, each in value.items() if each is not None)
    return json.dumps(value)
