"""Decides whether a candidate may be promoted: a pure function of evidence and of limits that were set before.

Three answers. Promote: within every limit, as far as the sample can tell. Hold: beyond one. Inconclusive: the sample is
too small to tell the smallest difference that matters from a limit, or evidence is missing.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from statistics import NormalDist

from nimbus.config.gate import Gate, Required
from nimbus.promotion import power
from nimbus.promotion.report import KIND, Component, Named, Shadow, Share
from nimbus_runtime import intervals
from nimbus_runtime.contract import codec
from nimbus_runtime.contract.records import Evidence
from nimbus_runtime.contract.words import percent, plural

_GOOD, _SAYS_NOTHING = frozenset({"ok", "passed", "met", "promote"}), "unsound"
_ELSEWHERE = 2.0  # how much more a slowdown may be where live was timed on another machine
_FEW = 5  # units, below which nothing is said of a label


class Verdict(StrEnum):
    """What becomes of a candidate, and of a rule."""

    PROMOTE = "promote"
    HOLD = "hold"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, slots=True)
class Rule:
    """One limit and what was found. `needed` documents would tell, where these did not."""

    name: str
    found: str
    limit: str
    verdict: Verdict
    why: str
    needed: int | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """A gate's answer, with every rule that led to it."""

    release: str
    verdict: Verdict
    rules: tuple[Rule, ...]
    missing: tuple[str, ...]
    needed: int | None


def decide(  # noqa: PLR0913, PLR0917 - all that a gate knows
    release: str, live: str | None, digest: str, evidence: Mapping[str, Evidence | None], gate: Gate, now: datetime
) -> Decision:
    """Decide about a release by the latest evidence of each kind; `live` is None where it would be the first."""
    rules: list[Rule] = []
    missing: list[str] = []
    for kind in gate.require:
        found = evidence.get(kind.value)
        if kind is Required.SHADOW and live is None:
            rules.append(Rule("shadow", "nothing is live", "", Verdict.PROMOTE, "there is nothing to compare with"))
            continue
        lacking = _lacking(release, kind, found, gate, now)
        if lacking is not None or found is None:
            missing.append(lacking or kind.value)
        elif kind is Required.SHADOW:
            shadow = codec.build(Shadow, found.body, f"{KIND} of {release}")
            stale = _stale(shadow, live, digest)
            missing += [stale] if stale else []
            rules += [] if stale else _of_shadow(shadow, gate)
        else:
            rules.append(_of_loadtest(kind.value, found))
    verdicts = {rule.verdict for rule in rules}
    if Verdict.HOLD in verdicts:
        verdict = Verdict.HOLD
    elif missing or Verdict.INCONCLUSIVE in verdicts:
        verdict = Verdict.INCONCLUSIVE
    else:
        verdict = Verdict.PROMOTE
    needed = max((rule.needed for rule in rules if rule.needed is not None), default=None)
    return Decision(release, verdict, tuple(rules), tuple(missing), needed)


def _lacking(release: str, kind: Required, found: Evidence | None, gate: Gate, now: datetime) -> str | None:
    again = ""
    if kind is Required.LOADTEST:
        profile = f" --profile {gate.profile}" if gate.profile else ""
        again = f" (in this environment: nimbus loadtest --release {release}{profile})"
    if found is None:
        of = f" of profile {gate.profile}" if kind is Required.LOADTEST and gate.profile else ""
        return f"{kind.value}: none{of} yet{again}"
    overridden = found.body.get("overridden")
    if kind is Required.LOADTEST and isinstance(overridden, list | tuple) and overridden:
        return f"{kind.value}: only with {', '.join(map(str, overridden))}, which is not what was agreed{again}"
    age = now - datetime.fromisoformat(found.time)
    if age > timedelta(days=gate.max_age_days):
        return f"{kind.value}: {age.days} days old, and {gate.max_age_days:g} are allowed{again}"
    return None


def _of_loadtest(name: str, found: Evidence) -> Rule:
    """Return what a load test says; one whose generator was late says nothing."""
    verdict = Verdict.PROMOTE if found.outcome in _GOOD else Verdict.HOLD
    if found.outcome == _SAYS_NOTHING:
        verdict = Verdict.INCONCLUSIVE
    words = found.body.get("words")
    shown = f"{found.outcome}: {words}" if words else found.outcome
    return Rule(name, shown, "its SLOs", verdict, f"tested at {found.time}")


def _stale(shadow: Shadow, live: str | None, digest: str) -> str | None:
    if shadow.live != live:
        return f"shadow: it was beside {shadow.live}, and {live} is live now"
    if shadow.candidate_digest != digest:
        return "shadow: it was of another bundle than the release's"
    return None


def _of_shadow(shadow: Shadow, gate: Gate) -> Iterator[Rule]:
    for component in shadow.components:
        yield _changed(f"{component.name}: changed", component, gate, shadow.sampled)
        yield from _parts(component, "labels", component.labels, gate)
        yield from _parts(component, "segments", component.segments, gate)
    yield _failures(shadow, gate)
    yield from _confidence(shadow, gate)
    yield _speed(shadow, gate)
    if shadow.memory_live and shadow.memory_candidate:
        ratio = shadow.memory_candidate / shadow.memory_live
        verdict = Verdict.PROMOTE if ratio <= gate.max_memory else Verdict.HOLD
        found = f"{shadow.memory_candidate / 2**20:,.0f} MiB, {ratio:.2f} times"
        yield Rule(
            "memory", found, f"{gate.max_memory:g} times", verdict, f"live took {shadow.memory_live / 2**20:,.0f} MiB"
        )
    for note in shadow.notes:
        if note.startswith("the candidate "):  # it assigns, or scores, something else
            yield Rule("columns", note, "as live", Verdict.HOLD, "what reads the dataset would miss them")


def _changed(name: str, component: Component, gate: Gate, sampled: int) -> Rule:
    """Compare an interval with a limit; where it lies across, ask whether the sample could have told."""
    changed, limit = component.changed, gate.max_changed
    found, shown = _shown(changed), percent(limit)
    if limit == 0:
        verdict = Verdict.PROMOTE if changed.share == 0 else Verdict.HOLD
        return Rule(name, found, shown, verdict, "nothing may change")
    if changed.high <= limit:
        return Rule(name, found, shown, Verdict.PROMOTE, "the whole interval is within")
    if changed.low > limit:
        return Rule(name, found, shown, Verdict.HOLD, "the whole interval is beyond")
    effect = min(limit, max(gate.smallest_effect, abs(limit - changed.share)))
    wanted = power.needed(limit, effect, gate.confidence)
    if changed.effective >= wanted:
        verdict = Verdict.PROMOTE if changed.share <= limit else Verdict.HOLD
        return Rule(
            name, found, shown, verdict, f"as near to the limit as does not matter: {percent(gate.smallest_effect)}"
        )
    needed = math.ceil(sampled * wanted / max(changed.effective, 1.0))
    why = f"the interval lies across the limit; about {plural(needed, 'document')} would tell"
    return Rule(name, found, shown, Verdict.INCONCLUSIVE, why, needed)


def _parts(component: Component, kind: str, parts: Sequence[Named], gate: Gate) -> Iterator[Rule]:
    """Look for one label, or segment, that is surely beyond its limit, allowing for how many are looked at."""
    limit = gate.max_label_changed
    told = [part for part in parts if part.changed.effective >= _FEW and part.name != "—"]
    if not told:
        return
    z = NormalDist().inv_cdf(1 - (1 - gate.confidence) / 2 / len(told))
    beyond = [
        part
        for part in told
        if part.changed.share > limit
        and intervals.wilson(part.changed.share * part.changed.effective, part.changed.effective, z)[0] > limit
    ]
    worst = max(beyond or told, key=lambda part: part.changed.share)
    verdict = Verdict.HOLD if beyond else Verdict.PROMOTE
    why = _names(beyond) + " surely beyond" if beyond else f"none of {len(told)} surely beyond"
    yield Rule(f"{component.name}: {kind}", f"{worst.name} {_shown(worst.changed)}", percent(limit), verdict, why)


def _failures(shadow: Shadow, gate: Gate) -> Rule:
    failures = shadow.failures
    more = (failures.candidate - failures.live) / shadow.sampled
    found = f"{failures.candidate:,} of {shadow.sampled:,}, live {failures.live:,}"
    if failures.candidate or failures.live:
        found += f" ({percent(failures.low, signed=True)} to {percent(failures.high, signed=True)})"
    verdict, needed = _difference(more, failures.low, failures.high, gate.max_failures, gate, shadow.sampled)
    why = ", ".join(f"{count:,} {reason}" for reason, count in failures.reasons.items()) or "none failed"
    return Rule("failing documents", found, f"+{percent(gate.max_failures)}", verdict, _telling(why, needed), needed)


def _confidence(shadow: Shadow, gate: Gate) -> Iterator[Rule]:
    for shift in shadow.shifts:
        if shift.name == "top probability":
            low, high = (shift.low, shift.high) if shift.difference > 0 else (-shift.high, -shift.low)
            limit = gate.max_confidence_shift
            verdict, needed = _difference(abs(shift.difference), low, high, limit, gate, shadow.sampled)
            found = f"{shift.difference:+.4f} ({shift.low:+.4f} to {shift.high:+.4f})"
            why = _telling("mean top probability", needed)
            yield Rule("confidence", found, f"±{limit:g}", verdict, why, needed)


def _difference(  # noqa: PLR0913, PLR0917 - all that it is told by
    value: float, low: float, high: float, limit: float, gate: Gate, sampled: int
) -> tuple[Verdict, int | None]:
    """Judge a difference that may be as large as a limit; return also how many documents would tell.

    One beyond it is held where it surely is, or where the sample could have told a difference that matters.
    """
    if value <= limit:
        return Verdict.PROMOTE, None
    reach, matters = (high - low) / 2, max(value - limit, min(limit, gate.smallest_effect))
    if low > limit or limit == 0 or reach <= matters:
        return Verdict.HOLD, None
    return Verdict.INCONCLUSIVE, math.ceil(sampled * (reach / matters) ** 2)


def _telling(why: str, needed: int | None) -> str:
    if needed is None:
        return why
    return f"{why}; the interval lies across the limit; about {plural(needed, 'document')} would tell"


def _speed(shadow: Shadow, gate: Gate) -> Rule:
    speed = shadow.speed
    limit = gate.max_slowdown * (1.0 if speed.same_machine else _ELSEWHERE)
    surely = speed.low if speed.low is not None else speed.ratio
    across = Verdict.HOLD if surely > limit else Verdict.INCONCLUSIVE
    verdict = across if speed.ratio > limit else Verdict.PROMOTE
    reach = "" if speed.low is None or speed.high is None else f" ({speed.low:.2f} to {speed.high:.2f})"
    why = (
        "timed in turn on this machine" if speed.same_machine else "live's time is its run's, on another machine maybe"
    )
    return Rule("time a character", f"{speed.ratio:.2f} times{reach}", f"{limit:g} times", verdict, why)


def _shown(share: Share) -> str:
    return f"{percent(share.share)} ({percent(share.low)} to {percent(share.high)})"


def _names(parts: Iterable[Named]) -> str:
    names = [part.name for part in parts]
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
