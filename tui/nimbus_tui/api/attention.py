"""What somebody should look at, in words: decided from records alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from nimbus_tui import figures

if TYPE_CHECKING:
    from nimbus.executions import Alarm
    from nimbus.runs.overview import Overview
    from nimbus_runtime.contract.records import Evidence, Live

_MUCH = 0.05  # share of quarantined documents that is worth a look
_SLOW = 0.6  # of the usual speed
_ABOUT = {"drift": "drift", "dead-letters": "infrastructure", "silent-watch": "infrastructure"}
"""Where more stands about what an alarm tells of; without a line, at the runs."""
_ENDED_BADLY = {"failed": "failed", "interrupted": "was interrupted", "cancelled": "was cancelled"}


@dataclass(frozen=True, slots=True)
class Attention:
    """Something to look at: `short` in a few words, `sentence` in full, the screen where more stands.

    In a sentence an action's name between braces stands for its key.
    `alarm` is one whose section of the runbook says what to do.
    """

    tone: str
    short: str
    sentence: str
    section: str
    key: str = ""
    alarm: str = ""


def attention(  # noqa: PLR0913 - what is known
    present: Live | None,
    runs: Sequence[Overview],
    *,
    paused: bool = False,
    missed: datetime | None = None,
    evidence: Sequence[Evidence] = (),
    lacks: str | None = None,
    alarms: Sequence[Alarm] = (),
    unknown: str = "",
) -> tuple[Attention, ...]:
    """Return what needs attention, the worst first."""
    raised = [_of_alarm(alarm) for alarm in alarms if alarm.state.value == "raised"]
    if present is None:
        words = "Nothing is deployed here yet: {overview.deploy} deploys the pipeline of nimbus.toml."
        return (*raised, Attention("dim", "nothing live yet", words, "releases"))
    found = [*raised, *_of_runs(runs), *_of_live(present, lacks), *_of_evidence(evidence)]
    if paused:
        told = "Scheduled runs are paused: on Runs, {runs.pause} lets them begin again."
        found.append(Attention("warn", "paused", told, "runs"))
    elif missed is not None:
        told = f"The run that was due at {missed:%Y-%m-%d %H:%M %Z} has not begun."
        found.append(Attention("bad", "a run was missed", told, "runs"))
    if unknown:
        found.append(Attention("note", "alarms unknown", f"Alarms cannot be seen: {unknown}.", "overview"))
    order = {"bad": 0, "warn": 1, "note": 2, "dim": 3}
    return tuple(sorted(found, key=lambda item: order.get(item.tone, 9)))


def _of_alarm(alarm: Alarm) -> Attention:
    told = f"Alarm {alarm.name} since {figures.moment(alarm.since)}: {alarm.about}"
    return Attention("bad", f"alarm {alarm.name}", told, _ABOUT.get(alarm.name, "runs"), alarm=alarm.name)


def _of_runs(runs: Sequence[Overview]) -> list[Attention]:
    ended = [run for run in runs if run.standing.value not in ("running", "starting")]
    if not ended:
        return []
    last, name, found = ended[0], ended[0].run or ended[0].execution, []
    if last.standing.value in _ENDED_BADLY:
        words = f"Run {name} {_ENDED_BADLY[last.standing.value]}" + (f": {last.error}" if last.error else "")
        tone = "warn" if last.standing.value == "cancelled" else "bad"
        found.append(Attention(tone, f"last run {_ENDED_BADLY[last.standing.value]}", words, "runs", last.run))
    elif last.standing.value == "published" and not last.documents:
        words = f"Run {name} found no documents: what readers see is empty."
        found.append(Attention("warn", "no documents", words, "runs", last.run))
    elif last.documents and last.quarantined / last.documents >= _MUCH:
        words = f"{last.quarantined:,} of {last.documents:,} documents of run {name} were quarantined."
        found.append(Attention("warn", "many quarantined", words, "runs", last.run))
    rates = [run.documents_a_second for run in ended if run.documents_a_second]
    if len(rates) >= 4 and rates[0] < _SLOW * sorted(rates)[len(rates) // 2]:
        words = f"Run {name} was slower than usual: {rates[0]:,.0f} documents/s."
        found.append(Attention("warn", "slower than usual", words, "runs", last.run))
    return found


def _of_live(present: Live, lacks: str | None) -> list[Attention]:
    found = []
    if lacks is not None:
        words = f"The live release can no longer run: {lacks} is gone."
        found.append(Attention("bad", "cannot run", words, "releases", present.release))
    if present.candidate is not None:
        words = f"Canary: {present.candidate.release} has {present.candidate.percent} % of the shards."
        found.append(Attention("note", "canary", words, "releases", present.candidate.release))
    if present.datasets.get(present.release) is None:
        words = "The live release has published nothing yet: its first run will."
        found.append(Attention("note", "not run yet", words, "runs"))
    return found


def _of_evidence(evidence: Sequence[Evidence]) -> list[Attention]:
    latest = {item.kind: item for item in evidence}
    found = []
    drift = latest.get("drift")
    if drift is not None and drift.outcome in ("visible", "material"):
        tone = "bad" if drift.outcome == "material" else "warn"
        found.append(Attention(tone, f"{drift.outcome} drift", f"The data has {drift.outcome} drift.", "drift"))
    return found
