"""Rules of the gate: a pure function of evidence and limits."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fixtures.roots import register

from nimbus.config.gate import Gate, Required
from nimbus.promotion import gate, judging
from nimbus.promotion.estimates import paired, share
from nimbus.promotion.report import Component, Failures, Named, Projection, Shadow, Share, Shift, Speed
from nimbus_runtime import clock
from nimbus_runtime.contract import codec, paths
from nimbus_runtime.contract.records import Entry, Evidence, Live
from nimbus_runtime.store import DirectoryStore

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
LIMITS = Gate()


def counted(flips: int, of: int) -> Share:
    """Return a share of documents that each weigh one."""
    flipped = (np.arange(of) < flips).astype(float)
    return share(np.ones(of), flipped, np.ones(of), 0.95)


def figures(flips: int = 0, of: int = 1000, **changes: Any) -> Shadow:  # noqa: ANN401 - any field
    """Return what a shadow found: so many flips of so many documents, and nothing else."""
    component = Component("textcat", "document", counted(flips, of), (), (), ())
    found = Shadow(
        live="v1",
        live_digest="d1",
        candidate="v2",
        candidate_digest="d2",
        run="20261122T020000Z",
        documents=10 * of,
        sampled=of,
        strata=1,
        scored_again=True,
        confidence=0.95,
        changed=component.changed,
        repeated=None,
        components=(component,),
        entities=(),
        shifts=(),
        failures=Failures(0, 0, 0.0, 0.0, {}, ()),
        speed=Speed(1.0, 1.0, 1.0, 0.9, 1.1, 10.0, same_machine=True),
        memory_live=100,
        memory_candidate=110,
        projection=Projection(1, 1, 1.0, 1.0, None, None),
    )
    return replace(found, **changes)


def evidence(body: object, kind: str = "shadow", *, outcome: str = "", age: float = 0.0) -> Evidence:
    """Return evidence of so many days ago."""
    time = (NOW - timedelta(days=age)).isoformat().replace("+00:00", "Z")
    plain = codec.plain(body)
    assert isinstance(plain, dict)
    return Evidence("v2", kind, time, "ana", outcome, plain)


def decided(found: Shadow | None, limits: Gate = LIMITS, **more: Evidence) -> gate.Decision:
    """Return the gate's answer to a shadow and other evidence."""
    kept: dict[str, Evidence | None] = {"shadow": None if found is None else evidence(found), **more}
    return gate.decide("v2", "v1", "d2", kept, limits, NOW)


@pytest.mark.parametrize(
    ("flips", "of", "verdict"),
    [(0, 1000, "promote"), (20, 1000, "promote"), (90, 1000, "hold"), (0, 20, "inconclusive"), (3, 60, "inconclusive")],
)
def test_an_interval_decides(flips: int, of: int, verdict: str) -> None:
    """Wholly within the limit of 5 %, wholly beyond, or across."""
    assert decided(figures(flips, of)).verdict.value == verdict


def test_an_inconclusive_sample_says_how_large_one_would_do() -> None:
    """And one of that size, with the same share, decides."""
    decision = decided(figures(3, 100))
    assert decision.verdict is gate.Verdict.INCONCLUSIVE
    assert decision.needed is not None
    assert 300 < decision.needed < 1500
    larger = figures(round(0.03 * decision.needed), decision.needed)
    assert decided(larger).verdict is gate.Verdict.PROMOTE


def test_a_difference_too_small_to_matter_is_not_asked_for_ever() -> None:
    """Near the limit, a sample that could have told the smallest effect decides by its share."""
    assert decided(figures(48 * 20, 20_000)).verdict is gate.Verdict.PROMOTE
    assert decided(figures(51 * 20, 20_000)).verdict is gate.Verdict.HOLD


@given(flips=st.integers(0, 400), more=st.integers(0, 100))
def test_more_flips_never_make_it_better(flips: int, more: int) -> None:
    """Promote, inconclusive, hold, in this order."""
    order = list(gate.Verdict)
    order = [gate.Verdict.PROMOTE, gate.Verdict.INCONCLUSIVE, gate.Verdict.HOLD]
    first, second = (order.index(decided(figures(n, 500)).verdict) for n in (flips, flips + more))
    assert first <= second


def test_one_label_that_is_surely_beyond_holds() -> None:
    """Even where the whole hardly changes; a rare label that may be is not enough."""
    surely, maybe = Named("refund", counted(30, 60)), Named("praise", counted(3, 8))
    for parts, verdict in (((surely,), "hold"), ((maybe,), "promote")):
        component = Component("textcat", "document", counted(2, 1000), parts, (), ())
        assert decided(figures(components=(component,))).verdict.value == verdict


def test_many_segments_are_no_lottery() -> None:
    """Of forty segments without any fault, one is above its limit by chance; intervals allow for how many there are."""
    random = np.random.default_rng(5)
    held = 0
    for _ in range(100):
        parts = tuple(Named(str(n), counted(int(random.binomial(25, 0.15)), 25)) for n in range(40))
        component = Component("textcat", "document", counted(2, 1000), (), parts, ())
        held += decided(figures(components=(component,))).verdict is gate.Verdict.HOLD
    assert held <= 8


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"failures": Failures(0, 30, 0.02, 0.04, {"component-error": 30}, ("id",))}, "failing documents"),
        ({"speed": Speed(1.0, 10.0, 10.0, 9.0, 11.0, 1.0, same_machine=True)}, "time a character"),
        ({"speed": Speed(1.0, 10.0, 10.0, None, None, 1.0, same_machine=False)}, "time a character"),
        ({"memory_candidate": 1000}, "memory"),
        ({"shifts": (Shift("top probability", 0.9, 0.7, -0.2, -0.25, -0.15),)}, "confidence"),
        ({"notes": ("the candidate does not assign cats",)}, "columns"),
    ],
)
def test_each_rule_holds_for_itself(changes: dict[str, Any], name: str) -> None:
    """One that is broken is enough, and is named."""
    decision = decided(figures(**changes))
    assert decision.verdict is gate.Verdict.HOLD
    assert [rule.name for rule in decision.rules if rule.verdict is gate.Verdict.HOLD] == [name]


def failing(candidate: int, of: int) -> Shadow:
    """Return what a shadow found where so many documents fail in the candidate alone."""
    low, high = paired(candidate, 0, of, 0.95)
    return figures(0, of, failures=Failures(0, candidate, low, high, {"component-error": candidate}, ()))


@pytest.mark.parametrize(
    ("candidate", "of", "verdict"),
    [(0, 200, "promote"), (1, 200, "promote"), (3, 200, "inconclusive"), (12, 800, "hold"), (30, 1000, "hold")],
)
def test_failures_that_may_be_within_are_inconclusive(candidate: int, of: int, verdict: str) -> None:
    """Beyond +0.5 % in the sample, and not surely; a sample as large as is asked for tells."""
    decision = decided(failing(candidate, of))
    assert decision.verdict.value == verdict
    assert (decision.needed is not None) == (verdict == "inconclusive")
    if decision.needed is not None:
        larger = decided(failing(round(decision.needed * candidate / of), decision.needed))
        assert larger.verdict is gate.Verdict.HOLD


def test_not_one_more_may_fail_where_the_limit_is_0() -> None:
    """As nothing may change where that limit is 0."""
    assert decided(failing(1, 1000), replace(LIMITS, max_failures=0.0)).verdict is gate.Verdict.HOLD


@pytest.mark.parametrize(
    ("shift", "verdict"),
    [
        ((-0.04, -0.1, 0.02), "promote"),
        ((-0.08, -0.14, -0.02), "inconclusive"),
        ((0.08, 0.02, 0.14), "inconclusive"),
        ((-0.08, -0.1, -0.06), "hold"),
        ((0.055, 0.04, 0.07), "hold"),  # a difference that matters would have been told
    ],
)
def test_a_confidence_that_may_be_within_is_inconclusive(shift: tuple[float, float, float], verdict: str) -> None:
    """Either way; and so many documents would tell."""
    decision = decided(figures(shifts=(Shift("top probability", 0.9, 0.9 + shift[0], *shift),)))
    assert decision.verdict.value == verdict
    assert (decision.needed is not None) == (verdict == "inconclusive")
    if decision.needed is not None:
        assert decision.needed > 1000


def test_a_time_that_may_be_within_is_inconclusive() -> None:
    """Nor is live's time on another machine taken at its word."""
    across = figures(speed=Speed(1.0, 1.7, 1.7, 1.2, 2.4, 1.0, same_machine=True))
    elsewhere = figures(speed=Speed(1.0, 1.7, 1.7, None, None, 1.0, same_machine=False))
    assert decided(across).verdict is gate.Verdict.INCONCLUSIVE
    assert decided(elsewhere).verdict is gate.Verdict.PROMOTE


def test_evidence_that_is_missing_old_or_of_something_else_is_named() -> None:
    """Each is inconclusive, and says why."""
    both = Gate(require=(Required.SHADOW, Required.LOADTEST))
    good = evidence({}, "loadtest", outcome="passed")
    assert decided(None).missing == ("shadow: none yet",)
    again = "(in this environment: nimbus loadtest --release v2)"
    assert decided(figures(), both).missing == (f"loadtest: none yet {again}",)
    old = replace(good, time="2026-10-01T00:00:00Z")
    assert decided(figures(), both, loadtest=old).missing == (f"loadtest: 52 days old, and 30 are allowed {again}",)
    assert decided(figures(live="v0")).missing == ("shadow: it was beside v0, and v1 is live now",)
    assert "another bundle" in decided(figures(candidate_digest="d3")).missing[0]
    assert decided(figures(), both, loadtest=good).verdict is gate.Verdict.PROMOTE
    assert decided(figures(), both, loadtest=replace(good, outcome="missed")).verdict is gate.Verdict.HOLD
    late = replace(good, outcome="unsound")  # the generator was: it says nothing
    assert decided(figures(), both, loadtest=late).verdict is gate.Verdict.INCONCLUSIVE


def test_a_candidate_is_scored_again_where_the_gate_asks_for_more(tmp_path: Path) -> None:
    """More documents than were asked for, another confidence, evidence that is too old; the same is not repeated."""
    store = DirectoryStore(tmp_path)
    present, candidate = (replace(register(store, name), bundle_digest=f"d{name[1]}") for name in ("v1", "v2"))
    entry = Entry("deploy", "ana", "2026-11-01T00:00:00Z", "", "a")
    store.create(paths.LIVE, codec.encode(Live(1, entry, "v1", dataset="20261122T020000Z")))
    now = clock.now()

    def shadowed(limits: Gate, days: float = 0.0) -> bool:
        return judging.was_shadowed(store, candidate, present, limits, now + timedelta(days=days))

    assert not shadowed(LIMITS)
    judging.keep(store, figures(0, 97, wanted=100), judging.Named(tmp_path, candidate), "ana")
    assert not shadowed(LIMITS)
    assert shadowed(replace(LIMITS, documents=100))  # though some of them were set aside
    assert not shadowed(replace(LIMITS, documents=100, confidence=0.99))
    assert not shadowed(replace(LIMITS, documents=100), days=31)


def test_the_first_release_has_nothing_to_be_compared_with() -> None:
    """It needs no shadow, and whatever else is asked for."""
    assert gate.decide("v1", None, "d1", {}, LIMITS, NOW).verdict is gate.Verdict.PROMOTE
    both = Gate(require=(Required.SHADOW, Required.LOADTEST))
    assert gate.decide("v1", None, "d1", {}, both, NOW).verdict is gate.Verdict.INCONCLUSIVE
