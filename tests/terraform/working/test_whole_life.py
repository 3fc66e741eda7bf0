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


def left(example: Example) -> list[str]:
    """Return the names of what an environment has left in the account."""
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
    assert left(example)
    example.destroy()
    assert left(example) == []
    assert [call for call in example.aws.recorder.calls() if call.status >= 500] == []
