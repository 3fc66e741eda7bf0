"""A small batch on the local AWS: bucket, cluster, task definition, and a state machine that maps a list over tasks."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.aws.local_aws import LocalAws

BUCKET, CLUSTER, GROUP, IMAGE = "batch-data", "batch", "/batch/worker", "registry.test/worker@sha256:1"
MACHINE_ROLE = "arn:aws:iam::123456789012:role/machine"
TASK_ROLE = "arn:aws:iam::123456789012:role/task"
SCHEDULER_ROLE = "arn:aws:iam::123456789012:role/scheduler"

Json = dict[str, Any]


@dataclass
class Batch:
    """What the tests of tasks and machines start from."""

    aws: LocalAws
    definition: str = ""
    network: Json = field(default_factory=dict)

    @property
    def tasks(self) -> list[Json]:
        """All tasks, as DescribeTasks says them."""
        ecs = self.aws.client("ecs")
        arns = [arn for status in ("RUNNING", "STOPPED") for arn in _listed(ecs, status)]
        return ecs.describe_tasks(cluster=CLUSTER, tasks=arns, include=["TAGS"])["tasks"] if arns else []

    def run(self, *command: str, stop_timeout: int | None = None, **parameters: Any) -> Json:  # noqa: ANN401 - RunTask's
        """Run one task; the task as RunTask answers it."""
        definition = self.register(stop_timeout) if stop_timeout else self.definition
        answer = self.aws.client("ecs").run_task(
            cluster=CLUSTER,
            taskDefinition=definition,
            networkConfiguration=self.network,
            overrides={"containerOverrides": [{"name": "worker", "command": list(command)}]},
            **({"launchType": "FARGATE"} | parameters if "capacityProviderStrategy" not in parameters else parameters),
        )
        return answer["tasks"][0]

    def stopped(self, task: Json) -> Json:
        """Return the same task once it has stopped."""
        self.aws.fargate.wait(task["taskArn"])
        ecs = self.aws.client("ecs")
        return ecs.describe_tasks(cluster=CLUSTER, tasks=[task["taskArn"]], include=["TAGS"])["tasks"][0]

    def logged(self) -> list[str]:
        """All lines that tasks logged."""
        events = self.aws.client("logs").filter_log_events(logGroupName=GROUP)["events"]
        return [event["message"] for event in events]

    def register(self, stop_timeout: int = 60) -> str:
        """Return a revision whose only container has a stop timeout; its ARN."""
        options = {"awslogs-group": GROUP, "awslogs-region": "eu-west-1", "awslogs-stream-prefix": "worker"}
        container = {
            "name": "worker",
            "image": IMAGE,
            "essential": True,
            "stopTimeout": stop_timeout,
            "environment": [{"name": "BUCKET", "value": BUCKET}, {"name": "COLOUR", "value": "green"}],
            "logConfiguration": {"logDriver": "awslogs", "options": options},
        }
        registered = self.aws.client("ecs").register_task_definition(
            family="worker",
            networkMode="awsvpc",
            requiresCompatibilities=["FARGATE"],
            cpu="256",
            memory="512",
            taskRoleArn=TASK_ROLE,
            containerDefinitions=[container],
        )
        return str(registered["taskDefinition"]["taskDefinitionArn"])

    def task_state(self, *, spot: bool = False, **more: Any) -> Json:  # noqa: ANN401 - fields of the state
        """Return a state that runs one task on its input, given as SHARD."""
        provider = {"CapacityProviderStrategy": [{"CapacityProvider": "FARGATE_SPOT", "Weight": 1}]}
        environment = [{"Name": "SHARD", "Value.$": "States.JsonToString($)"}]
        subnets = self.network["awsvpcConfiguration"]
        return {
            "Type": "Task",
            "Resource": "arn:aws:states:::ecs:runTask.sync",
            "Parameters": {
                "Cluster": CLUSTER,
                "TaskDefinition": self.definition,
                **(provider if spot else {"LaunchType": "FARGATE"}),
                "NetworkConfiguration": {
                    "AwsvpcConfiguration": {"Subnets": subnets["subnets"], "SecurityGroups": subnets["securityGroups"]}
                },
                "Overrides": {"ContainerOverrides": [{"Name": "worker", "Environment": environment}]},
                "Tags": [{"Key": "run", "Value": "one"}],
            },
            "End": True,
            **more,
        }

    def machine(self, states: Json, *, name: str = "machine") -> str:
        """Return a state machine that starts at the first state; its ARN."""
        definition = json.dumps({"StartAt": next(iter(states)), "States": states})
        client = self.aws.client("stepfunctions")
        return str(
            client.create_state_machine(name=name, definition=definition, roleArn=MACHINE_ROLE)["stateMachineArn"]
        )

    def execute(self, machine: str, given: object = None) -> Json:
        """Return an execution, once it has ended."""
        client = self.aws.client("stepfunctions")
        execution = client.start_execution(stateMachineArn=machine, input=json.dumps({} if given is None else given))
        return self.aws.ended(execution["executionArn"])

    def put(self, key: str, value: object) -> None:
        """Write JSON into the bucket."""
        self.aws.client("s3").put_object(Bucket=BUCKET, Key=key, Body=json.dumps(value))

    def get(self, key: str) -> Any:  # noqa: ANN401 - JSON
        """Read JSON from the bucket."""
        return json.load(self.aws.client("s3").get_object(Bucket=BUCKET, Key=key)["Body"])


def create(aws: LocalAws) -> Batch:
    """All that a task needs, in an empty local AWS."""
    aws.client("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    aws.client("logs").create_log_group(logGroupName=GROUP)
    aws.client("ecs").create_cluster(clusterName=CLUSTER, capacityProviders=["FARGATE", "FARGATE_SPOT"])
    ec2 = aws.client("ec2")
    network = {
        "subnets": [ec2.describe_subnets()["Subnets"][0]["SubnetId"]],
        "securityGroups": [ec2.describe_security_groups()["SecurityGroups"][0]["GroupId"]],
    }
    batch = Batch(aws, network={"awsvpcConfiguration": network})
    batch.definition = batch.register()
    return batch


def distributed_map(state: Json, *, key: str = "$.items", **more: Any) -> Json:  # noqa: ANN401 - fields of the map
    """Return a Distributed Map of one state over a JSON array in the bucket, which the input names."""
    return {
        "Type": "Map",
        "MaxConcurrency": 4,
        "ItemReader": {
            "Resource": "arn:aws:states:::s3:getObject",
            "ReaderConfig": {"InputType": "JSON"},
            "Parameters": {"Bucket": BUCKET, "Key.$": key},
        },
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
            "StartAt": "Each",
            "States": {"Each": state},
        },
        "End": True,
        **more,
    }


def _listed(ecs: Any, status: str) -> list[str]:  # noqa: ANN401 - boto3's
    return list(ecs.list_tasks(cluster=CLUSTER, desiredStatus=status)["taskArns"])
