"""What the policies for people allow is what the toolkit calls: read from its adapters, one service of AWS each."""

from __future__ import annotations

import ast
import fnmatch
import re
from collections.abc import Iterator

import pytest

pytest.importorskip("boto3", reason="needs boto3")

import boto3

from nimbus.releases.checks import permissions
from nimbus_runtime.contract import paths

from .tables import ROOT, TERRAFORM

_NOBODY = {"aws_access_key_id": "nobody", "aws_secret_access_key": "nobody"}
PEOPLE = TERRAFORM / "modules/pipeline/people.tf"
ADAPTERS = sorted((ROOT / "toolkit/nimbus/adapters").glob("*.py"))
_PREFIXES = {"stepfunctions": "states", "service-quotas": "servicequotas"}  # where policies have another name
_REGISTRY = "the registry's own protocol over HTTP, by which images are pushed and looked at"
# Allowed, and no operation of an adapter: what else needs it.
ELSEWHERE = {
    "ecr:BatchCheckLayerAvailability": _REGISTRY,
    "ecr:CompleteLayerUpload": _REGISTRY,
    "ecr:GetDownloadUrlForLayer": _REGISTRY,
    "ecr:InitiateLayerUpload": _REGISTRY,
    "ecr:PutImage": _REGISTRY,
    "ecr:UploadLayerPart": _REGISTRY,
    "ecs:TagResource": "checked where a task definition is registered with tags",
    "iam:PassRole": "checked where a task definition names its roles",
    "kms:Decrypt": "S3 asks the key in the caller's name",
    "kms:GenerateDataKey": "S3 asks the key in the caller's name",
    "s3:DeleteObject": "nimbus_runtime.s3, for nimbus prune",
    "s3:GetObject": "nimbus_runtime.s3",
    "s3:ListBucket": "nimbus_runtime.s3",
    "s3:PutObject": "nimbus_runtime.s3",
}
# Called, and not allowed.
WITHOUT = {
    "ecr:CreateRepository": "only where no Terraform has made one",
    "ecr:DescribeRepositories": "a refusal is taken for an answer: the push tells",
    "secretsmanager:DescribeSecret": "no policy of ours is about secrets: preflight looks where the caller's role may",
    "ssm:DescribeParameters": "as secretsmanager:DescribeSecret",
    "sts:GetCallerIdentity": "needs no permission",
}
_LOOKS = "looks or cancels, and deploys nothing"
_SKIPPED = "a check that may not be made is skipped, and says so"
_PRUNES = "for nimbus prune alone"
# Allowed, and not asked for by a preflight.
UNASKED = {
    "cloudwatch:DescribeAlarms": _LOOKS,
    "ecr:BatchDeleteImage": _PRUNES,
    "ecr:DescribeImages": _PRUNES,
    "ecr:GetDownloadUrlForLayer": "for a load test in the image alone",
    "ecs:DeregisterTaskDefinition": _PRUNES,
    "ecs:ListTaskDefinitions": _PRUNES,
    "iam:GetRole": _SKIPPED,
    "iam:SimulatePrincipalPolicy": _SKIPPED,
    "kms:Decrypt": "no output names the key",
    "kms:GenerateDataKey": "as kms:Decrypt",
    "logs:FilterLogEvents": _LOOKS,
    "s3:DeleteObject": _PRUNES,
    "scheduler:GetSchedule": _SKIPPED,
    "servicequotas:GetServiceQuota": _SKIPPED,
    "states:GetExecutionHistory": _LOOKS,
    "states:ListExecutions": _LOOKS,
    "states:StopExecution": _LOOKS,
}


def called() -> set[str]:
    """Return the actions behind every operation that an adapter names."""
    return {action for path in ADAPTERS for action in _of(ast.parse(path.read_text(encoding="utf-8")))}


def _of(module: ast.Module) -> Iterator[str]:
    calls = [node for node in ast.walk(module) if isinstance(node, ast.Call)]
    first = [(ast.unparse(call.func), _text(call)) for call in calls]
    services = {name for function, name in first if name and function in {"Service", "boto3.client"}}
    operations = {name for _, name in first if name} | {function.rpartition(".")[2] for function, _ in first}
    for service in services - {"s3"}:
        client = boto3.client(service, region_name="eu-west-1", **_NOBODY)
        known = client.meta.method_to_api_mapping
        for name in operations & set(known):
            yield f"{_PREFIXES.get(service, service)}:{known[name]}"


def _text(call: ast.Call) -> str | None:
    first = call.args[0] if call.args else None
    return first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else None


def allowed() -> set[str]:
    """Return the actions of all policies for people, and of what they share with others."""
    text = "".join(path.read_text(encoding="utf-8") for path in (PEOPLE, PEOPLE.with_name("shared.tf")))
    lists = re.findall(r"actions\s*=\s*\[(.*?)\]", text, re.DOTALL)
    return {action for each in lists for action in re.findall(r'"([a-z0-9-]+:[A-Za-z]+)"', each)}


def test_adapters_are_read() -> None:
    """The reading finds what is known to be there."""
    assert {"states:StartExecution", "ecs:RegisterTaskDefinition", "ecr:BatchDeleteImage"} <= called()


def test_every_operation_of_an_adapter_is_allowed() -> None:
    """To whoever deploys or prunes; what is not allowed is listed with the reason."""
    assert called() - allowed() == set(WITHOUT)


def test_whatever_people_may_do_the_toolkit_does() -> None:
    """What is no adapter's operation is listed with what needs it, and nothing else is listed."""
    assert allowed() - called() == set(ELSEWHERE)


def test_a_preflight_asks_for_what_deploying_needs() -> None:
    """Of all that people are allowed; what it does not ask for is listed with the reason, and nothing else."""
    places = permissions.Places("arn:aws:s3:::b/p", *("arn:x" for _ in range(5)))
    asked = {action for need in permissions.deployers(places, ["arn:role"]) for action in need.actions}
    assert asked <= allowed()
    assert allowed() - asked == set(UNASKED)


def test_what_a_release_keeps_is_created_once_by_deployers_and_removed_by_pruners() -> None:
    """Its record, and the bills of materials below it, are covered by each of the three policies."""
    bucket = (TERRAFORM / "modules/platform/bucket.tf").read_text(encoding="utf-8")
    (once,) = re.findall(r"created_once = \[(.*?)\]", bucket)
    policies = [once, *(_places(sid) for sid in ("ReleaseAndSwapLive", "DeleteOldRunsAndReleases"))]
    for place in (paths.release("v1"), paths.sbom("v1", "amd64"), paths.evidence("v1", "preflight", "now")):
        for policy in policies:
            patterns = [text.removeprefix("*/") for text in re.findall(r'"(.*?)"', policy)]
            assert [text for text in patterns if fnmatch.fnmatchcase(place, text)], (place, policy)


def test_what_goes_is_marked_by_pruners_and_nothing_else_is_written() -> None:
    """A release's mark and a run's, and live.json with its ledger: no record of either."""
    patterns = re.findall(r'"(.*?)"', _places("TakeReleasesOutOfLive"))

    def allowed(place: str) -> bool:
        return any(fnmatch.fnmatchcase(place, pattern) for pattern in patterns)

    assert all(map(allowed, (paths.going(paths.parts("v1")), paths.going(paths.run("r")), paths.LIVE, paths.ledger(1))))
    assert not any(map(allowed, (paths.release("v1"), paths.sbom("v1", "amd64"), paths.dataset("r"), paths.plan("r"))))


def _places(sid: str) -> str:
    text = PEOPLE.read_text(encoding="utf-8")
    (found,) = re.findall(rf'"{sid}".*?for place in \[(.*?)\]', text, re.DOTALL)
    return str(found)
