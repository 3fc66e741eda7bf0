"""Roots with runs whose monitoring features are drawn from known distributions; no pipeline is needed."""

from __future__ import annotations

import hashlib
import io
import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from nimbus_runtime import clock, monitoring
from nimbus_runtime.contract import codec, paths
from nimbus_runtime.contract.annotations import Annotation
from nimbus_runtime.contract.drift import Baseline, Source, Thresholds
from nimbus_runtime.contract.records import Counts, DataFile, Duplicates, Entry, Live, OutputFormat, Release, Run
from nimbus_runtime.drift import baselines, windows
from nimbus_runtime.store import Store

RELEASE = Release("support-1", "b" * 64, "support", "1.0.0")
FIRST = datetime(2026, 11, 2, 2, tzinfo=UTC)  # a Monday
DIMENSIONS = 12


@dataclass(frozen=True)
class World:
    """What documents are like; the defaults are a world in which nothing happens."""

    length: float = 5.3  # of the logarithm
    labels: dict[str, float] = field(default_factory=lambda: {"PERSON": 0.5, "ORG": 0.3, "MONEY": 0.03})
    categories: dict[str, float] = field(default_factory=lambda: {"refund": 0.5, "delivery": 0.3, "praise": 0.2})
    moved: float = 0.0  # of the vectors' first dimension, in standard deviations
    quarantined: float = 0.002
    missing: float = 0.0  # share of the documents without a category
    vectors: float = 0.2
    fields: dict[str, float] = field(default_factory=lambda: {"string customer": 1.0, "number amount": 0.9})


def rows(count: int, seed: int, world: World = World(), ids: Sequence[str] | None = None) -> list[dict[str, Any]]:
    """Return monitoring features of so many documents."""
    chance, having = np.random.default_rng(seed), np.random.default_rng([seed, 1])
    characters = np.maximum(1, chance.lognormal(world.length, 0.6, count)).astype(int)
    tops = chance.choice(list(world.categories), count, p=list(world.categories.values()))
    probabilities = chance.beta(8, 2, count)
    vectors = chance.normal(size=(count, DIMENSIONS))
    vectors[:, 0] += world.moved
    found = []
    for number in range(count):
        none = chance.random() < world.missing
        counts = [(label, 1) for label, share in world.labels.items() if chance.random() < share]
        found.append(
            {
                "id": ids[number] if ids else f"{seed}-{number}",
                "characters": int(characters[number]),
                "tokens": max(1, int(characters[number] / chance.normal(5, 0.3))),
                "pieces": None,
                "unknown_rate": None,
                "entity_counts": counts,
                "top_category": None if none else str(tops[number]),
                "top_probability": None if none else float(probabilities[number]),
                "entropy": None if none else float(1 - probabilities[number]),
                "vector": vectors[number].tolist() if chance.random() < world.vectors else None,
                "fields": [name for name, share in world.fields.items() if having.random() < share],
            }
        )
    return found


def table(records: Sequence[dict[str, Any]]) -> pa.Table:
    """Return features as the files of a run hold them."""
    schema = monitoring.schema()
    return pa.table([pa.array([r[f.name] for r in records], type=f.type) for f in schema], schema=schema)


def window(records: Sequence[dict[str, Any]], quarantined: int = 0) -> windows.Window:
    """Return features as a window."""
    return windows.window([table(records)], len(records) + quarantined, quarantined)


def add_run(
    store: Store,
    records: Sequence[dict[str, Any]],
    day: int | datetime = 0,
    quarantined: int = 0,
    files: int | Sequence[int] = 2,
    release: Release = RELEASE,
) -> Run:
    """Write a finished run of a day after the first, or of a time, and publish it.

    `files` is their number, or how many documents each holds.
    """
    time = day if isinstance(day, datetime) else FIRST + timedelta(days=day)
    name = clock.run_name(time)
    store.create(paths.release(release.release), codec.encode(release))
    sizes = [max(1, -(-len(records) // files))] * files if isinstance(files, int) else files
    ends = list(itertools.accumulate(sizes))
    parts = [records[end - size : end] for size, end in zip(sizes, ends, strict=True)]
    run = Run(
        run=name,
        release=release.release,
        bundle_digest=release.bundle_digest,
        epoch=0,
        scheduled_time=clock.iso(time),
        finished=clock.iso(time + timedelta(minutes=5)),
        output_format=OutputFormat.PARQUET,
        annotations=(Annotation.ENTS, Annotation.CATS),
        rows=(),
        quarantine=(),
        features=tuple(_write(store, name, part) for part in parts),
        counts=Counts(len(records) + quarantined, len(records), quarantined),
        duplicates=Duplicates(),
    )
    store.create(paths.dataset(name), codec.encode(run))
    before = store.read_versioned(paths.LIVE)
    live = Live(1, Entry("publish", "a test", run.finished, "", "attempt"), release.release, dataset=name)
    assert store.compare_and_swap(paths.LIVE, codec.encode(live), before.version if before else None)
    return run


def baseline(store: Store, *runs: Run, name: str = "good", release: Release = RELEASE, **thresholds: Any) -> Baseline:  # noqa: ANN401
    """Make a baseline of runs."""
    taken = [(store, run) for run in runs]
    chosen = Thresholds(**thresholds)
    return baselines.create(store, name, taken, release, source=Source.RUNS, actor="a test", thresholds=chosen)


def _write(store: Store, run: str, records: Sequence[dict[str, Any]]) -> DataFile:
    written = io.BytesIO()
    pq.write_table(table(records), written)
    content = written.getvalue()
    name = f"{hashlib.sha256(content).hexdigest()}.parquet"
    with store.staged() as staged:
        staged.file.write(content)
        staged.publish(paths.data(run, name))
    return DataFile(name, len(records), len(content))


def files(root: Path) -> dict[str, bytes]:
    """Return everything that lies in a root."""
    return {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}
