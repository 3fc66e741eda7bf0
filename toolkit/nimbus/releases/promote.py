"""Makes a release the live one: the next run is its."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from nimbus.releases import diff, registry
from nimbus.releases import live as changes
from nimbus.releases.errors import ReleaseUnusableError
from nimbus_runtime import live
from nimbus_runtime.contract.errors import LiveChangedError
from nimbus_runtime.contract.records import CanaryLimits, Candidate, Live, Release

if TYPE_CHECKING:
    from nimbus.releases.rollback import Runnable
    from nimbus_runtime.store import Store


class Outcome(StrEnum):
    """What a gate says of a candidate."""

    PROMOTE = "promote"
    HOLD = "hold"
    INCONCLUSIVE = "inconclusive"
    NONE = "none"  # nothing is known of it that the gate asks for


@dataclass(frozen=True, slots=True)
class Verdict:
    """A gate's word on a candidate, and why."""

    outcome: Outcome
    why: str


@dataclass(frozen=True, slots=True)
class Promotion:
    """What promoting a release, or its canary, will do; `needed` is False where that holds already.

    `verdict` is what the gate says of it, None where that was not asked, or was heeded already.
    """

    before: Live | None
    after: Live
    state: tuple[diff.Difference, ...]
    release: tuple[diff.Difference, ...]
    needed: bool
    verdict: Verdict | None = None


def plan(
    store: Store,
    runnable: Runnable,
    release: str,
    seen: tuple[Live | None] | None = None,
    share: tuple[int, CanaryLimits] | None = None,
) -> Promotion:
    """Decide on a promotion by what is live now, or was when it was seen; refuse a release that cannot run.

    With a share, in percent, and limits, it is a canary: live stays live.
    """
    before = live.read(store) if seen is None else seen[0]
    to = registry.release(store, release)
    registry.refuse_gone(store, before, release)
    if to.job is None:
        raise ReleaseUnusableError(
            "this release does not say what its runs read",
            where=release,
            got="a bundle that was run by hand",
            remedy="deploy it: `nimbus deploy`",
        )
    missing = runnable.lacks(to)
    if missing is not None:
        raise ReleaseUnusableError(
            "this release cannot run", where=release, got=missing, remedy="deploy it again: `nimbus deploy`"
        )
    present = _present(store, before)
    if share is not None:
        _check_columns(present, to)
        candidate = Candidate(release, *share)
        after = changes.offered(before, candidate)
        standing = None if before is None else before.candidate
        needed = standing is None or replace(standing, since="") != candidate
    else:
        after = changes.promoted(before, release)
        needed = before is None or before.release != release or before.candidate is not None
    return Promotion(before, after, diff.of_states(before, after), diff.of_releases(present, to), needed)


def apply(store: Store, planned: Promotion, actor: str, reason: str, action: str = "promote") -> Live:
    """Promote, or begin a canary, by one compare-and-swap; nothing is written where that holds already.

    Nor where another has made the same release live meanwhile.
    """
    if planned.before is not None and not planned.needed:
        return planned.before
    candidate = planned.after.candidate
    wanted = planned.after.release if candidate is None else candidate.release

    entry = live.entry(action if candidate is None else "canary", actor, _recorded(reason, planned.verdict))

    def change(now: Live | None) -> Live:
        registry.refuse_gone(store, now, wanted)
        if candidate is None:
            return changes.promoted(now, wanted)
        return changes.offered(now, replace(candidate, since=entry.time))

    try:
        return live.decide(store, planned.before, entry, change)
    except LiveChangedError:
        present = live.read(store)
        if candidate is not None or present is None or (present.release, present.candidate) != (wanted, None):
            raise
        return present


def _recorded(reason: str, verdict: Verdict | None) -> str:
    """Return a reason with what the gate said: why, where it did not say to promote."""
    if verdict is None:
        return reason
    told = f"gate: {verdict.outcome}" + ("" if verdict.outcome is Outcome.PROMOTE else f", {verdict.why}")
    return f"{reason} ({told})" if reason else told


def _check_columns(present: Release | None, to: Release) -> None:
    """Refuse a candidate whose rows would visibly have other columns than live's: a dataset has one schema."""
    if present is None or not present.labels or not to.labels:
        return  # its workers find out, and it is dropped
    for name, labels in present.labels.items():
        if name.startswith("textcat") and set(to.labels.get(name, ())) != set(labels):
            raise ReleaseUnusableError(
                "rows of this release would have other columns than live's",
                where=to.release,
                got=f"{name}: {', '.join(to.labels.get(name, ())) or 'nothing'}",
                expected=f"{name}: {', '.join(labels)}",
                remedy="promote it at once, without --canary",
            )


def _present(store: Store, before: Live | None) -> Release | None:
    registered = before is not None and before.release in registry.names(store)
    return registry.release(store, before.release) if before is not None and registered else None
