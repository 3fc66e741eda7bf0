"""Who executes a run: its plan is the first claim, and each later attempt creates the next.

A claim is held by a lock that the kernel releases when its holder ends, so whether an owner still
runs is never a guess.
"""

from __future__ import annotations

import getpass
import os
import secrets
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nimbus_runtime import clock
from nimbus_runtime.contract import codec, paths
from nimbus_runtime.contract.errors import RunNotFoundError, RunOwnedError
from nimbus_runtime.contract.records import AttemptEnd, Claim, Ending, Execution, Plan

if TYPE_CHECKING:
    from nimbus_runtime.store import DirectoryStore, Store

_LOOKS, _PAUSE = 10, 0.05  # how often, and how many seconds apart, one's own claim is tried


@dataclass(frozen=True, slots=True)
class Attempt:
    """An execution that owns a run."""

    run: str
    number: int
    execution: Execution


def this_process() -> Execution:
    """Return this process as an execution."""
    return Execution(secrets.token_hex(8), actor(), socket.gethostname(), os.getpid(), clock.iso(clock.now()))


def actor() -> str:
    """Return who this process acts for, as entries and evidence name them."""
    user = str(os.getuid())
    with suppress(KeyError, OSError):  # a container's user may have no name
        user = getpass.getuser()
    return f"{user}@{socket.gethostname()}"


@contextmanager
def first(store: DirectoryStore, plan: Plan) -> Iterator[Attempt]:
    """Own a run that this process has just planned."""
    attempt = Attempt(plan.run, 1, plan.execution)
    with _held(store, attempt):
        yield attempt


@contextmanager
def take_over(store: DirectoryStore, run: str, execution: Execution) -> Iterator[Attempt]:
    """Own a run whose earlier attempts have all ended; refuse while one still runs."""
    number, owner = latest(store, run)
    held = store.hold(paths.claim(run, number))
    if held is None:
        raise _owned(run, owner)
    with held:
        end(store, Attempt(run, number, owner), Ending.INTERRUPTED)
        attempt = Attempt(run, number + 1, execution)
        if not store.create(paths.claim(run, attempt.number), codec.encode(Claim(attempt.number, execution))):
            raise _owned(run, latest(store, run)[1])
    with _held(store, attempt):
        yield attempt


def end(store: Store, attempt: Attempt, ending: Ending, error: dict[str, str] | None = None) -> None:
    """Record how an attempt ended, unless that is recorded already."""
    record = AttemptEnd(attempt.number, ending, clock.iso(clock.now()), error or {})
    store.create(paths.attempt_end(attempt.run, attempt.number), codec.encode(record))


@contextmanager
def _held(store: DirectoryStore, attempt: Attempt) -> Iterator[None]:
    file = None
    for _ in range(_LOOKS):
        file = file or store.hold(paths.claim(attempt.run, attempt.number))
        if file is None:  # who asks whether a run still goes holds its claim for a moment
            time.sleep(_PAUSE)
    if file is None:
        raise _owned(attempt.run, latest(store, attempt.run)[1])
    with file:
        number, owner = latest(store, attempt.run)
        if number != attempt.number:  # taken over between the claim's creation and its lock
            raise _owned(attempt.run, owner)
        yield


def latest(store: Store, run: str) -> tuple[int, Execution]:
    """Return the number and the owner of a run's latest attempt."""
    numbers = [int(name.removesuffix(".json")) for name in store.names(f"{paths.RUNS}/{run}/claims")]
    number = max(numbers, default=1)
    return number, owner_of(store, run, number)


def owner_of(store: Store, run: str, number: int) -> Execution:
    """Return whose attempt one of a run's is."""
    place = paths.claim(run, number)
    data = store.read(place)
    if data is None:
        raise RunNotFoundError(
            "this run was never planned",
            where=f"{store.location}/{paths.plan(run)}",
            remedy="check its name; `nimbus runs` lists them",
        )
    owner: Execution = codec.decode_field(Plan if number == 1 else Claim, "execution", data, place)
    return owner


def _owned(run: str, owner: Execution) -> RunOwnedError:
    return RunOwnedError(
        "another process is executing this run",
        where=run,
        got=f"process {owner.pid} on {owner.host}, started by {owner.actor} at {owner.started}",
        remedy="wait for it to end, or stop it, and try again",
    )
