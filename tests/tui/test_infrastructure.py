"""Rules of the screen of infrastructure: Terraform itself, on a small configuration and the local AWS."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from nimbus_tui.api.session import Session
from tests.terraform.conftest import Terraform, provider, terraform
from tests.tui.conftest import nimbus, write_project
from tests.tui.driving import Driven, drive

if TYPE_CHECKING:
    from tests.aws.local_aws import LocalAws

__all__ = ["provider", "terraform"]
_MAIN = """
terraform {{
  required_providers {{
    aws = {{
      source = "hashicorp/aws"
    }}
  }}
}}

provider "aws" {{
  region = "eu-west-1"
}}

resource "aws_sns_topic" "notices" {{
  name = "notices"
}}

resource "aws_sqs_queue" "missed" {{
  name                       = "missed"
  visibility_timeout_seconds = 30
}}

output "environment" {{
  value = {outputs}
}}
"""


@pytest.fixture
def session(provider: Terraform, aws_environment: LocalAws, tmp_path: Path) -> Session:
    """Return a project whose environment `small` Terraform is to make; what else it consists of is there."""
    from tests.fixtures import cloud  # noqa: PLC0415 - needs moto

    del provider  # it can be had, or this test is skipped
    write_project(tmp_path, 0.1)
    with (tmp_path / "nimbus.toml").open("a", encoding="utf-8") as file:
        file.write('\n[environments.small]\nkind = "aws"\n')
    folder = tmp_path / "infra" / "small"
    folder.mkdir(parents=True)
    outputs = json.dumps(cloud.make(aws_environment).outputs)
    (folder / "main.tf").write_text(_MAIN.format(outputs=outputs), encoding="utf-8")
    return Session(tmp_path / "nimbus.toml", "small")


def test_a_plan_is_shown_applied_as_it_was_shown_and_compared_again(
    session: Session, aws_environment: LocalAws, tmp_path: Path
) -> None:
    """Another plan is refused; each resource is seen to be made; what was changed behind Terraform's back is found."""
    sqs = aws_environment.client("sqs")
    given = ("--env", "small", "--config", str(tmp_path))

    async def refused(driven: Driven) -> None:
        """Somebody else plans between the look and the word."""
        await driven.press("A")
        await driven.asked("Apply to small", "2 resources", "nimbus infra apply --plan")
        nimbus(tmp_path, "infra", "plan", *given, codes=(3,))
        await driven.press("right", "enter")
        await driven.until("The apply was stopped, or failed", "this is not the plan that was shown")
        assert "QueueUrls" not in sqs.list_queues()

    async def flow(driven: Driven) -> None:
        await driven.until("support in small", "✗")
        await driven.press("6")
        await driven.until("n has Terraform say what it would make")
        await driven.press("n")
        await driven.until("esc stops it")
        await driven.eventually(lambda: bool(session.asked))
        await driven.press("escape")
        await driven.until("✗ this was stopped", "ask again")
        await driven.press("n")
        await driven.until("aws_sqs_queue.missed", "create", "2 create")
        await refused(driven)
        await driven.press("n")
        await driven.until("aws_sqs_queue.missed", "2 create")
        await driven.press("A")
        await driven.agree("Apply to small", "2 resources")
        await driven.until("Applying", "◐ creating", "✓ created")
        await driven.until("What was planned is applied", "Outputs", "task_template", "nothing live yet")
        await driven.press("n")
        await driven.until("Everything is as it is described")
        (url,) = sqs.list_queues()["QueueUrls"]
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "99"})
        await driven.press("n")
        await driven.until("~", "update, outside", "1 change")
        await driven.press("G")
        await driven.until("outside of Terraform", "visibility_timeout_seconds", "- 99", "+ 30")

    drive(session, flow)
    words = session.running[-1].verb.command
    applied = words[words.index("--plan") + 1]
    nimbus(tmp_path, "infra", "apply", "--yes", "--plan", applied, *given, codes=(1,))  # it is out of date
