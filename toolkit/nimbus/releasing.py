"""Where the use cases of releases meet adapters. Each function imports what it needs: start-up stays light."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nimbus import assembly, drifting, promoting, quoting

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from nimbus.adapters.cloud_host import CloudHost
    from nimbus.adapters.ecs import TaskDefinitions
    from nimbus.adapters.shelf import BundleShelf
    from nimbus.config import Environment, Project
    from nimbus.config.environments import Outputs
    from nimbus.releases.canary import Status
    from nimbus.releases.checks.cloud import Cloud
    from nimbus.releases.deploy import Compiler, Deployment, Planned, Preflight, Tools
    from nimbus.releases.deploy import Observer as Deploying
    from nimbus.releases.diff import Difference
    from nimbus.releases.history import Change
    from nimbus.releases.preflight import Check, Report
    from nimbus.releases.promote import Promotion
    from nimbus.releases.prune import Pruning, Removal, Surplus
    from nimbus.releases.rollback import Rollback, Runnable
    from nimbus.releases.show import Shown
    from nimbus.runs.explain import Lineage
    from nimbus.runs.replay import Replay
    from nimbus_runtime.bundle import Bundle
    from nimbus_runtime.contract.records import Live, Release


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
    return showing.show(store, _runnable(environment), name)


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
    promoted: bool = True,
) -> Deployment:
    """Compile, place, check, register, judge and promote; `confirm` is asked before anything live changes."""
    from nimbus.releases import deploy as deploying  # noqa: PLC0415

    order = deploying.Order(project.job(), assembly.actor(environment), reason, confirm, promoted)
    return deploying.deploy(_tools(environment, project, judged=judged), order, observer)


def plan_rollback(environment: Environment, release: str | None = None, *, keep_data: bool = False) -> Rollback:
    """Decide on a rollback, to be shown before it is applied."""
    from nimbus.releases import registry, rollback  # noqa: PLC0415

    store = assembly.open_environment(environment)
    name = registry.named(store, release) if release else None
    return rollback.plan(store, _runnable(environment), name, keep_data=keep_data)


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
    planned = promote.plan(store, _runnable(environment), name, share=share)
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

    parts = _with_compiled(environment, project)
    store = assembly.open_environment(environment)
    return prune.plan(store, _removal(environment), parts, prune.Policy(days, runs), now or clock.now())


def apply_pruning(environment: Environment, planned: Pruning, reason: str = "", project: Project | None = None) -> None:
    """Remove what was shown."""
    from nimbus.releases import prune  # noqa: PLC0415
    from nimbus_runtime import live  # noqa: PLC0415

    entry = live.entry("prune", assembly.actor(environment), reason)
    parts = _with_compiled(environment, project)
    prune.apply(assembly.open_environment(environment), _removal(environment), parts, planned, entry)


def _with_compiled(environment: Environment, project: Project | None) -> Surplus:
    """Return what keeps the parts of releases, and what was compiled, unless another environment cannot be asked."""
    from nimbus.adapters.compiled import PartsAndCompiled  # noqa: PLC0415

    parts = _parts(environment)
    others = None if project is None else _bundles_elsewhere(project)
    if project is None or others is None:
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


def _tools(environment: Environment, project: Project, *, judged: bool) -> Tools:
    from functools import partial  # noqa: PLC0415
    from pathlib import Path  # noqa: PLC0415

    from nimbus.compile.cached import CachedCompiler  # noqa: PLC0415
    from nimbus.releases import deploy as deploying  # noqa: PLC0415

    pipeline = project.pipeline
    compiler: Compiler = CachedCompiler(
        project.path(pipeline.source) if Path(project.path(pipeline.source)).exists() else pipeline.source,
        project.folder / promoting.COMPILED,
        pipeline.precision,
        [Path(project.path(file)) for file in pipeline.code],
        pipeline.allow,
    )
    adopt = None
    if project.drift.dev is not None:
        compiler = drifting.WithDevSet(compiler, project)
        adopt = partial(drifting.adopt_dev_set, environment, project)
    shadow = promoting.judge(environment, project, compiler.find) if judged else None
    return deploying.Tools(
        assembly.open_environment(environment),
        compiler,
        _parts(environment, project),
        _preflight(environment, project),
        shadow,
        promoting.judge_alone(environment, project),
        partial(promoting.live_is_here, environment, project),
        adopt,
    )


def _preflight(environment: Environment, project: Project) -> Preflight:
    from pathlib import Path  # noqa: PLC0415

    from nimbus.adapters.machine import Reachable, ThisMachine  # noqa: PLC0415
    from nimbus.releases import preflight as reporting  # noqa: PLC0415
    from nimbus.releases.checks import anywhere, cloud, local  # noqa: PLC0415
    from nimbus_runtime import clock  # noqa: PLC0415

    machine, store = ThisMachine(Path(environment.root)), assembly.open_environment(environment)

    def check(release: Release, bundle: Bundle) -> Report:
        if environment.outputs is None:
            checks = local.check(store, machine, Reachable(), release, bundle, clock.now())
            return reporting.report([*checks, cost(release)])
        due = project.schedule
        schedule = (due.expression, due.time_zone) if due else None
        wanted = cloud.Wanted(schedule, project.task.max_concurrency, project.task.spot)
        there = _cloud(environment.outputs)
        asked = list(cloud.check(store, there, machine, Reachable(), wanted, release, bundle, clock.now()))
        alone = len(asked) == 1  # without credentials nothing else can be asked
        return reporting.report(asked if alone else [*asked, cost(release)])

    def cost(release: Release) -> Check:
        return anywhere.cost(quoting.in_a_line(environment, project, release))

    return check


def _cloud(outputs: Outputs) -> Cloud:
    from nimbus.adapters import ecr  # noqa: PLC0415
    from nimbus.adapters.cloud import AwsCloud  # noqa: PLC0415
    from nimbus.engines.orders import Severity  # noqa: PLC0415
    from nimbus.image import findings  # noqa: PLC0415
    from nimbus.releases.checks.cloud import Scanned, TaskSize  # noqa: PLC0415

    class _Cloud(AwsCloud):
        def scanned(self, image: str) -> Scanned:
            repository, _, digest = image.partition("@")
            registry = ecr.Ecr(outputs.region)
            verdict = findings.judge(registry.scan(repository, digest), Severity.HIGH)
            return Scanned(verdict.known, verdict.status, verdict.grave_count, verdict.threshold.value)

        def size(self) -> TaskSize:
            found = self.definitions.size()
            return TaskSize(found.cpu, found.memory)

    return _Cloud(
        outputs.root,
        outputs.region,
        outputs.repository,
        _definitions(outputs),
        outputs.task_role,
        outputs.execution_role,
        outputs.state_machine,
        outputs.schedule,
    )


def _definitions(outputs: Outputs) -> TaskDefinitions:
    from nimbus.adapters.ecs import TaskDefinitions  # noqa: PLC0415

    return TaskDefinitions(outputs.task_template, outputs.release_family, outputs.container, outputs.region)


def _runnable(environment: Environment) -> Runnable:
    return _parts(environment)


def _parts(environment: Environment, project: Project | None = None) -> BundleShelf | CloudHost:
    """Return what keeps the parts of releases that stand outside of the records; it places only with a project."""
    from pathlib import Path  # noqa: PLC0415

    from nimbus.adapters.shelf import BundleShelf  # noqa: PLC0415

    if environment.outputs is None:
        return BundleShelf(Path(environment.root))
    return _cloud_host(environment.outputs, project)


def _cloud_host(outputs: Outputs, project: Project | None) -> CloudHost:
    from contextlib import suppress  # noqa: PLC0415
    from pathlib import Path  # noqa: PLC0415

    from nimbus.adapters.cloud_host import CloudHost  # noqa: PLC0415
    from nimbus.adapters.ecr import Ecr  # noqa: PLC0415
    from nimbus.config.image import BASE_IMAGE, Image  # noqa: PLC0415
    from nimbus.engines.orders import Architecture  # noqa: PLC0415
    from nimbus.image import build, lock, recipe, record  # noqa: PLC0415
    from nimbus.image.tag import locks_digest, tag_of  # noqa: PLC0415
    from nimbus_runtime.contract.errors import NimbusError  # noqa: PLC0415

    architecture = Architecture.ARM64 if outputs.architecture == "ARM64" else Architecture.AMD64
    wanted = Image() if project is None else project.image
    base_image, engine = wanted.base, wanted.engine
    architectures = tuple(sorted({architecture, *(Architecture(one.value) for one in wanted.architectures)}))
    locks = () if project is None else tuple(Path(project.path(named)) for named in wanted.requirements)

    def recorded(bundle: Bundle) -> str | None:
        with suppress(NimbusError):  # none was built here
            built = record.read(record.folder_of(bundle.path))
            if (
                built.bundle_digest == bundle.digest
                and (built.reference or "").startswith(f"{outputs.repository}@")
                and base_image in (BASE_IMAGE, built.base)  # a base that the file names is meant
                and {part.architecture for part in built.parts} >= set(architectures)
                and built.requirements == locks_digest(lock.texts(locks).values())
            ):
                return built.reference
        return None

    def tag(bundle: Bundle) -> str:
        return tag_of(bundle.digest, recipe.read(), architectures, base_image, lock.texts(locks).values())

    def push(bundle: Bundle) -> str:
        folder = record.folder_of(bundle.path)
        planned = assembly.plan_image(build.Order(bundle.path, base_image, architectures, locks), engine)
        known = assembly.kept_image(planned, folder, engine)  # an attempt before this one came so far
        built = known or assembly.build_image(planned, folder, engine)
        pushed = assembly.push_image(built, outputs.repository, folder)
        assert pushed.reference is not None  # noqa: S101 - it was pushed
        return pushed.reference

    def sboms(bundle: Bundle, image: str) -> dict[str, bytes]:
        with suppress(NimbusError):  # none was built here
            folder = record.folder_of(bundle.path)
            built = record.read(folder)
            return record.sboms(built, folder) if built.reference == image else {}
        return {}

    return CloudHost(outputs.repository, Ecr(outputs.region), _definitions(outputs), recorded, tag, push, sboms)


def _removal(environment: Environment) -> Removal:
    from pathlib import Path  # noqa: PLC0415

    from nimbus.adapters.folder_removal import FolderRemoval  # noqa: PLC0415
    from nimbus.adapters.s3_removal import S3Removal  # noqa: PLC0415

    if environment.root.startswith("s3://"):
        return S3Removal.at(environment.root)
    return FolderRemoval(Path(environment.root))
