"""Why AWS refuses, in words: who calls wrongly learns what to change."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

pytest.importorskip("moto", reason="the local AWS needs moto: pip install 'nimbus-nlp[dev]'")

from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError

from nimbus.adapters.aws import (
    AwsCredentialsError,
    AwsError,
    AwsMissingError,
    AwsUnreachableError,
    Service,
)
from nimbus.adapters.callers import caller
from nimbus.adapters.state_machine import StateMachine
from nimbus.executions import State
from nimbus_runtime import refusals
from nimbus_runtime.contract.errors import StoreError
from nimbus_runtime.refusals import Refusal
from nimbus_runtime.store import open_store

if TYPE_CHECKING:
    from tests.aws.local_aws import LocalAws

MACHINE = "arn:aws:states:eu-west-1:123456789012:stateMachine:nimbus-test-en_support"


def refused(code: str, message: str = "") -> ClientError:
    """Return an answer of AWS that is a refusal."""
    return ClientError({"Error": {"Code": code, "Message": message}}, "Whatever")


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (refused("ExpiredToken"), Refusal.EXPIRED),
        (refused("ExpiredTokenException"), Refusal.EXPIRED),
        (refused("InvalidClientTokenId"), Refusal.CREDENTIALS),
        (refused("UnrecognizedClientException"), Refusal.CREDENTIALS),
        (refused("SignatureDoesNotMatch", "The request signature we calculated does not match"), Refusal.CREDENTIALS),
        (refused("SignatureDoesNotMatch", "Signature expired: 20261122T020000Z is now earlier than"), Refusal.CLOCK),
        (refused("InvalidSignatureException", "Signature expired: 20261122T020000Z"), Refusal.CLOCK),
        (refused("RequestTimeTooSkewed"), Refusal.CLOCK),
        (refused("AccessDeniedException"), Refusal.PERMISSION),
        (refused("AccessDenied"), Refusal.PERMISSION),
        (refused("StateMachineDoesNotExist"), Refusal.MISSING),
        (refused("PermanentRedirect"), Refusal.REGION),
        (refused("ThrottlingException"), Refusal.THROTTLED),
        (refused("SomethingNew"), Refusal.OTHER),
        (NoCredentialsError(), Refusal.NO_CREDENTIALS),
        (EndpointConnectionError(endpoint_url="https://states.eu-wset-1"), Refusal.UNREACHABLE),
    ],
)
def test_each_refusal_has_a_cause(error: Exception, cause: Refusal) -> None:
    """By AWS's own name of it, and where one name means two things, by what AWS says."""
    assert refusals.of(error) is cause


def test_a_missing_machine_is_told_apart_from_a_refusal(aws_environment: LocalAws) -> None:
    """An execution that AWS does not know any more is gone; a machine that never was is an error in words."""
    del aws_environment
    machine = StateMachine(MACHINE, "eu-west-1")
    execution = MACHINE.replace("stateMachine", "execution") + ":gone"
    assert machine.described(execution).state is State.GONE
    with pytest.raises(AwsMissingError) as refusal:
        machine.start("manual-1", {})
    assert refusal.value.where == "stepfunctions:StartExecution in eu-west-1"
    assert "infra plan" in str(refusal.value.remedy)


def test_the_caller_is_who_aws_says(aws_environment: LocalAws) -> None:
    """What stands in the ledger is no claim of the caller's own."""
    del aws_environment
    assert caller("eu-west-1").startswith("arn:aws:")


def test_without_credentials_every_service_says_so(monkeypatch: pytest.MonkeyPatch, aws_environment: LocalAws) -> None:
    """The store in S3 too: nothing is called a lack of permission that is a lack of credentials."""
    del aws_environment
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", "/nonexistent")
    monkeypatch.setattr("boto3.DEFAULT_SESSION", None)
    with pytest.raises(AwsCredentialsError) as refusal:
        caller("eu-west-1")
    assert "AWS_PROFILE" in str(refusal.value.remedy)
    with pytest.raises(StoreError, match="there are no AWS credentials"):
        open_store("s3://bucket/en_support").read("live.json")


def test_an_unknown_profile_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The most common slip of all."""
    monkeypatch.setenv("AWS_PROFILE", "prodution")
    with pytest.raises(AwsCredentialsError) as refusal:
        caller("eu-west-1")
    assert "prodution" in str(refusal.value.got)


def test_what_cannot_be_reached_is_no_failure_of_the_callers_role(monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong region's name, a proxy, no network."""
    for name, value in {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_MAX_ATTEMPTS": "1"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(AwsUnreachableError):
        caller("eu-west-1")


def test_a_programming_error_is_not_called_a_refusal() -> None:
    """What boto3 does not know stays what it is."""
    with pytest.raises(AttributeError):
        Service("sts", "eu-west-1").call("get_nobody")
    assert not issubclass(AttributeError, AwsError)
