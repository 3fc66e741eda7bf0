"""Rules of verdicts: material is significant and large, and too little data is said to be too little."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from nimbus_runtime.contract.drift import Finding, Kind, Level, Thresholds, of_fields
from nimbus_runtime.drift import verdict
from nimbus_runtime.drift.significance import NumpyEngine

from .roots import World, rows, window

THRESHOLDS = Thresholds()


def compared(
    ours: World, theirs: World, count: int = 3000, usual: dict[str, float] | None = None
) -> dict[str, Finding]:
    """Return the findings by feature of two windows."""
    reference, current = (
        window(rows(count, seed, world), round(count * world.quarantined)) for seed, world in ((1, ours), (2, theirs))
    )
    findings = verdict.compare(reference, current, THRESHOLDS, usual or {}, NumpyEngine())
    return {found.feature: found for found in findings}


def test_nothing_is_found_where_nothing_happened() -> None:
    """All kinds of features are compared, and none differs."""
    findings = compared(World(), World())
    assert {found.kind for found in findings.values()} == set(Kind)
    assert verdict.overall(list(findings.values()))[0] is Level.NONE


@pytest.mark.parametrize(
    ("world", "feature"),
    [
        (World(length=5.6), "characters"),
        (World(labels={"PERSON": 0.5, "ORG": 0.3, "MONEY": 0.0}), "label MONEY"),
        (World(labels={"PERSON": 0.5, "ORG": 0.3, "MONEY": 0.03, "LAW": 0.05}), "label LAW"),
        (World(categories={"refund": 0.3, "delivery": 0.5, "praise": 0.2}), "top_category"),
        (World(categories={"refund": 0.4, "delivery": 0.3, "praise": 0.1, "spam": 0.2}), "top_category"),
        (World(moved=1.5), "vectors"),
        (World(quarantined=0.05), "quarantined"),
        (World(missing=0.1), "missing top_category"),
        (World(fields={"number amount": 0.9}), "field customer"),
        (World(fields={"string customer": 1.0, "number amount": 0.9, "list tags": 0.05}), "field tags"),
        (World(fields={"string customer": 1.0, "string amount": 0.9}), "string amount"),
        (World(fields={"string customer": 1.0, "number amount": 0.9, "null customer": 0.1}), "null customer"),
        (World(fields=World().fields | {f"null rare{n}": 0.004 for n in range(9)}), "other fields"),
    ],
)
def test_a_large_change_is_material_in_its_own_feature(world: World, feature: str) -> None:
    """A ratio above 1 says so to an alarm."""
    findings = compared(World(), world)
    assert findings[feature].level is Level.MATERIAL
    level, ratio = verdict.overall(list(findings.values()))
    assert level is Level.MATERIAL
    assert ratio > 1


def test_fields_that_all_documents_have_are_no_feature() -> None:
    """What never changes would only make the limits of the others stricter."""
    found = [feature for feature in compared(World(), World()) if of_fields(feature)]
    assert found == ["field amount"]


def test_where_the_fields_are_not_known_the_rest_is_compared() -> None:
    """Of runs of before, of which the features lack the column; below the limit of documents, too."""
    fields = [row["fields"] for row in rows(800, 2, World(fields={"list tags": 1.0}))]
    for known in (0, 499, 500):
        both = zip(rows(800, 2), fields, strict=True)
        mixed = [row | {"fields": own if n < known else None} for n, (row, own) in enumerate(both)]
        for pair in ((window(rows(800, 1)), window(mixed)), (window(mixed), window(rows(800, 1)))):
            findings = verdict.compare(*pair, THRESHOLDS, {}, NumpyEngine())
            drifted = {found.feature: found.effect for found in findings if found.level is not Level.NONE}
            gone = {"field amount", "field customer", "field tags"} if known == 500 else set()
            assert set(drifted) == gone
            assert all(effect > 2 for effect in drifted.values())


def test_labels_are_chosen_of_both_windows_together() -> None:
    """Of many that are equally frequent, none is taken for one that came or went."""
    many = World(labels={f"L{number:02}": 0.08 for number in range(60)})
    findings = compared(many, many)
    assert sum(feature.startswith("label ") for feature in findings) == 40
    assert verdict.overall(list(findings.values()))[0] is Level.NONE


def test_a_significant_change_that_is_small_is_not_material() -> None:
    """At scale everything is significant."""
    findings = compared(World(), World(length=5.33), count=30_000)
    assert findings["characters"].adjusted < THRESHOLDS.alpha
    assert findings["characters"].level is Level.NONE
    assert verdict.overall(list(findings.values()))[1] < 1


def test_a_large_change_that_is_not_significant_is_not_material() -> None:
    """A handful of documents may be as far apart as they like; what is told to an alarm stays at 1."""
    found = replace(compared(World(), World())["characters"], level=Level.NONE, ratio=1.4)
    assert verdict.overall([found]) == (Level.NONE, 1.0)


def test_what_differs_between_good_runs_anyway_is_not_material() -> None:
    """A feature is held to what the baseline's runs differ by, where that is more than the threshold."""
    assert compared(World(), World(length=5.45))["characters"].level is Level.MATERIAL
    found = compared(World(), World(length=5.45), usual={"characters": 0.2})["characters"]
    assert found.threshold == 0.2
    assert found.level is not Level.MATERIAL


@pytest.mark.parametrize("count", [1, 2, 40, 499])
def test_few_documents_are_insufficient_data(count: int) -> None:
    """Never drift, however different, and never none."""
    findings = list(compared(World(), World(length=9.0), count).values())
    assert verdict.overall(findings) == (Level.INSUFFICIENT, 0.0)
    assert {found.level for found in findings} == {Level.INSUFFICIENT}


def test_no_findings_at_all_are_insufficient_data() -> None:
    """Silence is no verdict."""
    assert verdict.overall([]) == (Level.INSUFFICIENT, 0.0)


def test_constant_features_are_no_drift_while_they_stay_the_same() -> None:
    """And all the drift there can be when they change."""
    same = [row | {"top_probability": 0.5, "top_category": "refund"} for row in rows(800, 1)]
    other = [row | {"top_probability": 0.6, "top_category": "refund"} for row in rows(800, 2)]
    by_feature = {
        found.feature: found for found in verdict.compare(window(same), window(other), THRESHOLDS, {}, NumpyEngine())
    }
    assert (by_feature["top_probability"].effect, by_feature["top_probability"].level) == (1.0, Level.MATERIAL)
    assert (by_feature["top_category"].effect, by_feature["top_category"].level) == (0.0, Level.NONE)


def test_values_that_are_no_numbers_count_as_missing() -> None:
    """NaN and infinities are not compared; that there are more of them than before is."""
    broken = [row | {"entropy": float("nan") if n % 4 else float("inf")} for n, row in enumerate(rows(800, 2))]
    half = [row | {"entropy": float("nan")} if n % 2 else row for n, row in enumerate(rows(800, 3))]
    for records, share in ((half, 0.5), (broken, 1.0)):
        findings = verdict.compare(window(rows(800, 1)), window(records), THRESHOLDS, {}, NumpyEngine())
        by_feature = {found.feature: found for found in findings}
        assert by_feature["missing entropy"].level is Level.MATERIAL
        assert by_feature["missing entropy"].effect == pytest.approx(2 * np.arcsin(np.sqrt(share)))
        assert all(np.isfinite(found.effect) and np.isfinite(found.p_value) for found in findings)


def test_vectors_of_another_width_are_not_compared() -> None:
    """They are of another pipeline; the rest is."""
    narrow = [row | {"vector": row["vector"][:5] if row["vector"] else None} for row in rows(800, 2)]
    features = [f.feature for f in verdict.compare(window(rows(800, 1)), window(narrow), THRESHOLDS, {}, NumpyEngine())]
    assert "vectors" not in features
    assert "characters" in features
