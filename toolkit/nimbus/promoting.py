"""Where shadow, gate and canary meet an environment. Each function imports what it needs: start-up stays light."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from nimbus import assembly, quoting
from nimbus.config.gate import Required
from nimbus_runtime.contract.words import plural

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from nimbus.config import Environment, Project
    from nimbus.promotion.gate import Decision
    from nimbus.promotion.report import Shadow
    from nimbus.releases import deploy, promote
    from nimbus_runtime.bundle import Bundle
    from nimbus_runtime.contract.records import Release
    from nimbus_runtime.store import Store


COMPILED = ".nimbus/compiled"  # below a project's folder: what deploying compiled


def shadow(  # noqa: PLR0913 - one argument an option
    candidate: str,
    environment: Environment,
    project: Project,
    *,
    live: Path | None = None,
    documents: int | None = None,
    workers: int = 1,
    bundle: Path | None = None,
    advance: Callable[[int, int], None] = lambda _done, _all: None,
) -> tuple[Shadow, bool]:
    """Compare a bundle or a release with live; say also whether that was kept as evidence of a release.

    `bundle` is where the release's bundle lies, `live` where live's does.
    """
    from nimbus.promotion import judging  # noqa: PLC0415
    from nimbus.promotion import shadow as shadowing  # noqa: PLC0415

    local, task = environment.outputs is None, project.task
    hour, currency = quoting.cost_of(project, 3600)
    store = assembly.open_environment(environment)
    compiled = project.folder / COMPILED
    named = judging.find(store, _named(store, candidate), compiled, bundle)
    request = shadowing.Request(
        candidate=named.bundle,
        name=named.name,
        live=live or judging.live_bundle(store, compiled),
        documents=documents or project.gate.documents,
        confidence=project.gate.confidence,
        workers=workers,
        run_workers=assembly.cores() if local else max(1, task.cpu // 1024),
        hour_cost=None if local else hour,
        currency=currency,
    )
    found = shadowing.shadow(store, request, advance)
    return found, judging.keep(store, found, named, assembly.actor(environment))


def gate(release: str, environment: Environment, project: Project, *, alone: bool = False) -> Decision:
    """Decide about a release by the evidence that is kept of it, and keep that; `alone`, beside nothing."""
    from nimbus.promotion import judging  # noqa: PLC0415

    decision = _decided(release, environment, project, alone=alone)
    judging.keep_decision(assembly.open_environment(environment), decision, assembly.actor(environment))
    return decision


def verdict(release: str, environment: Environment, project: Project) -> promote.Verdict:
    """Return what the gate says of a release by the evidence that is kept of it; nothing is written.

    A gate that cannot say anything keeps nobody from promoting.
    """
    from nimbus.releases import promote  # noqa: PLC0415
    from nimbus_runtime.contract.errors import NimbusError  # noqa: PLC0415

    try:
        decision = _decided(release, environment, project)
        told = _told(decision)
        return told if decision.rules or not decision.missing else promote.Verdict(promote.Outcome.NONE, told.why)
    except NimbusError as error:
        return promote.Verdict(promote.Outcome.NONE, f"{error.what} ({error.where})")


def _decided(release: str, environment: Environment, project: Project, *, alone: bool = False) -> Decision:
    from nimbus.promotion import judging  # noqa: PLC0415
    from nimbus_runtime import clock  # noqa: PLC0415

    store = assembly.open_environment(environment)
    required = tuple(kind for kind in project.gate.require if not alone or kind is not Required.SHADOW)
    limits = replace(project.gate, require=required, profile=project.gate.profile or project.loadtest.profile)
    return judging.judge(store, _named(store, release), limits, clock.now())


def _named(store: Store, given: str) -> str:
    """Return a release's whole name; the folder of a bundle stays what it is."""
    from pathlib import Path  # noqa: PLC0415

    from nimbus.releases import registry  # noqa: PLC0415

    return given if Path(given).is_dir() else registry.named(store, given)


def judge(environment: Environment, project: Project, bundle: Callable[[], Bundle | None]) -> deploy.Shadow:
    """Return what deploying judges a candidate by: a shadow, unless the same was done, and the gate."""
    from nimbus.promotion import judging  # noqa: PLC0415
    from nimbus.promotion.errors import NothingPublishedError  # noqa: PLC0415
    from nimbus.releases import promote  # noqa: PLC0415
    from nimbus_runtime import clock  # noqa: PLC0415

    def verdict(candidate: Release, present: Release) -> promote.Verdict:
        store = assembly.open_environment(environment)
        if not judging.was_shadowed(store, candidate, present, project.gate, clock.now()):
            found = bundle()
            try:
                shadow(candidate.release, environment, project, bundle=None if found is None else found.path)
            except NothingPublishedError as error:
                why = f"{error.what} ({error.got}): {error.remedy}"
                return promote.Verdict(promote.Outcome.INCONCLUSIVE, why)
        return _told(gate(candidate.release, environment, project))

    return verdict


def live_is_here(environment: Environment, project: Project) -> bool:
    """Say whether live's bundle is on this machine, so that it can score what it has not published."""
    from nimbus.promotion import judging  # noqa: PLC0415

    store = assembly.open_environment(environment)
    return judging.live_bundle(store, project.folder / COMPILED) is not None


def judge_alone(environment: Environment, project: Project) -> Callable[[Release], promote.Verdict] | None:
    """Return what a candidate is judged by that there is nothing to compare with; None where a shadow is all."""
    if set(project.gate.require) <= {Required.SHADOW}:
        return None
    return lambda candidate: _told(gate(candidate.release, environment, project, alone=True))


def _told(decision: Decision) -> promote.Verdict:
    """Return a gate's decision as deploying has it."""
    from nimbus.promotion.gate import Verdict  # noqa: PLC0415
    from nimbus.releases import promote  # noqa: PLC0415

    against = [f"{rule.name} {rule.found}" for rule in decision.rules if rule.verdict is not Verdict.PROMOTE]
    why = "; ".join([*against, *decision.missing]) or "every rule holds"
    if decision.needed is not None:
        why += f"; about {plural(decision.needed, 'document')} would tell"
    return promote.Verdict(promote.Outcome(decision.verdict.value), why)
