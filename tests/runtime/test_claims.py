"""Who owns a run: one execution at a time."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import pytest

from nimbus_runtime import claims
from nimbus_runtime.claims import Attempt
from nimbus_runtime.contract import codec, paths
from nimbus_runtime.contract.errors import RunNotFoundError, RunOwnedError
from nimbus_runtime.contract.records import AttemptEnd, Ending, Plan
from nimbus_runtime.store import DirectoryStore

from .test_live import finished


@pytest.fixture
def store(tmp_path: Path) -> DirectoryStore:
    """Return an empty store."""
    return DirectoryStore(tmp_path)


@pytest.fixture
def plan(store: DirectoryStore) -> Plan:
    """Return a run that is planned."""
    return finished(store, 1)[0]


def test_a_run_that_is_owned_is_not_taken_over(store: DirectoryStore, plan: Plan) -> None:
    """The refusal names the owner's process."""
    with claims.first(store, plan), pytest.raises(RunOwnedError) as refusal, ExitStack() as stack:
        stack.enter_context(claims.take_over(store, plan.run, claims.this_process()))
    assert refusal.value.got is not None
    assert refusal.value.got.startswith("process 1 on here, started by somebody")


def test_whoever_takes_over_records_how_the_last_attempt_ended(store: DirectoryStore, plan: Plan) -> None:
    """An owner that died could not say so itself; attempts are counted on."""
    for number in (2, 3):
        with claims.take_over(store, plan.run, claims.this_process()) as attempt:
            assert attempt.number == number
        ending = store.read(paths.attempt_end(plan.run, number - 1)) or b""
        assert codec.decode(AttemptEnd, ending, "").ending is Ending.INTERRUPTED


def test_an_ending_is_recorded_once(store: DirectoryStore, plan: Plan) -> None:
    """What the owner said of itself is not written over by whoever takes over."""
    claims.end(store, Attempt(plan.run, 1, plan.execution), Ending.FAILED)
    with claims.take_over(store, plan.run, claims.this_process()):
        ending = store.read(paths.attempt_end(plan.run, 1)) or b""
    assert codec.decode(AttemptEnd, ending, "").ending is Ending.FAILED


def test_an_owner_that_was_overtaken_before_it_held_its_claim_gives_way(store: DirectoryStore, plan: Plan) -> None:
    """A claim counts while it is the latest: between its creation and its lock another may have come."""
    with claims.take_over(store, plan.run, claims.this_process()), pytest.raises(RunOwnedError), ExitStack() as stack:
        stack.enter_context(claims.first(store, plan))


def test_a_run_that_was_never_planned_cannot_be_taken_over(store: DirectoryStore) -> None:
    """It is said by name."""
    with pytest.raises(RunNotFoundError), ExitStack() as stack:
        stack.enter_context(claims.take_over(store, "20261101T020000Z", claims.this_process()))
