"""A failure that would come again: a task leaves it for the state machine, which tells of it and tries no more."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from nimbus_runtime import claims, clock
from nimbus_runtime.contract import codec, paths
from nimbus_runtime.contract.records import Begun, Dispatch, Ending, Outcome
from nimbus_runtime.store import open_store
from nimbus_runtime.tasks import batches

if TYPE_CHECKING:
    from nimbus_runtime.contract.errors import NimbusError
    from nimbus_runtime.store import Store


def leave(verb: str, error: NimbusError, environment: Mapping[str, str] = os.environ) -> bool:
    """Record that planning or committing a run fails for good; False where another attempt may do better.

    The attempt's end holds the words; what the state machine reads holds the class alone.
    """
    root, execution = (environment.get(name, "") for name in ("NIMBUS_ROOT", "NIMBUS_EXECUTION"))
    if not (error.lasting and root and execution):
        return False
    store, name = open_store(root), batches.execution_name(execution)
    run = environment.get("NIMBUS_RUN") or _begun(store, name)
    _end(store, run, execution, error)
    place = paths.dispatch(name) if verb == "plan" else paths.failure(name)
    store.create(place, codec.encode(Dispatch(Outcome.FAILED, run, error=type(error).__name__)))
    return True


def _begun(store: Store, name: str) -> str:
    """Return the run that an execution has asked for; one of now where it was not told what to ask for."""
    data = store.read(paths.begun(name))
    asked = "" if data is None else codec.decode(Begun, data, paths.begun(name)).run
    return asked or clock.run_name(clock.now())


def _end(store: Store, run: str, execution: str, error: NimbusError) -> None:
    """Record how the attempt ended, where the run was planned and is this execution's."""
    if store.read(paths.plan(run)) is not None:
        number, owner = claims.latest(store, run)
        if owner.id == execution:
            claims.end(store, claims.Attempt(run, number, owner), Ending.FAILED, error.to_json())
