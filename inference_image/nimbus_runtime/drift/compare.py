"""Compares runs with a baseline; on a workstation for a report, and after every run that has a baseline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nimbus_runtime.contract.drift import Baseline, Comparison, Source
from nimbus_runtime.contract.records import Run
from nimbus_runtime.drift import baselines, shards, verdict, windows
from nimbus_runtime.drift.significance import Engine

if TYPE_CHECKING:
    from nimbus_runtime.store import Store


@dataclass(frozen=True, slots=True)
class Compared:
    """A comparison, and the windows that it was made of."""

    comparison: Comparison
    reference: windows.Window
    current: windows.Window


def compare(store: Store, baseline: Baseline, runs: Sequence[Run], engine: Engine) -> Compared:
    """Compare runs, taken together, with a baseline; what a candidate's bundle made in them is left out."""
    runs = [shards.own(store, run) for run in runs]
    found = baselines.reference(store, baseline, runs)
    reference = found.window
    limit = -(-windows.DOCUMENTS // len(runs))
    current = windows.window(
        [windows.sample(store, run, limit) for run in runs if run.counts.scored] or [windows.nothing()],
        sum(run.counts.documents for run in runs),
        sum(run.counts.quarantined for run in runs),
    )
    findings = verdict.compare(reference, current, baseline.thresholds, baseline.usual, engine)
    notes = (found.note, _unknown_fields(baseline, reference, current))
    level, ratio = verdict.overall(findings)
    comparison = Comparison(
        release=runs[-1].release,
        runs=tuple(run.run for run in runs),
        scheduled_time=runs[-1].scheduled_time,
        baseline=baseline.name,
        weekday=found.weekday,
        engine=engine.name,
        level=level,
        ratio=ratio,
        reference=len(reference.ids),
        current=len(current.ids),
        findings=findings,
        note=" ".join(filter(None, notes)) or None,
    )
    return Compared(comparison, reference, current)


def _unknown_fields(baseline: Baseline, reference: windows.Window, current: windows.Window) -> str | None:
    """Say why fields of the records are not compared, where these have any."""
    enough = baseline.thresholds.documents
    if not (reference.fields or current.fields) or min(len(reference.ids), len(current.ids)) < enough:
        return None
    if reference.has_fields.sum() < enough:
        dev = "a dev set's are not those of production's inputs"
        why = dev if baseline.source is Source.DEV else "the baseline is from before they were noted"
    elif current.has_fields.sum() < enough:
        why = "they were not noted yet when this was scored"
    else:
        return None
    return f"Fields of the records are not compared: {why}."
