"""Runs a load test: a target, a load for it, and what came of it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import ClassVar

from nimbus.config.loadtest import Slo
from nimbus.loadtest import verdict
from nimbus.loadtest.command import Load, Under
from nimbus.loadtest.result import Result, Second
from nimbus.loadtest.verdict import Verdict

KIND = "loadtest"
"""The kind of evidence that a load test is."""


Generator = Callable[[Load, Callable[[Second], None]], Result]
"""Makes load, tells of each second, and returns what came of it."""

Target = AbstractContextManager[Load]
"""Something to put under load while it is open."""


@dataclass(frozen=True, slots=True)
class Trial:
    """A load test that is over; `architecture` is that of the target's processors, where it is known.

    `overridden` are the options that made it another test than nimbus.toml describes.
    """

    profile: str
    slo: Slo
    result: Result
    verdict: Verdict
    words: str
    under: Under = Under.ADDRESS
    architecture: str | None = None
    overridden: tuple[str, ...] = ()


def load_test(profile: str, slo: Slo, target: Target, generator: Generator, second: Callable[[Second], None]) -> Trial:
    """Put the target under load, and judge what came of it."""
    with target as load:
        result = generator(load, second)
    judged = verdict.judge(result, slo)
    words = verdict.in_words(result, judged, slo)
    return Trial(profile, slo, result, judged, words, load.under, load.architecture)


@dataclass(frozen=True, slots=True)
class Finding:
    """What is kept of a load test, as evidence of a release: `image` is the one that was released."""

    SCHEMA: ClassVar[int] = 1
    profile: str
    shape: str
    users: tuple[str, ...]
    bundle_digest: str
    image: str | None
    cpus: float | None
    words: str
    reasons: tuple[str, ...]
    documents_per_second: float
    p50: float | None
    p95: float | None
    p99: float | None
    p999: float | None
    error_share: float
    cpu: float | None
    peak_resident_bytes: float | None
    saturation_rate: float | None = None
    payload: dict[str, object] = field(default_factory=dict)
    under: Under = Under.ADDRESS
    architecture: str | None = None
    workers: float | None = None
    overridden: tuple[str, ...] = ()
    at_least: bool = False


def finding(tested: Trial, bundle_digest: str, image: str | None) -> Finding:
    """Return what is kept of a load test."""
    judged, saturation, target = tested.verdict.judged, tested.verdict.saturation, tested.result.target
    return Finding(
        profile=tested.profile,
        shape=tested.result.shape,
        users=tested.result.users,
        bundle_digest=bundle_digest,
        image=image,
        cpus=target.cpus,
        words=tested.words,
        reasons=tested.verdict.reasons,
        documents_per_second=judged.documents_per_second,
        p50=judged.p50,
        p95=judged.p95,
        p99=judged.p99,
        p999=judged.p999,
        error_share=judged.error_share,
        cpu=saturation.cpu if saturation else None,
        peak_resident_bytes=target.peak_resident_bytes,
        saturation_rate=saturation.rate if saturation else None,
        payload=tested.result.payload,
        under=tested.under,
        architecture=tested.architecture,
        workers=target.workers,
        overridden=tested.overridden,
        at_least=saturation.at_least if saturation else False,
    )
