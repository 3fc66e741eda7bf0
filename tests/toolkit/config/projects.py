"""Files of projects, written for a test."""

from __future__ import annotations

from pathlib import Path

SMALLEST = """
[pipeline]
name = "en_support"
source = "training/model-best"

[input]
paths = ["mails/*.jsonl"]
"""
OUTPUTS = {
    "region": "eu-west-1",
    "root": "s3://nimbus-test/en_support",
    "repository": "111122223333.dkr.ecr.eu-west-1.amazonaws.com/nimbus-test/en_support",
    "cluster": "arn:aws:ecs:eu-west-1:111122223333:cluster/nimbus-test",
    "container": "worker",
    "task_template": "nimbus-test-en_support",
    "release_family": "nimbus-test-en_support-release",
    "task_role": "arn:aws:iam::111122223333:role/nimbus-test-en_support-task",
    "execution_role": "arn:aws:iam::111122223333:role/nimbus-test-en_support-execution",
    "state_machine": "arn:aws:states:eu-west-1:111122223333:stateMachine:nimbus-test-en_support",
    "schedule": "nimbus-test-en_support/run",
    "log_group": "/nimbus-test/en_support/worker",
    "architecture": "X86_64",
}


def write(folder: Path, text: str = "", *, smallest: str = SMALLEST) -> Path:
    """Write a nimbus.toml of the smallest sections and `text`."""
    file = folder / "nimbus.toml"
    file.write_text(smallest + text, encoding="utf-8")
    return file


def in_toml(values: dict[str, str]) -> str:
    """Return keys and texts as lines of TOML."""
    return "".join(f'{key} = "{value}"\n' for key, value in values.items())
