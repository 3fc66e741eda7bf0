"""Where a row comes from: the run, shard, input, release, bundle and image that made it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol

from nimbus_runtime import committer, live
from nimbus_runtime.contract import codec, paths
from nimbus_runtime.contract.errors import RunNotFoundError, UsageError
from nimbus_runtime.contract.inputs import InputFile, Slice
from nimbus_runtime.contract.records import Commit, OutputFormat, Plan, Release, Run

if TYPE_CHECKING:
    from nimbus_runtime.store import Store

Row = dict[str, Any]


class DocumentUnknownError(UsageError):
    """A run holds no document of this id."""


class Rows(Protocol):
    """Finds a document in an open file of rows."""

    def find(self, file: BinaryIO, output_format: OutputFormat, document: str) -> list[Row]:
        """Return the document's rows."""
        ...


@dataclass(frozen=True, slots=True)
class Publication:
    """When a run's dataset became the published one, and by whom."""

    sequence: int
    time: str
    actor: str


@dataclass(frozen=True, slots=True)
class Lineage:
    """What one row, or one quarantined document, comes from.

    `row` is what stands in the dataset; of a quarantined document, `quarantine` is what stands
    beside it. `file` is the data file's name in the run.
    """

    document: str
    run: Run
    plan: Plan
    shard: int
    commit: Commit
    file: str
    input: InputFile
    part: Slice
    release: Release | None
    published: Publication | None
    row: Row | None = None
    quarantine: Row | None = None

    @property
    def bundle_digest(self) -> str:
        """Return the digest of the bundle that scored it."""
        if self.row is not None:
            return str(self.row["bundle_digest"])
        return self.plan.digest_of(self.commit.release)


def explain(store: Store, rows: Rows, run: str, document: str) -> list[Lineage]:
    """Return the lineage of a document's rows: one, or each where its id was repeated."""
    record, plan = _committed(store, run)
    published = _published(store, record.run)
    found: list[Lineage] = []
    for shard, commit in _commits(store, record, plan):
        for name, output_format, quarantined in _files(record, commit):
            with store.opened(paths.data(run, name)) as file:
                matches = rows.find(file, output_format, document)
            found += [
                _lineage(store, record, plan, published, shard, commit, name, match, quarantined) for match in matches
            ]
        if found and not record.duplicates.ids:
            break
    if not found:
        raise DocumentUnknownError(
            "this run holds no such document",
            where=run,
            got=document,
            expected=f"an id of one of {record.counts.documents:,} documents",
            remedy="ids stand in the rows; `nimbus dataset` lists their files",
        )
    return found


def _committed(store: Store, run: str) -> tuple[Run, Plan]:
    """Return the record and the plan of a run; of one that is not finished, what is committed of it."""
    known = run in store.names(paths.RUNS)  # a name, never a path
    data, planned = (store.read(place(run)) if known else None for place in (paths.dataset, paths.plan))
    if planned is None:
        raise RunNotFoundError("there is no such run", where=store.location, got=run, remedy="`nimbus runs` lists them")
    plan = codec.decode(Plan, planned, paths.plan(run))
    return committer.so_far(store, plan) if data is None else codec.decode(Run, data, paths.dataset(run)), plan


def _commits(store: Store, record: Run, plan: Plan) -> Iterator[tuple[int, Commit]]:
    """Yield each shard with the commit that the record took, whichever release's it is."""
    releases = [record.release, *(n for n in store.names(f"{paths.RUNS}/{plan.run}/commits") if n != record.release)]
    taken = set(record.rows)
    for shard in range(len(plan.shards)):
        for release in releases:
            place = paths.commit(plan.run, release, shard)
            data = store.read(place)
            if data is None:
                continue
            commit = codec.decode(Commit, data, f"{store.location}/{place}")
            if commit.rows in taken:
                yield shard, commit
                break


def _files(record: Run, commit: Commit) -> Iterator[tuple[str, OutputFormat, bool]]:
    yield commit.rows.file, record.output_format, False
    if commit.quarantine is not None:
        yield commit.quarantine.file, OutputFormat.PARQUET, True


def _lineage(  # noqa: PLR0913, PLR0917 - all that was found of one row
    store: Store,
    record: Run,
    plan: Plan,
    published: Publication | None,
    shard: int,
    commit: Commit,
    file: str,
    match: Row,
    quarantined: bool,  # noqa: FBT001
) -> Lineage:
    place = paths.release(commit.release)
    data = store.read(place)
    return Lineage(
        document=str(match["id"]),
        run=record,
        plan=plan,
        shard=shard,
        commit=commit,
        file=file,
        input=plan.inputs[plan.shards[shard].input],
        part=plan.shards[shard].part,
        release=None if data is None else codec.decode(Release, data, f"{store.location}/{place}"),
        published=published,
        row=None if quarantined else match,
        quarantine=match if quarantined else None,
    )


def _published(store: Store, run: str) -> Publication | None:
    """Return the first state in which a run's dataset was the published one."""
    present = live.read(store)
    states = [] if present is None else live.states(store, present)
    first = next((state for state in states if state.dataset == run), None)
    return None if first is None else Publication(first.sequence, first.entry.time, first.entry.actor)
