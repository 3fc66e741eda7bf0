"""The life of an environment: applied, seen to be so, changed, and removed with everything in it."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("moto", reason="the local AWS needs moto: pip install 'nimbus-nlp[dev]'")

from .example import Example

# What moto does not read back as it was written, by the attribute: none, thanks to the mends of tests/aws/mends.
UNREAD: dict[str, set[str]] = {}
EXAMPLES = ("minimal", "complete")


@pytest.fixture(params=EXAMPLES)
def example(request: pytest.FixtureRequest) -> Example:
    """Return each example."""
    found: Example = request.getfixturevalue(request.param)
    return found


# By their tags, since AWS names them itself.
NETWORK = {
    "Vpcs": "describe_vpcs",
    "Subnets": "describe_subnets",
    "RouteTables": "describe_route_tables",
    "VpcEndpoints": "describe_vpc_endpoints",
    "InternetGateways": "describe_internet_gateways",
    "NatGateways": "describe_nat_gateways",
    "Addresses": "describe_addresses",
}
TO_THE_INTERNET = {"InternetGateways", "NatGateways", "Addresses"}


def network(example: Example) -> dict[str, int]:
    """Return how much of a network an environment has, by kind; what is deleted is shown for a while."""
    ec2, mine = example.aws.client("ec2"), {"Key": "nimbus:environment", "Value": example.environment}
    found = {
        kind: [each for each in getattr(ec2, operation)()[kind] if mine in each.get("Tags", ())]
        for kind, operation in NETWORK.items()
    }
    counts = {kind: sum(each.get("State") != "deleted" for each in those) for kind, those in found.items()}
    return {kind: count for kind, count in counts.items() if count}


def left(example: Example) -> list[str]:
    """Return the names of what an environment has left in the account.

    Not of it is what deploying registers: `nimbus infra destroy` does that, and has its test.
    """
    listed: list[tuple[str, str, str, str]] = [
        ("s3", "list_buckets", "Buckets", "Name"),
        ("stepfunctions", "list_state_machines", "stateMachines", "name"),
        ("ecr", "describe_repositories", "repositories", "repositoryName"),
        ("logs", "describe_log_groups", "logGroups", "logGroupName"),
        ("iam", "list_roles", "Roles", "RoleName"),
        ("scheduler", "list_schedules", "Schedules", "GroupName"),
        ("scheduler", "list_schedule_groups", "ScheduleGroups", "Name"),
        ("sqs", "list_queues", "QueueUrls", ""),
        ("sns", "list_topics", "Topics", "TopicArn"),
        ("cloudwatch", "describe_alarms", "MetricAlarms", "AlarmName"),
        ("cloudwatch", "list_dashboards", "DashboardEntries", "DashboardName"),
        ("kms", "list_aliases", "Aliases", "AliasName"),
    ]
    names = [
        str(each[key] if key else each)
        for service, operation, found, key in listed
        for each in _all(example.aws.client(service), operation).get(found, ())
    ]
    policies = example.aws.client("iam").list_policies(Scope="Local")["Policies"]
    groups = example.aws.client("ec2").describe_security_groups()["SecurityGroups"]
    names += [each["PolicyName"] for each in policies] + [each["GroupName"] for each in groups]
    clusters = example.aws.client("ecs").describe_clusters(clusters=[example.environment])["clusters"]
    names += [each["clusterName"] for each in clusters if each["status"] == "ACTIVE"]
    tasks = example.aws.client("ecs").list_task_definitions(status="ACTIVE")["taskDefinitionArns"]
    names += [arn for arn in tasks if not arn.rpartition(":")[0].endswith("-release")]
    return [name for name in names if example.environment in name]


def _all(client: Any, operation: str) -> dict[str, Any]:  # noqa: ANN401 - boto3's
    return dict(getattr(client, operation)())


def test_a_second_plan_is_empty(example: Example) -> None:
    """What Terraform wrote is what it reads; whatever moto cannot read back is listed, and nothing else is."""
    assert example.changes() == UNREAD


def test_a_change_is_planned_applied_and_then_there(example: Example) -> None:
    """Nothing else changes with it, and the plan is empty again. The tests after this one find the change."""
    more = '-var=notification_emails=["nlp@example.com"]'
    assert set(example.changes(more)) == {'module.platform.aws_sns_topic_subscription.email["nlp@example.com"]'}
    example.apply(more)
    assert example.changes(more) == {}


def test_what_is_removed_leaves_nothing(example: Example) -> None:
    """An environment without data goes by `terraform destroy` alone; its key waits, and so is not asked for."""
    wanted = set(NETWORK) if example.place.name == "complete" else set(NETWORK) - TO_THE_INTERNET
    assert (set(network(example)), bool(left(example))) == (wanted, True)
    example.destroy()
    assert (network(example), left(example)) == ({}, [])
    assert [call for call in example.aws.recorder.calls() if call.status >= 500] == []
