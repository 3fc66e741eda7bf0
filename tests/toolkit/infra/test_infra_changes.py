"""What a plan would change, as people read it."""

from __future__ import annotations

import json
from typing import Any

from nimbus.infra import changes, progress
from nimbus.infra.changes import Action
from nimbus.infra.progress import Step


def resource(address: str, actions: list[str], **change: Any) -> dict[str, Any]:  # noqa: ANN401 - as Terraform's JSON
    """Return a resource of a plan, as `terraform show -json` has it."""
    module, dot, _ = address.rpartition(".aws")
    return {"address": address, "module_address": module if dot else "", "change": {"actions": actions, **change}}


def test_a_plan_is_a_tree_of_modules_resources_and_attributes() -> None:
    """Reads and what stays are left out; of an update each attribute is shown, of a secret that it changes."""
    found = changes.read(
        {
            "resource_changes": [
                resource("module.platform.aws_kms_key.this", ["create"]),
                resource("module.pipeline.aws_sqs_queue.dead", ["no-op"]),
                resource("module.pipeline.data.aws_region.this", ["read"]),
                resource(
                    "module.pipeline.aws_ecs_task_definition.template",
                    ["delete", "create"],
                    before={"cpu": "2048", "arn": "arn:1", "tags": {"a": "b"}},
                    after={"cpu": "4096", "tags": {"a": "b"}},
                    after_unknown={"arn": True},
                ),
                resource(
                    "aws_secret.this",
                    ["update"],
                    before={"value": "hidden", "note": "x" * 90},
                    after={"value": "other", "note": "y"},
                    after_sensitive={"value": True},
                ),
            ]
        }
    )
    assert found.counts() == {"create": 1, "change": 1, "replace": 1, "destroy": 0}
    lines = list(changes.lines(found))
    assert lines == [
        "this configuration",
        "  ~   aws_secret.this",
        f'        note: "{"x" * 58}… → "y"',
        "        value: (sensitive) → (sensitive)",
        "module.pipeline",
        "  -/+ aws_ecs_task_definition.template",
        '        arn: "arn:1" → (known after apply)',
        '        cpu: "2048" → "4096"',
        "module.platform",
        "  +   aws_kms_key.this",
    ]


def test_of_a_document_only_what_differs_is_shown() -> None:
    """A policy is read to its leaves, and of two long texts what they begin with alike is left out."""
    policy = {"Statement": [{"Action": "s3:GetObject", "Resource": ["a", "b"]}], "Version": "2012-10-17"}
    wider = {**policy, "Statement": [{"Action": "s3:GetObject", "Resource": ["a", "b", "c"]}]}
    long = "the same beginning " * 6
    found = changes.read(
        {
            "resource_changes": [
                resource(
                    "aws_iam_policy.this",
                    ["update"],
                    before={"policy": json.dumps(policy), "description": f"{long}yes", "tags": {"a": "1", "b": "2"}},
                    after={"policy": json.dumps(wider), "description": f"{long}no", "tags": {"a": "1"}},
                )
            ]
        }
    )
    assert found.resources[0].attributes == (
        ("description", '…e beginning yes"', '…e beginning no"'),
        ("policy.Statement[0].Resource[2]", "null", '"c"'),
        ("tags.b", '"2"', "null"),
    )


def test_what_is_known_only_after_apply_is_not_taken_for_gone() -> None:
    """Terraform leaves it out of a value, and marks where it will stand."""
    tags = {"name": "a", "stack": "v1"}
    change = resource(
        "aws_a.b",
        ["update"],
        before={"tags": tags, "rule": [{"id": "r-1", "port": 80}], "secret": {"key": "x"}},
        after={"tags": {"name": "a"}, "rule": [{"port": 80}], "secret": {}},
        after_unknown={"tags": {"stack": True}, "rule": [{"id": True}], "secret": {"key": True}},
        after_sensitive={"secret": {"key": True}},
    )
    assert changes.read({"resource_changes": [change]}).resources[0].attributes == (
        ("rule[0].id", '"r-1"', "(known after apply)"),
        ("secret", "(sensitive)", "(sensitive)"),
        ("tags.stack", '"v1"', "(known after apply)"),
    )


def test_what_was_changed_outside_of_terraform_is_told_from_what_is_described_otherwise() -> None:
    """Only where the plan takes it back: what AWS itself fills in is nobody's doing."""
    changed = {"before": {"port": 80, "tags": {}}, "after": {"port": 81, "tags": {}}}
    found = changes.read(
        {
            "resource_drift": [
                resource("aws_a.changed", ["update"], before={"port": 81}, after={"port": 80}),
                resource("aws_a.described", ["update"], before={"port": 80, "arn": ""}, after={"port": 80, "arn": "a"}),
                resource("aws_a.gone", ["delete"], before={"port": 80}, after=None),
            ],
            "resource_changes": [
                resource("aws_a.changed", ["update"], **changed),
                resource("aws_a.described", ["update"], **changed),
                resource("aws_a.gone", ["create"], before=None, after={"port": 80}),
                resource("aws_a.new", ["create"], before=None, after={"port": 80}),
            ],
        }
    )
    assert {change.resource for change in found.resources if change.outside} == {"aws_a.changed", "aws_a.gone"}
    assert "  ~   aws_a.changed  (changed outside of Terraform)" in list(changes.lines(found))


def test_a_plan_that_changes_nothing_is_empty_and_one_of_outputs_is_not() -> None:
    """Outputs that change have to be applied, too: the toolkit reads them."""
    assert not changes.read({"output_changes": {"environment": {"actions": ["no-op"]}}})
    assert changes.read({"output_changes": {"environment": {"actions": ["update"]}}})
    assert changes.read({"resource_changes": [resource("aws_a.b", ["delete"])]}).resources[0].action is Action.DELETE


def test_what_terraform_does_is_told_by_resource() -> None:
    """Begun, going on, done or failed; what it reads is not worth a line."""
    hook = {"resource": {"addr": "module.platform.aws_vpc.this"}, "action": "create", "elapsed_seconds": 12}
    address = "module.platform.aws_vpc.this"
    assert progress.read({"type": "apply_start", "hook": hook}) == Step(address, "creating", ended=False)
    assert progress.read({"type": "apply_complete", "hook": hook}) == Step(address, "created", ended=True, seconds=12)
    failed = progress.read({"type": "apply_errored", "hook": hook})
    assert failed is not None
    assert failed.failed
    assert progress.read({"type": "apply_start", "hook": {**hook, "action": "read"}}) is None
    assert progress.read({"type": "version", "terraform": "1.11.4"}) is None
    assert progress.read({"raw": "Error: no"}) is None
