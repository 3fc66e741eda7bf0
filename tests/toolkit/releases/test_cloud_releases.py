"""Rules of releases on AWS: images by digest, task definitions of their own, and what a preflight asks."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.aws.local_aws import LocalAws
from tests.faults import bundles, command
from tests.fixtures import cloud, scans
from tests.fixtures.roots import ran

from nimbus import assembly, deploying, promoting, releasing
from nimbus.adapters.machine import ThisMachine
from nimbus.compile.cached import CachedCompiler
from nimbus.config import Environment, Project
from nimbus.config.image import BASE_IMAGE
from nimbus.engines.orders import Architecture
from nimbus.image import recipe, record
from nimbus.image.record import ImageRecord, Part
from nimbus.image.tag import tag_of
from nimbus.releases import deploy, registry
from nimbus.releases.errors import PreflightFailedError, ReleaseUnusableError
from nimbus.releases.preflight import Report, Status
from nimbus_runtime import live
from nimbus_runtime.bundle import Bundle, read_manifest
from nimbus_runtime.contract.records import Live
from nimbus_runtime.store import Store

TOML = """
schema_version = 1

[pipeline]
name = "support"
source = "pipeline"

[input]
paths = ["{inputs}"]
id_field = "id"

[schedule]
expression = "cron(0 2 * * ? *)"

{section}
"""


class Silent:
    """Keeps what a deployment told."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.report: Report | None = None
        self.steps: list[tuple[str, str]] = []

    def step(self, step: deploy.Step, state: deploy.State, words: str = "") -> None:
        """Note a step."""
        del words
        self.steps.append((step.value, state.value))

    def checked(self, report: Report) -> None:
        """Note a report."""
        self.report = report


@dataclass(frozen=True, slots=True)
class Desk:
    """A project, and where it is deployed to."""

    folder: Path
    cloud: cloud.CloudEnvironment

    @property
    def project(self) -> Project:
        """Return nimbus.toml as it is now."""
        return assembly.project("production", config=self.folder / "nimbus.toml")

    @property
    def environment(self) -> Environment:
        """Return the environment on AWS."""
        return assembly.environment(self.project)

    @property
    def store(self) -> Store:
        """Return its root."""
        return assembly.open_environment(self.environment)

    def live(self) -> Live:
        """Return what is live."""
        state = live.read(self.store)
        assert state is not None
        return state

    def retrain(self, version: str) -> None:
        """Save the pipeline as another version."""
        bundles.retrain(self.folder / "pipeline", version)

    def compiled(self) -> Bundle:
        """Return the bundle of the pipeline as it is now."""
        return CachedCompiler(str(self.folder / "pipeline"), self.folder / promoting.COMPILED).compile()

    def compiled_digests(self) -> set[str]:
        """Return the digests of all bundles that were compiled here and are still there."""
        return {read_manifest(file.parent)[1] for file in (self.folder / promoting.COMPILED).glob("*/bundle.json")}

    def push(self) -> None:
        """Push the image of the pipeline as it is now."""
        self.cloud.push(self.compiled())

    def deploy(self, observer: Silent | None = None) -> str:
        """Deploy what is trained, its image being there already; return the release."""
        self.push()
        done = deploying.deploy(
            self.environment, self.project, observer or Silent(), lambda _: None, judged=False, reason="test"
        )
        return done.release.release

    def report(self) -> dict[str, tuple[Status, str]]:
        """Return each check of a preflight as (status, found)."""
        report = deploying.preflight(self.environment, self.project)
        return {f"{check.subject}: {check.name}": (check.status, check.found) for check in report.checks}


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a small trained pipeline, and what was compiled and measured of it."""
    folder = tmp_path_factory.mktemp("project")
    shutil.copytree(bundles.build(folder / "built").original, folder / "pipeline")
    bundle = CachedCompiler(str(folder / "pipeline"), folder / promoting.COMPILED).compile()
    ThisMachine(folder).peak(bundle)
    return folder


@pytest.fixture
def desk(tmp_path: Path, original: Path, aws_environment: LocalAws) -> Desk:
    """Return a project whose inputs lie in the bucket, and that was never deployed."""
    return made(tmp_path, original, aws_environment)


def made(folder: Path, original: Path, aws: LocalAws, **settings: int) -> Desk:
    """Make a project and its environment."""
    environment = cloud.make(aws, **settings)
    for name in ("pipeline", ".nimbus"):
        shutil.copytree(original / name, folder / name)
    mails = folder / "mails.jsonl"
    mails.write_text(json.dumps({"id": "a", "text": "Anna in Berlin"}) + "\n", "utf-8")
    inputs = environment.upload(mails)
    (folder / "nimbus.toml").write_text(TOML.format(inputs=inputs, section=environment.section()), "utf-8")
    return Desk(folder, environment)


def note(bundle: Bundle, reference: str, tag: str = "r", sbom: str = "") -> Part:
    """Note that an image of a bundle was built here for this processor, and pushed as that."""
    part = Part(Architecture.AMD64, "1", 1, sbom)
    built = ImageRecord("t", tag, bundle.digest, "en", "1", "1", BASE_IMAGE, "sha256:1", "podman", (part,), reference)
    record.write(built, record.folder_of(bundle.path))
    return part


def test_a_release_has_its_image_and_a_definition_of_its_own(desk: Desk) -> None:
    """The definition is the template's with the digest in it, and the image has a tag that keeps it."""
    release = registry.release(desk.store, desk.deploy())
    repository = desk.cloud.outputs["repository"]
    assert (release.image or "").startswith(f"{repository}@sha256:")
    ecs = desk.cloud.aws.client("ecs")
    own = ecs.describe_task_definition(taskDefinition=release.task_definition, include=["TAGS"])
    template = ecs.describe_task_definition(taskDefinition=desk.cloud.outputs["task_template"])["taskDefinition"]
    assert own["taskDefinition"]["containerDefinitions"][0]["image"] == release.image
    assert own["taskDefinition"]["family"] == desk.cloud.outputs["release_family"]
    for name in ("cpu", "memory", "taskRoleArn", "executionRoleArn", "networkMode", "requiresCompatibilities"):
        assert own["taskDefinition"][name] == template[name]
    assert {"key": "nimbus:release", "value": release.release} in own["tags"]
    described = desk.cloud.aws.client("ecr").describe_images(repositoryName=repository.partition("/")[2])
    assert all(image.get("imageTags") for image in described["imageDetails"])


def test_deploying_twice_makes_nothing_twice(desk: Desk) -> None:
    """Neither a definition nor a release nor a change of what is live."""
    first = desk.deploy()
    before = desk.store.read("live.json")
    assert desk.deploy() == first
    assert desk.store.read("live.json") == before
    family = desk.cloud.outputs["release_family"]
    definitions = desk.cloud.aws.client("ecs").list_task_definitions(familyPrefix=family)["taskDefinitionArns"]
    assert len(definitions) == 1


def test_an_image_that_was_pushed_by_hand_goes_first(desk: Desk) -> None:
    """Such as one on a newer base, under a tag of its own: it is another release of the same bundle."""
    first = desk.deploy()
    bundle = desk.compiled()
    digest = desk.cloud.push(bundle, tag="newer-base")
    reference = f"{desk.cloud.outputs['repository']}@{digest}"
    note(bundle, reference, "newer-base")
    second = desk.deploy()
    assert (second != first, registry.release(desk.store, second).image) == (True, reference)


def test_a_release_says_what_is_in_its_image(desk: Desk) -> None:
    """The bill of materials of the image that was built here is kept in the root, and shown with its place."""
    bundle = desk.compiled()
    reference = f"{desk.cloud.outputs['repository']}@{desk.cloud.push(bundle)}"
    folder, listed = record.folder_of(bundle.path), b'{"bomFormat": "CycloneDX"}\n'
    part = note(bundle, reference, sbom=hashlib.sha256(listed).hexdigest())
    (folder / "sbom.amd64.cdx.json").write_bytes(listed)
    release = registry.release(desk.store, desk.deploy())
    assert desk.report()["image: was tried"] == (Status.SKIPPED, "not tried here: linux/amd64")
    place = f"releases/{release.release}/sbom.amd64.cdx.json"
    assert (release.image, release.sboms, desk.store.read(place)) == (reference, {place: part.sbom}, listed)
    shown = command.nimbus("show", release.release, "--env", "production", cwd=desk.folder)
    assert f"sbom        {desk.cloud.outputs['root']}/{place}, sha256:{part.sbom}" in shown.out


def test_a_base_that_the_file_names_is_another_image(desk: Desk) -> None:
    """One for the former base no longer does, by whichever name it is found."""
    first = desk.deploy()
    bundle = desk.compiled()
    note(bundle, str(registry.release(desk.store, first).image))
    base = f"registry.example/python@sha256:{'1' * 64}"
    with (desk.folder / "nimbus.toml").open("a") as file:
        file.write(f'\n[image]\nbase = "{base}"\n')
    steps = {step.value: state for step, state, _ in deploying.plan_deployment(desk.environment, desk.project).steps}
    assert steps["place"] is deploy.State.TO_DO
    digest = desk.cloud.push(bundle, tag=tag_of(bundle.digest, recipe.read(), [Architecture.AMD64], base))
    second = registry.release(desk.store, desk.deploy())
    assert (second.release != first, second.image) == (True, f"{desk.cloud.outputs['repository']}@{digest}")


@pytest.mark.parametrize("line", ['architectures = ["arm64"]', 'requirements = ["more.lock"]'])
def test_what_an_image_holds_beside_the_bundle_makes_it_another(desk: Desk, line: str) -> None:
    """Processors and locks that the file names: neither the former tag's image nor the one built by hand does."""
    bundle = desk.compiled()
    note(bundle, str(registry.release(desk.store, desk.deploy()).image))

    def place() -> deploy.State:
        steps = deploying.plan_deployment(desk.environment, desk.project).steps
        return next(state for step, state, _ in steps if step is deploy.Step.PLACE)

    assert place() is deploy.State.DONE
    (desk.folder / "more.lock").write_text("a==1 --hash=sha256:" + "0" * 64 + "\n", "utf-8")
    with (desk.folder / "nimbus.toml").open("a") as file:
        file.write(f"\n[image]\n{line}\n")
    assert place() is deploy.State.TO_DO


def template(desk: Desk, memory: str = "8192", **container: object) -> None:
    """Change the template of tasks, as Terraform does: their memory, or what else stands of the container."""
    ecs, family = desk.cloud.aws.client("ecs"), desk.cloud.outputs["task_template"]
    present = ecs.describe_task_definition(taskDefinition=family)["taskDefinition"]
    kept = ("requiresCompatibilities", "networkMode", "cpu", "taskRoleArn", "executionRoleArn")
    containers = [{**one, **container} for one in present["containerDefinitions"]]
    same = {name: present[name] for name in kept}
    ecs.register_task_definition(family=family, memory=memory, containerDefinitions=containers, **same)


def test_a_secret_that_is_there_is_found_wherever_it_is_kept(desk: Desk) -> None:
    """By the ARN of a secret with a key of it, and by a parameter's name."""
    aws = desk.cloud.aws
    arn = aws.client("secretsmanager").create_secret(Name="token", SecretString="x")["ARN"]
    aws.client("ssm").put_parameter(Name="/support/token", Value="x", Type="SecureString")
    named = {"TOKEN": f"{arn}:key::", "OTHER": "/support/token"}
    template(desk, secrets=[{"name": name, "valueFrom": value} for name, value in named.items()])
    assert desk.report()["secrets: are there"] == (Status.OK, "TOKEN, OTHER")


def test_a_changed_template_is_another_release(desk: Desk) -> None:
    """What Terraform changes reaches releases by the next deployment, and a rollback brings the former back."""
    first = desk.deploy()
    template(desk, memory="4096")
    second = desk.deploy()
    assert second != first
    definition = registry.release(desk.store, second).task_definition
    ecs = desk.cloud.aws.client("ecs")
    assert ecs.describe_task_definition(taskDefinition=definition)["taskDefinition"]["memory"] == "4096"


def test_a_rollback_needs_the_image_and_the_definition(desk: Desk) -> None:
    """A definition that was deregistered, or an image that was deleted, is told before anything changes."""
    v1 = registry.release(desk.store, desk.deploy())
    desk.retrain("2.0.0")
    desk.deploy()
    assert releasing.plan_rollback(desk.environment).after.release == v1.release
    repository = desk.cloud.outputs["repository"].partition("/")[2]
    digest = str(v1.image).partition("@")[2]
    desk.cloud.aws.client("ecr").batch_delete_image(repositoryName=repository, imageIds=[{"imageDigest": digest}])
    with pytest.raises(ReleaseUnusableError) as raised:
        releasing.plan_rollback(desk.environment)
    assert raised.value.got == f"its image, {v1.image}"
    desk.cloud.aws.client("ecs").deregister_task_definition(taskDefinition=v1.task_definition)
    with pytest.raises(ReleaseUnusableError) as raised:
        releasing.plan_rollback(desk.environment)
    assert raised.value.got == f"its task definition, {v1.task_definition}"


def test_a_rollback_takes_few_calls(desk: Desk) -> None:
    """From the confirmation until readers see it, whatever was released; docs/releases.md has the time."""
    v1 = desk.deploy()
    ran(desk.store, 1, v1)
    desk.retrain("2.0.0")
    ran(desk.store, 2, desk.deploy())
    planned = releasing.plan_rollback(desk.environment)
    before = len(desk.cloud.aws.recorder.calls())
    releasing.apply_rollback(desk.environment, planned, "cities went missing")
    calls = [call.action for call in desk.cloud.aws.recorder.calls()[before:]]
    assert (desk.live().release, desk.live().dataset) == (v1, "20261101T020000Z")
    assert {call.partition(":")[0] for call in calls} == {"s3", "sts"}, calls
    assert len(calls) <= 8, calls


def test_a_preflight_looks_at_everything(desk: Desk) -> None:
    """All is well: each check is OK, or says why it was not made."""
    found = desk.report()
    assert {name: status for name, (status, _) in found.items() if status is Status.FAILED} == {}
    skipped = {name for name, (status, _) in found.items() if status is Status.SKIPPED}
    assert "image: is pushed and scanned" in skipped
    for name in (
        "credentials: are known",
        "clock: is right",
        "root: can be used",
        "roles: task role",
        "roles: execution role",
        "size: memory for its workers",
        "runs: state machine",
        "runs: schedule",
        "bundle: gives what is wanted",
        "input: reachable, with the fields that runs read",
    ):
        assert found[name][0] is Status.OK, (name, found[name])


def _no_role(desk: Desk) -> None:
    iam, name = desk.cloud.aws.client("iam"), desk.cloud.outputs["task_role"].rpartition("/")[2]
    for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
        iam.delete_role_policy(RoleName=name, PolicyName=policy)
    iam.delete_role(RoleName=name)


def _no_machine(desk: Desk) -> None:
    desk.cloud.aws.client("stepfunctions").delete_state_machine(stateMachineArn=desk.cloud.outputs["state_machine"])


def _other_schedule(desk: Desk) -> None:
    toml = desk.folder / "nimbus.toml"
    toml.write_text(toml.read_text().replace('"cron(0 2 * * ? *)"', '"rate(2 hours)"'))


def _other_field(desk: Desk) -> None:
    toml = desk.folder / "nimbus.toml"
    toml.write_text(toml.read_text().replace('id_field = "id"', 'text_field = "body"'))


def _no_input(desk: Desk) -> None:
    s3 = desk.cloud.aws.client("s3")
    s3.delete_object(Bucket=desk.cloud.bucket, Key="inputs/mails.jsonl")


def _no_bucket(desk: Desk) -> None:
    _no_input(desk)
    desk.cloud.aws.client("s3").delete_bucket(Bucket=desk.cloud.bucket)


def _no_secret(desk: Desk) -> None:
    arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:token-AbCdEf:key::"
    template(desk, secrets=[{"name": "TOKEN", "valueFrom": arn}])


@pytest.mark.parametrize(
    ("break_it", "check"),
    [
        (_no_role, "roles: task role"),
        (_no_machine, "runs: state machine"),
        (_no_secret, "secrets: are there"),
        (_other_schedule, "runs: schedule"),
        (_other_field, "input: reachable, with the fields that runs read"),
        (_no_input, "input: reachable, with the fields that runs read"),
    ],
)
def test_what_is_broken_is_named(desk: Desk, break_it: Callable[[Desk], None], check: str) -> None:
    """One check fails, the right one, with what to do; and a deployment stops at it."""
    break_it(desk)
    report = deploying.preflight(desk.environment, desk.project)
    assert [f"{c.subject}: {c.name}" for c in report.failed] == [check]
    assert all(c.remedy for c in report.failed)
    with pytest.raises(PreflightFailedError):
        desk.deploy()
    assert live.read(desk.store) is None
    assert registry.names(desk.store) == []


def test_findings_that_come_late_stop_a_deployment(desk: Desk) -> None:
    """A scan that goes on is waited for; what it found is named, and counts from the file's threshold on."""
    repository = desk.cloud.outputs["repository"].partition("/")[2]
    scans.tell(desk.cloud.aws, repository, scans.answer("IN_PROGRESS"), scans.answer("COMPLETE", HIGH=1))
    seen = Silent()
    with pytest.raises(PreflightFailedError):
        desk.deploy(seen)
    assert seen.report is not None
    (check,) = seen.report.failed
    assert check.found == "1 finding of high or worse: CVE-2026-1 in libhigh1"
    assert "`nimbus image scan` lists them" in check.remedy
    assert live.read(desk.store) is None
    toml = desk.folder / "nimbus.toml"
    toml.write_text(toml.read_text("utf-8") + '\n[image]\nfail_on = "critical"\n', "utf-8")
    assert desk.deploy()


def test_a_task_that_is_too_small_is_told(tmp_path: Path, original: Path, aws_environment: LocalAws) -> None:
    """By the memory that the bundle was measured to need, and how much would do."""
    desk = made(tmp_path, original, aws_environment, memory=128)
    status, found = desk.report()["size: memory for its workers"]
    assert status is Status.FAILED
    assert "of 128 MiB of a task" in found


def test_without_credentials_that_is_what_is_told(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """And nothing else is tried."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(desk.folder))
    looked = command.nimbus("preflight", "--env", "production", "--json", cwd=desk.folder)
    assert looked.code == 1, looked.err
    assert [(check["subject"], check["status"]) for check in looked.json["checks"]] == [("credentials", "failed")]


def test_pruning_deregisters_and_deletes_what_no_release_needs(desk: Desk) -> None:
    """What is live and what came before it keep their images, their definitions and what was compiled for them.

    Where another environment of the project cannot be asked, all that was compiled stays.
    """
    names = []
    for version in ("1.0.0", "2.0.0", "3.0.0"):
        desk.retrain(version)
        names.append(desk.deploy())
        ran(desk.store, len(names), names[-1])
    first = registry.release(desk.store, names[0])
    later = datetime.now(UTC) + timedelta(days=400)
    bundles_of_kept = {registry.release(desk.store, name).bundle_digest for name in names[1:]}
    toml = (desk.folder / "nimbus.toml").read_text("utf-8")
    (desk.folder / "nimbus.toml").write_text(f'{toml}\n[environments.never-applied]\nkind = "aws"\n', "utf-8")
    unsure = releasing.plan_pruning(desk.environment, desk.project, days=30, runs=0, now=later)
    assert set(unsure.surplus) == {first.image, first.task_definition}
    (desk.folder / "nimbus.toml").write_text(toml, "utf-8")
    shown = releasing.plan_pruning(desk.environment, desk.project, days=30, runs=0, now=later)
    assert {name for name in shown.surplus if not name.startswith("compiled/")} == set(unsure.surplus)
    assert first.bundle_digest in desk.compiled_digests()
    (desk.folder / "nimbus.toml").write_text(f'{toml}\n[environments.never-applied]\nkind = "aws"\n', "utf-8")
    releasing.apply_pruning(desk.environment, shown, project=desk.project)  # what was shown goes
    assert desk.compiled_digests() == bundles_of_kept
    assert registry.names(desk.store) == sorted(names[1:])
    assert [releasing.show(desk.environment, name).lacks for name in names[1:]] == [None, None]
    definition = desk.cloud.aws.client("ecs").describe_task_definition(taskDefinition=first.task_definition)
    assert definition["taskDefinition"]["status"] == "INACTIVE"
