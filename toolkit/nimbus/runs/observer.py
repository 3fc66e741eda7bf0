"""Who watches a run of this machine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from nimbus_runtime.contract.records import Commit, Plan
from nimbus_runtime.supervisor import Progress


class Observer(Progress, Protocol):
    """Is told what a run is about to do, then how it goes."""

    def planned(self, plan: Plan, committed: Sequence[Commit]) -> None:
        """Note the plan, and the shards that an earlier attempt has done."""
        ...
