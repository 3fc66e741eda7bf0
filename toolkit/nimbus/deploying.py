"""Where deploying meets adapters. Each function imports what it needs: start-up stays light."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nimbus import assembly, drifting, hosting, promoting, quoting

if TYPE_CHECKING:
    from collections.abc import Callable

    from nimbus.config import Environment, Project
    from nimbus.config.environments import Outputs
    from nimbus.config.image import Image
    from nimbus.releases.checks.cloud import Cloud
    from nimbus.releases.deploy import Compiler, Deployment, Planned, Preflight, Tools
    from nimbus.releases.deploy import Observer as Deploying
    from nimbus.releases.diff import Difference
    from nimbus.releases.preflight import Check, Report
    from nimbus.releases.promote import Promotion
    from nimbus_runtime.bundle import Bundle
    from nimbus_runtime.contract.records import Release

_SCAN_SECONDS = 120.0  # at most, for a scan that goes on


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
        hosting.parts(environment, project),
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

    def check(release: Release, bundle: Bundle, *, placed: bool = False) -> Report:
        if environment.outputs is None:
            checks = local.check(store, machine, Reachable(), release, bundle, clock.now())
            return reporting.report([*checks, cost(release)])
        due = project.schedule
        schedule = (due.expression, due.time_zone) if due else None
        wanted = cloud.Wanted(schedule, project.task.max_concurrency, project.task.spot)
        there = _cloud(environment.outputs, project.image, bundle, placed=placed)
        asked = list(cloud.check(store, there, machine, Reachable(), wanted, release, bundle, clock.now()))
        alone = len(asked) == 1  # without credentials nothing else can be asked
        return reporting.report(asked if alone else [*asked, cost(release)])

    def cost(release: Release) -> Check:
        return anywhere.cost(quoting.in_a_line(environment, project, release))

    return check


def _cloud(outputs: Outputs, wanted: Image, bundle: Bundle, *, placed: bool) -> Cloud:
    from contextlib import suppress  # noqa: PLC0415

    from nimbus.adapters import ecr  # noqa: PLC0415
    from nimbus.adapters.cloud import AwsCloud  # noqa: PLC0415
    from nimbus.config.image import FailOn  # noqa: PLC0415
    from nimbus.engines.orders import Severity  # noqa: PLC0415
    from nimbus.image import findings, record  # noqa: PLC0415
    from nimbus.releases.checks.cloud import Scanned, TaskSize  # noqa: PLC0415
    from nimbus.releases.checks.permissions import Places  # noqa: PLC0415
    from nimbus_runtime.contract.errors import NimbusError  # noqa: PLC0415

    architecture = hosting.architecture(outputs)

    class _Cloud(AwsCloud):
        @property
        def places(self) -> Places:
            return Places(**self.arns)

        def scanned(self, image: str) -> Scanned:
            repository, _, digest = image.partition("@")
            registry, off = ecr.Ecr(outputs.region), wanted.fail_on is FailOn.OFF
            seconds = 0.0 if off else _SCAN_SECONDS
            scan = registry.scan(repository, digest, seconds, architecture=architecture, coming=placed)
            verdict = findings.judge(scan, None if off else Severity(wanted.fail_on.value))
            named = tuple(f"{one.name} in {one.package}" if one.package else one.name for one in verdict.grave)
            return Scanned(verdict.known, verdict.status, verdict.grave_count, wanted.fail_on.value, named)

        def tried(self, image: str) -> tuple[str, bool] | None:
            with suppress(NimbusError):  # none was built here
                built, platform = record.read(record.folder_of(bundle.path)), architecture.platform
                return (platform, platform not in built.untried) if built.reference == image else None
            return None

        def size(self) -> TaskSize:
            found = self.definitions.size()
            return TaskSize(found.cpu, found.memory)

    return _Cloud(
        outputs.root,
        outputs.region,
        outputs.repository,
        hosting.definitions(outputs),
        outputs.task_role,
        outputs.execution_role,
        outputs.state_machine,
        outputs.schedule,
        outputs.release_family,
        outputs.log_group,
    )
