"""Checks of an environment on AWS: each asks one thing, and says what to do where the answer is no."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from nimbus.releases import registry
from nimbus.releases.checks import anywhere, local, permissions
from nimbus.releases.preflight import Check, Status
from nimbus_runtime import live
from nimbus_runtime.contract.errors import NimbusError
from nimbus_runtime.contract.words import plural

if TYPE_CHECKING:
    from nimbus.releases.checks.local import Inputs, Machine
    from nimbus.releases.checks.permissions import Need, Places
    from nimbus_runtime.bundle import Bundle
    from nimbus_runtime.contract.inputs import InputFile
    from nimbus_runtime.contract.records import Job, Release
    from nimbus_runtime.store import Store

_SHOWN = 3  # findings that are named
_ATTACH = "have the deployer policy attached to your role (docs/aws.md)"
_WORKERS = "name the input's bucket in the pipeline module (docs/aws.md), and `nimbus infra apply`"
_STARTERS = "`nimbus infra apply` gives the role its policy again; let it read the secrets"


@dataclass(frozen=True, slots=True)
class Scanned:
    """What a registry's scan of an image came to. `known` False: there is none to judge by.

    `grave` is how many findings are of the threshold or worse, of which some are `named`; of all where that is off.
    """

    known: bool
    status: str
    grave: int
    threshold: str
    named: tuple[str, ...] = ()


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

    @property
    def places(self) -> Places:
        """Return what it consists of."""
        ...

    def denied(self, caller: str, actions: Sequence[str], resource: str, context: Mapping[str, str]) -> list[str]:
        """Return those of the actions on a resource, by its ARN or `*`, that a caller would be denied."""
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

    def tried(self, image: str) -> tuple[str, bool] | None:
        """Return (platform of the tasks, whether an image was started on it); None where it was not built here."""
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
    yield from allowed(cloud, caller, release.job)
    for name, arn in cloud.roles.items():
        yield role(name, lambda arn=arn: cloud.trusted(arn))  # type: ignore[misc]
    yield secrets(cloud)
    yield image(release.image, cloud.scanned)
    yield tried(release.image, cloud.tried)
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


def allowed(cloud: Cloud, caller: str, job: Job | None) -> Iterator[Check]:
    """Say what of it all IAM would deny: to whoever deploys, to the worker, and to Fargate before it starts one."""
    at, roles = cloud.places, cloud.roles

    def denied(who: str) -> Callable[[Need], list[str]]:
        return lambda need: cloud.denied(who, need.actions, need.resource, need.context)

    def starters() -> Iterator[Need]:
        found = []
        with suppress(NimbusError):  # a secret that is not there is told by its own check
            found = [cloud.secret(reference) for reference in cloud.secrets().values()]
        yield from permissions.starters(at, found)

    inputs = () if job is None else job.inputs
    yield permissions.check("yours", permissions.deployers(at, roles.values()), denied(caller), _ATTACH)
    yield permissions.check("the worker's", permissions.workers(at, inputs), denied(roles["task"]), _WORKERS)
    yield permissions.check("the tasks' start", starters(), denied(roles["execution"]), _STARTERS)


def role(name: str, trusted: Callable[[], tuple[str, ...]]) -> Check:
    """Say whether tasks can take a role."""
    try:
        services = trusted()
    except NimbusError as error:
        return _unknown("roles", f"{name} role", error, "`nimbus infra apply` makes it again")
    if permissions.TASKS not in services:
        found = f"it trusts {', '.join(services) or 'nobody'}"
        return Check(
            "roles", f"{name} role", Status.FAILED, found, f"let it trust {permissions.TASKS}: `nimbus infra apply`"
        )
    return Check("roles", f"{name} role", Status.OK, "tasks may take it")


def secrets(cloud: Cloud) -> Check:
    """Say whether the secrets that tasks get as variables are there."""
    name, remedy = "are there", "store it, or correct its name in the tasks' template: `nimbus infra apply`"
    variable = ""
    try:
        references = cloud.secrets()
        for variable, reference in references.items():  # noqa: B007 - the one that is not there is told
            cloud.secret(reference)
    except NimbusError as error:
        check = _unknown("secrets", name, error, remedy)
        return replace(check, found=f"{variable}: {check.found}" if variable else check.found)
    return Check("secrets", name, Status.OK, ", ".join(references) or "tasks get none")


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
    if found.threshold == "off":
        words = f"{_counted(found.grave)}, and [image] fail_on is off"
        return Check("image", "is pushed and scanned", Status.OK, words)
    if found.grave:
        some = "; ".join(found.named[:_SHOWN]) + ("; …" if found.named[_SHOWN:] else "")
        words = f"{_counted(found.grave)} of {found.threshold} or worse{f': {some}' if some else ''}"
        remedy = (
            "`nimbus image scan` lists them; `nimbus image build --tag NEW --push` on a newer base, then deploy again; "
            "[image] fail_on is the threshold"
        )
        return Check("image", "is pushed and scanned", Status.FAILED, words, remedy)
    return Check("image", "is pushed and scanned", Status.OK, f"nothing of {found.threshold} or worse")


def tried(named: str | None, found: Callable[[str], tuple[str, bool] | None]) -> Check:
    """Say whether the release's image was ever started."""
    if named is None:
        return Check("image", "was tried", Status.SKIPPED, "none is built yet: `nimbus deploy` does")
    told = found(named)
    if told is None:
        return Check("image", "was tried", Status.SKIPPED, "it was built elsewhere, and nothing here tells")
    platform, started = told
    if not started:
        return Check("image", "was tried", Status.SKIPPED, f"not tried here: {platform}")
    return Check("image", "was tried", Status.OK, f"it checked itself on {platform}")


def _counted(findings: int) -> str:
    return f"{findings:,} finding{'' if findings == 1 else 's'}"


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
