"""Rules of baselines: created once, bound to a pipeline and a bundle, and fair to weekdays."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from nimbus_runtime import evidence
from nimbus_runtime.contract import paths
from nimbus_runtime.contract.drift import Level
from nimbus_runtime.contract.errors import (
    BaselineMismatchError,
    BaselineNotFoundError,
    DriftError,
    NimbusError,
    UsageError,
)
from nimbus_runtime.drift import baselines, windows
from nimbus_runtime.drift.compare import compare
from nimbus_runtime.drift.significance import NumpyEngine
from nimbus_runtime.drift.watch import watch
from nimbus_runtime.store import DirectoryStore, Store

from .roots import RELEASE, World, add_run, baseline, rows, window

OTHER = replace(RELEASE, release="support-2", bundle_digest="c" * 64)


def test_a_baseline_is_created_once(root: DirectoryStore) -> None:
    """A second of the same name is refused, and the first stays."""
    first = add_run(root, rows(800, 1))
    made = baseline(root, first)
    with pytest.raises(BaselineMismatchError, match="do not change"):
        baseline(root, add_run(root, rows(900, 2), day=1))
    assert baselines.every(root) == [made]


@pytest.mark.parametrize("name", ["", "../x", "a/b", "data", ".hidden", "x" * 101, "a\nb"])
def test_a_name_is_never_a_path(root: DirectoryStore, name: str) -> None:
    """Neither when one is made nor when one is asked for."""
    run = add_run(root, rows(800, 1))
    with pytest.raises(UsageError):
        baseline(root, run, name=name)
    with pytest.raises(BaselineNotFoundError):
        baselines.named(root, name, "support")


def test_a_baseline_outlives_its_runs(root: DirectoryStore) -> None:
    """It holds a copy of what it needs."""
    made = baseline(root, add_run(root, rows(800, 1)))
    current = add_run(root, rows(800, 2), day=1)
    for file in root.root.joinpath("runs", made.parts[0].run or "", "data").iterdir():
        file.unlink()
    assert compare(root, made, [current], NumpyEngine()).comparison.level is Level.NONE


def test_the_newest_baseline_of_a_bundle_is_taken(root: DirectoryStore) -> None:
    """Of its release first; never one of another bundle."""
    run = add_run(root, rows(800, 1))
    assert baselines.newest(root, run) is None
    for name in ("zulu", "alpha"):
        baseline(root, run, name=name)
    other = add_run(root, rows(800, 2), day=1, release=OTHER)
    assert baselines.newest(root, other) is None
    baseline(root, other, name="other", release=OTHER)
    found = baselines.newest(root, run)
    assert found is not None
    assert found.name == "alpha"
    again = replace(run, release="support-1-again")
    assert baselines.newest(root, again) == found


def test_a_baseline_of_another_pipeline_is_refused(root: DirectoryStore) -> None:
    """In words that name both."""
    baseline(root, add_run(root, rows(800, 1)))
    with pytest.raises(BaselineMismatchError) as caught:
        baselines.named(root, "good", "invoices")
    assert (caught.value.got, caught.value.expected) == ("support", "invoices")


def test_too_few_documents_make_no_baseline(root: DirectoryStore) -> None:
    """What every later run would be compared with must bear it."""
    with pytest.raises(DriftError, match="too few"):
        baseline(root, add_run(root, rows(400, 1)))


def test_a_run_without_features_is_refused_in_words(root: DirectoryStore) -> None:
    """Nothing scored, or written before there were features."""
    with pytest.raises(DriftError, match="no monitoring features"):
        windows.sample(root, add_run(root, []))


@pytest.mark.parametrize("damage", [b"", b"PAR1 not really", b"{}"])
def test_damaged_features_are_refused_in_words(root: DirectoryStore, damage: bytes) -> None:
    """By the name of the file."""
    run = add_run(root, rows(800, 1))
    root.path(paths.data(run.run, run.features[0].file)).write_bytes(damage)
    with pytest.raises(NimbusError) as caught:
        windows.sample(root, run)
    assert run.features[0].file in str(caught.value.where)


def test_a_sample_is_bounded_and_the_same_each_time(root: DirectoryStore) -> None:
    """Documents with a vector come first."""
    run = add_run(root, rows(3000, 1), files=7)
    chosen = windows.sample(root, run, 1000)
    assert chosen.num_rows == 1000
    assert chosen.equals(windows.sample(root, run, 1000))
    assert chosen["vector"].null_count < windows.sample(root, run)["vector"].null_count * 1000 / 3000


@pytest.mark.parametrize(("small", "each"), [(1, 400), (299, 5)])
def test_every_document_is_as_likely_in_a_sample(root: DirectoryStore, small: int, each: int) -> None:
    """Whatever the size of its file, and where not all files are read."""
    few = rows(small * each, 1, World(categories={"praise": 1.0}))
    run = add_run(root, [*few, *rows(3000, 2, World(categories={"refund": 1.0}))], files=[each] * small + [3000])
    chosen = windows.sample(root, run, 1000)["top_category"].to_pylist()
    assert 950 <= len(chosen) <= 1000
    assert chosen.count("refund") / len(chosen) == pytest.approx(3000 / (3000 + len(few)), abs=0.02)


def test_a_run_is_compared_with_its_own_weekday(root: DirectoryStore) -> None:
    """Where the baseline has two of them with documents enough: long texts on Mondays are no drift."""
    worlds = {day: World(length=6.5 if day % 7 == 0 else 5.3) for day in range(21)}
    runs = [add_run(root, rows(600, day, world), day=day) for day, world in worlds.items()]
    made = baseline(root, *runs)
    monday, tuesday = (add_run(root, rows(600, 50 + day, World(length=6.5)), day=day) for day in (21, 22))
    on_monday = compare(root, made, [monday], NumpyEngine()).comparison
    on_tuesday = compare(root, made, [tuesday], NumpyEngine()).comparison
    assert (on_monday.weekday, on_monday.level) == ("Monday", Level.NONE)
    assert on_tuesday.weekday == "Tuesday"
    assert on_monday.reference == 3 * 600


def test_a_weekday_is_that_of_the_schedules_zone(root: DirectoryStore) -> None:
    """Monday, half past one in Berlin, is Sunday in UTC while summer time lasts."""
    berlin = ZoneInfo("Europe/Berlin")
    days = [datetime(2026, 10, day, 1, 30, tzinfo=berlin) for day in (12, 13, 19, 20, 26, 27)]
    runs = [
        add_run(root, rows(600, day.day, World(length=6.5 if day.weekday() == 0 else 5.3)), day=day.astimezone(UTC))
        for day in (*days, datetime(2026, 11, 2, 1, 30, tzinfo=berlin))
    ]
    for zone, level in (("Europe/Berlin", Level.NONE), ("UTC", Level.MATERIAL)):
        made = baseline(root, *runs[:-1], name=zone.replace("/", "-"), time_zone=zone)
        comparison = compare(root, replace(made, usual={}), [runs[-1]], NumpyEngine()).comparison
        assert (comparison.weekday, comparison.reference, comparison.level) == ("Monday", 1800, level)


def test_a_zone_that_is_unknown_here_is_said(root: DirectoryStore) -> None:
    """No weekday is taken for another zone's: all are compared with, and the finding says why."""
    runs = [add_run(root, rows(600, day), day=day) for day in range(15)]
    made = baseline(root, *runs[:-1], time_zone="Nowhere/Here")
    comparison = compare(root, made, [runs[-1]], NumpyEngine()).comparison
    assert (comparison.weekday, comparison.reference) == (None, 14 * 600)
    assert comparison.note == "Compared with all weekdays: there is no data of the time zone Nowhere/Here here."
    alone = baseline(root, runs[0], name="alone", time_zone="Nowhere/Here")
    assert compare(root, alone, [runs[-1]], NumpyEngine()).comparison.note is None


def test_what_changes_from_day_to_day_is_known_of_a_baseline(root: DirectoryStore) -> None:
    """From three runs on: by feature, how far any certainly is from the others."""
    runs = [add_run(root, rows(800, day, World(length=5.3 + 0.15 * (day % 2))), day=day) for day in range(6)]
    assert baseline(root, *runs[:2], name="two").usual == {}
    usual = baseline(root, *runs).usual
    assert usual["characters"] > 0.05
    assert usual["top_category"] < 0.05


def test_a_run_is_not_compared_with_itself(root: DirectoryStore) -> None:
    """A baseline's own run is held against the others."""
    runs = [add_run(root, rows(800, day), day=day) for day in range(3)]
    made = baseline(root, *runs)
    assert compare(root, made, [runs[0]], NumpyEngine()).comparison.reference == 1600


def test_every_run_with_a_baseline_leaves_one_finding(store: Store) -> None:
    """In a folder and in a bucket; doing it twice leaves one, and without a baseline there is none."""
    good = add_run(store, rows(800, 1))
    assert watch(store, good) is None
    baseline(store, good)
    bad = add_run(store, rows(800, 2, World(length=6.5)), day=1)
    found = watch(store, bad)
    assert found is not None
    assert watch(store, bad) == found
    assert found.level is Level.MATERIAL
    assert [
        evidence.read(store, "support-1", name).outcome for name in evidence.names(store, "support-1", "drift")
    ] == ["material"]


def test_windows_of_strange_records_are_windows() -> None:
    """No labels, no categories, no vectors, empty texts."""
    bare = {"entity_counts": [], "top_category": None, "top_probability": None, "entropy": None, "vector": None}
    found = window([row | bare | {"tokens": 0, "characters": 0} for row in rows(10, 1)])
    assert found.labels == {}
    assert len(found.vectors) == 0
