"""Baselines: what the documents of a release are compared with. Created once, with a copy of what they need.

A baseline outlives the runs that it was taken from, and is bound to their pipeline and bundle.
"""

from __future__ import annotations

import difflib
import hashlib
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from nimbus_runtime import clock
from nimbus_runtime.contract import codec, paths
from nimbus_runtime.contract.drift import Baseline, Kind, Part, Source, Thresholds
from nimbus_runtime.contract.errors import BaselineMismatchError, BaselineNotFoundError, DriftError, UsageError
from nimbus_runtime.contract.records import DataFile, Release, Run
from nimbus_runtime.contract.words import plural
from nimbus_runtime.drift import shards, windows
from nimbus_runtime.drift.samples import samples
from nimbus_runtime.drift.significance import NumpyEngine
from nimbus_runtime.drift.verdict import effect

if TYPE_CHECKING:
    import pyarrow as pa

    from nimbus_runtime.store import Store

_RUNS = 100  # of a baseline at most
_LEAST_OF_A_RUN = 2_000  # documents, where it has them
_PRODUCTION = ["fields"]  # columns that a dev set has nothing to say of
_VARYING = 3  # runs from which on it is known what changes anyway
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


def create(  # noqa: PLR0913 - all that a baseline is
    store: Store,
    name: str,
    taken: Sequence[tuple[Store, Run]],
    release: Release,
    *,
    source: Source,
    actor: str,
    thresholds: Thresholds,
) -> Baseline:
    """Copy samples of these runs into the root and record them as a baseline; each run comes with where it lies.

    What a candidate's bundle made in them is left out.
    """
    if not _NAME.fullmatch(name) or name == "data":
        raise UsageError(
            "this cannot name a baseline",
            got=name,
            expected="up to 100 letters, digits, dots, dashes and underscores",
            remedy="choose another name",
        )
    if not taken or len(taken) > _RUNS:
        raise UsageError(
            "a baseline is taken from runs",
            got=plural(len(taken), "run"),
            expected=f"1 to {plural(_RUNS, 'run')}",
            remedy="name fewer with --runs or --last",
        )
    taken = [(place, shards.own(place, run)) for place, run in taken]
    limit = max(_LEAST_OF_A_RUN, windows.DOCUMENTS // len(taken))
    tables = [windows.sample(place, run, limit) for place, run in taken]
    documents = sum(table.num_rows for table in tables)
    if documents < thresholds.documents:
        raise DriftError(
            "these are too few documents to compare with",
            got=plural(documents, "document"),
            expected=f"{thresholds.documents:,} or more",
            remedy="take more runs, or a larger dev set",
        )
    baseline = Baseline(
        name=name,
        release=release.release,
        bundle_digest=release.bundle_digest,
        pipeline=release.pipeline,
        source=source,
        created=clock.iso(clock.now()),
        actor=actor,
        thresholds=thresholds,
        parts=tuple(
            Part(
                run=run.run if source is Source.RUNS else None,
                scheduled_time=run.scheduled_time,
                documents=run.counts.documents,
                quarantined=run.counts.quarantined,
                sample=_keep(store, table if source is Source.RUNS else table.drop_columns(_PRODUCTION)),
            )
            for (_, run), table in zip(taken, tables, strict=True)
        ),
        usual=_usual([run for _, run in taken], tables, thresholds),
    )
    if not store.create(paths.baseline(name), codec.encode(baseline)):
        raise BaselineMismatchError(
            "there is a baseline of this name, and baselines do not change",
            where=f"{store.location}/{paths.baseline(name)}",
            remedy="choose another name",
        )
    return baseline


def every(store: Store) -> list[Baseline]:
    """Return the baselines of a root, the newest last."""
    found = []
    for file in store.names(paths.BASELINES):
        if file.endswith(".json"):
            place = f"{paths.BASELINES}/{file}"
            found.append(codec.decode(Baseline, store.read(place) or b"", f"{store.location}/{place}"))
    return sorted(found, key=lambda baseline: baseline.created)


def newest(store: Store, run: Run) -> Baseline | None:
    """Return the newest baseline of a run's release, or of another release of the same bundle."""
    fitting = [baseline for baseline in every(store) if baseline.bundle_digest == run.bundle_digest]
    own = [baseline for baseline in fitting if baseline.release == run.release]
    return next(reversed(own or fitting), None)


def named(store: Store, name: str, pipeline: str) -> Baseline:
    """Return a baseline by its name; that of another pipeline is refused."""
    data = store.read(paths.baseline(name)) if _NAME.fullmatch(name) else None
    if data is None:
        known = [baseline.name for baseline in every(store)]
        near = difflib.get_close_matches(name, known, n=5) or known[-5:]
        raise BaselineNotFoundError(
            "there is no such baseline",
            where=store.location,
            got=name,
            expected=f"a baseline, such as {', '.join(near)}" if near else "a baseline; none is yet",
            remedy="make one with `nimbus drift baseline`",
        )
    baseline = codec.decode(Baseline, data, f"{store.location}/{paths.baseline(name)}")
    if baseline.pipeline != pipeline:
        raise BaselineMismatchError(
            "the baseline is of another pipeline",
            where=name,
            got=baseline.pipeline,
            expected=pipeline,
            remedy="name one of this pipeline, or none to take the newest of the run's release",
        )
    return baseline


@dataclass(frozen=True, slots=True)
class Reference:
    """What runs are compared with, the weekday of which alone it is, if it is, and why it is not where it should."""

    window: windows.Window
    weekday: str | None = None
    note: str | None = None


def reference(store: Store, baseline: Baseline, runs: Sequence[Run]) -> Reference:
    """Return what runs are compared with: what was made on their own weekday, where that is enough.

    A run that is itself part of the baseline is not compared with itself, unless there is nothing else.
    """
    compared = {run.run for run in runs}
    parts = [part for part in baseline.parts if part.run not in compared] or list(baseline.parts)
    weekday = note = None
    if baseline.source is Source.RUNS and baseline.thresholds.same_weekday and len(parts) > 1:
        zone = _zone(baseline.thresholds.time_zone)
        if zone is None:
            note = (
                f"Compared with all weekdays: there is no data of the time zone {baseline.thresholds.time_zone} here."
            )
        else:
            parts, weekday = _alike(parts, runs, zone, baseline.thresholds.documents)
    documents, quarantined = sum(part.documents for part in parts), sum(part.quarantined for part in parts)
    tables = [windows.read_sample(store, part.sample) for part in parts]
    return Reference(windows.window(tables, documents, quarantined), weekday, note)


def _alike(parts: list[Part], runs: Sequence[Run], zone: tzinfo, enough: int) -> tuple[list[Part], str | None]:
    """Return the parts of the runs' weekday, and that, or all of them where these are not enough."""
    days = {_weekday(run.scheduled_time, zone) for run in runs}
    weekday = days.pop() if len(days) == 1 else None
    alike = [part for part in parts if _weekday(part.scheduled_time, zone) == weekday]
    if 1 < len(alike) < len(parts) and sum(part.sample.rows for part in alike) >= enough:
        return alike, weekday
    return parts, None


def _weekday(time: str, zone: tzinfo) -> str:
    return _DAYS[datetime.fromisoformat(time).astimezone(zone).weekday()]


def _zone(name: str) -> tzinfo | None:
    """Return a time zone, or None where this system knows none of that name: UTC needs no data."""
    try:
        return UTC if name == "UTC" else ZoneInfo(name)
    except (KeyError, OSError, ValueError):
        return None


def _keep(store: Store, table: pa.Table) -> DataFile:
    import pyarrow.parquet as pq  # noqa: PLC0415 - only where a baseline is made

    written = io.BytesIO()
    pq.write_table(table, written, compression="zstd")
    data = written.getvalue()
    name = f"{hashlib.sha256(data).hexdigest()}.parquet"
    with store.staged() as staged:
        staged.file.write(data)
        staged.publish(paths.baseline_data(name))
    return DataFile(name, table.num_rows, len(data))


def _usual(runs: Sequence[Run], tables: Sequence[pa.Table], thresholds: Thresholds) -> dict[str, float]:
    """Return by feature how far any run certainly is from all the others."""
    large = [number for number, table in enumerate(tables) if table.num_rows >= thresholds.documents]
    usual: dict[str, float] = {}
    if len(large) < _VARYING:
        return usual
    for number in large:
        others = [other for other in large if other != number]
        here, there = _window(runs, tables, [number]), _window(runs, tables, others)
        for pair in samples(there, here):
            if pair.kind is not Kind.VECTOR or min(pair.sizes) >= thresholds.vectors:
                (score,) = NumpyEngine().test([pair])
                usual[pair.feature] = max(usual.get(pair.feature, 0.0), effect(pair, score)[1])
    return {feature: round(least, 6) for feature, least in usual.items()}


def _window(runs: Sequence[Run], tables: Sequence[pa.Table], numbers: Sequence[int]) -> windows.Window:
    counts = [runs[number].counts for number in numbers]
    return windows.window(
        [tables[number] for number in numbers],
        sum(count.documents for count in counts),
        sum(count.quarantined for count in counts),
    )
