"""Who owns a run that several executions may be started for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from nimbus_runtime import claims
from nimbus_runtime.contract import codec, paths
from nimbus_runtime.contract.records import Claim, Ending, Execution

if TYPE_CHECKING:
    from nimbus_runtime.store import Store


class Executions(Protocol):
    """Knows which executions still run."""

    def running(self, execution: Execution) -> bool:
        """Say whether an execution has not ended."""
        ...


def own(store: Store, run: str, execution: Execution, executions: Executions) -> claims.Attempt | None:
    """Return this execution's attempt at a planned run; None while another's still runs.

    An execution that owns the run already continues its attempt. One that has ended loses it to the
    first that creates the next claim.
    """
    while True:
        number, owner = claims.latest(store, run)
        if owner.id == execution.id:
            return claims.Attempt(run, number, execution)
        if executions.running(owner):
            return None
        claims.end(store, claims.Attempt(run, number, owner), Ending.INTERRUPTED)
        store.create(paths.claim(run, number + 1), codec.encode(Claim(number + 1, execution)))
