"""The clock: schedules of the local AWS fire when the virtual time passes them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

pytest.importorskip("moto", reason="the local AWS needs moto: pip install 'nimbus-nlp[dev]'")

from tests.aws.batch import MACHINE_ROLE, SCHEDULER_ROLE
from tests.aws.local_aws import LocalAws
from tests.aws.scheduler.faults import DeliveredTwice, DeliveryRefused

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
ECHO = {"StartAt": "Echo", "States": {"Echo": {"Type": "Pass", "End": True}}}


@pytest.fixture
def machine(aws: LocalAws) -> str:
    """Provide a machine that gives back its input; the clock shows noon."""
    aws.clock.now = NOON
    client = aws.client("stepfunctions")
    return str(
        client.create_state_machine(name="echo", definition=json.dumps(ECHO), roleArn=MACHINE_ROLE)["stateMachineArn"]
    )


def create(aws: LocalAws, target: str, given: str = "{}", **changes: Any) -> None:  # noqa: ANN401 - the API's
    """Return a schedule, every hour unless a change says otherwise."""
    fields = {
        "Name": "hourly",
        "ScheduleExpression": "cron(0 * * * ? *)",
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "Target": {"Arn": target, "RoleArn": SCHEDULER_ROLE, "Input": given} | changes.pop("Target", {}),
    }
    aws.client("scheduler").create_schedule(**{**fields, **changes})


def test_what_is_due_fires_once_in_order(aws: LocalAws, machine: str) -> None:
    """And not again when the clock goes on."""
    create(aws, machine)
    fired = aws.clock.advance(timedelta(hours=3))
    assert [one.scheduled.hour for one in fired] == [13, 14, 15]
    assert aws.clock.advance(NOON + timedelta(hours=3, minutes=59)) == ()
    assert len(aws.clock.advance(timedelta(minutes=1))) == 1


def test_the_placeholders_of_the_input_are_filled(aws: LocalAws, machine: str) -> None:
    """Time, schedule, attempt and invocation, as AWS writes them."""
    names = ("scheduled-time", "schedule-arn", "attempt-number", "execution-id")
    create(aws, machine, json.dumps({name: f"<aws.scheduler.{name}>" for name in names}))
    (fired,) = aws.clock.advance(timedelta(hours=1))
    given = json.loads(aws.ended(fired.execution or "")["input"])
    assert given["scheduled-time"] == "2026-11-22T13:00:00Z"
    assert given["schedule-arn"] == "arn:aws:scheduler:eu-west-1:123456789012:schedule/default/hourly"
    assert given["attempt-number"] == "1"
    assert (fired.execution or "").endswith(given["execution-id"])


def test_twice_on_command_has_one_time_and_two_invocations(aws: LocalAws, machine: str) -> None:
    """The scheduled time is what both have in common; the execution's id is not."""
    create(aws, machine, '{"at": "<aws.scheduler.scheduled-time>", "id": "<aws.scheduler.execution-id>"}')
    aws.faults.add(DeliveredTwice())
    fired = aws.clock.advance(timedelta(hours=1))
    first, second = (json.loads(aws.ended(one.execution or "")["input"]) for one in fired)
    assert first["at"] == second["at"]
    assert first["id"] != second["id"]
    assert len(aws.clock.advance(timedelta(hours=1))) == 1


def test_a_paused_schedule_fires_nothing_and_makes_up_for_nothing(aws: LocalAws, machine: str) -> None:
    """What was due while it was disabled stays undone."""
    create(aws, machine, State="DISABLED")
    assert aws.clock.advance(timedelta(hours=3)) == ()
    shown = aws.client("scheduler").get_schedule(Name="hourly")
    kept = ("Name", "ScheduleExpression", "FlexibleTimeWindow", "Target")
    aws.client("scheduler").update_schedule(**{name: shown[name] for name in kept}, State="ENABLED")
    assert len(aws.clock.advance(timedelta(hours=1))) == 1


def test_a_rate_fires_as_soon_as_the_clock_sees_it(aws: LocalAws, machine: str) -> None:
    """Without a start it is due at once, and from then on at its interval."""
    create(aws, machine, ScheduleExpression="rate(2 hours)")
    assert [one.scheduled for one in aws.clock.advance(timedelta(0))] == [NOON]
    fired = aws.clock.advance(timedelta(hours=5))
    assert [one.scheduled for one in fired] == [NOON + timedelta(hours=2), NOON + timedelta(hours=4)]


def test_a_flexible_window_delays_the_delivery_and_not_the_scheduled_time(aws: LocalAws, machine: str) -> None:
    """Anywhere in the window; the test says where."""
    create(aws, machine, FlexibleTimeWindow={"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 30})
    aws.clock.lateness = 1.0
    assert aws.clock.advance(timedelta(minutes=89)) == ()
    (fired,) = aws.clock.advance(timedelta(minutes=1))
    assert fired.scheduled == NOON + timedelta(hours=1)


def test_a_refused_delivery_is_tried_again(aws: LocalAws, machine: str) -> None:
    """With the number of the attempt in the input."""
    create(aws, machine, '{"attempt": "<aws.scheduler.attempt-number>"}')
    aws.faults.add(DeliveryRefused(), times=2)
    (fired,) = aws.clock.advance(timedelta(hours=1))
    assert (fired.attempts, fired.dead) == (3, False)
    assert json.loads(aws.ended(fired.execution or "")["input"]) == {"attempt": "3"}


def test_a_delivery_that_fails_for_good_is_a_dead_letter(aws: LocalAws) -> None:
    """After the last retry the queue has the input, and why."""
    aws.clock.now = NOON
    sqs = aws.client("sqs")
    queue = sqs.create_queue(QueueName="dead")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    missing = "arn:aws:states:eu-west-1:123456789012:stateMachine:missing"
    policy = {"MaximumRetryAttempts": 2, "MaximumEventAgeInSeconds": 600}
    create(aws, missing, '{"a": 1}', Target={"DeadLetterConfig": {"Arn": arn}, "RetryPolicy": policy})
    (fired,) = aws.clock.advance(timedelta(hours=1))
    assert (fired.execution, fired.attempts, fired.dead) == (None, 3, True)
    (letter,) = sqs.receive_message(QueueUrl=queue, MessageAttributeNames=["All"])["Messages"]
    assert json.loads(letter["Body"]) == {"a": 1}
    said = {name: value["StringValue"] for name, value in letter["MessageAttributes"].items()}
    assert (said["ERROR_CODE"], said["RETRY_ATTEMPTS"]) == ("StateMachineDoesNotExist", "2")


def test_a_universal_target_calls_the_operation_that_it_names(aws: LocalAws, machine: str) -> None:
    """So that an execution can have a name that people read."""
    request = {"StateMachineArn": machine, "Name": "run-<aws.scheduler.execution-id>", "Input": "{}"}
    create(aws, "arn:aws:scheduler:::aws-sdk:sfn:startExecution", json.dumps(request))
    (fired,) = aws.clock.advance(timedelta(hours=1))
    assert ":run-" in (fired.execution or "")


def test_the_clock_does_not_go_back(aws: LocalAws) -> None:
    """A test that wants another day sets it."""
    aws.clock.now = NOON
    with pytest.raises(ValueError, match="does not go back"):
        aws.clock.advance(NOON - timedelta(seconds=1))
