"""Rules of load tests that a gate asks for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.toolkit.config import projects

from nimbus import quoting
from nimbus.config import Environment, Kind, load
from nimbus.config.gate import Gate, Required
from nimbus.config.loadtest import Slo
from nimbus.loadtest import run
from nimbus.loadtest.verdict import judge
from nimbus.promotion import judging
from nimbus.promotion.gate import Verdict
from nimbus_runtime import evidence
from nimbus_runtime.contract import codec, paths
from nimbus_runtime.contract.records import Release
from nimbus_runtime.store import DirectoryStore

from .results import result, step

GATE = Gate(require=(Required.LOADTEST,), profile="ramp", max_age_days=7)
RELEASE = Release("r-1", "b" * 64, "support", "1", image="repository@sha256:1")


@pytest.fixture
def store(tmp_path: Path) -> DirectoryStore:
    """Return a root with one release."""
    found = DirectoryStore(tmp_path / "root")
    found.create(paths.release(RELEASE.release), codec.encode(RELEASE))
    return found


def keep(
    store: DirectoryStore,
    profile: str = "ramp",
    p50_ms: float | None = None,
    image: str = "1",
    shape: str = "ramp",
    overridden: tuple[str, ...] = (),
) -> None:
    """Keep a load test as evidence of the release."""
    measured, slo = result(step(1, 5.0), step(2, 20.0), shape=shape), Slo(p50_ms=p50_ms)
    verdict = judge(measured, slo)
    trial = run.Trial(profile, slo, measured, verdict, "", overridden=overridden)
    found = run.finding(trial, RELEASE.bundle_digest, f"repository@sha256:{image}")
    evidence.write(store, RELEASE.release, run.KIND, found, outcome=verdict.outcome.value, actor="a test")


def decide(store: DirectoryStore, days: float = 0.0) -> Verdict:
    """Ask the gate, some days later."""
    now = datetime.now(UTC) + timedelta(days=days)
    return judging.judge(store, RELEASE.release, GATE, now).verdict


def test_a_load_test_that_kept_its_slo_opens_the_gate(store: DirectoryStore) -> None:
    """One that missed it holds the release, and none at all is no answer."""
    assert decide(store) is Verdict.INCONCLUSIVE
    keep(store, p50_ms=1.0)
    assert decide(store) is Verdict.HOLD
    keep(store)
    assert decide(store) is Verdict.PROMOTE


def test_another_profile_or_image_or_an_old_one_does_not(store: DirectoryStore) -> None:
    """What was measured has to be what is released, by the profile that was agreed, and lately."""
    keep(store, profile="steady")
    keep(store, image="2")
    assert decide(store) is Verdict.INCONCLUSIVE
    keep(store)
    keep(store, profile="steady", p50_ms=1.0)
    assert decide(store) is Verdict.PROMOTE
    assert decide(store, days=8) is Verdict.INCONCLUSIVE


def test_a_profile_that_was_overridden_is_not_the_one_that_was_agreed(store: DirectoryStore) -> None:
    """More processors, a second instead of ten: it is kept, and the gate says why it does not count."""
    keep(store, overridden=("--seconds", "--vcpus"))
    decision = judging.judge(store, RELEASE.release, GATE, datetime.now(UTC))
    assert decision.verdict is Verdict.INCONCLUSIVE
    assert decision.missing[0].startswith("loadtest: only with --seconds, --vcpus, which is not what was agreed")
    keep(store)
    keep(store, p50_ms=1.0, overridden=("--rate",))
    assert decide(store) is Verdict.PROMOTE


def test_a_quote_goes_by_the_latest_ramp(store: DirectoryStore, tmp_path: Path) -> None:
    """Other shapes measure what was asked for, not what could be had."""
    environment = Environment(name="local", kind=Kind.LOCAL, root=str(tmp_path / "root"))
    assert quoting.measured_of(environment, RELEASE.release) is None
    keep(store)
    keep(store, profile="soak", shape="soak")
    measured = quoting.measured_of(environment, RELEASE.release)
    assert measured is not None
    assert measured.documents_per_second == 20.0
    assert measured.source.startswith("load test ramp of ")
    project = load(projects.write(tmp_path))
    told = quoting.in_a_line(environment, project, RELEASE)  # what a preflight shows
    assert told is not None
    assert told.startswith("144,000 documents an hour a task, 0.69 USD a million (load test ramp")
