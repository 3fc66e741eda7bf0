"""The states that live.json goes through, as values: each change is a function from one state to the next.

Sequence and entry are set where a change is written.
"""

from __future__ import annotations

from dataclasses import replace

from nimbus_runtime.contract.errors import UsageError
from nimbus_runtime.contract.records import Candidate, Entry, Live, Run

_NOT_YET = Entry("", "", "", "", "")


def promoted(present: Live | None, release: str) -> Live:
    """Return the state in which a release is live; the published dataset stays until its first run."""
    if present is None:
        return Live(0, _NOT_YET, release)
    if present.candidate is not None and present.candidate.release != release:
        raise UsageError(
            "another release is in its canary",
            got=f"{present.candidate.release} at {present.candidate.percent} %",
            remedy=f"promote {present.candidate.release}, or drop it with `nimbus canary drop`; then promote {release}",
        )
    previous = present.release if present.release != release else present.previous
    return replace(present, release=release, previous=previous, candidate=None)


def offered(present: Live | None, candidate: Candidate) -> Live:
    """Return the state in which a candidate has a share of the next runs' shards; live stays live."""
    if present is None:
        raise UsageError(
            "nothing is live yet, so there is nothing to share runs with",
            got=f"a canary of {candidate.release}",
            remedy=f"promote it: `nimbus promote {candidate.release}`",
        )
    if present.release == candidate.release:
        raise UsageError(
            "this release is live already",
            got=candidate.release,
            expected="another one",
            remedy="`nimbus show` lists the releases",
        )
    if present.candidate is not None and present.candidate.release != candidate.release:
        raise UsageError(
            "another release is in its canary",
            got=f"{present.candidate.release} at {present.candidate.percent} %",
            remedy="promote that, or drop it with `nimbus canary drop`",
        )
    return replace(present, candidate=candidate)


def dropped(present: Live) -> Live:
    """Return the state without a candidate. What it has published stays: its verdicts were good."""
    if present.candidate is None:
        raise UsageError(
            "there is no candidate to drop",
            got=f"release {present.release}, alone",
            remedy="`nimbus promote RELEASE --canary 5` begins a canary",
        )
    return replace(present, candidate=None)


def rolled_back(
    present: Live, release: str | None = None, *, keep_data: bool = False, shown: str | None = None
) -> Live:
    """Return the state in which a release and the last dataset that it made alone are live again.

    One that never made any has again what was `shown` while it was live. Without a name it is the
    previous release, or during a canary the present one without its candidate. A later epoch keeps
    runs that are on their way from publishing.
    """
    to = release or target(present)
    return replace(
        present,
        release=to,
        previous=present.release if present.release != to else present.previous,
        candidate=None,
        dataset=present.dataset if keep_data else present.datasets.get(to, shown),
        epoch=present.epoch + 1,
    )


def showing(present: Live, run: Run) -> Live:
    """Return the state in which readers see an earlier run again; the release stays, and so does a candidate.

    It is the live release's dataset from now on, where that made it alone. A later epoch keeps runs that are on
    their way from publishing: they may have read what was wrong.
    """
    datasets = {name: made for name, made in present.datasets.items() if name != present.release}
    if (run.release, run.candidate) == (present.release, None):
        datasets[run.release] = run.run
    return replace(present, dataset=run.run, datasets=datasets, epoch=present.epoch + 1)


def target(present: Live) -> str:
    """Return the release that a rollback without a name goes to."""
    if present.candidate is not None:
        return present.release
    if present.previous is None:
        raise UsageError(
            "there is no earlier release to roll back to",
            got=f"release {present.release}, the first",
            remedy="name a release out of `nimbus history`, or deploy one",
        )
    return present.previous
