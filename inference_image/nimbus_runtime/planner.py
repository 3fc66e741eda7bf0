"""Decides everything about a run before anything is scored, and claims it by writing the plan."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from nimbus_runtime import canary, clock, gemm, live, readers
from nimbus_runtime.bundle import read_manifest
from nimbus_runtime.contract import codec, paths
from nimbus_runtime.contract.annotations import Annotation
from nimbus_runtime.contract.errors import RunMismatchError, UsageError
from nimbus_runtime.contract.inputs import Fields, InputFile
from nimbus_runtime.contract.records import (
    Canary,
    Execution,
    Gemm,
    Live,
    OutputFormat,
    Plan,
    Release,
    RunKind,
    Settings,
    Shard,
)

if TYPE_CHECKING:
    from nimbus_runtime.bundle import Bundle
    from nimbus_runtime.store import DirectoryStore, Store

# What a shard's size is reckoned with. Rough on purpose, and the same on every machine: where a
# shard begins decides the bytes of its file.
_MEGAFLOPS_A_SECOND = 60_000
_BYTES_A_TOKEN = 5
_SHORTEST, _LONGEST = 2.0, 90.0  # seconds of work in a shard
_SHORTEST_OF_CANARY = 0.05  # so that a small input also has shards to share
_SHARDS_WANTED = 32

# Drift is judged by some thousand vectors; of a small run most documents are needed for that.
_VECTORS_WANTED, _BYTES_A_DOCUMENT = 2_000, 500
_LEAST_SAMPLE = 1 / 64

_SKEW = timedelta(minutes=1)  # clocks differ by less


@dataclass(frozen=True, slots=True)
class Order:
    """What a user asks of a run."""

    fields: Fields
    annotations: tuple[Annotation, ...] | None  # None: all that the pipeline assigns
    output_format: OutputFormat
    max_quarantine: float
    kind: RunKind = RunKind.MANUAL
    scheduled_time: datetime | None = None
    gemm: Gemm | None = None  # None: whichever is faster here
    run: str | None = None  # None: named by its time
    release: str | None = None  # None: the bundle's own, registered where it is not yet
    candidate: Canary | None = None  # a release that is given a share of the shards
    epoch: int | None = None  # live.json's when the release was chosen; None: as it is now


def plan_run(store: Store, bundle: Bundle, inputs: Sequence[InputFile], order: Order, execution: Execution) -> Plan:
    """Plan a run over `inputs` and claim it; their schema is checked first."""
    present = live.read(store)
    epoch = live.epoch(present) if order.epoch is None else order.epoch
    if order.release is None:
        _refuse_another_pipeline(store, present, bundle)
    settings = settings_of(bundle, order)
    readers.check_schemas(inputs, order.fields)
    product, measured = gemm.decide(bundle.path, order.gemm)
    time = order.scheduled_time or clock.now()
    release = order.release or record_release(store, bundle)
    run = order.run or clock.run_name(time, secrets.token_hex(3) if order.kind is RunKind.MANUAL else "")
    shortest = _SHORTEST if order.candidate is None else _SHORTEST_OF_CANARY
    shards = tuple(_shards(inputs, bundle.manifest.megaflops_per_token, shortest))
    plan = Plan(
        run=run,
        kind=order.kind,
        scheduled_time=clock.iso(time),
        execution=execution,
        release=release,
        bundle_digest=bundle.digest,
        bundle=str(bundle.path.absolute()),
        epoch=epoch,
        max_quarantine=order.max_quarantine,
        settings=replace(settings, gemm=product, gemm_measured=measured, vector_sample=_vector_sample(inputs)),
        inputs=tuple(inputs),
        shards=shards,
        candidate=order.candidate and _share(order.candidate, run, bundle, inputs, shards),
    )
    if not store.create(paths.plan(plan.run), codec.encode(plan)):
        raise RunMismatchError(
            "this run has been planned already",
            where=f"{store.location}/{paths.plan(plan.run)}",
            remedy="`nimbus redrive` goes on with it",
        )
    return plan


def _refuse_another_pipeline(store: Store, present: Live | None, bundle: Bundle) -> None:
    """Refuse to publish over another pipeline's dataset by a bundle that was never deployed there."""
    data = None if present is None else store.read(paths.release(present.release))
    if present is None or data is None:
        return
    there = codec.decode(Release, data, f"{store.location}/{paths.release(present.release)}").pipeline
    here = bundle.manifest.pipeline.name
    if here != there:
        raise UsageError(
            "what readers see here is another pipeline's, and this run would replace it",
            where=store.location,
            got=f"a bundle of {here}",
            expected=f"one of {there}, of which release {present.release} is live",
            remedy="publish in a folder of its own: name another --output",
        )


def refuse_future(time: datetime) -> None:
    """Refuse to run what is not due yet: published, it would keep every run that is due before it from readers."""
    now = clock.now()
    if time > now + _SKEW:
        raise UsageError(
            "this time has not come yet",
            got=f"a run that is due at {time:%Y-%m-%dT%H:%M:%SZ}",
            expected=f"a time that has passed: it is {now:%Y-%m-%dT%H:%M:%SZ}",
            remedy="look at the year and the time zone; leave the time out to run now",
        )


def _share(
    candidate: Canary, run: str, bundle: Bundle, inputs: Sequence[InputFile], shards: Sequence[Shard]
) -> Canary | None:
    """Return a candidate with its shards; None where there is but one shard, which is live's."""
    own = canary.chosen(run, inputs, shards, candidate.percent)
    return replace(candidate, shards=own, cats=bundle.manifest.cats) if own else None


def settings_of(bundle: Bundle, order: Order) -> Settings:
    """Return what an order comes to with a bundle, before the matrix product is decided."""
    return Settings(
        annotations=_annotations(bundle, order.annotations),
        output_format=order.output_format,
        fields=order.fields,
        precision=bundle.manifest.precision.value,
        gemm=order.gemm or Gemm.NUMPY,
    )


def record_release(store: Store, bundle: Bundle) -> str:
    """Register a bundle as a release, if it is not one yet, and return the release's name."""
    identity = bundle.manifest.pipeline
    name = bundle.manifest.release(bundle.digest)
    release = Release(name, bundle.digest, identity.name, identity.version)
    store.create(paths.release(name), codec.encode(release))
    return name


def _annotations(bundle: Bundle, wanted: tuple[Annotation, ...] | None) -> tuple[Annotation, ...]:
    offered = bundle.manifest.annotations
    if wanted is None:
        return offered
    missing = [annotation.value for annotation in wanted if annotation not in {*offered, Annotation.TOKENS}]
    if missing:
        raise UsageError(
            f"this pipeline does not assign {', '.join(missing)}",
            where=str(bundle.path),
            expected=", ".join(annotation.value for annotation in offered) or "no annotations at all",
            remedy="name some of these with --annotations, or leave it out to get them all",
        )
    return tuple(annotation for annotation in Annotation if annotation in wanted)


def _vector_sample(inputs: Sequence[InputFile]) -> float:
    """Return the share of the documents whose vectors are kept."""
    wanted = _VECTORS_WANTED * _BYTES_A_DOCUMENT / max(1, sum(file.size for file in inputs))
    return min(1.0, max(_LEAST_SAMPLE, round(wanted, 3)))


def seconds_of_work(plan: Plan, bundle: Path) -> float:
    """Return how long a plan's shards take one processor, as roughly as they were cut."""
    manifest, _ = read_manifest(bundle)
    return sum(file.size for file in plan.inputs) / _bytes_a_second(manifest.megaflops_per_token)


def _bytes_a_second(megaflops_per_token: float) -> float:
    return _MEGAFLOPS_A_SECOND / megaflops_per_token * _BYTES_A_TOKEN


def _shards(inputs: Sequence[InputFile], megaflops_per_token: float, shortest: float) -> list[Shard]:
    bytes_a_second = _bytes_a_second(megaflops_per_token)
    seconds = sum(file.size for file in inputs) / bytes_a_second
    target = int(bytes_a_second * min(_LONGEST, max(shortest, seconds / _SHARDS_WANTED)))
    shards = [
        Shard(number, part.start, part.end)
        for number, parts in enumerate(readers.split_all(inputs, target))
        for part in parts
    ]
    return shards or [Shard(0, 0, 0)]  # so that a dataset of no documents is still a dataset


def spool_folder(store: DirectoryStore) -> Path:
    """Return where standard input is kept until its run is published."""
    return store.root / "spool"


def clear_spool(store: DirectoryStore, inputs: Sequence[InputFile]) -> None:
    """Remove copies of standard input among inputs that are read no more, unless another run still needs them."""
    spooled = {file.key for file in inputs if Path(file.key).parent == spool_folder(store).absolute()}
    for run in store.names(paths.RUNS) if spooled else ():
        data = store.read(paths.plan(run))
        if data is not None and store.read(paths.dataset(run)) is None:
            spooled -= {file.key for file in codec.decode(Plan, data, paths.plan(run)).inputs}
    for key in spooled:
        Path(key).unlink(missing_ok=True)
