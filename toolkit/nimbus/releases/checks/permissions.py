"""What deploying and running really do on AWS, by whom and on what: what a preflight asks IAM to simulate.

The Terraform modules allow these and more; what is not here has its reason in the tests of those policies.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from nimbus.releases.preflight import Check, Status
from nimbus_runtime.contract import paths
from nimbus_runtime.contract.errors import NimbusError

TASKS = "ecs-tasks.amazonaws.com"
_SHOWN = 6  # of what is denied
_PUSHED = (
    "ecr:BatchCheckLayerAvailability",
    "ecr:BatchGetImage",
    "ecr:CompleteLayerUpload",
    "ecr:DescribeImageScanFindings",
    "ecr:InitiateLayerUpload",
    "ecr:PutImage",
    "ecr:UploadLayerPart",
)
_PULLED = ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")


@dataclass(frozen=True, slots=True)
class Need:
    """Actions on a resource, by its ARN or `*`, and the context in which AWS decides on them."""

    actions: tuple[str, ...]
    resource: str
    context: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Places:
    """What an environment consists of, by ARNs; those that stand for many name one of them.

    `root` is a pipeline's folder in a bucket. `repository` is empty where images lie outside of ECR.
    """

    root: str
    repository: str
    definition: str
    machine: str
    execution: str
    log_stream: str

    @property
    def partition(self) -> str:
        """Return the partition of AWS, which ARNs begin with."""
        return self.root.split(":")[1]


def deployers(at: Places, roles: Iterable[str]) -> Iterator[Need]:
    """Yield what whoever deploys does: push, register, decide, start a run and follow it."""
    yield Need(("ecs:DescribeTaskDefinition", "ecs:RegisterTaskDefinition"), "*")
    if at.repository:
        yield Need(("ecr:GetAuthorizationToken",), "*")
        yield Need(_PUSHED, at.repository)
    yield Need(("ecs:TagResource",), at.definition, {"ecs:CreateAction": "RegisterTaskDefinition"})
    for role in roles:
        yield Need(("iam:PassRole",), role, {"iam:PassedToService": TASKS})
    names = (
        paths.LIVE,
        paths.ledger(1),
        paths.release("r"),
        paths.evidence("r", "preflight", "t"),
        paths.baseline("r"),
    )
    yield from _records(at, names)
    yield Need(("states:DescribeStateMachine", "states:StartExecution"), at.machine)
    yield Need(("states:DescribeExecution",), at.execution)


def workers(at: Places, inputs: Sequence[str]) -> Iterator[Need]:
    """Yield what tasks do: read inputs, create the records of a run, and publish."""
    for place in inputs:
        address = place.removeprefix("s3://")
        if address != place:
            several = address.endswith("/")
            yield Need(("s3:GetObject",), f"arn:{at.partition}:s3:::{address}{'*' if several else ''}")
            bucket, _, prefix = address.partition("/")
            if several or "*" in prefix:
                yield _listed(at, bucket, prefix.partition("*")[0])
    began, seen = paths.dispatch("e"), paths.evidence("r", "drift", "t")
    yield from _records(at, (paths.LIVE, paths.ledger(1), paths.plan("r"), began, seen))
    yield Need(("states:DescribeExecution",), at.execution)


def starters(at: Places, secrets: Iterable[tuple[str, str]]) -> Iterator[Need]:
    """Yield what Fargate does before a task starts: pull, log, and read secrets, given as (action, ARN)."""
    if at.repository:
        yield Need(("ecr:GetAuthorizationToken",), "*")
        yield Need(_PULLED, at.repository)
    yield Need(("logs:CreateLogStream", "logs:PutLogEvents"), at.log_stream)
    yield from (Need((action,), arn) for action, arn in secrets)


def check(whose: str, needs: Iterable[Need], denied: Callable[[Need], list[str]], remedy: str) -> Check:
    """Say whether somebody may do what is needed, where IAM lets it be simulated."""
    subject, name = "permissions", f"{whose}, by simulation"
    try:
        found = [_words(each, actions) for each in needs if (actions := denied(each))]
    except NimbusError as error:
        return Check(subject, name, Status.SKIPPED, f"it could not be simulated: {error.what}")
    if found:
        more = f"; and {len(found) - _SHOWN} more" if found[_SHOWN:] else ""
        return Check(subject, name, Status.FAILED, f"denied: {'; '.join(found[:_SHOWN])}{more}", remedy)
    return Check(subject, name, Status.OK, "allowed")


def _records(at: Places, written: Iterable[str]) -> Iterator[Need]:
    bucket, _, name = at.root.rpartition(":")[2].partition("/")
    yield Need(("s3:GetObject",), f"{at.root}/{paths.LIVE}")
    yield _listed(at, bucket, f"{name}/{paths.RELEASES}/")
    yield from (Need(("s3:PutObject",), f"{at.root}/{place}") for place in written)


def _listed(at: Places, bucket: str, prefix: str) -> Need:
    return Need(("s3:ListBucket",), f"arn:{at.partition}:s3:::{bucket}", {"s3:prefix": prefix})


def _words(need: Need, actions: list[str]) -> str:
    return ", ".join(actions) if need.resource == "*" else f"{', '.join(actions)} on {need.resource}"
