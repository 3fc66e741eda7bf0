"""The whole way on AWS with what ships: Terraform, an image that deploying builds and pushes, and its containers."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("moto", reason="the local AWS needs moto: pip install 'nimbus-nlp[dev]'")

from nimbus.releases import registry as releases
from tests.aws import figures
from tests.aws.fargate.images import Podman
from tests.aws.queues import received
from tests.faults import bundles
from tests.image.fixtures import base_image, podman
from tests.image.registry import registry
from tests.tasks.datasets import rows

from .conftest import NIMBUS_TOML
from .desk import CloudDesk

if TYPE_CHECKING:
    from tests.aws.local_aws import LocalAws
    from tests.terraform.conftest import Terraform

__all__ = ["base_image", "podman"]
MORE = """
[gate]
documents = 400

[image]
base = "{base}"
"""
INPUTS = "mails-of-the-company"  # a bucket that was there before Nimbus
# What the definition of a task asks of Fargate; on AWS a task of one vCPU has one worker.
_FARGATE = ("--user=65532:65532", "--tmpfs=/tmp:rw,mode=1777", "--security-opt=no-new-privileges")
_ONE_CPU = ("--env=NIMBUS_WORKERS=1",)
BROKEN = "".join(json.dumps({"id": f"broken-{number}", "text": None}) + "\n" for number in range(400))


@dataclass(slots=True)
class ContainerDesk(CloudDesk):
    """A project on the local AWS, whose images are those that it deploys."""

    def put(self, name: str, lines: str) -> None:
        """Bring an input."""
        self.aws.client("s3").put_object(Bucket=INPUTS, Key=f"inputs/{name}", Body=lines.encode())

    def fire(self, day: int) -> dict[str, Any]:
        """Let the schedule's time come; tasks are containers of the images that releases name."""
        for name in releases.names(self.store):
            image = releases.release(self.store, name).image
            assert image is not None
            self.aws.fargate.images.add(image, Podman(image, options=("--tls-verify=false", *_FARGATE, *_ONE_CPU)))
        return CloudDesk.fire(self, day)

    def made_by(self, run: str) -> set[str]:
        """Return the releases whose rows a run published."""
        known = [releases.release(self.store, name) for name in releases.names(self.store)]
        made = {json.loads(row)["bundle_digest"] for file in rows(self.store, run) for row in file.splitlines()}
        return {release.release for release in known if release.bundle_digest in made}


@pytest.fixture
def desk(
    base_image: str, provider: Terraform, local_aws: LocalAws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ContainerDesk]:
    """Return a project with a trained pipeline, on an AWS where nothing is; the engine is logged in to its registry."""
    del provider  # it can be had
    shutil.copytree(bundles.build(tmp_path / "trained").original, tmp_path / "pipeline")
    toml = NIMBUS_TOML.replace('source = "original"', 'source = "pipeline"') + MORE.format(base=base_image)
    (tmp_path / "nimbus.toml").write_text(toml, encoding="utf-8")
    (tmp_path / "registry").mkdir()
    local_aws.reset()
    region = local_aws.environment()["AWS_REGION"]
    local_aws.client("s3").create_bucket(Bucket=INPUTS, CreateBucketConfiguration={"LocationConstraint": region})
    with registry(tmp_path / "registry", "AWS", "password") as served:
        local_aws.registry, local_aws.pause = served, 0.01  # what failed is tried again, and not half a minute later
        monkeypatch.setenv("REGISTRY_AUTH_FILE", str(tmp_path / "login.json"))
        for name, value in local_aws.environment().items():
            monkeypatch.setenv(name, value)
        login = ["podman", "login", "--tls-verify=false", "--username=AWS", "--password-stdin", served.address]
        subprocess.run(login, check=True, capture_output=True, input=b"password")
        yield ContainerDesk(tmp_path, "cloud", local_aws, {}, tmp_path / "infra" / "cloud")
        local_aws.reset()


def notices(desk: ContainerDesk, topic: str) -> str:
    """Subscribe a queue to a topic, which gets all of each notice; its URL."""
    sqs, sns = desk.aws.client("sqs"), desk.aws.client("sns")
    url = str(sqs.create_queue(QueueName="on-call")["QueueUrl"])
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    return url


@pytest.mark.slow  # seven minutes on two busy cores: two images are built, thirty containers run
def test_from_nothing_on_aws_to_a_rollback_and_back_to_nothing(desk: ContainerDesk) -> None:
    """As it is typed; an alarm comes of what a container logged, a notice of the run that failed."""
    desk.nimbus("infra", "init", "--region", "eu-west-1")
    with (desk.folder / "nimbus.toml").open("a", encoding="utf-8") as file:
        file.write(f'\n[environments.cloud.input]\npaths = ["s3://{INPUTS}/inputs/"]\n')
    desk.nimbus("infra", "apply", "--yes")
    desk.outputs = json.loads(desk.nimbus("infra", "output").out)["environment"]
    texts = [f"Anna had a late order from Berlin {number}" for number in range(400)]
    lines = [json.dumps({"id": str(number), "text": text}) + "\n" for number, text in enumerate(texts)]
    for number in range(4):
        desk.put(f"{number}.jsonl", "".join(lines[number::4]))

    v1 = desk.nimbus("deploy", "--yes", "--json", "--reason", "first").json["release"]
    desk.due(22)
    assert (desk.live().release, desk.live().dataset) == (v1, "20241122T020000Z")

    desk.retrain("2.0.0")
    second = desk.nimbus("deploy", "--candidate", "--yes", "--json").json
    v2 = second["release"]
    assert (second["verdict"], desk.live().release) == ("promote", v1)
    images = [releases.release(desk.store, name).image for name in (v1, v2)]
    assert len(set(images)) == 2
    desk.nimbus("promote", v2, "--canary", "50", "--yes")
    desk.due(23)
    assert desk.made_by("20241123T020000Z") == {v1, v2}
    desk.nimbus("promote", v2, "--yes")
    desk.due(24)
    assert (desk.live().release, desk.live().dataset) == (v2, "20241124T020000Z")
    assert desk.made_by("20241124T020000Z") == {v2}

    assert figures.evaluate(desk.aws) == []
    (topic,) = {action for _, alarm in figures.alarms(desk.aws) for action in alarm["AlarmActions"]}
    queue = notices(desk, topic)
    desk.put("9.jsonl", BROKEN)
    assert desk.fire(25)["status"] == "FAILED"
    assert desk.live().dataset == "20241124T020000Z"
    (raised,) = figures.evaluate(desk.aws)
    assert raised.endswith("-quarantine")
    (notice,) = received(desk.aws, queue)
    assert "of en_support in en-support-cloud, scheduled for 2024-11-25T02:00:00Z, failed" in notice["Message"]

    desk.nimbus("rollback", "--yes", "--reason", raised)
    assert (desk.live().release, desk.live().dataset, desk.live().epoch) == (v1, "20241122T020000Z", 1)
    desk.aws.client("s3").delete_object(Bucket=INPUTS, Key="inputs/9.jsonl")
    desk.due(26)
    assert (desk.live().release, desk.live().dataset) == (v1, "20241126T020000Z")
    assert desk.made_by("20241126T020000Z") == {v1}
    assert desk.plan() == []

    desk.nimbus("infra", "destroy", "--confirm", "cloud", "--delete-data")
    assert [bucket["Name"] for bucket in desk.aws.client("s3").list_buckets()["Buckets"]] == [INPUTS]
    assert desk.aws.client("ecr").describe_repositories()["repositories"] == []
