"""Drift: how far each run was from its baseline, and what of it differs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nimbus_tui.api import heavy
from nimbus_tui.api.proposals import Proposal
from nimbus_tui.api.verbs import Verb

if TYPE_CHECKING:
    from nimbus.drift.history import Point
    from nimbus_tui.api.session import Session

_RUNS = 60
SAMPLE = "drift-sample.jsonl"
PAGE = "drift.html"


@dataclass(frozen=True, slots=True)
class Kept:
    """A baseline, in short."""

    name: str
    release: str
    source: str
    created: str
    documents: int


@dataclass(frozen=True, slots=True)
class Past:
    """What was recorded of the last runs, and the baselines, the newest last."""

    points: tuple[Point, ...]
    baselines: tuple[Kept, ...]


@dataclass(frozen=True, slots=True)
class Plot:
    """Shares of a feature in both windows, of bars between `edges` or of `categories`."""

    edges: tuple[float, ...]
    categories: tuple[str, ...]
    reference: tuple[float, ...]
    current: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Feature:
    """How a feature differs: `ratio` is its effect as a multiple of what would be material."""

    name: str
    title: str
    level: str
    kind: str
    effect: float
    low: float
    high: float
    threshold: float
    ratio: float
    p_value: float
    reference: int
    current: int
    change: str
    plot: Plot | None


@dataclass(frozen=True, slots=True)
class Report:
    """What a comparison of the published run came to."""

    verdict: str
    summary: str
    run: str
    baseline: str
    since: str | None
    documents: int
    features: tuple[Feature, ...]
    drivers: tuple[tuple[str, str], ...]
    advice: tuple[str, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HowItDrifted:
    """Asks how far the last runs were from their baselines, as it was recorded."""

    def ask(self, session: Session) -> Past:
        """Read the evidence and the baselines."""
        from nimbus import drifting  # noqa: PLC0415 - only when it is asked

        project = session.project()
        session.environment()
        place = drifting.root(None, project.environment, project.file)
        kept = tuple(
            Kept(item.name, item.release, item.source.value, item.created, sum(part.documents for part in item.parts))
            for item in drifting.baselines(place)
        )
        return Past(tuple(drifting.history(place, _RUNS)), kept)


@dataclass(frozen=True, slots=True)
class WhatDrifted:
    """Asks what of the published run differs from its baseline now."""

    def ask(self, session: Session) -> Report:
        """Have the command line compare."""
        return _report(heavy.answer(session, session.command("drift", "report")))


def _report(found: dict[str, Any]) -> Report:
    from nimbus.drift import words  # noqa: PLC0415 - only when it is asked
    from nimbus_runtime.contract.drift import of_fields  # noqa: PLC0415 - as above

    plots = {panel["title"]: _plot(panel) for panel in found["panels"]}
    comparison = found["comparison"]
    features = []
    for item in comparison["findings"]:
        name = item["feature"]
        title = words.title(name)
        together = words.LABELS if name.startswith(words.LABEL) else words.FIELDS if of_fields(name) else title
        features.append(
            Feature(
                name=name,
                title=title,
                level=item["level"],
                kind=item["kind"],
                effect=item["effect"],
                low=item["low"],
                high=item["high"],
                threshold=item["threshold"],
                ratio=item["ratio"],
                p_value=item["adjusted"],
                reference=item["reference"],
                current=item["current"],
                change=found["changes"].get(name, ""),
                plot=plots.get(together),
            )
        )
    return Report(
        verdict=found["verdict"],
        summary=found["summary"],
        run=comparison["runs"][-1],
        baseline=comparison["baseline"],
        since=found["since"],
        documents=found["documents"],
        features=tuple(sorted(features, key=lambda feature: -feature.ratio)),
        drivers=tuple((driver["id"], "; ".join(driver["reasons"])) for driver in found["drivers"]),
        advice=tuple(found["advice"]),
        notes=tuple(found["notes"]),
    )


def _plot(panel: dict[str, Any]) -> Plot:
    edges, categories, reference, current = (
        tuple(panel[name]) for name in ("edges", "categories", "reference", "current")
    )
    return Plot(edges, categories, reference, current)


@dataclass(frozen=True, slots=True)
class WhatBaseline:
    """Asks what making a baseline of the published run would do."""

    def ask(self, session: Session) -> Proposal:
        """Say what later runs would be compared with."""
        command = session.command("drift", "baseline")
        facts = (
            ("made of", "the published run's documents, as figures; no text is kept"),
            ("then", "each later run of the same bundle is compared with it when it ends"),
        )
        environment = session.environment()
        return Proposal(
            f"Make a baseline in {environment.name}",
            "Make it",
            command,
            Verb("drift baseline", command),
            facts,
            typed=environment.name if environment.protected else None,
            dangerous=False,
        )


@dataclass(frozen=True, slots=True)
class WhatExport:
    """Asks what writing a sample for annotation, or a page, would do."""

    page: bool

    def ask(self, session: Session) -> Proposal:
        """Say what is written where."""
        folder = session.project().folder
        if self.page:
            to = folder / PAGE
            command = session.command("drift", "report", "--html", str(to))
            facts = (("writes", str(to)), ("holds", "the report as one page that needs no network"))
            return Proposal(
                "Write the drift report",
                "Write",
                command,
                Verb("drift report", command, changes=False),
                facts,
                dangerous=False,
            )
        to = folder / SAMPLE
        command = session.command("drift", "export", "--to", str(to), "--replace")
        facts = (("writes", str(to)), ("holds", "a stratified sample of documents, with their texts, for Prodigy"))
        warning = "This file will hold texts of documents."
        return Proposal(
            "Export a sample to annotate",
            "Export",
            command,
            Verb("drift export", command, changes=False),
            facts,
            warning=warning,
            dangerous=False,
        )
