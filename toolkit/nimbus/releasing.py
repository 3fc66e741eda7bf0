"""Where the use cases of releases meet adapters. Each function imports what it needs: start-up stays light."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nimbus import assembly, promoting

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from nimbus.adapters.shelf import BundleShelf
    from nimbus.config import Environment, Project
    from nimbus.releases.deploy import Deployment, Planned, Preflight, Tools
    from nimbus.releases.deploy import Observer as Deploying
    from nimbus.releases.diff import Difference
    from nimbus.releases.history import Change
    from nimbus.releases.preflight import Report
    from nimbus.releases.promote import Promotion
    from nimbus.releases.prune import Pruning, Removal
    from nimbus.releases.rollback import Rollback, Runnable
    from nimbus.releases.show import Shown
    from nimbus.runs.explain import Lineage
    from nimbus.runs.replay import Replay
    from nimbus_runtime.bundle import Bundle
    from nimbus_runtime.contract.records import Live, Release

COMPILED = ".nimbus/compiled"  # below a project's folder: what deploying compiled


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
    return showing.show(store, _runnable(environment), release or registry.present(store).release)


def preflight(environment: Environment, project: Project) -> Report:
    """Check whether the project could be deployed; nothing is changed, but the pipeline is compiled if it must be."""
    from nimbus.releases import deploy as deploying  # noqa: PLC0415

    return deploying.preflight(_tools(environment, project, judged=False), project.job())


def plan_deployment(environment: Environment, project: Project, *, judged: bool = True) -> Planned:
    """Say what deploying would do; nothing is done."""
    from nimbus.releases import deploy as deploying  # noqa: PLC0415

    return deploying.plan(_tools(environment, project, judged=judged), project.job())


def compare_with_live(environment: Environment, project: Project) -> tuple[Release, tuple[Difference, ...]]:
    """Return the release that deploying would make, and what it changes against the live one."""
    from nimbus.releases import deploy as deploying  # noqa: PLC0415

    return deploying.compare(_tools(environment, project, judged=False), project.job())


def deploy(  # noqa: PLR0913 - one argument an option
    environment: Environment,
    project: Project,
    observer: Deploying,
    confirm: Callable[[Promotion], None],
    *,
    reason: str = "",
    judged: bool = True,
) -> Deployment:
    """Compile, place, check, register, judge and promote; `confirm` is asked before anything live changes."""
    from nimbus.releases import deploy as deploying  # noqa: PLC0415
    from nimbus_runtime import claims  # noqa: PLC0415

    order = deploying.Order(project.job(), claims.actor(), reason, confirm)
    return deploying.deploy(_tools(environment, project, judged=judged), order, observer)


def plan_rollback(environment: Environment, release: str | None = None, *, keep_data: bool = False) -> Rollback:
    """Decide on a rollback, to be shown before it is applied."""
    from nimbus.releases import rollback  # noqa: PLC0415

    return rollback.plan(assembly.open_environment(environment), _runnable(environment), release, keep_data=keep_data)


def apply_rollback(environment: Environment, planned: Rollback, reason: str = "") -> Live:
    """Take back a release and its dataset, as was shown."""
    from nimbus.releases import rollback  # noqa: PLC0415
    from nimbus_runtime import claims  # noqa: PLC0415

    return rollback.apply(assembly.open_environment(environment), planned, claims.actor(), reason)


def plan_promotion(environment: Environment, release: str) -> Promotion:
    """Decide on making a release live, to be shown before it is applied."""
    from nimbus.releases import promote  # noqa: PLC0415

    return promote.plan(assembly.open_environment(environment), _runnable(environment), release)


def apply_promotion(environment: Environment, planned: Promotion, reason: str = "") -> Live:
    """Make a release live, as was shown."""
    from nimbus.releases import promote  # noqa: PLC0415
    from nimbus_runtime import claims  # noqa: PLC0415

    return promote.apply(assembly.open_environment(environment), planned, claims.actor(), reason)


def plan_pruning(environment: Environment, *, days: int, runs: int) -> Pruning:
    """Decide what goes, to be shown before it does."""
    from nimbus.releases import prune  # noqa: PLC0415
    from nimbus_runtime import clock  # noqa: PLC0415

    parts = _parts(environment)
    store = assembly.open_environment(environment)
    return prune.plan(store, _removal(environment), parts, prune.Policy(days, runs), clock.now())


def apply_pruning(environment: Environment, planned: Pruning, reason: str = "") -> None:
    """Remove what was shown."""
    from nimbus.releases import prune  # noqa: PLC0415
    from nimbus_runtime import claims, live  # noqa: PLC0415

    entry = live.entry("prune", claims.actor(), reason)
    prune.apply(assembly.open_environment(environment), _removal(environment), _parts(environment), planned, entry)


def explain(environment: Environment, run: str, document: str) -> list[Lineage]:
    """Trace a document's rows in a run back to what made them."""
    from nimbus.adapters.rows import RowFiles  # noqa: PLC0415
    from nimbus.runs import explain as explaining  # noqa: PLC0415

    return explaining.explain(assembly.open_environment(environment), RowFiles(), run, document)


def replay(environment: Environment, run: str, document: str, bundle: Path | None = None) -> list[Replay]:
    """Make a document's rows in a run again, on this machine."""
    import tempfile  # noqa: PLC0415
    from pathlib import Path  # noqa: PLC0415

    from nimbus.adapters.rows import RowFiles  # noqa: PLC0415
    from nimbus.runs import replay as replaying  # noqa: PLC0415

    made = []
    for found in explain(environment, run, document):
        with tempfile.TemporaryDirectory(prefix="nimbus-replay-") as scratch:
            place = bundle or replaying.kept(found, Path(environment.root))
            made.append(replaying.replay(RowFiles(), found, place, Path(scratch)))
    return made


def _tools(environment: Environment, project: Project, *, judged: bool) -> Tools:
    from pathlib import Path  # noqa: PLC0415

    from nimbus.compile.cached import CachedCompiler  # noqa: PLC0415
    from nimbus.releases import deploy as deploying  # noqa: PLC0415

    pipeline = project.pipeline
    compiler = CachedCompiler(
        project.path(pipeline.source) if Path(project.path(pipeline.source)).exists() else pipeline.source,
        project.folder / COMPILED,
        pipeline.precision,
        [Path(project.path(file)) for file in pipeline.code],
        pipeline.allow,
    )
    shadow = promoting.judge(environment, project, compiler.find) if judged else None
    return deploying.Tools(
        assembly.open_environment(environment), compiler, _parts(environment), _preflight(environment), shadow
    )


def _preflight(environment: Environment) -> Preflight:
    from pathlib import Path  # noqa: PLC0415

    from nimbus.adapters.machine import Reachable, ThisMachine  # noqa: PLC0415
    from nimbus.releases import preflight as reporting  # noqa: PLC0415
    from nimbus.releases.checks import local  # noqa: PLC0415
    from nimbus_runtime import clock  # noqa: PLC0415

    machine, store = ThisMachine(Path(environment.root)), assembly.open_environment(environment)

    def check(release: Release, bundle: Bundle) -> Report:
        return reporting.report(local.check(store, machine, Reachable(), release, bundle, clock.now()))

    return check


def _runnable(environment: Environment) -> Runnable:
    return _parts(environment)


def _parts(environment: Environment) -> BundleShelf:
    """Return what keeps the parts of releases that stand outside of the records."""
    from pathlib import Path  # noqa: PLC0415

    from nimbus.adapters.shelf import BundleShelf  # noqa: PLC0415

    return BundleShelf(Path(environment.root))


def _removal(environment: Environment) -> Removal:
    from pathlib import Path  # noqa: PLC0415

    from nimbus.adapters.folder_removal import FolderRemoval  # noqa: PLC0415
    from nimbus.adapters.s3_removal import S3Removal  # noqa: PLC0415

    if environment.root.startswith("s3://"):
        return S3Removal.at(environment.root)
    return FolderRemoval(Path(environment.root))
