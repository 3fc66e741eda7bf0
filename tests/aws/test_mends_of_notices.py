"""Events of executions, and topics that rules send them to."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

pytest.importorskip("moto", reason="the local AWS needs moto: pip install 'nimbus-nlp[dev]'")

from botocore.exceptions import ClientError

from tests.aws.batch import MACHINE_ROLE
from tests.aws.local_aws import LocalAws
from tests.aws.queues import received

FAILS = {"StartAt": "No", "States": {"No": {"Type": "Fail", "Error": "Sorry", "Cause": "on purpose"}}}
PATTERN: dict[str, Any] = {
    "source": ["aws.states"],
    "detail-type": ["Step Functions Execution Status Change"],
    "detail": {"status": ["FAILED"]},
}
TRANSFORMER = {
    "InputPathsMap": {"name": "$.detail.name", "status": "$.detail.status"},
    "InputTemplate": '{"run": "<name>", "ended": "<status>"}',
}


@pytest.fixture
def machine(aws: LocalAws) -> str:
    """Provide a machine that always fails."""
    client = aws.client("stepfunctions")
    return str(
        client.create_state_machine(name="fails", definition=json.dumps(FAILS), roleArn=MACHINE_ROLE)["stateMachineArn"]
    )


def queue_of(aws: LocalAws, name: str) -> tuple[str, str]:
    """Create a queue; its URL and its ARN."""
    client = aws.client("sqs")
    url = client.create_queue(QueueName=name)["QueueUrl"]
    return url, client.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]


def rule_for(aws: LocalAws, arn: str, **target: Any) -> None:  # noqa: ANN401 - the API's
    """Send failed executions to a target."""
    client = aws.client("events")
    client.put_rule(Name="failed", EventPattern=json.dumps(PATTERN))
    client.put_targets(Rule="failed", Targets=[{"Id": "target", "Arn": arn, **target}])


def run(aws: LocalAws, machine: str, name: str) -> None:
    """Let an execution fail."""
    aws.ended(aws.client("stepfunctions").start_execution(stateMachineArn=machine, name=name)["executionArn"])


def test_an_execution_that_fails_is_an_event(aws: LocalAws, machine: str) -> None:
    """Rules see its status, its name and its error; moto alone tells nobody."""
    url, arn = queue_of(aws, "events")
    rule_for(aws, arn)
    with aws.mending.lifted("status events"):
        run(aws, machine, "silent")
        assert received(aws, url, seconds=0) == []
    run(aws, machine, "heard")
    (event,) = received(aws, url)
    assert event["source"] == "aws.states"
    assert event["detail"]["executionArn"].endswith(":heard")
    assert (event["detail"]["status"], event["detail"]["error"]) == ("FAILED", "Sorry")


def test_a_rule_publishes_to_a_topic_what_its_transformer_says(aws: LocalAws, machine: str) -> None:
    """A notice is the words of the template; moto alone has no topics for targets."""
    url, arn = queue_of(aws, "subscriber")
    sns = aws.client("sns")
    topic = sns.create_topic(Name="notices")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})
    rule_for(aws, topic, InputTransformer=TRANSFORMER)
    event = {"Source": "aws.states", "DetailType": PATTERN["detail-type"][0], "Detail": '{"status": "FAILED"}'}
    with aws.mending.lifted("notices"), pytest.raises(ClientError, match="Expr not defined"):
        aws.client("events").put_events(Entries=[event])
    run(aws, machine, "heard")
    assert received(aws, url) == [{"run": "heard", "ended": "FAILED"}]


def test_metrics_inside_of_a_log_are_cloudwatch_s(aws: LocalAws) -> None:
    """An event in the embedded format counts as a metric; moto alone keeps a line."""
    logs, cloudwatch = aws.client("logs"), aws.client("cloudwatch")
    logs.create_log_group(logGroupName="group")
    logs.create_log_stream(logGroupName="group", logStreamName="stream")
    now = datetime.now(UTC)
    wanted = {"Namespace": "N", "Dimensions": [["D"]], "Metrics": [{"Name": "M", "Unit": "Count"}]}
    event = {"_aws": {"Timestamp": int(now.timestamp() * 1000), "CloudWatchMetrics": [wanted]}, "D": "d", "M": 3}
    lines = [json.dumps(event), "[1]", "words", '{"_aws": {}}', json.dumps({**event, "M": None})]
    events = [{"timestamp": event["_aws"]["Timestamp"], "message": line} for line in lines]

    def written() -> list[Any]:
        logs.put_log_events(logGroupName="group", logStreamName="stream", logEvents=events)
        found: list[Any] = cloudwatch.get_metric_statistics(
            Namespace="N",
            MetricName="M",
            Dimensions=[{"Name": "D", "Value": "d"}],
            StartTime=now - timedelta(minutes=5),
            EndTime=now + timedelta(minutes=5),
            Period=60,
            Statistics=["Sum"],
        )["Datapoints"]
        return found

    with aws.mending.lifted("embedded metrics"):
        assert written() == []
    assert [point["Sum"] for point in written()] == [3]
