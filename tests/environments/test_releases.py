"""From nothing to a rollback, in an environment of each kind: what a user types, and what readers see meanwhile."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from nimbus import assembly, promoting
from nimbus.adapters.cloud import AwsCloud
from nimbus.adapters.ecs import TaskDefinitions
from nimbus.compile.cached import CachedCompiler
from nimbus.releases import registry
from nimbus.releases.checks import permissions
from nimbus.releases.preflight import Status
from nimbus_runtime import evidence
from nimbus_tui.api.session import Session
from tests.faults import bundles, command
from tests.fixtures.readers import Seen, readers
from tests.terraform.tables import ROOT
from tests.terraform.working import policies
from tests.tui.driving import drive

from . import people
from .by_keys import LEFT, life
from .conftest import NIMBUS_TOML
from .desk import CloudDesk, Desk

if TYPE_CHECKING:
    from tests.aws.local_aws import LocalAws

# How long documents take is not what is tested: on a busy machine one of two equal releases may take twice as long.
GATE = "\n[gate]\ndocuments = 400\nmax_slowdown = 1000000\n"
TOML = NIMBUS_TOML.replace('source = "original"', 'source = "pipeline"') + GATE
DAYS = (22, 23, 24)
LATE = 14  # a run of that day, begun after theirs, is not published
# What a deployment changes, in this order; on AWS the image was built and pushed before, and what is as in a folder
# is spared: a start takes its time.
CHANGES = {
    "local": [
        *("os.mkdir compiled", "os.rename compiled", "os.mkdir bundles", "os.rename bundles"),
        *("evidence preflight", "releases", "evidence shadow", "evidence gate", "ledger", "live.json"),
    ],
    "cloud": ["RegisterTaskDefinition", "releases", "evidence shadow", "live.json"],
}
VERSION = "2012-10-17"  # of the language of policies
WHOSE = ("yours", "the worker's", "the tasks' start")
_KEY = "no output names the key"
_LOOKS = "looks, and deploys nothing"
UNASKED = {  # by the names of statements
    "yours": {
        "EncryptInS3": _KEY,
        "PreflightTheQuotas": "without it a check is skipped, and says so",
        "PreflightTheRoles": "as PreflightTheQuotas",
        "SeeWhenRunsAreDue": "as PreflightTheQuotas",
        "ReadLogs": _LOOKS,
        "SeeAlarms": _LOOKS,
    },
    "the worker's": {"EncryptInS3": _KEY, "DeleteNothing": "takes, and gives nothing"},
    "the tasks' start": {},
}
SPARED = {"local": (), "cloud": ("evidence preflight", "evidence gate", "ledger")}


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a small trained pipeline."""
    return bundles.build(tmp_path_factory.mktemp("trained")).original


@pytest.fixture(params=["local", "aws"])
def desk(request: pytest.FixtureRequest, trained: Path, tmp_path: Path) -> Iterator[Desk]:
    """Return a project whose inputs are there, and that was never deployed."""
    shutil.copytree(trained, tmp_path / "pipeline")
    texts = [f"Anna had a late order from Berlin {number}" for number in range(400)]
    lines = [json.dumps({"id": str(number), "text": text}) + "\n" for number, text in enumerate(texts)]
    if request.param == "local":
        (tmp_path / "nimbus.toml").write_text(TOML, encoding="utf-8")
        (tmp_path / "inputs").mkdir()
        (tmp_path / "inputs" / "mails.jsonl").write_text("".join(lines), encoding="utf-8")
        yield Desk(tmp_path, "local")
        return
    folder, outputs = request.getfixturevalue("deployer")
    from tests.environments.cloud import CLOUD  # noqa: PLC0415 - needs moto

    aws = request.getfixturevalue("local_aws")
    bucket = str(outputs["root"]).removeprefix("s3://").partition("/")[0]
    (tmp_path / "nimbus.toml").write_text(TOML + CLOUD.format(terraform=folder, bucket=bucket), encoding="utf-8")
    aws.client("s3").put_object(Bucket=bucket, Key="inputs/mails.jsonl", Body="".join(lines).encode())
    cloud = CloudDesk(tmp_path, "cloud", aws, outputs, folder)
    yield cloud
    cloud.clear()


def test_from_a_trained_pipeline_to_a_rollback_and_on(desk: Desk) -> None:
    """Deploy, run by schedule, deploy another version by its gate, run, roll back, and the next run is the first's.

    The second deployment is killed before each thing that it changes; from the first run on, readers look all the time.
    """
    desk.build()
    v1 = json.loads(desk.nimbus("deploy", "--yes", "--json", "--reason", "first").out)["release"]
    assert (desk.live().release, desk.live().dataset) == (v1, None)
    desk.due(DAYS[0])
    assert desk.live().dataset == "20241122T020000Z"
    with readers(desk.store.location) as seen:
        _from_the_first_run_to_a_rollback(desk, v1, seen)
    assert (seen.wrong, set(seen.runs)) == ([], {f"202411{day}T020000Z" for day in DAYS})

    (traced,) = json.loads(desk.nimbus("explain", "20241123T020000Z", "17", "--json").out)["rows"]
    v2 = desk.live().previous
    assert (traced["release"]["name"], traced["input"]["name"]) == (v2, "mails.jsonl")
    bundle = CachedCompiler(str(desk.folder / "pipeline"), desk.folder / promoting.COMPILED).compile()
    again = json.loads(desk.nimbus("replay", "20241123T020000Z", "17", "--bundle", str(bundle.path), "--json").out)
    assert again["rows"][0]["sameness"] == "equal"
    shadowed = json.loads(desk.nimbus("shadow", str(v2), "--documents", "100", "--json").out)
    found = shadowed["shadow"]
    assert (shadowed["kept"], found["live"], found["run"]) == (True, v1, "20241124T020000Z")
    assert (found["sampled"], found["changed"]["share"]) == (100, 0)
    _prune(desk, str(v2))
    assert desk.plan() == []


def _prune(desk: Desk, v2: str) -> None:
    """Remove a run that came too late and a release that nothing needs; what a rollback needs stays."""
    desk.late(LATE)
    only_its = desk.abandon("abandoned")
    told = desk.prune()
    assert (told["done"], told["runs"], told["releases"]) == (True, [f"202411{LATE}T020000Z"], ["abandoned"])
    assert set(told["surplus"]) == only_its
    assert set(registry.names(desk.store)) == {desk.live().release, v2}
    desk.nimbus("rollback", "--yes")
    assert (desk.live().release, desk.live().dataset) == (v2, "20241123T020000Z")
    assert json.loads(desk.nimbus("dataset", "--json").out)["scored"] == 400


def _from_the_first_run_to_a_rollback(desk: Desk, v1: str, seen: Seen) -> None:
    seen.wait_for("20241122T020000Z")
    desk.retrain("2.0.0")
    desk.build()
    died = []
    for change in desk.killed("deploy", "--yes", spared=SPARED[desk.env]):
        died.append(change)
        assert (desk.live().release, desk.live().entry.action) == (v1, "publish")  # nothing is half live
    assert died == CHANGES[desk.env]
    v2 = desk.live().release
    assert desk.live().previous == v1
    assert desk.live().dataset == "20241122T020000Z"
    kept = [evidence.read(desk.store, v2, name) for name in evidence.names(desk.store, v2)]
    kinds = [one.kind for one in kept]  # every attempt asks preflight and gate, and scores nothing again
    assert (kinds.count("shadow"), set(kinds)) == (1, {"gate", "preflight", "shadow"})
    assert {one.actor for one in kept} == {desk.live().entry.actor}  # on AWS, the ARN
    assert registry.names(desk.store) == sorted((v1, v2))
    desk.due(DAYS[1])
    assert desk.live().datasets == {v1: "20241122T020000Z", v2: "20241123T020000Z"}
    seen.wait_for("20241123T020000Z")

    told = json.loads(desk.nimbus("rollback", "--yes", "--json", "--reason", "cities went missing").out)
    assert (desk.live().release, desk.live().dataset, desk.live().epoch) == (v1, "20241122T020000Z", 1)
    assert told["seconds"] > 0  # docs/releases.md has the figure, and a rule of releases counts the calls
    desk.due(DAYS[2])
    assert (desk.live().release, desk.live().dataset) == (v1, "20241124T020000Z")
    seen.wait_for("20241124T020000Z")
    actions = [change["action"] for change in json.loads(desk.nimbus("history", "--json").out)["history"]]
    assert actions == ["publish", "rollback", "publish", "deploy", "publish", "deploy"]


@pytest.mark.parametrize("desk", ["aws"], indirect=True)
def test_the_life_of_a_release_by_keys_alone(desk: CloudDesk) -> None:
    """Deploy, run, alarm, baseline, candidate, canary, promote, roll back and undo: in the terminal interface."""
    file = desk.folder / "nimbus.toml"
    file.write_text(file.read_text() + LEFT, encoding="utf-8")
    drive(Session(file, desk.env), partial(life, desk), size=(150, 44))
    actions = [change["action"] for change in json.loads(desk.nimbus("history", "--json").out)["history"]]
    assert actions == ["rollback", "rollback", "publish", "promote", "publish", "canary", "publish", "deploy"]


@pytest.mark.parametrize("desk", ["aws"], indirect=True)
def test_a_preflight_knows_what_the_policies_allow(desk: CloudDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    """By simulation of those that Terraform makes: for whoever deploys with them, and for the workers' role."""
    iam, role = desk.aws.client("iam"), "scientist"
    arn = iam.create_role(RoleName=role, AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    (deployer,) = people.policies_of(desk.aws, "-deployer")
    iam.attach_role_policy(RoleName=role, PolicyArn=deployer)
    keys = desk.aws.client("sts").assume_role(RoleArn=arn, RoleSessionName="ana")["Credentials"]
    names = {"AccessKeyId": "ACCESS_KEY_ID", "SecretAccessKey": "SECRET_ACCESS_KEY", "SessionToken": "SESSION_TOKEN"}
    for name, variable in names.items():
        monkeypatch.setenv(f"AWS_{variable}", keys[name])

    def found() -> dict[str, tuple[str, str]]:
        told = command.nimbus("preflight", "--env", "cloud", "--config", desk.folder, "--json").json["checks"]
        return {one["check"]: (one["status"], one["found"]) for one in told if one["subject"] == "permissions"}

    assert found() == {f"{whose}, by simulation": ("ok", "allowed") for whose in WHOSE}
    iam.detach_role_policy(RoleName=role, PolicyArn=deployer)
    status, words = found()["yours, by simulation"]
    assert (status, words.partition(";")[0]) == (
        "failed",
        "denied: ecs:DescribeTaskDefinition, ecs:RegisterTaskDefinition",
    )
    iam.delete_role(RoleName=role)


@pytest.mark.parametrize("whose", WHOSE)
@pytest.mark.parametrize("desk", ["aws"], indirect=True)
def test_a_statement_that_a_policy_lacks_is_noticed(
    desk: CloudDesk, whose: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each by itself, of the policies that Terraform makes; those that preflight does not ask for have their reason."""
    for name, value in desk.aws.environment().items():
        monkeypatch.setenv(name, value)
    out = desk.outputs
    definitions = TaskDefinitions(out["task_template"], out["release_family"], out["container"], out["region"])
    named = ("task_role", "execution_role", "state_machine", "schedule", "release_family", "log_group")
    there = AwsCloud(out["root"], out["region"], out["repository"], definitions, *(out[name] for name in named))
    places, roles = permissions.Places(**there.arns), list(there.roles.values())
    inputs = assembly.project("cloud", config=desk.folder / "nimbus.toml").job().inputs
    policy, needs = {
        "yours": (people.allowed(desk.aws, "-deployer"), permissions.deployers(places, roles)),
        "the worker's": (policies.of_role(desk.aws, roles[0].rpartition("/")[2]), permissions.workers(places, inputs)),
        "the tasks' start": (policies.of_role(desk.aws, roles[1].rpartition("/")[2]), permissions.starters(places, ())),
    }[whose]
    iam, asked = desk.aws.client("iam"), list(needs)
    somebody = iam.create_role(RoleName="somebody", AssumeRolePolicyDocument="{}")["Role"]["Arn"]

    def allowed(*without: str) -> bool:
        kept = [each for each in policy.statements if each["Sid"] not in without]
        iam.put_role_policy(
            RoleName="somebody", PolicyName="own", PolicyDocument=json.dumps({"Version": VERSION, "Statement": kept})
        )
        told = permissions.check(
            whose, asked, lambda need: there.denied(somebody, need.actions, need.resource, need.context), "attach it"
        )
        assert told.status is not Status.SKIPPED, told
        return told.status is Status.OK

    try:
        assert allowed()
        assert {each["Sid"] for each in policy.statements if allowed(each["Sid"])} == UNASKED[whose].keys()
    finally:
        for name in iam.list_role_policies(RoleName="somebody")["PolicyNames"]:
            iam.delete_role_policy(RoleName="somebody", PolicyName=name)
        iam.delete_role(RoleName="somebody")


def test_whoever_deploys_may_do_all_of_that(applied: tuple[Path, dict[str, Any]], local_aws: LocalAws) -> None:
    """Every call that was signed with their key is allowed by the policy that Terraform makes for them."""
    del applied
    assert people.calls(local_aws)
    assert people.refused(local_aws) == []


def test_whoever_prunes_may_do_that_and_nothing_else(applied: tuple[Path, dict[str, Any]], local_aws: LocalAws) -> None:
    """Both ways: every call that was signed with their key is allowed, and whatever is allowed is called."""
    del applied
    may, called = people.allowed(local_aws, "-pruner"), people.calls(local_aws, people.PRUNER)
    assert [call for call in called if not may.allows(call)] == []
    assert may.actions - {call.action for call in called} == {"kms:Decrypt", "kms:GenerateDataKey"}  # S3 asks the key


def test_in_the_end_all_of_it_is_destroyed(applied: tuple[Path, dict[str, Any]], local_aws: LocalAws) -> None:
    """`nimbus infra destroy` is done whatever was deployed and run there; no task definition stays active."""
    folder, outputs = applied
    state = json.loads((folder / "terraform.tfstate").read_text(encoding="utf-8"))
    made = sum(len(each["instances"]) for each in state["resources"] if each["mode"] == "managed")
    assert f"Its {made} resources were" in (ROOT / "docs" / "project.md").read_text(encoding="utf-8")
    done = command.nimbus("infra", "destroy", "--confirm", "cloud", "--env", "cloud", "--config", folder.parents[1])
    assert done.code == 0, done.err
    ecs, family = local_aws.client("ecs"), str(outputs["release_family"]).removesuffix("-release")
    assert ecs.list_task_definitions(familyPrefix=family, status="ACTIVE")["taskDefinitionArns"] == []
