"""From scores to a verdict: significant and large is material; one alone is not."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from nimbus_runtime.contract.drift import Finding, Kind, Level, Thresholds, of_fields
from nimbus_runtime.drift import effects
from nimbus_runtime.drift.samples import Sample, samples
from nimbus_runtime.drift.significance import Engine, Score, holm
from nimbus_runtime.drift.windows import Window

_ORDER = list(Level)


def compare(
    reference: Window, current: Window, thresholds: Thresholds, usual: Mapping[str, float], engine: Engine
) -> tuple[Finding, ...]:
    """Return how each feature differs, the furthest first."""
    pairs = [pair for pair in samples(reference, current) if _enough(pair, thresholds)]
    scores = engine.test(pairs)
    adjusted = holm([score.p_value for score in scores])
    few = min(len(reference.ids), len(current.ids)) < thresholds.documents
    findings = [
        _finding(pair, score, p, thresholds, usual.get(pair.feature, 0.0), few=few)
        for pair, score, p in zip(pairs, scores, adjusted, strict=True)
    ]
    return tuple(sorted(findings, key=lambda found: (-_ORDER.index(found.level), -found.ratio)))


def overall(findings: Sequence[Finding]) -> tuple[Level, float]:
    """Return the worst level, and the highest effect as a multiple of its threshold.

    What is not significant does not count beyond 1, so that an alarm above 1 is a material verdict.
    """
    if not findings or any(found.level is Level.INSUFFICIENT for found in findings):
        return Level.INSUFFICIENT, 0.0
    ratios = [found.ratio if found.level is Level.MATERIAL else min(found.ratio, 1.0) for found in findings]
    return max((found.level for found in findings), key=_ORDER.index), max(ratios)


def effect(pair: Sample, score: Score | None = None) -> effects.Effect:
    """Return a pair's effect size and its interval; that of vectors is the score's own."""
    if pair.kind is Kind.NUMBER:
        return effects.ks(pair.reference, pair.current)
    if pair.kind is Kind.CATEGORY:
        return effects.total_variation(pair.reference, pair.current)
    if pair.kind is Kind.SHARE:
        return effects.cohens_h(pair.reference, pair.current)
    auc = 0.5 if score is None else max(0.5, score.statistic)
    return (auc, *effects.auc_interval(auc, *pair.sizes))


def _enough(pair: Sample, thresholds: Thresholds) -> bool:
    if pair.kind is Kind.VECTOR:
        return min(pair.sizes) >= thresholds.vectors
    return min(pair.sizes) >= (thresholds.documents if of_fields(pair.feature) else 1)


def _finding(  # noqa: PLR0913 - all that decides a level
    pair: Sample, score: Score, adjusted: float, thresholds: Thresholds, usual: float, *, few: bool
) -> Finding:
    size, low, high = effect(pair, score)
    asked = {Kind.SHARE: thresholds.share, Kind.VECTOR: thresholds.auc}.get(pair.kind, thresholds.distance)
    threshold, least = max(asked, usual), 0.5 if pair.kind is Kind.VECTOR else 0.0
    ratio = max(0.0, size - least) / max(threshold - least, 1e-9)
    level = Level.NONE
    if few:
        level = Level.INSUFFICIENT
    elif adjusted < thresholds.alpha and not math.isnan(ratio):
        level = Level.MATERIAL if ratio > 1 else Level.VISIBLE if ratio > thresholds.visible else Level.NONE
    return Finding(
        feature=pair.feature,
        kind=pair.kind,
        level=level,
        effect=size,
        low=low,
        high=high,
        threshold=threshold,
        ratio=ratio,
        statistic=score.statistic,
        p_value=score.p_value,
        adjusted=adjusted,
        psi=_psi(pair),
        reference=pair.sizes[0],
        current=pair.sizes[1],
        chance=score.chance,
    )


def _psi(pair: Sample) -> float | None:
    if pair.kind is Kind.NUMBER:
        return effects.psi_of_values(pair.reference, pair.current)
    return None if pair.kind is Kind.VECTOR else effects.psi(pair.reference, pair.current)
