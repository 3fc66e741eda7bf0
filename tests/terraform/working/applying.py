"""How the examples are applied: one beside a second apply, one in two halves; what was seen is what tests look at."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .example import APPLY, Example

if TYPE_CHECKING:
    from tests.aws.local_aws import LocalAws
    from tests.terraform.conftest import Terraform

_BUCKET = "states-of-tests"
_PATIENCE = 300
_LONGEST = {"module.platform.aws_s3_bucket_lifecycle_configuration.this"}  # for a minute, with nothing beside it
_MADE = re.compile(r"^(\S+): Creat(ing\.\.\.|ion complete)", re.MULTILINE)
_HALF = 20


@dataclass(frozen=True, slots=True)
class Beside:
    """The smallest example, its state in a bucket, and how a second apply ended while the first went on."""

    example: Example
    second: subprocess.CompletedProcess[str]


@dataclass(frozen=True, slots=True)
class Halves:
    """The example of several pipelines, and how much of it there was when its apply was killed."""

    example: Example
    kept: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Examples:
    """Both examples, which are applied beside each other and beside the tests that run meanwhile."""

    minimal: Future[Beside]
    complete: Future[Halves]


def apply_beside_another(terraform: Terraform, aws: LocalAws, folder: Path) -> Beside:
    """Apply the smallest example with the backend that it shows, and try to apply it twice at once."""
    example = Example.copied(terraform, aws, folder, "minimal")
    place = {"LocationConstraint": aws.environment()["AWS_REGION"]}
    aws.client("s3").create_bucket(Bucket=_BUCKET, CreateBucketConfiguration=place)
    shown = (example.place / "backend.tf.example").read_text(encoding="utf-8")
    (example.place / "backend.tf").write_text(shown.replace("my-terraform-states", _BUCKET), encoding="utf-8")
    example.initialise()
    with _begun(example) as (first, log):
        _until(lambda: "Creating..." in log.read_text(), first)
        second = example.run(*APPLY)
        assert first.wait(_PATIENCE) == 0, log.read_text()
    return Beside(example, second)


def apply_in_two(terraform: Terraform, aws: LocalAws, folder: Path) -> Halves:
    """Apply the example of several pipelines, kill that in the middle, and apply it again."""
    example = Example.copied(terraform, aws, folder, "complete")
    example.initialise()
    with _begun(example) as (first, log):
        _until(lambda: _stands_still(log.read_text(), _saved(example)), first)
        first.send_signal(signal.SIGKILL)
        first.wait(_PATIENCE)
    kept = tuple(example.run("state", "list").stdout.split())
    example.apply()
    return Halves(example, kept)


def _stands_still(log: str, saved: set[str]) -> bool:
    """Say whether an apply waits in the middle: a kill then leaves nothing that was made and is in no state."""
    begun = {name for name, what in _MADE.findall(log) if what.startswith("ing")}
    done = {name for name, what in _MADE.findall(log) if what.startswith("ion")}
    return len(done) > _HALF and begun - done == _LONGEST and {name.partition("[")[0] for name in done} <= saved


def _saved(example: Example) -> set[str]:
    """Return the addresses, without indices, of what stands in the state, which Terraform saves now and then."""
    file = example.place / "terraform.tfstate"
    try:
        state = json.loads(file.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):  # not yet, or while it is written
        return set()
    return {
        ".".join(filter(None, (each.get("module"), each["type"], each["name"]))).partition("[")[0]
        for each in state["resources"]
        if each["mode"] == "managed"
    }


@contextmanager
def _begun(example: Example) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    """Start an apply, which writes to a log; nothing of it is left behind."""
    log = example.place / "apply.log"
    with log.open("wb") as out, example.start(*APPLY, out=out) as process:
        try:
            yield process, log
        finally:
            process.kill()


def _until(holds: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _PATIENCE
    while not holds():
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.1)
