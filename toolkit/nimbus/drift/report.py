"""A drift report as a value: verdict, reasons, charts, history, documents to look at, and what to do next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from nimbus.drift import words
from nimbus.drift.drivers import Driver, drivers
from nimbus.drift.history import Point, history, since
from nimbus.drift.panels import Panel, change, panels
from nimbus_runtime.contract.drift import Baseline, Comparison, Level
from nimbus_runtime.contract.errors import BaselineMismatchError, BaselineNotFoundError
from nimbus_runtime.drift import baselines
from nimbus_runtime.drift.compare import Compared, compare
from nimbus_runtime.drift.samples import samples

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nimbus_runtime.contract.records import Release, Run
    from nimbus_runtime.drift.significance import Engine
    from nimbus_runtime.store import Store


@dataclass(frozen=True, slots=True)
class Report:
    """What is to be said of a window of runs. `since` names the first run of an unbroken row that is no better."""

    SCHEMA: ClassVar[int] = 1
    pipeline: str
    verdict: Level
    summary: str
    since: str | None
    comparison: Comparison
    baseline: Baseline
    documents: int
    quarantined: int
    changes: dict[str, str]  # of each feature, in words
    panels: tuple[Panel, ...]
    drivers: tuple[Driver, ...]
    history: tuple[Point, ...]
    advice: tuple[str, ...]
    notes: tuple[str, ...]


def report(  # noqa: PLR0913, PLR0917 - all that a report is about
    store: Store, runs: Sequence[Run], release: Release, baseline_name: str | None, engine: Engine, where: str
) -> Report:
    """Compare runs, taken together, with a baseline; `where` is how commands to try next name the root."""
    baseline = _baseline(store, runs[-1], release, baseline_name)
    found = compare(store, baseline, runs, engine)
    comparison = found.comparison
    pairs = {pair.feature: pair for pair in samples(found.reference, found.current)}
    past = history(store, comparison)
    began = since(past, comparison)
    return Report(
        pipeline=release.pipeline,
        verdict=comparison.level,
        summary=words.summary(comparison, baseline.thresholds.documents),
        since=began,
        comparison=comparison,
        baseline=baseline,
        documents=found.current.documents,
        quarantined=found.current.quarantined,
        changes={each.feature: change(pairs[each.feature], each) for each in comparison.findings},
        panels=panels(list(pairs.values()), comparison.findings),
        drivers=drivers(found.reference, found.current, comparison.findings),
        history=past,
        advice=_advice(comparison, past, began, where),
        notes=_notes(comparison, runs, baseline, release),
    )


def compared(
    store: Store, runs: Sequence[Run], release: Release, baseline_name: str | None, engine: Engine
) -> Compared:
    """Compare runs with a baseline, for what is not a report."""
    return compare(store, _baseline(store, runs[-1], release, baseline_name), runs, engine)


def _baseline(store: Store, run: Run, release: Release, name: str | None) -> Baseline:
    if name is not None:
        return baselines.named(store, name, release.pipeline)
    found = baselines.newest(store, run)
    if found is not None:
        return found
    others = [baseline.name for baseline in baselines.every(store) if baseline.pipeline == release.pipeline]
    if others:
        raise BaselineMismatchError(
            "this run's release has no baseline of its own",
            where=f"run {run.run}, release {run.release}",
            got=f"baselines of other bundles: {', '.join(others[-5:])}",
            expected="a baseline of the same bundle",
            remedy="make one with `nimbus drift baseline`, or name another with --baseline to compare across bundles",
        )
    raise BaselineNotFoundError(
        "there is nothing to compare this run with",
        where=store.location,
        got="no baseline",
        remedy="`nimbus drift baseline` makes one from a run, a range of runs, or a dev set",
    )


def _advice(comparison: Comparison, past: Sequence[Point], began: str | None, where: str) -> tuple[str, ...]:
    if comparison.level is not Level.MATERIAL:
        return ()
    run = comparison.runs[-1]
    advice = [
        "Look at the documents that are named here: do their texts or their predictions surprise you?",
        f"Annotate some: nimbus drift export {where} --run {run} --to sample.jsonl writes a sample with its texts.",
        "Train on them, compile, and shadow the candidate on this run's inputs: nimbus shadow.",
    ]
    earlier = [point.release for point in past if began is not None and point.run < began]
    if earlier and earlier[-1] != comparison.release:
        advice.append(
            f"It began with the first run of release {comparison.release}: nimbus rollback returns to {earlier[-1]}."
        )
    else:
        advice.append("If the release is to blame and not the documents: nimbus rollback.")
    return tuple(advice)


def _notes(comparison: Comparison, runs: Sequence[Run], baseline: Baseline, release: Release) -> tuple[str, ...]:
    notes = [
        f"Without what the candidate {run.candidate} scored of run {run.run}: another bundle made that."
        for run in runs
        if run.candidate is not None
    ]
    if baseline.bundle_digest != release.bundle_digest:
        notes.append(
            f"The baseline was made by another bundle ({baseline.release}): predictions may differ by that alone."
        )
    if comparison.weekday is not None:
        zone = baseline.thresholds.time_zone
        notes.append(f"Compared with {comparison.weekday}s ({zone}) only: the baseline has enough of them.")
    if comparison.note is not None:
        notes.append(comparison.note)
    own, compared_with = set(comparison.runs), {part.run for part in baseline.parts}
    if own == compared_with:
        itself = "this run itself" if len(own) == 1 else "these runs themselves"
        notes.append(f"The baseline is {itself}: nothing can differ.")
    elif own > compared_with:
        notes.append("All runs of the baseline are among these, and differ the less from it by that.")
    if "vectors" not in {found.feature for found in comparison.findings}:
        notes.append("Vectors are not compared: too few documents have one, or their widths differ.")
    return tuple(notes)
