"""The mends of S3 and of unknown operations: moto still needs each, and each does what AWS does."""

from __future__ import annotations

import itertools
import json
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from functools import partial
from typing import Any

import pytest

pytest.importorskip("moto", reason="the local AWS needs moto: pip install 'nimbus-nlp[dev]'")

from botocore.exceptions import ClientError
from moto.s3.models import S3Backend

from tests.aws.local_aws import LocalAws
from tests.aws.mends.bucket_policies import applies
from tests.aws.mends.conditional_writes import Conflict, LostReply

BUCKET = "conditions"
WRITERS = 16
ONLY_TLS = {
    "Effect": "Deny",
    "Principal": "*",
    "Action": "s3:*",
    "Resource": [f"arn:aws:s3:::{BUCKET}", f"arn:aws:s3:::{BUCKET}/*"],
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}
CREATE_ONCE = {
    "Effect": "Deny",
    "Principal": "*",
    "Action": "s3:PutObject",
    "Resource": f"arn:aws:s3:::{BUCKET}/once/*",
    "Condition": {"Null": {"s3:if-none-match": "true"}},
}


@pytest.fixture
def s3(aws: LocalAws) -> Any:  # noqa: ANN401 - a class that boto3 makes as it runs
    """Provide a client, and an empty bucket."""
    client = aws.client("s3")
    client.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    return client


def outcome(call: Callable[..., Any], **arguments: Any) -> str:  # noqa: ANN401 - boto3's
    """`done`, or the code of the error."""
    try:
        call(**arguments)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return "done"


def policy(*statements: dict[str, Any]) -> str:
    """Return a bucket policy of these statements."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


@pytest.mark.parametrize("mended", [False, True])
@pytest.mark.parametrize("condition", ["IfNoneMatch", "IfMatch"])
def test_of_many_conditional_writers_one_wins(
    aws: LocalAws,
    s3: Any,  # noqa: ANN401 - boto3's
    condition: str,
    mended: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The check and the write are one step; in moto alone, two writers that meet in between both win."""
    asked = "*"
    if condition == "IfMatch":
        asked = s3.put_object(Bucket=BUCKET, Key="live.json", Body=b"before")["ETag"]
    write, begun, both = S3Backend.put_object, itertools.count(), threading.Barrier(2, timeout=240)
    written: list[Any] = []

    def slow(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - moto's
        if mended:
            time.sleep(0.05)  # in which the others would come
        elif next(begun) < both.parties:
            both.wait()
        written.append(write(*arguments, **named))
        return written[-1]

    with nullcontext() if mended else aws.mending.lifted("conditional writes"), monkeypatch.context() as patch:
        patch.setattr(S3Backend, "put_object", slow)
        with ThreadPoolExecutor(WRITERS) as writers:
            put = partial(outcome, s3.put_object, Bucket=BUCKET, Key="live.json", **{condition: asked})
            outcomes = Counter(writers.map(lambda writer: put(Body=b"by %d" % writer), range(WRITERS)))
    if mended:
        assert (outcomes, len(written)) == ({"done": 1, "PreconditionFailed": WRITERS - 1}, 1)
    else:
        assert len(written) > 1  # whom of them it could answer: what the first wrote is gone with the second


def test_a_conflict_on_command_is_answered_409_and_writes_nothing(aws: LocalAws, s3: Any) -> None:  # noqa: ANN401 - boto3's
    """409 asks to try again, which moto never does; writes without a condition are not concerned."""
    aws.faults.add(Conflict())
    s3.put_object(Bucket=BUCKET, Key="other", Body=b"")
    with pytest.raises(ClientError) as refused:
        s3.put_object(Bucket=BUCKET, Key="plan.json", Body=b"", IfNoneMatch="*")
    answer = refused.value.response
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 409
    assert answer["Error"]["Code"] == "ConditionalRequestConflict"
    assert outcome(s3.put_object, Bucket=BUCKET, Key="plan.json", Body=b"", IfNoneMatch="*") == "done"


def test_a_lost_reply_leaves_the_object_written(aws: LocalAws, s3: Any) -> None:  # noqa: ANN401 - boto3's
    """Who is told of a failure may have won: reading back tells."""
    aws.faults.add(LostReply())
    assert outcome(s3.put_object, Bucket=BUCKET, Key="plan.json", Body=b"mine", IfNoneMatch="*") == "InternalError"
    assert s3.get_object(Bucket=BUCKET, Key="plan.json")["Body"].read() == b"mine"


def test_a_condition_on_an_absent_key_is_404(s3: Any) -> None:  # noqa: ANN401 - boto3's
    """If-Match needs something to match."""
    assert outcome(s3.put_object, Bucket=BUCKET, Key="absent", Body=b"", IfMatch='"etag"') == "NoSuchKey"


def test_a_policy_that_asks_for_tls_lets_calls_pass(aws: LocalAws, s3: Any) -> None:  # noqa: ANN401 - boto3's
    """Local calls stand for calls over TLS; moto alone denies them all."""
    s3.put_bucket_policy(Bucket=BUCKET, Policy=policy(ONLY_TLS))
    with aws.mending.lifted("bucket policies"):
        assert outcome(s3.put_object, Bucket=BUCKET, Key="key", Body=b"") == "403"
    assert outcome(s3.put_object, Bucket=BUCKET, Key="key", Body=b"") == "done"


def test_a_policy_that_asks_to_create_denies_what_overwrites(s3: Any) -> None:  # noqa: ANN401 - boto3's
    """Under the prefix only conditional writes pass; elsewhere any."""
    s3.put_bucket_policy(Bucket=BUCKET, Policy=policy(ONLY_TLS, CREATE_ONCE))
    assert outcome(s3.put_object, Bucket=BUCKET, Key="once/a", Body=b"") == "403"
    assert outcome(s3.put_object, Bucket=BUCKET, Key="once/a", Body=b"", IfNoneMatch="*") == "done"
    assert outcome(s3.put_object, Bucket=BUCKET, Key="elsewhere", Body=b"") == "done"


def test_a_policy_concerns_the_roles_that_it_names(aws: LocalAws, s3: Any) -> None:  # noqa: ANN401 - boto3's
    """A statement for one role does not bind another."""
    worker, other = ("arn:aws:iam::123456789012:role/worker", "arn:aws:iam::123456789012:role/other")
    deny = {
        "Effect": "Deny",
        "Principal": {"AWS": worker},
        "Action": "s3:DeleteObject",
        "Resource": f"arn:aws:s3:::{BUCKET}/*",
    }
    s3.put_bucket_policy(Bucket=BUCKET, Policy=policy(deny))
    assert outcome(aws.client("s3", role=worker).delete_object, Bucket=BUCKET, Key="key") == "403"
    assert outcome(aws.client("s3", role=other).delete_object, Bucket=BUCKET, Key="key") == "done"


@pytest.mark.parametrize(
    ("operator", "key", "expected", "actual", "concerned"),
    [
        ("Bool", "aws:SecureTransport", False, "true", False),
        ("Bool", "aws:SecureTransport", "true", "true", True),
        ("Null", "s3:if-none-match", "true", None, True),
        ("Null", "s3:if-none-match", "true", "*", False),
        ("Null", "s3:if-none-match", "false", "*", True),
        ("NumericLessThan", "s3:TlsVersion", "1.2", "1.3", False),
        ("StringEquals", "s3:x", ["a", "b"], "b", True),
        ("StringNotEquals", "s3:x", ["a", "b"], "b", False),
        ("StringNotEquals", "s3:x", "a", None, True),
        ("StringEqualsIfExists", "s3:x", "a", None, True),
        ("ArnLike", "aws:PrincipalArn", "arn:*:role/w*", "arn:aws:iam::1:role/worker", True),
        ("ArnNotLike", "aws:PrincipalArn", "arn:*:role/w*", "arn:aws:iam::1:role/worker", False),
        ("StringEquals", "aws:unknown", "a", "unlisted", False),
    ],
)
def test_a_statement_applies_where_its_condition_holds(
    operator: str, key: str, expected: object, actual: str | None, concerned: bool
) -> None:
    """The operators that bucket policies are written with, on a key that the request has, or has not."""
    facts = {} if actual == "unlisted" else {key: actual}
    assert applies({"Principal": "*", "Condition": {operator: {key: expected}}}, None, facts) is concerned


def test_an_unknown_operation_is_the_client_s_error(aws: LocalAws) -> None:
    """400 is not retried; moto alone answers 500, which is."""

    def status() -> int:
        with pytest.raises(ClientError) as refused:
            aws.client("ecs").submit_task_state_change(task="none")
        return int(refused.value.response["ResponseMetadata"]["HTTPStatusCode"])

    with aws.mending.lifted("unknown operations"):
        assert status() == 500
    assert status() == 400
    for call in (aws.client("ecs").submit_task_state_change, aws.client("cloudwatch").list_metric_streams):
        with pytest.raises(ClientError, match="UnknownOperationException"):
            call()


def test_a_redrive_policy_is_read_back_as_it_was_written(aws: LocalAws) -> None:
    """Without spaces, as AWS writes JSON; moto alone adds some, which Terraform takes for a change."""
    client = aws.client("sqs")
    dead = client.create_queue(QueueName="dead")["QueueUrl"]
    arn = client.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 3}, separators=(",", ":"))
    queue = client.create_queue(QueueName="queue", Attributes={"RedrivePolicy": policy})["QueueUrl"]

    def read_back() -> str:
        answer = client.get_queue_attributes(QueueUrl=queue, AttributeNames=["RedrivePolicy"])
        return str(answer["Attributes"]["RedrivePolicy"])

    with aws.mending.lifted("redrive policies"):
        assert read_back() != policy
    assert read_back() == policy


def test_a_rule_s_description_is_read_back_whatever_it_names(aws: LocalAws) -> None:
    """Also where it names a group; moto alone forgets it, which Terraform takes for a change."""
    ec2 = aws.client("ec2")
    group = ec2.describe_security_groups()["SecurityGroups"][0]["GroupId"]

    def described() -> str | None:
        pairs = [{"GroupId": group, "Description": "Tasks"}]
        permission = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "UserIdGroupPairs": pairs}
        made = ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[permission])["SecurityGroupRules"]
        rule = made[0]["SecurityGroupRuleId"]
        (found,) = ec2.describe_security_group_rules(SecurityGroupRuleIds=[rule])["SecurityGroupRules"]
        ec2.revoke_security_group_ingress(GroupId=group, SecurityGroupRuleIds=[rule])
        description: str | None = found.get("Description")
        return description

    with aws.mending.lifted("rule descriptions"):
        assert described() is None
    assert described() == "Tasks"
