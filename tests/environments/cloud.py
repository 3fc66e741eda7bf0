"""An environment on the local AWS: Terraform's modules, a state machine, tasks that are real processes."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nimbus.config import load
from nimbus_runtime.bundle import verify
from nimbus_runtime.contract.records import Release
from nimbus_runtime.store import S3Store, Store
from tests.aws.fargate.images import Program
from tests.environments.environment import RELEASE, Environment, lines

if TYPE_CHECKING:
    from tests.aws.local_aws import LocalAws

CLOUD = """
[environments.cloud]
kind = "aws"
terraform = "{terraform}"

[environments.cloud.input]
paths = ["s3://{bucket}/inputs/"]
"""
_KEPT = ("taskRoleArn", "executionRoleArn", "networkMode", "requiresCompatibilities", "cpu", "memory", "volumes")


@dataclass(slots=True)
class Cloud(Environment):
    """What `nimbus infra apply` made; every image is this Python with the runtime."""

    aws: LocalAws
    outputs: dict[str, Any]

    def __post_init__(self) -> None:
        """Let tasks find the bundle, and the gate."""
        Environment.__post_init__(self)
        places = [str(self.bundle.package), *(str(Path(entry).absolute()) for entry in sys.path if entry)]
        told = {"NIMBUS_BUNDLE": str(self.bundle.path), "NIMBUS_WORKERS": "1", "PYTHONPATH": os.pathsep.join(places)}
        program = Program((sys.executable, "-m", "nimbus_runtime"), told | self.gate.environment)
        self.aws.fargate.images.add("", program)

    @property
    def name(self) -> str:
        """Return the environment's name."""
        return "cloud"

    @property
    def store(self) -> Store:
        """Return the pipeline's root."""
        return S3Store.at(self.outputs["root"])

    @property
    def bucket(self) -> str:
        """Return the environment's bucket."""
        return str(self.outputs["root"]).removeprefix("s3://").partition("/")[0]

    def write_inputs(self, texts: list[str]) -> None:
        """Write objects, each one a shard."""
        for name, line in lines(texts).items():
            self.aws.client("s3").put_object(Bucket=self.bucket, Key=f"inputs/{name}", Body=line.encode())

    def release(self) -> Release:
        """Return a release with a task definition of its own."""
        ecs = self.aws.client("ecs")
        template = ecs.describe_task_definition(taskDefinition=self.outputs["task_template"])["taskDefinition"]
        image = f"{self.outputs['repository']}@sha256:{'a' * 64}"
        registered = ecs.register_task_definition(
            family=self.outputs["release_family"],
            containerDefinitions=[{**template["containerDefinitions"][0], "image": image}],
            **{key: template[key] for key in _KEPT if key in template},
        )["taskDefinition"]["taskDefinitionArn"]
        job = load(self.folder, self.name, variables={}).job()
        digest = verify(self.bundle.path).digest
        release = Release(RELEASE, digest, "en_support", "1.0.0", registered, job)
        return replace(release, image=image)

    def hasten(self) -> None:
        """Let the state machines' pauses be short."""
        self.aws.pause = 0.01

    def clear(self) -> None:
        """Remove what a test left in the bucket."""
        self.gate.open()
        self.aws.pause = 1.0
        self.aws.fargate.images.clear()
        s3 = self.aws.client("s3")
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=self.bucket):
            for found in (*page.get("Versions", ()), *page.get("DeleteMarkers", ())):
                s3.delete_object(Bucket=self.bucket, Key=found["Key"], VersionId=found["VersionId"])
