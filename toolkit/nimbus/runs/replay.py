"""Makes a row again, by scoring its shard again from the input's snapshot, and compares."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nimbus.runs.explain import Lineage, Row, Rows
from nimbus_runtime import bundle as bundles
from nimbus_runtime.contract import codec, paths
from nimbus_runtime.contract.errors import InputChangedError, RunMismatchError, UsageError
from nimbus_runtime.contract.records import Commit, OutputFormat
from nimbus_runtime.store import DirectoryStore
from nimbus_runtime.supervisor import Supervisor

if TYPE_CHECKING:
    from nimbus_runtime.store import Store

TOLERANCE = 1e-3  # of a score between processors of different kinds


class Sameness(StrEnum):
    """How a replayed row compares with the one that was published."""

    EQUAL = "equal"
    WITHIN_TOLERANCE = "within tolerance"  # labels and places agree; scores differ in their last digits
    DIFFERENT = "different"


@dataclass(frozen=True, slots=True)
class Replay:
    """A row made again. `columns` are those that differ, `deviation` the largest of a number."""

    lineage: Lineage
    row: Row | None
    quarantine: Row | None
    sameness: Sameness
    same_file: bool  # whether all of the shard's rows are the same, byte for byte
    columns: tuple[str, ...] = ()
    deviation: float = 0.0


def kept(lineage: Lineage, root: Path) -> Path:
    """Return where the row's bundle should lie: below the root, or where the run was planned with it."""
    if lineage.release is not None and lineage.release.bundle is not None:
        return root / lineage.release.bundle
    place = Path(lineage.plan.bundle)
    if not place.is_dir():
        raise UsageError(
            "the bundle that the row was scored with is not on this machine",
            where=lineage.commit.release,
            got=lineage.release.image if lineage.release else None,
            expected=f"the bundle with digest {lineage.bundle_digest[:12]}",
            remedy="name it with --bundle; compiling the same pipeline gives the same digest",
        )
    return place


def replay(rows: Rows, lineage: Lineage, bundle: Path, scratch: Path) -> Replay:
    """Score the row's shard again below `scratch`; the input must still have the snapshot's version."""
    verified = bundles.verify(bundle)
    if verified.digest != lineage.bundle_digest:
        raise RunMismatchError(
            "this is not the bundle that the row was scored with",
            where=str(bundle),
            got=verified.digest[:12],
            expected=lineage.bundle_digest[:12],
            remedy="name that one with --bundle",
        )
    plan, release = lineage.plan, lineage.commit.release
    store = DirectoryStore(scratch)
    store.create(paths.plan(plan.run), codec.encode(plan))
    try:
        with Supervisor(bundle, 1) as supervisor:
            supervisor.score(str(scratch), plan.run, "replay", [lineage.shard], _Silent(), release)
    except InputChangedError as error:
        raise InputChangedError(
            "the row cannot be made again: its input is no longer what the run read",
            where=error.where,
            got=error.got,
            expected=error.expected,
            remedy="bring that version back, from a backup or as the bucket's earlier version, and replay again",
        ) from error
    place = paths.commit(plan.run, release, lineage.shard)
    commit = codec.decode(Commit, store.read(place) or b"", place)
    again = _find(store, rows, lineage, commit.rows.file, lineage.run.output_format)
    failed = commit.quarantine and _find(store, rows, lineage, commit.quarantine.file, OutputFormat.PARQUET)
    return compared(lineage, again, failed or None, same_file=commit.rows == lineage.commit.rows)


def _find(store: Store, rows: Rows, lineage: Lineage, file: str, output_format: OutputFormat) -> Row | None:
    with store.opened(paths.data(lineage.run.run, file)) as opened:
        found = rows.find(opened, output_format, lineage.document)
    was = lineage.row or lineage.quarantine
    return next((row for row in found if row == was), found[0] if found else None)


def compared(lineage: Lineage, row: Row | None, quarantine: Row | None, *, same_file: bool) -> Replay:
    """Say how a row that was made again compares with the one that stands in the dataset."""
    before, after = lineage.row or lineage.quarantine or {}, row or quarantine or {}
    columns = tuple(name for name in {**before, **after} if before.get(name) != after.get(name))
    pairs = [pair for name in columns for pair in _pairs(before.get(name), after.get(name))]
    deviation = max((abs(a - b) for a, b in pairs), default=math.inf if columns else 0.0)
    if not columns:
        sameness = Sameness.EQUAL
    elif deviation <= TOLERANCE:
        sameness = Sameness.WITHIN_TOLERANCE
    else:
        sameness = Sameness.DIFFERENT
    return Replay(lineage, row, quarantine, sameness, same_file, columns, deviation)


def _pairs(before: Any, after: Any) -> Iterator[tuple[float, float]]:  # noqa: ANN401 - a row's values
    """Yield the numbers that stand in the same place; infinitely far apart where anything else differs."""
    if isinstance(before, float) and isinstance(after, float):
        yield before, after
    elif isinstance(before, dict) and isinstance(after, dict) and before.keys() == after.keys():
        for key in before:
            yield from _pairs(before[key], after[key])
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for one, other in zip(before, after, strict=True):
            yield from _pairs(one, other)
    elif before != after:
        yield 0.0, math.inf


class _Silent:
    """Notes nothing: a replay is one shard."""

    def advanced(self, *_: object) -> None:
        """Note nothing."""

    committed = worker_died = advanced
