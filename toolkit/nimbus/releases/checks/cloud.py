"""Checks of an environment on AWS: each asks one thing, and says what to do where the answer is no."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from nimbus.releases import registry
from nimbus.releases.checks import anywhere, local
from nimbus.releases.preflight import Check, Status
from nimbus_runtime import live
from nimbus_runtime.contract.errors import NimbusError
from nimbus_runtime.contract.words import plural

if TYPE_CHECKING:
    from nimbus.releases.checks.local import Inputs, Machine
    from nimbus_runtime.bundle import Bundle
    from nimbus_runtime.contract.inputs import InputFile
    from nimbus_runtime.contract.records import Release
    from nimbus_runtime.store import Store

_TASKS = "ecs-tasks.amazonaws.com"
_DEPLOYER = (
    "ecr:PutImage",
    "ecs:RegisterTaskDefinition",
    "s3:GetObject",
    "s3:PutObject",
)


@dataclass(frozen=True, slots=True)
class Scanned:
    """What a registry's scan of an image came to. `known` False: there is none to judge by."""

    known: bool
    status: str
    grave: int
    threshold: str


@dataclass(frozen=True, slots=True)
class TaskSize:
    """What a task is given: units of 1/1024 vCPU, and MiB."""

    cpu: int
    memory: int


class Cloud(Protocol):
    """An environment on AWS, as far as a preflight asks."""

    @property
    def root(self) -> str:
        """Return the root's address."""
        ...

    @property
    def roles(self) -> dict[str, str]:
        """Return the ARNs of the roles that tasks run as and start by, by their names."""
        ...

    def caller(self) -> tuple[str, datetime | None]:
        """Return who calls, by ARN, and what time it is at AWS."""
        ...

    def denied(self, caller: str, actions: Sequence[str], place: str) -> list[str]:
        """Return those of the actions on an s3:// address, an ARN, or anything that a caller would be denied."""
        ...

    def trusted(self, role: str) -> tuple[str, ...]:
        """Return the services that may take a role."""
        ...

    def secrets(self) -> dict[str, str]:
        """Return what the secrets of tasks refer to, by the names of their variables."""
        ...

    def secret(self, reference: str) -> tuple[str, str]:
        """Return (action that reads it, ARN) of a secret; NimbusError where there is none."""
        ...

    def scanned(self, image: str) -> Scanned:
        """Return what the registry found in an image; NimbusError where there is no such image."""
        ...

    def size(self) -> TaskSize:
        """Return what the template gives a task."""
        ...

    def cpus(self, *, spot: bool) -> float:
        """Return how many vCPUs of tasks the account may run at once, on Spot or on demand."""
        ...

    def machine(self) -> str:
        """Return the status of the state machine."""
        ...

    def schedule(self) -> tuple[str, str]:
        """Return when runs are due, as it is deployed: an expression and a time zone."""
        ...


@dataclass(frozen=True, slots=True)
class Wanted:
    """What nimbus.toml says that is compared with what is deployed; `schedule` is an expression and a time zone."""

    schedule: tuple[str, str] | None
    max_concurrency: int
    spot: bool


def check(  # noqa: PLR0913, PLR0917 - all that is looked at
    store: Store,
    cloud: Cloud,
    machine: Machine,
    inputs: Inputs,
    wanted: Wanted,
    release: Release,
    bundle: Bundle,
    now: datetime,
) -> Iterator[Check]:
    """Yield every check of deploying a release to AWS; without credentials, that one alone."""
    try:
        caller, time = cloud.caller()
    except NimbusError as error:
        yield anywhere.attempted("credentials", "are known", _raising(error))
        return
    present = live.read(store)
    yield Check("credentials", "are known", Status.OK, caller)
    yield anywhere.clock(now, time, present)
    yield local.root(store)
    yield permissions("yours", lambda: cloud.denied(caller, _DEPLOYER, f"{cloud.root}/releases/x.json"))
    for name, arn in cloud.roles.items():
        yield role(name, lambda arn=arn: cloud.trusted(arn))  # type: ignore[misc]
    if release.job is not None:
        task_role = cloud.roles["task"]
        for place in release.job.inputs:
            yield permissions(
                "the worker's",
                lambda place=place: cloud.denied(task_role, ["s3:GetObject"], place),  # type: ignore[misc]
            )
    yield from secrets(cloud)
    yield image(release.image, cloud.scanned)
    yield size(cloud.size, machine.peak(bundle))
    yield quota(lambda: cloud.cpus(spot=False), cloud.size, wanted.max_concurrency)
    if wanted.spot:
        yield quota(lambda: cloud.cpus(spot=True), cloud.size, wanted.max_concurrency, spot=True)
    yield state_machine(cloud.machine)
    yield schedule(cloud.schedule, wanted.schedule)
    if release.job is not None:
        job = release.job
        yield anywhere.wanted_annotations(job, bundle)
        yield reachable(lambda: inputs.resolve(job), lambda file: inputs.check_schema(file, job))
    known = present is not None and present.release in registry.names(store)
    yield anywhere.same_schema(release, registry.release(store, present.release) if present and known else None)


def permissions(whose: str, denied: Callable[[], list[str]]) -> Check:
    """Say whether somebody may do what is needed, where IAM lets it be simulated."""
    subject, name = "permissions", f"{whose}, by simulation"
    try:
        found = denied()
    except NimbusError as error:
        return Check(subject, name, Status.SKIPPED, f"it could not be simulated: {error.what}")
    if found:
        remedy = "attach the deployer policy, or name the input's bucket in the pipeline module (docs/aws.md)"
        return Check(subject, name, Status.FAILED, f"denied: {', '.join(found)}", remedy)
    return Check(subject, name, Status.OK, "allowed")


def role(name: str, trusted: Callable[[], tuple[str, ...]]) -> Check:
    """Say whether tasks can take a role."""
    try:
        services = trusted()
    except NimbusError as error:
        return _unknown("roles", f"{name} role", error, "`nimbus infra apply` makes it again")
    if _TASKS not in services:
        found = f"it trusts {', '.join(services) or 'nobody'}"
        return Check("roles", f"{name} role", Status.FAILED, found, f"let it trust {_TASKS}: `nimbus infra apply`")
    return Check("roles", f"{name} role", Status.OK, "tasks may take it")


def secrets(cloud: Cloud) -> Iterator[Check]:
    """Say whether the secrets that tasks get as variables are there, and whether they may be read at a task's start."""
    name, remedy = "are there", "store it, or correct its name in the tasks' template: `nimbus infra apply`"
    variable, found = "", []
    try:
        references = cloud.secrets()
        for variable, reference in references.items():  # noqa: B007 - the one that is not there is told
            found.append(cloud.secret(reference))
    except NimbusError as error:
        check = _unknown("secrets", name, error, remedy)
        yield replace(check, found=f"{variable}: {check.found}" if variable else check.found)
        return
    yield Check("secrets", name, Status.OK, ", ".join(references) or "tasks get none")
    role = cloud.roles["execution"]
    for action, arn in found:
        yield permissions("the tasks' start", lambda action=action, arn=arn: cloud.denied(role, [action], arn))  # type: ignore[misc]


def image(named: str | None, scanned: Callable[[str], Scanned]) -> Check:
    """Say whether the release's image is in the repository, and what its scan found."""
    if named is None:
        return Check("image", "is pushed and scanned", Status.SKIPPED, "none is built yet: `nimbus deploy` does")
    try:
        found = scanned(named)
    except NimbusError as error:
        return _unknown("image", "is pushed and scanned", error, "deploy again: the image is pushed anew")
    if not found.known:
        words = f"it is there; its scan says {found.status.lower()}"
        return Check("image", "is pushed and scanned", Status.SKIPPED, words)
    if found.grave:
        words = f"{found.grave} findings of {found.threshold} or worse"
        remedy = (
            "`nimbus image scan` lists them; `nimbus image build --tag NEW --push` on a newer base, then deploy again"
        )
        return Check("image", "is pushed and scanned", Status.FAILED, words, remedy)
    return Check("image", "is pushed and scanned", Status.OK, f"nothing of {found.threshold} or worse")


def size(given: Callable[[], TaskSize], peak: int | None) -> Check:
    """Say whether a task's memory holds a worker for each of its vCPUs."""
    try:
        task = given()
    except NimbusError as error:
        return _unknown("size", "memory for its workers", error, "`nimbus infra apply` makes the template")
    return anywhere.memory(peak, max(1, task.cpu // 1024), task.memory * 2**20, "a task")


def quota(cpus: Callable[[], float], given: Callable[[], TaskSize], tasks: int, *, spot: bool = False) -> Check:
    """Say whether the account may run the tasks that a run starts, on demand or on Spot."""
    subject, name = "quota", "vCPUs of Spot at once" if spot else "vCPUs at once"
    try:
        allowed, each = cpus(), given().cpu / 1024
    except NimbusError as error:
        return Check(subject, name, Status.SKIPPED, f"it could not be asked: {error.what}")
    if allowed < each:
        remedy = f"ask for more in Service Quotas: Fargate {'Spot' if spot else 'On-Demand'} vCPU resource count"
        remedy += "; or set spot = false in [task], and `nimbus infra apply`" if spot else ""
        return Check(subject, name, Status.FAILED, f"{allowed:g} allowed, one task takes {each:g}", remedy)
    at_once = min(tasks, int(allowed // each))
    note = "" if at_once >= tasks else f"; the {tasks} of max_concurrency would take {tasks * each:g}"
    return Check(subject, name, Status.OK, f"{allowed:g}: {plural(at_once, 'task')} at once{note}")


def state_machine(status: Callable[[], str]) -> Check:
    """Say whether runs can be started."""
    try:
        found = status()
    except NimbusError as error:
        return _unknown("runs", "state machine", error, "`nimbus infra apply` makes it again")
    if found != "ACTIVE":
        return Check("runs", "state machine", Status.FAILED, found.lower(), "`nimbus infra apply` makes it again")
    return Check("runs", "state machine", Status.OK, "active")


def schedule(deployed: Callable[[], tuple[str, str]], wanted: tuple[str, str] | None) -> Check:
    """Say when runs are due, and whether nimbus.toml says the same."""
    try:
        found = deployed()
    except NimbusError as error:
        return _unknown("runs", "schedule", error, "`nimbus infra apply` makes it again")
    if wanted is not None and wanted != found:
        remedy = "`nimbus infra apply` brings what nimbus.toml says"
        words = f"{' '.join(found)}, and nimbus.toml says {' '.join(wanted)}"
        return Check("runs", "schedule", Status.FAILED, words, remedy)
    return Check("runs", "schedule", Status.OK, " ".join(found))


def reachable(resolve: Callable[[], list[InputFile]], check_schema: Callable[[InputFile], None]) -> Check:
    """Say whether the inputs are there and have their fields, where the caller may look at them."""
    found = anywhere.inputs(resolve, check_schema)
    if found.status is Status.FAILED and "denied" in found.found:
        words = "you may not read them: a shadow here needs the text-reader policy"
        return Check(found.subject, found.name, Status.SKIPPED, words)
    return found


def _unknown(subject: str, name: str, error: NimbusError, remedy: str) -> Check:
    """Return a check that failed, or that could not be made because the caller may not ask."""
    if "denie" in error.what:
        return Check(subject, name, Status.SKIPPED, f"you may not ask: {error.what}")
    return Check(subject, name, Status.FAILED, f"{error.what}{f' ({error.got})' if error.got else ''}", remedy)


def _raising(error: NimbusError) -> Callable[[], str]:
    def attempt() -> str:
        raise error

    return attempt
