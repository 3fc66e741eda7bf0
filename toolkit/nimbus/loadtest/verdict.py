"""Whether a load test shows what it must, and the figures that stand for it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from nimbus.config.loadtest import Shape, Slo
from nimbus.loadtest.result import Figures, Result, Step
from nimbus_runtime.contract.words import percent, plural

_LATE_MS, _LATE_SHARE = 20.0, 0.25  # the generator's own lateness that makes a figure its own, not the server's


class Outcome(StrEnum):
    """What a load test comes to."""

    OK = "ok"
    MISSED = "missed"  # a limit of the SLO
    UNSOUND = "unsound"  # the generator was late or ended, or the server was not whole: nothing can be said of it


@dataclass(frozen=True, slots=True)
class Saturation:
    """The most that was kept within the limits: `documents_per_second` at `rate` requests a second.

    `at_least` says that the generator itself was late where it broke, so that the server may stand more.
    """

    rate: float
    documents_per_second: float
    broke_at: float | None
    cpu: float | None
    at_least: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome, its reasons in words, and the figures that were judged."""

    outcome: Outcome
    reasons: tuple[str, ...]
    judged: Figures
    saturation: Saturation | None


def judge(result: Result, slo: Slo) -> Verdict:
    """Return the verdict; a ramp is judged by its last step that held."""
    saturation, step = _saturation(result) if result.shape == Shape.RAMP else (None, None)
    judged: Figures = step or result.overall
    what = "runs" if _runs(result) else "requests"
    missed = [*(_late_runs(judged, slo) if _runs(result) else _late_answers(judged, slo)), *_missed(judged, slo, what)]
    missed += _of_whole(result, slo, judged)
    if result.shape == Shape.RAMP and step is None:
        missed.insert(0, "no rate was kept within the limits")
    late = _lost(result) or _degraded(result) or _late(judged)
    if late is None and missed and saturation is not None and saturation.at_least:
        late = "the generator was late where the ramp broke: give it more processes, or a machine of its own"
    if late:
        return Verdict(Outcome.UNSOUND, (late, *missed), judged, saturation)
    return Verdict(Outcome.MISSED if missed else Outcome.OK, tuple(missed), judged, saturation)


def _saturation(result: Result) -> tuple[Saturation | None, Step | None]:
    measured = [step for step in result.steps if not step.warm_up]
    held = [step for step in measured if not step.broken]
    if not held:
        return None, None
    best = max(held, key=_rate)
    broke = min((step for step in measured if step.broken and step.rate > best.rate), default=None, key=_rate)
    at_least = broke is not None and _late(broke) is not None
    rate = None if broke is None else broke.rate
    return Saturation(best.rate, best.documents_per_second, rate, best.cpu, at_least), best


def _rate(step: Step) -> float:
    return step.rate


def _late_runs(figures: Figures, slo: Slo) -> list[str]:
    limit, got = slo.run_seconds, figures.p95
    if limit is None or got is None or got <= limit * 1e3:
        return []
    return [f"95 % of the runs took up to {got / 1e3:,.1f} s, the SLO is {limit:,.1f} s"]


def _late_answers(figures: Figures, slo: Slo) -> list[str]:
    named = (("p50", figures.p50, slo.p50_ms), ("p95", figures.p95, slo.p95_ms), ("p99", figures.p99, slo.p99_ms))
    return [
        f"{name} is {got:,.0f} ms, the SLO {limit:,.0f} ms"
        for name, got, limit in named
        if limit is not None and got is not None and got > limit
    ]


def _missed(figures: Figures, slo: Slo, what: str) -> list[str]:
    missed = []
    if not figures.finished:
        missed.append("nothing was answered")
    if figures.error_share > slo.error_share:
        missed.append(f"{percent(figures.error_share)} of the {what} failed, the SLO is {percent(slo.error_share)}")
    return missed


def _of_whole(result: Result, slo: Slo, judged: Figures) -> list[str]:
    missed = []
    wanted, memory = slo.documents_per_second, result.target.peak_resident_bytes
    if wanted is not None and judged.documents_per_second < wanted:
        missed.append(f"{judged.documents_per_second:.1f} documents/s, the SLO is {wanted:.1f}")
    if slo.memory_mb is not None and memory is None and not _runs(result):
        missed.append("the target does not tell its memory, which the SLO limits")
    elif slo.memory_mb is not None and memory is not None and memory / 1e6 > slo.memory_mb:
        missed.append(f"{memory / 1e6:,.0f} MB of memory, the SLO is {slo.memory_mb:,.0f} MB")
    return missed


def _lost(result: Result) -> str | None:
    if not result.lost_processes:
        return None
    of, asked = f"{result.lost_processes} of {result.processes}", result.overall.lost
    theirs = f"; what {plural(asked, 'request')} of theirs came to nobody heard" if asked else ""
    return f"{of} processes that made the load ended before the test did{theirs}"


def _degraded(result: Result) -> str | None:
    share = result.target.degraded
    if not share:
        return None
    return f"the server was degraded {percent(share)} of the time: a worker of it could not be started"


def _late(figures: Figures) -> str | None:
    lag, typical = figures.lag_p99, figures.p99
    if lag is None or typical is None or lag <= max(_LATE_MS, typical * _LATE_SHARE):
        return None
    return f"the generator was up to {lag:,.0f} ms late (p99): give it more processes, or a machine of its own"


def in_words(result: Result, verdict: Verdict, slo: Slo) -> str:
    """Return the figure that people repeat, such as 41 documents/s at p95 ≤ 200 ms on 1 vCPU."""
    judged, saturation = verdict.judged, verdict.saturation
    if _runs(result):
        return _runs_in_words(judged)
    on = f" on {result.target.processors:g} vCPU" if result.target.processors else ""
    if judged.finished and judged.failed == judged.finished:
        return f"none of {plural(judged.arrivals, 'request')} was answered as it should be{on}"
    if saturation is None:
        rate = f"{judged.documents_per_second:.3g} documents/s"
        return f"{rate}, p95 {judged.p95:,.0f} ms{on}" if judged.p95 is not None else rate + on
    limits = ((50, slo.p50_ms), (95, slo.p95_ms), (99, slo.p99_ms))
    kept = next((f"p{n} ≤ {ms:g} ms" for n, ms in limits[::-1] if ms is not None), None)
    kept = next((f"p{n} ≤ {ms:g} ms" for n, ms in limits if n == 95 and ms is not None), kept)
    if kept is None and judged.p95 is not None:
        kept = f"p95 {judged.p95:,.0f} ms"
    least = "at least " if saturation.at_least else ""
    return f"{least}{saturation.documents_per_second:.3g} documents/s{f' at {kept}' if kept else ''}{on}"


def _runs_in_words(figures: Figures) -> str:
    runs = plural(figures.finished, "run")
    if figures.p95 is None:
        return f"{runs} ended"
    return f"{runs}, 95 % published within {figures.p95 / 1e3:.3g} s, {figures.documents_per_second:.3g} documents/s"


def _runs(result: Result) -> bool:
    return "BatchUser" in result.users
