"""The server itself: calls are recorded, environments suffice, and tests find it empty."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import boto3
import pytest

pytest.importorskip("moto", reason="the local AWS needs moto: pip install 'nimbus-nlp[dev]'")

from botocore.exceptions import ClientError

from tests.aws.local_aws import LocalAws
from tests.aws.recorder import Call

ROLE = "arn:aws:iam::123456789012:role/reader"
ROOT = Path(__file__).parents[2]


def test_the_environment_is_all_that_a_client_needs(aws_environment: LocalAws) -> None:
    """boto3 without arguments finds the local AWS, and nothing else."""
    boto3.session.Session().client("s3").create_bucket(
        Bucket="found", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    assert [call.operation for call in aws_environment.recorder.calls()] == ["CreateBucket"]


def test_calls_are_recorded_with_role_action_resource_and_status(aws: LocalAws) -> None:
    """In order, with the action that a policy must allow."""
    aws.client("s3").create_bucket(Bucket="one", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    reader = aws.client("s3", role=ROLE)
    reader.list_objects_v2(Bucket="one")
    with pytest.raises(ClientError):
        reader.get_object(Bucket="one", Key="a/b")
    reader.delete_objects(Bucket="one", Delete={"Objects": [{"Key": "a/b"}, {"Key": "c&d"}]})
    aws.client("cloudwatch", role=ROLE).put_metric_data(Namespace="N", MetricData=[{"MetricName": "m", "Value": 1}])
    machine = "arn:aws:states:eu-west-1:123456789012:stateMachine:none"
    with pytest.raises(ClientError):
        aws.client("stepfunctions", role=ROLE).start_execution(stateMachineArn=machine)
    assert aws.recorder.calls(caller=ROLE) == (
        Call("s3", "ListObjectsV2", ROLE, ("arn:aws:s3:::one",), 200),
        Call("s3", "GetObject", ROLE, ("arn:aws:s3:::one/a/b",), 404),
        Call("s3", "DeleteObjects", ROLE, ("arn:aws:s3:::one/a/b", "arn:aws:s3:::one/c&d"), 200),
        Call("cloudwatch", "PutMetricData", ROLE, (), 200),
        Call("states", "StartExecution", ROLE, (machine,), 400),
    )
    actions = [call.action for call in aws.recorder.calls()]
    assert actions[:3] == ["s3:CreateBucket", "s3:ListBucket", "s3:GetObject"]


def test_a_role_that_is_assumed_is_the_caller(aws: LocalAws) -> None:
    """Also where the keys come of STS."""
    keys = aws.client("sts").assume_role(RoleArn=ROLE, RoleSessionName="test")["Credentials"]
    client = boto3.session.Session().client(
        "sqs",
        region_name="eu-west-1",
        endpoint_url=aws.url,
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
    )
    client.list_queues()
    assert [call.action for call in aws.recorder.calls(caller=ROLE)] == ["sqs:ListQueues"]


def test_a_reset_leaves_nothing(aws: LocalAws) -> None:
    """Neither resources nor calls."""
    aws.client("sqs").create_queue(QueueName="left")
    aws.reset()
    assert aws.recorder.calls() == ()
    assert "QueueUrls" not in aws.client("sqs").list_queues()


def test_it_is_started_by_hand_and_stopped_by_ctrl_c() -> None:
    """`python -m tests.aws` prints what a shell evaluates, serves, and ends well."""
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.aws"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert server.stdout is not None
        lines = [server.stdout.readline() for _ in range(6)]
        exported = dict(line.removeprefix("export ").strip().split("=", 1) for line in lines)
        client = boto3.session.Session().client(
            "sts",
            region_name=exported["AWS_REGION"],
            endpoint_url=exported["AWS_ENDPOINT_URL"],
            aws_access_key_id=exported["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=exported["AWS_SECRET_ACCESS_KEY"],
        )
        assert client.get_caller_identity()["Account"] == "123456789012"
        server.send_signal(signal.SIGINT)
        assert server.wait(240) == 0
    finally:
        server.kill()
        server.wait()


def test_a_client_that_missed_an_answer_gets_it_again(aws: LocalAws) -> None:
    """By the mark that SDKs give every attempt of a call; another call for the same is refused as ever."""
    iam, attempts = aws.client("iam"), iter([1, 2, 1])

    def mark(request: Any, **_: object) -> None:  # noqa: ANN401 - botocore's
        request.headers["amz-sdk-invocation-id"] = "one-call"
        request.headers["amz-sdk-request"] = f"attempt={next(attempts)}; max=3"

    iam.meta.events.register("before-send.iam.CreateUser", mark)
    assert iam.create_user(UserName="somebody")["User"] == iam.create_user(UserName="somebody")["User"]
    with pytest.raises(ClientError, match="EntityAlreadyExists"):
        iam.create_user(UserName="somebody")
