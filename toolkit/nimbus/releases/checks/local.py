"""Checks of an environment that is a folder of this machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from nimbus.releases import registry
from nimbus.releases.checks import anywhere
from nimbus.releases.preflight import Check, Status
from nimbus_runtime import live
from nimbus_runtime.contract import paths
from nimbus_runtime.contract.inputs import InputFile
from nimbus_runtime.contract.records import Job, Live, Release

if TYPE_CHECKING:
    from nimbus_runtime.bundle import Bundle
    from nimbus_runtime.store import Store

_COPIES = 3  # of the bundle's size: its copy, and what a run of it may stage


class Machine(Protocol):
    """What a machine has."""

    def free_disk(self) -> int:
        """Return how many bytes can still be written below the root."""
        ...

    def memory(self) -> int | None:
        """Return its memory in bytes, None where it cannot be told."""
        ...

    def workers(self) -> int:
        """Return how many worker processes a run starts."""
        ...

    def peak(self, bundle: Bundle) -> int | None:
        """Return the memory of a worker with a bundle in bytes, measured."""
        ...


class Inputs(Protocol):
    """What runs read."""

    def resolve(self, job: Job) -> list[InputFile]:
        """Return the files behind a job's inputs."""
        ...

    def check_schema(self, file: InputFile, job: Job) -> None:
        """Raise where a run over the file could only fail."""
        ...


def check(  # noqa: PLR0913, PLR0917 - all that is looked at
    store: Store, machine: Machine, inputs: Inputs, release: Release, bundle: Bundle, now: datetime
) -> Iterator[Check]:
    """Yield every check of deploying a release to a folder."""
    present = live.read(store)
    job = release.job
    yield root(store)
    yield disk(machine.free_disk(), bundle.manifest.size)
    yield anywhere.bundle(bundle)
    if job is not None:
        yield anywhere.wanted_annotations(job, bundle)
    yield anywhere.memory(machine.peak(bundle), machine.workers(), machine.memory(), "this machine")
    if job is not None:
        yield anywhere.inputs(_resolving(inputs, job), lambda file: inputs.check_schema(file, job))
    yield anywhere.same_schema(release, _registered(store, present))
    yield anywhere.clock(now, None, present)


def root(store: Store) -> Check:
    """Say whether the root keeps what the protocol rests on; a store that could not was refused when it was opened."""

    def attempt() -> str:
        store.names(paths.RELEASES)
        return f"{store.location}: creates once, swaps"

    return anywhere.attempted("root", "can be used", attempt)


def disk(free: int, size: int) -> Check:
    """Say whether there is room for the bundle and a run of it."""
    found = f"{free / 1e9:,.1f} GB free"
    if free < _COPIES * size:
        remedy = f"make room: at least {_COPIES * size / 1e9:,.1f} GB, and what a dataset takes"
        return Check("root", "has room", Status.FAILED, found, remedy)
    return Check("root", "has room", Status.OK, found)


def _resolving(inputs: Inputs, job: Job) -> Callable[[], list[InputFile]]:
    return lambda: inputs.resolve(job)


def _registered(store: Store, present: Live | None) -> Release | None:
    if present is None or present.release not in registry.names(store):
        return None
    return registry.release(store, present.release)
