"""Rules of the two engines: one statistic, nothing unpickled, and words where one is not there."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from nimbus import drifting
from nimbus.adapters import alibi
from nimbus_runtime.contract.drift import Kind, Level, Thresholds
from nimbus_runtime.contract.errors import DriftError, UsageError
from nimbus_runtime.drift import verdict
from nimbus_runtime.drift.samples import Sample, samples
from nimbus_runtime.drift.significance import NumpyEngine
from nimbus_runtime.store import DirectoryStore

from .alibi import python
from .roots import World, add_run, baseline, rows, window

needs_alibi = pytest.mark.skipif(
    python() is None,
    reason="no interpreter with alibi-detect: .ci/run makes one, NIMBUS_DRIFT_ALIBI_PYTHON names one",
)


@pytest.fixture
def engine() -> alibi.AlibiEngine:
    """Return the engine of the other environment."""
    return alibi.engine(python())


@needs_alibi
def test_where_both_have_a_test_both_give_one_statistic(engine: alibi.AlibiEngine) -> None:
    """D and chi-squared, and their p-values; the classifiers differ, and agree on what they see."""
    pairs = samples(window(rows(1500, 1)), window(rows(1500, 2, World(length=5.4, missing=0.02, moved=0.8))))
    assert {pair.kind for pair in pairs} == set(Kind)
    for pair, ours, theirs in zip(pairs, NumpyEngine().test(pairs), engine.test(pairs), strict=True):
        if pair.kind is Kind.VECTOR:
            assert ours.statistic == pytest.approx(theirs.statistic, abs=0.05)
            assert max(ours.p_value, theirs.p_value) < 1e-6
        else:
            assert ours.statistic == pytest.approx(theirs.statistic, rel=1e-5, abs=1e-6)
            assert ours.p_value == pytest.approx(theirs.p_value, rel=0.05, abs=1e-12)


@needs_alibi
@pytest.mark.parametrize(("world", "level"), [(World(), Level.NONE), (World(length=6.0, moved=1.5), Level.MATERIAL)])
def test_both_engines_come_to_one_verdict(engine: alibi.AlibiEngine, world: World, level: Level) -> None:
    """Effect sizes are ours in both."""
    reference, current = window(rows(1500, 1)), window(rows(1500, 2, world))
    for each in (engine, NumpyEngine()):
        assert verdict.overall(verdict.compare(reference, current, Thresholds(), {}, each))[0] is level


@needs_alibi
def test_constant_and_absent_values_are_no_difference(engine: alibi.AlibiEngine) -> None:
    """Both engines say so, and neither fails."""
    pairs = [
        Sample("a", Kind.NUMBER, np.ones(50), np.ones(60)),
        Sample("b", Kind.SHARE, np.array([0.0, 50]), np.array([0.0, 60]), ("x", "y")),
    ]
    for each in (engine, NumpyEngine()):
        assert [score.statistic for score in each.test(pairs)] == [0.0, 0.0]
        assert all(score.p_value == 1.0 for score in each.test(pairs))


def test_an_interpreter_without_alibi_detect_is_refused_in_words(tmp_path: Path) -> None:
    """One that is none, and one that has none."""
    pairs = [Sample("a", Kind.NUMBER, np.ones(5), np.ones(6))]
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\necho 'ModuleNotFoundError: alibi_detect' >&2\nexit 1\n", encoding="utf-8")
    broken.chmod(0o755)
    for named, got in ((str(tmp_path / "nothing"), "FileNotFoundError"), (str(broken), "ModuleNotFoundError")):
        with pytest.raises(DriftError) as caught:
            alibi.AlibiEngine(named).test(pairs)
        assert got in str(caught.value.got)
        assert caught.value.where == named


@pytest.mark.skipif(python() is not None and "alibi_detect" in os.environ.get("PYTHONPATH", ""), reason="it is here")
def test_without_any_interpreter_the_remedy_says_how_to_install_one() -> None:
    """And that the default engine needs nothing."""
    with pytest.raises(UsageError) as caught:
        alibi.engine(None)
    assert "alibi-detect==0.13.0" in str(caught.value.remedy)
    assert "leave out --engine" in str(caught.value.remedy)


def test_the_default_engine_is_free_and_the_other_says_that_it_is_not(root: DirectoryStore) -> None:
    """The note on the licence is shown where a user chooses."""
    baseline(root, add_run(root, rows(600, 1)))
    add_run(root, rows(600, 2), day=1)
    place = drifting.root(str(root.root), None, None)
    found = drifting.report(place, run=None, last=1, baseline=None, engine=None)
    assert found.comparison.engine == "numpy"
    assert "Business Source License" in alibi.LICENCE
