"""Has a candidate score a sample of live's inputs, beside live, and says what would change: nothing is published."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nimbus.promotion import comparing, estimates, population, scoring
from nimbus.promotion.errors import NothingPublishedError, NothingToCompareError
from nimbus.promotion.report import Failures, Projection, Shadow, Share, Shift, Speed
from nimbus.promotion.units import Categories, categories, units
from nimbus_runtime import bundle as bundles
from nimbus_runtime import live, readers
from nimbus_runtime.contract import codec, paths
from nimbus_runtime.contract.annotations import Annotation
from nimbus_runtime.contract.records import Gemm, Job, Plan, Release, Run

if TYPE_CHECKING:
    from nimbus_runtime.bundle import Bundle
    from nimbus_runtime.store import Store

_SHOWN = 5
_FIGURES = ("top_probability", "entropy", "pieces", "unknown_rate")


@dataclass(frozen=True, slots=True)
class Request:
    """What to compare. `live` is where live's bundle lies, None where it is not on this machine.

    `hour_cost` is what an hour of one worker process costs, None where it costs nothing.
    """

    candidate: Path
    name: str
    live: Path | None
    documents: int
    confidence: float
    workers: int
    run_workers: int
    hour_cost: float | None = None
    currency: str = "USD"


def shadow(store: Store, request: Request, advance: scoring.Advance = lambda _done, _all: None) -> Shadow:
    """Compare, and return the figures; live's rows are made anew where its bundle is at hand."""
    release, run, plan = _live(store)
    candidate = bundles.verify(request.candidate)
    beside = None if request.live is None else bundles.verify(request.live)
    if beside is not None and beside.digest != release.bundle_digest:
        raise NothingToCompareError(
            "this is not the bundle that is live",
            where=str(beside.path),
            got=beside.digest[:12],
            expected=f"{release.bundle_digest[:12]}, of release {release.release}",
            remedy="name live's bundle, or leave it out to compare with what live has published",
        )
    drawn = _draw(store, release, run, plan, beside, request)
    texts = [document.text for document in drawn.drawn]
    gemm = Gemm.NUMPY if plan is None else plan.settings.gemm
    job = release.job
    wanted = plan.settings.annotations if plan is not None else None if job is None else job.annotations
    both = [candidate] if beside is None else [candidate, beside]
    scored = scoring.score(both, texts, [_offered(b, wanted) for b in both], gemm, request.workers, advance)
    return _Comparison(request, release, run, candidate, drawn, scored, _of_run(store, plan, run)).report()


def _live(store: Store) -> tuple[Release, Run | None, Plan | None]:
    present = live.read(store)
    if present is None:
        raise NothingToCompareError(
            "nothing is live here, so there is nothing to compare with",
            where=store.location,
            remedy="promote the first release without a shadow",
        )
    data = store.read(paths.release(present.release))
    if data is None:
        raise NothingToCompareError(
            "the live release is not registered",
            where=store.location,
            got=present.release,
            remedy="promote a release that is, or roll back to one: `nimbus history` names them",
        )
    release = codec.decode(Release, data, paths.release(present.release))
    run = plan = None
    if present.dataset is not None:
        record, planned = store.read(paths.dataset(present.dataset)), store.read(paths.plan(present.dataset))
        if record is not None and planned is not None:
            run = codec.decode(Run, record, paths.dataset(present.dataset))
            plan = codec.decode(Plan, planned, paths.plan(present.dataset))
    return release, run, plan


def _draw(  # noqa: PLR0913, PLR0917 - whatever a sample may be drawn from
    store: Store, release: Release, run: Run | None, plan: Plan | None, beside: Bundle | None, request: Request
) -> population.Population:
    drawn = None
    if run is not None and plan is not None and (beside is not None or run.bundle_digest == release.bundle_digest):
        drawn = population.of_run(store, plan, run, request.documents)
    if drawn is None and beside is not None:
        drawn = population.of_inputs(*_inputs(release.job, plan), request.documents)
    if drawn is None and beside is None and (run is None or run.bundle_digest != release.bundle_digest):
        raise NothingPublishedError(
            "the live release has published no run yet, and its bundle is not on this machine",
            where=store.location,
            got=release.release if run is None else f"{release.release}; run {run.run} is {run.release}'s",
            expected="a run of its own, or its bundle among what was compiled here",
            remedy="wait for its first run, or let `nimbus shadow --live BUNDLE` and `nimbus gate` judge",
        )
    if drawn is None or not drawn.drawn:
        raise NothingToCompareError(
            "there are no documents that live has scored and that can be read again",
            where=store.location,
            got="no document in its inputs"
            if beside is not None or run is None
            else f"run {run.run}, whose inputs have changed since",
            expected="documents to score" if beside is not None else "its inputs as they were, or live's bundle here",
            remedy="wait for the next run, or let `nimbus shadow --live BUNDLE` and `nimbus gate` judge",
        )
    return drawn


def _inputs(job: Job | None, plan: Plan | None) -> tuple[Sequence[Any], Any]:
    """Return the inputs as they are now, and which fields they have."""
    if job is not None:
        return readers.resolve(job.inputs, Path(), default_format=job.input_format), job.fields
    if plan is not None:
        return readers.resolve([file.key for file in plan.inputs], Path()), plan.settings.fields
    return [], None


def _offered(bundle: Bundle, wanted: tuple[Annotation, ...] | None) -> tuple[Annotation, ...] | None:
    if wanted is None:
        return None
    return tuple(a for a in wanted if a in {*bundle.manifest.annotations, Annotation.TOKENS})


def _of_run(store: Store, plan: Plan | None, run: Run | None) -> float | None:
    """Return the seconds that the last run took a thousand characters, by its first shards."""
    if plan is None or run is None or not run.counts.characters:
        return None
    from nimbus_runtime import canary  # noqa: PLC0415 - only here

    owners = canary.owners(store, plan)
    commits = [canary.read_commit(store, plan, plan.release, n) for n, o in enumerate(owners[:50]) if o == plan.release]
    characters = sum(commit.counts.characters for commit in commits)
    return 1000 * sum(commit.seconds for commit in commits) / characters if characters else None


@dataclass(frozen=True, slots=True)
class _Comparison:
    """A sample that was scored, by the candidate and, where its bundle is at hand, by live."""

    request: Request
    release: Release
    run: Run | None
    candidate: Bundle
    drawn: population.Population
    scored: Sequence[scoring.Scored]
    seconds_of_run: float | None

    def report(self) -> Shadow:
        """Return the figures."""
        of = self.request.confidence
        cats = categories(self.candidate.manifest)
        live_rows, rows = self._live_rows(), self.scored[0].rows
        compared = self._compared(live_rows, rows, cats)
        if not compared:
            raise NothingToCompareError(
                "no document of the sample was scored by both",
                got=", ".join(f"{n} {reason}" for reason, n in Counter(self.scored[0].failed.values()).items()),
                remedy="look at what the candidate fails on: nimbus run, then nimbus dataset --quarantined",
            )
        repeated = self._repeated(cats) if self.scored[1:] else None
        return Shadow(
            live=self.release.release,
            live_digest=self.release.bundle_digest,
            candidate=self.request.name,
            candidate_digest=self.candidate.digest,
            run=self.run.run if self.run is not None and self.drawn.of_run else None,
            documents=self.drawn.documents,
            sampled=len(self.drawn.drawn),
            strata=self.drawn.strata,
            scored_again=len(self.scored) > 1,
            confidence=of,
            changed=comparing.changed(compared, of),
            repeated=repeated,
            components=comparing.components(compared, of),
            entities=comparing.entities(compared),
            shifts=tuple(self._shifts(live_rows)),
            failures=self._failures(live_rows),
            speed=self._speed(),
            memory_live=self.scored[1].memory if self.scored[1:] else None,
            memory_candidate=self.scored[0].memory,
            projection=self._projection(),
            notes=tuple(self._notes(live_rows)),
            wanted=self.request.documents,
        )

    def _live_rows(self) -> dict[int, dict[str, Any]]:
        if self.scored[1:]:
            return self.scored[1].rows
        return {n: document.row for n, document in enumerate(self.drawn.drawn) if document.row is not None}

    def _compared(
        self,
        live_rows: Mapping[int, Mapping[str, Any]],
        rows: Mapping[int, Mapping[str, Any]],
        cats: Sequence[Categories],
    ) -> list[comparing.Compared]:
        found = []
        for number, document in enumerate(self.drawn.drawn):
            if number in live_rows and number in rows:
                known = document.chosen.known
                segments = {"input": known.input, "length": known.length}
                if known.label:
                    segments["label"] = known.label
                said = tuple(units(live_rows[number], rows[number], cats))
                found.append(comparing.Compared(known.id, document.chosen.weight, segments, said))
        return found

    def _repeated(self, cats: Sequence[Categories]) -> Share | None:
        """Return what live itself says otherwise than when it published: other processors, other batches."""
        if self.run is None or self.run.bundle_digest != self.release.bundle_digest:
            return None
        published = {n: d.row for n, d in enumerate(self.drawn.drawn) if d.row is not None}
        compared = self._compared(published, self.scored[1].rows, cats)
        return comparing.changed(compared, self.request.confidence) if compared else None

    def _shifts(self, live_rows: Mapping[int, Mapping[str, Any]]) -> list[Shift]:
        rows = self.scored[0].rows
        both = sorted(live_rows.keys() & rows.keys())
        found = []

        def add(name: str, numbers: Sequence[int], first: Callable[[int], Any], second: Callable[[int], Any]) -> None:
            told = [n for n in numbers if first(n) is not None and second(n) is not None]
            if told:
                pairs = np.array([(first(n), second(n)) for n in told], dtype=np.float64)
                weights = np.array([self.drawn.drawn[n].chosen.weight for n in told])
                found.append(estimates.shift(name, weights, pairs[:, 0], pairs[:, 1], self.request.confidence))

        for label in self.candidate.manifest.cats:
            scores = [{n: (r[n].get("cats") or {}).get(label) for n in both} for r in (live_rows, rows)]
            add(f"score of {label}", both, scores[0].get, scores[1].get)
        if any("ents" in rows[n] and "ents" in live_rows[n] for n in both):
            add("entities a document", both, lambda n: len(live_rows[n]["ents"]), lambda n: len(rows[n]["ents"]))
        if self.scored[1:]:
            first, second = self.scored[1].features, self.scored[0].features
            for name in _FIGURES:
                add(name.replace("_", " "), both, lambda n: first[n][name], lambda n: second[n][name])  # noqa: B023 - called at once
        return found

    def _failures(self, live_rows: Mapping[int, object]) -> Failures:
        """Compare what fails; a sample of published rows holds nothing that live failed on."""
        count, bad = len(self.drawn.drawn), self.scored[0].failed.keys()
        bad_live = set(range(count)) - live_rows.keys()
        low, high = estimates.paired(len(bad - bad_live), len(bad_live - bad), count, self.request.confidence)
        return Failures(
            live=len(bad_live),
            candidate=len(bad),
            low=low,
            high=high,
            reasons=dict(sorted(Counter(self.scored[0].failed.values()).items())),
            examples=tuple(self.drawn.drawn[n].chosen.known.id for n in sorted(self.scored[0].failed)[:_SHOWN]),
        )

    def _speed(self) -> Speed:
        own = self.scored[0].rounds
        rate = _rate(own[1:] or own)
        characters = sum(len(document.text) for document in self.drawn.drawn) / len(self.drawn.drawn)
        a_second = 1000 / rate / characters if rate and characters else 0.0
        if self.scored[1:]:
            pairs = [
                (1000 * t_live / c_live, 1000 * t / c)
                for (c_live, t_live), (c, t) in zip(self.scored[1].rounds, own, strict=True)
                if c_live and c and t_live and t
            ]
            told = pairs[1:] or pairs  # the first round warms up
            if told:
                ratio, low, high = estimates.ratio([a for a, _ in told], [b for _, b in told], self.request.confidence)
                return Speed(
                    _rate((self.scored[1].rounds[1:]) or self.scored[1].rounds),
                    rate,
                    ratio,
                    low,
                    high,
                    a_second,
                    same_machine=True,
                )
        before = self.seconds_of_run
        return Speed(before or 0.0, rate, rate / before if before else 1.0, None, None, a_second, same_machine=False)

    def _projection(self) -> Projection:
        """Reckon the last run anew: its characters, each release's seconds a character, its processes."""
        speed, run = self._speed(), self.run
        characters = run.counts.characters if run is not None else sum(len(d.text) for d in self.drawn.drawn)
        documents = run.counts.documents if run is not None else len(self.drawn.drawn)
        taken = [characters / 1000 * rate for rate in (speed.live, speed.candidate)]
        cost = [None if self.request.hour_cost is None else t / 3600 * self.request.hour_cost for t in taken]
        workers = self.request.run_workers
        seconds, currency = [each / workers for each in taken], self.request.currency
        return Projection(documents, workers, seconds[0], seconds[1], cost[0], cost[1], currency)

    def _notes(self, live_rows: Mapping[int, Mapping[str, Any]]) -> list[str]:
        notes = []
        if not self.scored[1:]:
            notes.append("live's bundle is not on this machine: its published rows stand for it, and its run's time")
        if not self.drawn.of_run:
            notes.append("the sample is of the inputs as they are now: no run has published them as they are")
        mine = set(self.candidate.manifest.annotations)
        first: Mapping[str, Any] = next(iter(live_rows.values()), {})
        gone = [a.value for a in Annotation if a.value in first and a not in mine]
        if gone:
            notes.append(f"the candidate does not assign {', '.join(gone)}")
        if isinstance(first.get("cats"), dict) and set(first["cats"]) != set(self.candidate.manifest.cats):
            notes.append("the candidate scores other categories than live")
        return notes


def _rate(rounds: Sequence[tuple[int, float]]) -> float:
    characters = sum(count for count, _ in rounds)
    return 1000 * sum(seconds for _, seconds in rounds) / characters if characters else 0.0
