"""Rules of each check of a preflight, and that the runbook knows them all, and every alarm."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
import pytest
from tests.fixtures.roots import ran, register
from tests.toolkit.releases.test_deploy import JOB, bundle

from nimbus.releases import promote
from nimbus.releases.checks import anywhere, cloud, local, permissions
from nimbus.releases.preflight import Check, Status
from nimbus_runtime.bundle import Bundle
from nimbus_runtime.contract.errors import InputNotFoundError, InputSchemaError, NimbusError
from nimbus_runtime.contract.inputs import Compression, Format, InputFile
from nimbus_runtime.contract.records import Job, Release
from nimbus_runtime.store import DirectoryStore

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
ROOT = Path(__file__).parents[3]
RUNBOOK = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
GRAVE = cloud.Scanned(known=True, status="COMPLETE", grave=2, threshold="high")
RELEASE = Release("r1", "digest", "en_support", "1.0.0", job=JOB, image="repository@sha256:1")


PLACES = permissions.Places(
    "arn:aws:s3:::bucket/support", "arn:repository", "arn:definition:1", "arn:machine", "arn:execution:run", "arn:log"
)


class DeniedError(NimbusError):
    """Stands for a refusal of AWS."""


@dataclass
class Machine:
    """A machine with room and memory."""

    disk: int = 10**12
    peak_bytes: int | None = 2**28

    def free_disk(self) -> int:
        """Return the room."""
        return self.disk

    def memory(self) -> int | None:
        """Return the memory."""
        return 2**33

    def workers(self) -> int:
        """Return how many workers."""
        return 2

    def peak(self, found: Bundle) -> int | None:
        """Return the peak."""
        del found
        return self.peak_bytes


@dataclass
class Inputs:
    """One file with all that is wanted."""

    missing: NimbusError | None = None

    def resolve(self, job: Job) -> list[InputFile]:
        """Return it."""
        del job
        if self.missing:
            raise self.missing
        return [InputFile("/in/a.jsonl", "a.jsonl", 10, "1", Format.JSONL, Compression.NONE)]

    def check_schema(self, file: InputFile, job: Job) -> None:
        """Find nothing."""


@dataclass
class Cloud:
    """An account in which all is well, but for what a test says."""

    root: str = "s3://bucket/support"
    roles: dict[str, str] = field(default_factory=lambda: {"task": "arn:task", "execution": "arn:execution"})
    wrong: dict[str, object] = field(default_factory=dict)
    places: permissions.Places = PLACES

    def _told(self, name: str, well: object) -> object:
        told = self.wrong.get(name, well)
        if isinstance(told, NimbusError):
            raise told
        return told

    def caller(self) -> tuple[str, datetime | None]:
        """Return who calls."""
        return self._told("caller", ("arn:aws:iam::1:role/ana", NOW))  # type: ignore[return-value]

    def denied(self, caller: str, actions: Sequence[str], resource: str, context: Mapping[str, str]) -> list[str]:
        """Return what is denied, of all resources."""
        del resource, context
        told = self._told(f"denied {caller}", ())
        return [action for action in actions if action in told]  # type: ignore[operator]

    def trusted(self, role: str) -> tuple[str, ...]:
        """Return who may take a role."""
        return self._told(role, ("ecs-tasks.amazonaws.com",))  # type: ignore[return-value]

    def secrets(self) -> dict[str, str]:
        """Return the secrets of tasks."""
        return self._told("secrets", {"TOKEN": "reference"})  # type: ignore[return-value]

    def secret(self, reference: str) -> tuple[str, str]:
        """Find a secret."""
        return self._told(reference, ("secretsmanager:GetSecretValue", "arn:secret"))  # type: ignore[return-value]

    def scanned(self, image: str) -> cloud.Scanned:
        """Return a scan."""
        del image
        return self._told("scanned", cloud.Scanned(known=True, status="COMPLETE", grave=0, threshold="high"))  # type: ignore[return-value]

    def tried(self, image: str) -> tuple[str, bool] | None:
        """Return whether an image was started."""
        del image
        return self._told("tried", ("linux/amd64", True))  # type: ignore[return-value]

    def size(self) -> cloud.TaskSize:
        """Return a task's size."""
        return self._told("size", cloud.TaskSize(2048, 4096))  # type: ignore[return-value]

    def cpus(self, *, spot: bool) -> float:
        """Return the quota."""
        return self._told("cpus of Spot" if spot else "cpus", 1000.0)  # type: ignore[return-value]

    def machine(self) -> str:
        """Return the state machine's status."""
        return self._told("machine", "ACTIVE")  # type: ignore[return-value]

    def schedule(self) -> tuple[str, str]:
        """Return the schedule."""
        return self._told("schedule", ("cron(0 2 * * ? *)", "UTC"))  # type: ignore[return-value]


@pytest.fixture
def store(tmp_path: Path) -> DirectoryStore:
    """Return an empty root."""
    return DirectoryStore(tmp_path)


def there(store: DirectoryStore, found: Cloud, inputs: Inputs | None = None, *, spot: bool = True) -> list[Check]:
    """Return the checks of deploying to AWS."""
    wanted = cloud.Wanted(("cron(0 2 * * ? *)", "UTC"), 50, spot=spot)
    return list(cloud.check(store, found, Machine(), inputs or Inputs(), wanted, RELEASE, bundle("1.0.0"), NOW))


def here(store: DirectoryStore, machine: Machine | None = None, inputs: Inputs | None = None) -> list[Check]:
    """Return the checks of deploying to a folder."""
    return list(local.check(store, machine or Machine(), inputs or Inputs(), RELEASE, bundle("1.0.0"), NOW))


def failed(checks: list[Check]) -> list[str]:
    """Return the names of those that failed; each says what to do."""
    found = [check for check in checks if check.status is Status.FAILED]
    assert all(check.remedy for check in found)
    return [f"{check.subject}: {check.name}" for check in found]


def test_all_is_well(store: DirectoryStore) -> None:
    """Nothing fails where nothing is wrong."""
    assert failed(there(store, Cloud())) == failed(here(store)) == []


@pytest.mark.parametrize(
    ("name", "told", "check"),
    [
        ("denied arn:aws:iam::1:role/ana", ["ecr:PutImage"], "permissions: yours, by simulation"),
        ("denied arn:task", ["s3:GetObject"], "permissions: the worker's, by simulation"),
        ("denied arn:execution", ["secretsmanager:GetSecretValue"], "permissions: the tasks' start, by simulation"),
        ("reference", NimbusError("AWS has no such thing"), "secrets: are there"),
        ("arn:task", ("lambda.amazonaws.com",), "roles: task role"),
        ("arn:execution", NimbusError("AWS has no such thing"), "roles: execution role"),
        ("scanned", NimbusError("the repository has no such image"), "image: is pushed and scanned"),
        (
            "scanned",
            cloud.Scanned(known=True, status="COMPLETE", grave=2, threshold="high"),
            "image: is pushed and scanned",
        ),
        ("size", cloud.TaskSize(4096, 1024), "size: memory for its workers"),
        ("cpus", 1.0, "quota: vCPUs at once"),
        ("cpus of Spot", 1.0, "quota: vCPUs of Spot at once"),
        ("machine", "DELETING", "runs: state machine"),
        ("machine", NimbusError("AWS has no such thing"), "runs: state machine"),
        ("schedule", ("rate(1 day)", "UTC"), "runs: schedule"),
        ("schedule", ("cron(0 2 * * ? *)", "Europe/Berlin"), "runs: schedule"),
        ("caller", ("arn:aws:iam::1:role/ana", NOW - timedelta(hours=2)), "clock: is right"),
    ],
)
def test_what_is_wrong_on_aws_fails_alone(store: DirectoryStore, name: str, told: object, check: str) -> None:
    """One thing that is wrong is one check that fails."""
    assert failed(there(store, Cloud(wrong={name: told}))) == [check]


def test_findings_are_named_and_count_from_the_threshold_on(store: DirectoryStore) -> None:
    """The first three; a threshold that is off stops nothing, and says so."""
    named = ("CVE-1 in zlib", "CVE-2", "CVE-3", "CVE-4")

    def found(threshold: str) -> Check:
        scan = cloud.Scanned(known=True, status="COMPLETE", grave=4, threshold=threshold, named=named)
        return next(check for check in there(store, Cloud(wrong={"scanned": scan})) if check.subject == "image")

    assert found("high").found == "4 findings of high or worse: CVE-1 in zlib; CVE-2; CVE-3; …"
    assert (found("off").status, found("off").found) == (Status.OK, "4 findings, and [image] fail_on is off")


def test_what_is_denied_is_named_with_its_place(store: DirectoryStore) -> None:
    """Action and resource; of many the first six."""

    def found(*actions: str) -> str:
        told = there(store, Cloud(wrong={"denied arn:aws:iam::1:role/ana": actions}))
        return next(check.found for check in told if check.subject == "permissions")

    assert found("iam:PassRole") == "denied: iam:PassRole on arn:task; iam:PassRole on arn:execution"
    assert found("ecs:RegisterTaskDefinition") == "denied: ecs:RegisterTaskDefinition"
    assert found("s3:PutObject", "iam:PassRole").endswith("/preflight-t.json; and 1 more")


@pytest.mark.parametrize(
    ("told", "status", "found"),
    [
        (("linux/amd64", True), Status.OK, "it checked itself on linux/amd64"),
        (("linux/arm64", False), Status.SKIPPED, "not tried here: linux/arm64"),
        (None, Status.SKIPPED, "it was built elsewhere, and nothing here tells"),
    ],
)
def test_an_image_that_nobody_started_is_no_pass(
    store: DirectoryStore, told: object, status: Status, found: str
) -> None:
    """Built for another processor, or on another machine: it is said, and stops nothing."""
    checks = there(store, Cloud(wrong={"tried": told}))
    (check,) = [one for one in checks if (one.subject, one.name) == ("image", "was tried")]
    assert (check.status, check.found, failed(checks)) == (status, found, [])


def test_spot_is_asked_of_where_it_is_wanted(store: DirectoryStore) -> None:
    """With `spot = false` nothing is tried there."""
    none = Cloud(wrong={"cpus of Spot": 0.0})
    assert failed(there(store, none)) == ["quota: vCPUs of Spot at once"]
    assert failed(there(store, none, spot=False)) == []


def test_what_may_not_be_asked_is_skipped_and_says_so(store: DirectoryStore) -> None:
    """It is no pass."""
    denied = DeniedError("AWS denies this to the role that you are in")
    asked = (
        "denied arn:aws:iam::1:role/ana",
        "denied arn:task",
        "arn:task",
        "scanned",
        "cpus",
        "cpus of Spot",
        "machine",
        "schedule",
    )
    wrong: dict[str, object] = dict.fromkeys((*asked, "cpus", "cpus of Spot", "reference"), denied)
    checks = there(store, Cloud(wrong=wrong))
    assert failed(checks) == []
    assert len([check for check in checks if check.status is Status.SKIPPED and "denies" in check.found]) == 9


def test_without_credentials_nothing_else_is_asked(store: DirectoryStore) -> None:
    """Nothing else could be told."""
    (only,) = there(store, Cloud(wrong={"caller": NimbusError("the AWS session has expired", remedy="sign in again")}))
    assert (only.status, only.remedy) == (Status.FAILED, "sign in again")


@pytest.mark.parametrize(
    "error",
    [InputNotFoundError("there is no such file", remedy="look"), InputSchemaError("no text field", remedy="name it")],
)
def test_inputs_that_cannot_be_run_over_fail(store: DirectoryStore, error: NimbusError) -> None:
    """In the words of the reader."""
    wanted = ["input: reachable, with the fields that runs read"]
    assert failed(here(store, inputs=Inputs(error))) == failed(there(store, Cloud(), Inputs(error))) == wanted


def test_a_full_disk_and_a_small_machine_fail(store: DirectoryStore) -> None:
    """What was measured and what there is are both told."""
    assert failed(here(store, Machine(disk=-1))) == ["root: has room"]
    assert failed(here(store, Machine(peak_bytes=2**33))) == ["size: memory for its workers"]
    (unknown,) = [check for check in here(store, Machine(peak_bytes=None)) if check.subject == "size"]
    assert unknown.status is Status.SKIPPED


def test_a_clock_that_is_behind_the_ledger_fails(store: DirectoryStore) -> None:
    """Without anybody else's clock, the latest change of what is live is one."""
    register(store, "r1")
    from tests.fixtures.roots import Everything  # noqa: PLC0415 - beside its use

    promote.apply(store, promote.plan(store, Everything(), "r1"), "ana", "")
    ran(store, 1, "r1")
    past = datetime.now(UTC) - timedelta(days=1)
    checks = list(local.check(store, Machine(), Inputs(), RELEASE, bundle("1.0.0"), past))
    assert failed(checks) == ["clock: is right"]
    assert anywhere.clock(NOW, None, None).status is Status.SKIPPED


def test_the_runbook_has_every_check(store: DirectoryStore) -> None:
    """By its name, and none that there is not."""
    names = {f"{check.subject}: {check.name}" for check in (*there(store, Cloud()), *here(store))}
    told = set(re.findall(r"^\| ([a-z]+: [^|]+?) \|", RUNBOOK, re.MULTILINE))
    assert told == names


def test_the_runbook_has_every_alarm() -> None:
    """As Terraform names it, and none that there is not."""
    alarms = (ROOT / "terraform" / "modules" / "observability" / "alarms.tf").read_text(encoding="utf-8")
    names = set(re.findall(r"^      ([a-z-]+) = \{$", alarms, re.MULTILINE))
    assert set(re.findall(r"^### ([a-z-]+)$", RUNBOOK, re.MULTILINE)) == names
    assert len(names) >= 11


def test_the_runbook_names_verbs_that_there_are() -> None:
    """Every `nimbus …` in it is one that can be typed."""
    from nimbus.cli.main import SECTIONS  # noqa: PLC0415 - the command line's own table

    verbs = {verb for section in SECTIONS.values() for verb in section}
    told = set(re.findall(r"nimbus ([a-z]+)", RUNBOOK))
    assert told <= verbs, told - verbs


@pytest.mark.parametrize("place", ["docs/ci/release.yml", "docs/releases.md", "docs/runbook.md"])
def test_what_is_to_be_typed_can_be_typed(place: str) -> None:
    """Every verb that the docs and the workflow name is there, with every option that they give it."""
    from nimbus.cli.main import nimbus  # noqa: PLC0415 - the command line itself

    typed = re.findall(r"nimbus ((?:[a-z]+ ?)+)((?:[^`\n#|]*)?)", (ROOT / place).read_text(encoding="utf-8"))
    with click.Context(nimbus) as context:
        known = {verb: nimbus.get_command(context, verb) for verb in nimbus.list_commands(context)}
    assert typed
    for words, rest in typed:
        verb = known.get(words.split()[0])
        if isinstance(verb, click.Group):
            with click.Context(verb) as inner:
                verb = verb.get_command(inner, words.split()[1]) if len(words.split()) > 1 else verb
        assert verb is not None, words
        options = {option for parameter in verb.params for option in parameter.opts}
        assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", rest)) <= options, (words, rest)
