"""What a candidate's shards are compared by with live's shards of the same run: numbers, never text.

A shard is the unit of chance: documents of one input resemble each other. So where shards are drawn again and again
into a group as large as the candidate's, a difference counts only if it is rare among those draws, and large.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from nimbus_runtime import intervals, tables
from nimbus_runtime.at_once import each
from nimbus_runtime.contract import paths
from nimbus_runtime.contract.documents import Reason
from nimbus_runtime.contract.records import CanaryLimits, CanaryRule, Commit

if TYPE_CHECKING:
    from nimbus_runtime.store import Store

Floats = npt.NDArray[np.float64]

_OWN_FAULTS = (Reason.COMPONENT_ERROR, Reason.WORKER_KILLED, Reason.UNLISTED_LABEL, Reason.TOO_LONG)
_RARE = 0.05
_DRAWS = 499
_SECONDS = 5.0  # of work in a candidate's shards: in less, an instant decides
_BY_CHANCE = "other shards of this run differ as much by chance"
_MOST_SHARDS = 200  # of each, whose labels are read


def compare(
    store: Store, run: str, limits: CanaryLimits, candidate: Sequence[Commit], live: Sequence[Commit]
) -> tuple[CanaryRule, ...]:
    """Return what holds of a candidate's shards beside live's."""
    seed = int.from_bytes(hashlib.sha256(run.encode()).digest()[:8])
    own, others = _some(candidate), _some(live)
    names, mixes = label_mixes(store, run, [*own, *others])
    return (
        failures(limits.quarantine, candidate, live),
        speed(limits.slowdown, candidate, live, seed),
        *(
            labels(kind, limits.labels, mixes[:, columns], len(own), seed)
            for kind in ("entities", "categories")
            if (columns := [i for i, name in enumerate(names) if name[0] == kind])
        ),
    )


def failures(limit: float, candidate: Sequence[Commit], live: Sequence[Commit]) -> CanaryRule:
    """Compare the shares of documents that fail in the pipeline: not those that no release could read."""
    (bad, all_), (bad_live, all_live) = map(_faults, (candidate, live))
    share, share_live = bad / max(1, all_), bad_live / max(1, all_live)
    low = intervals.difference(bad, all_, bad_live, all_live)[0] if all_ and all_live else 0.0
    return CanaryRule(
        name="failing documents",
        candidate=round(share, 6),
        live=round(share_live, 6),
        limit=limit,
        held=not (share - share_live > limit and low > 0),
        why=f"{bad:,} of {all_:,} documents fail in it, {bad_live:,} of {all_live:,} in live"
        + ("; too few to be no chance" if share - share_live > limit and low <= 0 else ""),
    )


def speed(limit: float, candidate: Sequence[Commit], live: Sequence[Commit], seed: int) -> CanaryRule:
    """Compare the seconds of work that a thousand characters take, by the median shard."""
    rates = np.array([1000 * _work(c) / max(1, c.counts.characters) for c in (*candidate, *live)])
    count = len(candidate)
    own, others = float(np.median(rates[:count])), float(np.median(rates[count:]))
    ratio = own / others if others > 0 else 1.0
    enough = sum(map(_work, candidate)) >= _SECONDS
    rare = enough and ratio > limit and _rare(_slower(rates), len(rates), count, seed)
    words = f"; {_BY_CHANCE}" if enough and ratio > limit and not rare else ""
    words = words if enough else "; too little work to judge"
    return CanaryRule(
        name="seconds a thousand characters",
        candidate=round(own, 6),
        live=round(others, 6),
        limit=limit,
        held=not rare,
        why=f"it takes {ratio:.2f} times live's time a character{words}",
    )


def labels(kind: str, limit: float, mixes: Floats, count: int, seed: int) -> CanaryRule:
    """Compare the mix of labels: how far apart the two are beyond what shards of this run are by chance."""
    apart = _apart(mixes)
    found = apart(np.arange(count))
    drawn = sorted(apart(group) for group in _groups(len(mixes), count, seed))
    beyond = max(0.0, found - drawn[len(drawn) // 2])
    rare = beyond > limit and _rare(apart, len(mixes), count, seed)
    within = f"; that is {beyond:.3f} more, which the limit allows" if beyond <= limit else f"; {_BY_CHANCE}"
    return CanaryRule(
        name=f"mix of {kind}",
        candidate=round(found, 6),
        live=round(drawn[len(drawn) // 2], 6),
        limit=limit,
        held=not rare,
        why=f"its {kind} are {found:.3f} apart from live's; {drawn[len(drawn) // 2]:.3f} would be chance"
        + ("" if rare or found <= limit else within),
    )


def label_mixes(store: Store, run: str, commits: Sequence[Commit]) -> tuple[list[tuple[str, str]], Floats]:
    """Return (kind, label) for each column, and how often each shard has each; entities also by having none."""
    counted = list(each(lambda commit: _counts(store, run, commit), commits))
    names = sorted({name for counts in counted for name in counts})
    return names, np.array([[counts.get(name, 0.0) for name in names] for counts in counted], dtype=np.float64)


def _some(commits: Sequence[Commit]) -> list[Commit]:
    return sorted(commits, key=lambda commit: hashlib.sha256(commit.rows.file.encode()).digest())[:_MOST_SHARDS]


def _work(commit: Commit) -> float:
    """Return the seconds of a shard's work: of one by an earlier runtime, all that it took."""
    return commit.seconds if commit.working is None else commit.working


def _faults(commits: Sequence[Commit]) -> tuple[int, int]:
    bad = sum(commit.counts.reasons.get(reason.value, 0) for commit in commits for reason in _OWN_FAULTS)
    return bad, sum(commit.counts.documents for commit in commits)


def _counts(store: Store, run: str, commit: Commit) -> dict[tuple[str, str], float]:
    counts: dict[tuple[str, str], float] = {}
    with store.opened(paths.data(run, commit.features.file)) as file:
        table = tables.read(file, ["entity_counts", "top_category"])
    for entities in table["entity_counts"].to_pylist():
        for label, number in entities or [("", 1)]:
            counts["entities", label] = counts.get(("entities", label), 0) + number
    for label in table["top_category"].to_pylist():
        if label is not None:
            counts["categories", label] = counts.get(("categories", label), 0) + 1
    return counts


def _apart(mixes: Floats) -> Callable[[Any], float]:
    total = mixes.sum(axis=0)

    def apart(group: Any) -> float:  # noqa: ANN401 - whatever picks rows
        own = mixes[group].sum(axis=0)
        rest = total - own
        if not own.sum() or not rest.sum():
            return float(bool(own.sum()) != bool(rest.sum()))
        return float(np.abs(own / own.sum() - rest / rest.sum()).sum() / 2)

    return apart


def _slower(rates: Floats) -> Callable[[Any], float]:
    def slower(group: Any) -> float:  # noqa: ANN401 - as above
        return float(np.median(rates[group]) / max(float(np.median(np.delete(rates, group))), 1e-12))

    return slower


def _rare(statistic: Callable[[Any], float], of: int, count: int, seed: int) -> bool:
    """Say whether the first `count` of the shards differ from the rest as few other groups do."""
    found = statistic(np.arange(count))
    drawn = [statistic(group) for group in _groups(of, count, seed)]
    share = (1 + sum(value >= found for value in drawn)) / (1 + len(drawn))
    return share <= max(_RARE, 1 / math.comb(of, count) if of < 64 else 0.0)  # so few shards know no rarer group


def _groups(of: int, count: int, seed: int) -> list[Any]:
    """Return other groups of `count` shards: all there are, or as many as tell."""
    if of < 64 and math.comb(of, count) <= _DRAWS:
        every = [np.array(group) for group in combinations(range(of), count)]
        return every[1:] or every
    random = np.random.default_rng(seed)
    return [random.permutation(of)[:count] for _ in range(_DRAWS)]
