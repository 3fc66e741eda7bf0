"""Where the use cases of releases meet adapters. Each function imports what it needs: start-up stays light."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nimbus import assembly, hosting, promoting

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime
    from pathlib import Path

    from nimbus.config import Environment, Project
    from nimbus.releases.canary import Status
    from nimbus.releases.history import Change
    from nimbus.releases.promote import Promotion
    from nimbus.releases.prune import Pruning, Removal, Surplus
    from nimbus.releases.rollback import Rollback
    from nimbus.releases.show import Shown
    from nimbus.runs.explain import Lineage
    from nimbus.runs.replay import Replay
    from nimbus_runtime.contract.records import Live


def history(environment: Environment, limit: int) -> list[Change]:
    """Return the latest changes of what is live, the newest first."""
    from nimbus.releases import history as telling  # noqa: PLC0415

    return telling.history(assembly.open_environment(environment), limit)


def registered(environment: Environment) -> list[str]:
    """Return the names of all releases, sorted."""
    from nimbus.releases import registry  # noqa: PLC0415

    return registry.names(assembly.open_environment(environment))


def show(environment: Environment, release: str | None = None) -> Shown:
    """Return a release, or the live one, with all that is known of it."""
    from nimbus.releases import registry  # noqa: PLC0415
    from nimbus.releases import show as showing  # noqa: PLC0415

    store = assembly.open_environment(environment)
    name = registry.named(store, release) if release else registry.present(store).release
    return showing.show(store, hosting.parts(environment), name)


def plan_rollback(environment: Environment, release: str | None = None, *, keep_data: bool = False) -> Rollback:
    """Decide on a rollback, to be shown before it is applied."""
    from nimbus.releases import registry, rollback  # noqa: PLC0415

    store = assembly.open_environment(environment)
    name = registry.named(store, release) if release else None
    return rollback.plan(store, hosting.parts(environment), name, keep_data=keep_data)


def plan_data_rollback(environment: Environment, run: str) -> Rollback:
    """Decide on showing readers an earlier run again, to be shown before it is applied; the release stays."""
    from nimbus.releases import rollback  # noqa: PLC0415

    return rollback.plan_data(assembly.open_environment(environment), run)


def apply_rollback(environment: Environment, planned: Rollback, reason: str = "", actor: str = "") -> Live:
    """Take back a release and its dataset, or a dataset alone, as was shown."""
    from nimbus.releases import rollback  # noqa: PLC0415

    return rollback.apply(assembly.open_environment(environment), planned, actor or assembly.actor(environment), reason)


def plan_promotion(environment: Environment, project: Project, release: str, percent: int = 100) -> Promotion:
    """Decide on making a release live, or on its canary, to be shown before it is applied, with the gate's word."""
    from dataclasses import replace  # noqa: PLC0415

    from nimbus.releases import promote, registry  # noqa: PLC0415
    from nimbus_runtime.contract.records import CanaryLimits  # noqa: PLC0415

    share = None
    if percent < 100:
        limits = project.gate.canary
        share = (percent, CanaryLimits(limits.max_failures, limits.max_slowdown, limits.max_labels))
    store = assembly.open_environment(environment)
    name = registry.named(store, release)
    planned = promote.plan(store, hosting.parts(environment), name, share=share)
    return replace(planned, verdict=promoting.verdict(name, environment, project)) if planned.needed else planned


def apply_promotion(environment: Environment, planned: Promotion, reason: str = "", actor: str = "") -> Live:
    """Make a release live, as was shown."""
    from nimbus.releases import promote  # noqa: PLC0415

    return promote.apply(assembly.open_environment(environment), planned, actor or assembly.actor(environment), reason)


def canary_status(environment: Environment, runs: int = 50) -> Status:
    """Return how the canary goes."""
    from nimbus.releases import canary  # noqa: PLC0415

    return canary.status(assembly.open_environment(environment), runs)


def plan_drop(environment: Environment) -> Live:
    """Return the state whose candidate is to be dropped."""
    from nimbus.releases import canary  # noqa: PLC0415

    return canary.plan_drop(assembly.open_environment(environment))


def apply_drop(environment: Environment, seen: Live, reason: str = "") -> Live:
    """Drop the candidate that was shown."""
    from nimbus.releases import canary  # noqa: PLC0415

    return canary.drop(assembly.open_environment(environment), seen, assembly.actor(environment), reason)


def plan_pruning(
    environment: Environment, project: Project | None = None, *, days: int, runs: int, now: datetime | None = None
) -> Pruning:
    """Decide what goes now, or at another time, to be shown before it does; of what a project compiled, too."""
    from nimbus.releases import prune  # noqa: PLC0415
    from nimbus_runtime import clock  # noqa: PLC0415

    others = None if project is None else _bundles_elsewhere(project)
    parts = hosting.parts(environment) if others is None else _with_compiled(environment, project, others)
    store = assembly.open_environment(environment)
    return prune.plan(store, _removal(environment), parts, prune.Policy(days, runs), now or clock.now())


def apply_pruning(environment: Environment, planned: Pruning, reason: str = "", project: Project | None = None) -> None:
    """Remove what was shown."""
    from nimbus.releases import prune  # noqa: PLC0415
    from nimbus_runtime import live  # noqa: PLC0415

    entry = live.entry("prune", assembly.actor(environment), reason)
    parts = _with_compiled(environment, project)  # what goes is decided: no other environment is asked again
    prune.apply(assembly.open_environment(environment), _removal(environment), parts, planned, entry)


def _with_compiled(environment: Environment, project: Project | None, others: Collection[str] = ()) -> Surplus:
    """Return what keeps the parts of releases, and what was compiled; `others` are bundles that stay in any case."""
    from nimbus.adapters.compiled import PartsAndCompiled  # noqa: PLC0415

    parts = hosting.parts(environment)
    if project is None:
        return parts
    return PartsAndCompiled(parts, project.folder / promoting.COMPILED, others)


def _bundles_elsewhere(project: Project) -> set[str] | None:
    """Return the digests of the releases of a project's other environments on AWS; None where one cannot be read."""
    from nimbus.config.environments import Kind  # noqa: PLC0415
    from nimbus.releases import registry  # noqa: PLC0415
    from nimbus_runtime.contract.errors import NimbusError  # noqa: PLC0415

    digests: set[str] = set()
    for name, described in project.environments.items():
        if described.kind is Kind.AWS and name != project.environment:
            try:
                store = assembly.open_environment(assembly.environment(name, config=project.file))
                digests |= {registry.release(store, release).bundle_digest for release in registry.names(store)}
            except NimbusError:
                return None
    return digests


def explain(environment: Environment, run: str, document: str) -> list[Lineage]:
    """Trace a document's rows in a run back to what made them."""
    from nimbus.adapters.rows import RowFiles  # noqa: PLC0415
    from nimbus.runs import explain as explaining  # noqa: PLC0415

    return explaining.explain(assembly.open_environment(environment), RowFiles(), run, document)


def replay(environment: Environment, run: str, document: str, bundle: Path | None = None) -> list[Replay]:
    """Make a document's rows in a run again, on this machine."""
    from pathlib import Path  # noqa: PLC0415

    from nimbus import scratch  # noqa: PLC0415
    from nimbus.adapters.rows import RowFiles  # noqa: PLC0415
    from nimbus.runs import replay as replaying  # noqa: PLC0415

    made = []
    for found in explain(environment, run, document):
        with scratch.folder("replay") as folder:
            place = bundle or replaying.kept(found, Path(environment.root))
            made.append(replaying.replay(RowFiles(), found, place, folder))
    return made


def _removal(environment: Environment) -> Removal:
    from pathlib import Path  # noqa: PLC0415

    from nimbus.adapters.folder_removal import FolderRemoval  # noqa: PLC0415
    from nimbus.adapters.s3_removal import S3Removal  # noqa: PLC0415

    if environment.root.startswith("s3://"):
        return S3Removal.at(environment.root)
    return FolderRemoval(Path(environment.root))
