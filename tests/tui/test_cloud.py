"""Rules of an environment on AWS: its outputs are given, and it is reached through the local AWS."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from nimbus import assembly
from nimbus_runtime import live
from nimbus_runtime.contract import codec, paths
from nimbus_runtime.contract.records import Entry, Live, Release
from nimbus_tui.api.session import Session
from nimbus_tui.screens import ENTRIES
from tests.aws.refusals import Refused
from tests.tui.conftest import write_project
from tests.tui.driving import Driven, drive

if TYPE_CHECKING:
    from tests.aws.local_aws import LocalAws


@pytest.fixture
def session(aws_environment: LocalAws, tmp_path: Path) -> Session:
    """Return a project whose environment `production` is on AWS, and protected, with nothing live."""
    from tests.fixtures import cloud  # noqa: PLC0415 - needs moto

    write_project(tmp_path, 0.1)
    made = cloud.make(aws_environment)
    with (tmp_path / "nimbus.toml").open("a", encoding="utf-8") as file:
        file.write(f"\n{made.section(protected=True)}")
        file.write('\n[environments.unmade]\nkind = "aws"\nterraform = "infra/unmade"\n')
    return Session(tmp_path / "nimbus.toml", "production")


def test_every_screen_opens_on_aws_and_says_what_to_do_first(session: Session) -> None:
    """Region and protection are in sight; no screen ends in trouble where nothing was deployed; outputs are shown."""

    async def flow(driven: Driven) -> None:
        await driven.until("production eu-west-1", "◈ protected", "nothing live yet")
        for number, entry in enumerate(ENTRIES):
            await driven.press(str(number + 1))
            await driven.until(entry.name, gone="loading …")
            assert "✗" not in driven.screen, driven.screen
        await driven.press("6")
        await driven.until("Outputs", "task_template", "arn:aws:iam::123456789012:role/", "n has Terraform compare")

    drive(session, flow)


def test_an_environment_that_terraform_has_not_made_is_named_and_left_again(session: Session) -> None:
    """Every screen says why it shows nothing, the first line names the environment, and e goes back to another."""
    session.switch("unmade")

    async def flow(driven: Driven) -> None:
        await driven.until("support in unmade", "✗")
        for number, entry in enumerate(ENTRIES):
            await driven.press(str(number + 1))
            await driven.until(entry.name, gone="loading …")
        await driven.press("e")
        await driven.until("Environments", "production")
        await driven.press("k", "enter")
        await driven.until("production eu-west-1", "nothing live yet")

    drive(session, flow)


# What AWS may say, which services say so, and the words that stand for it.
REFUSALS = {
    "expired": (Refused(code="ExpiredToken"), "the AWS session has expired"),
    "elsewhere": (Refused(code="PermanentRedirect"), "this is in another AWS region"),
    "denied": (Refused(code="AccessDenied", status=403), "denie"),
    "throttled": (Refused(code="ThrottlingException"), "AWS asks for fewer calls"),
}


@pytest.mark.parametrize("cause", [*REFUSALS, "unreachable"])
def test_every_screen_says_in_words_why_aws_does_not_answer(
    session: Session, aws_environment: LocalAws, cause: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also on the first line, with what to do; and once AWS answers again, so does the screen."""
    session.environment()
    if cause == "unreachable":
        monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
        words = "AWS cannot be reached"
    else:
        fault, words = REFUSALS[cause]
        aws_environment.faults.add(fault, times=100_000)

    async def flow(driven: Driven) -> None:
        await driven.until("support in production", "✗", words)
        for number in range(len(ENTRIES)):  # all begin to ask
            await driven.press(str(number + 1))
        for number, entry in enumerate(ENTRIES):
            await driven.press(str(number + 1))
            asks = entry.folder not in {"infrastructure", "commandlog"}  # what stands there is known without
            await driven.until(entry.name, *((words, "to do") if asks else ()), gone="loading …")
            assert "no words for" not in driven.screen
        aws_environment.faults.clear()
        monkeypatch.setenv("AWS_ENDPOINT_URL", aws_environment.url)
        await driven.press("1", "r")
        await driven.until("nothing live yet", "Nothing is deployed here yet", gone="✗")

    drive(session, flow)


def test_a_permission_that_is_missing_for_one_part_leaves_the_others(
    session: Session, aws_environment: LocalAws
) -> None:
    """Alarms that may not be seen are said to be unknown, and why; all else is shown."""
    refused = Refused(code="AccessDenied", status=403, service="cloudwatch")
    aws_environment.faults.add(refused, times=100_000)
    bundle = "b" * 64
    store = assembly.open_environment(session.environment())
    store.create(paths.release("v1"), codec.encode(Release("v1", bundle, "support", "1.0.0", "task")))
    live.decide(store, None, live.entry("deploy", "somebody"), lambda _: Live(0, Entry("", "", "", "", ""), "v1"))

    async def flow(driven: Driven) -> None:
        await driven.until("● v1", "Alarms cannot be seen: AWS denies this", "previous")

    drive(session, flow)


def test_what_aws_refuses_is_said_in_words(session: Session, aws_environment: LocalAws) -> None:
    """A bucket that is gone is a sentence with where and what to do, not an exception."""
    bucket = session.environment().root.removeprefix("s3://").partition("/")[0]
    aws_environment.client("s3").delete_bucket(Bucket=bucket)

    async def flow(driven: Driven) -> None:
        await driven.until("support in production", "✗", bucket)
        assert "no words for" not in driven.screen
        assert "Traceback" not in driven.screen

    drive(session, flow)
