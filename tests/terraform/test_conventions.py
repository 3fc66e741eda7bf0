"""Rules that the Terraform files keep, as read without Terraform."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from .tables import FOLDERS, MODULES, ROOT, TERRAFORM, name, readme

METRICS = ROOT / "inference_image/nimbus_runtime/contract/metrics.json"
# Everything, or everything of a service. `…/*` and `…:*` at the end of an ARN are another matter.
WILDCARD = re.compile(r'"\*"|"[a-z0-9-]+:\*"')


@pytest.mark.parametrize("folder", FOLDERS, ids=name)
def test_inputs_are_few_typed_described_and_validated(folder: Path) -> None:
    """At most twenty a module; a bool needs no validation but its type, and nothing is of `any` type."""
    variables = readme.variables(folder)
    assert len(variables) <= 20
    for variable in variables:
        assert variable.description, variable.name
        assert variable.description.endswith("."), variable.name
        assert variable.type, variable.name
        assert "any" not in variable.type, variable.name
        assert variable.validations or variable.type == "bool", variable.name
        assert not variable.nullable or variable.default == "null", (
            f"{variable.name}: null means something, or is refused"
        )


@pytest.mark.parametrize("folder", FOLDERS, ids=name)
def test_outputs_are_described(folder: Path) -> None:
    """Each says in a sentence what it is."""
    assert [output.name for output in readme.outputs(folder) if not output.description.endswith(".")] == []


@pytest.mark.parametrize("folder", MODULES, ids=name)
def test_every_validation_is_seen_to_refuse(folder: Path) -> None:
    """A wrong value of each validated input stands in a run that expects its failure."""
    tests = (folder / "tests" / "wrong_values.tftest.hcl").read_text(encoding="utf-8")
    refused = {word for each in re.findall(r"expect_failures = \[(.*?)\]", tests, re.DOTALL) for word in each.split()}
    expected = {word.strip(",").removeprefix("var.") for word in refused}
    assert {variable.name for variable in readme.variables(folder) if variable.validations} - expected == set()


@pytest.mark.parametrize("folder", MODULES, ids=name)
def test_a_module_configures_no_provider(folder: Path) -> None:
    """Region, account and tags are the root's; a module with a provider of its own could not be removed."""
    texts = [path.read_text(encoding="utf-8") for path in folder.glob("*.tf")]
    assert [text for text in texts if re.search(r"^provider ", text, re.MULTILINE)] == []


def test_readmes_are_current() -> None:
    """The tables say what the files say; terraform/readme.py writes them."""
    done = subprocess.run(
        [sys.executable, TERRAFORM / "readme.py", "--check"], check=False, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_every_wildcard_has_its_reason() -> None:
    """`*` stands only where AWS demands it or everything is denied, with the reason in its line or the one above."""
    bare = []
    for path in sorted(TERRAFORM.glob("*/*/*.tf")):
        lines = path.read_text(encoding="utf-8").splitlines()
        for number, line in enumerate(lines):
            reasons = line + lines[number - 1]
            if WILDCARD.search(line.split("#")[0]) and "#" not in reasons:
                bare.append(f"{path.relative_to(TERRAFORM)}:{number + 1}")
    assert bare == []


def test_no_action_is_half_a_wildcard() -> None:
    """Every allowed action is spelled out: no `s3:Get*`."""
    half = re.compile(r'"[a-z0-9-]+:[A-Za-z]+\*"')
    found = [
        f"{path.relative_to(TERRAFORM)}: {action}"
        for path in sorted(TERRAFORM.glob("*/*/*.tf"))
        for action in half.findall(path.read_text(encoding="utf-8"))
    ]
    assert found == []


def test_every_suppression_has_its_reason() -> None:
    """`checkov:skip` names a check and says why."""
    lines = [line for path in TERRAFORM.glob("*/*/*.tf") for line in path.read_text(encoding="utf-8").splitlines()]
    skips = [line.strip() for line in lines if "checkov:skip" in line]
    assert skips
    assert [skip for skip in skips if not re.fullmatch(r"#checkov:skip=CKV2?_AWS_\d+:\S.{10,}", skip)] == []


def test_metrics_have_one_name_in_worker_and_alarms() -> None:
    """The worker's contract and the module's locals name the same namespace, dimensions and metrics."""
    contract = json.loads(METRICS.read_text(encoding="utf-8"))
    text = (TERRAFORM / "modules/observability/metrics.tf").read_text(encoding="utf-8")
    listed = re.search(r"^  metrics = \{\n(.*?)^  \}", text, re.MULTILINE | re.DOTALL)
    dimensions = re.search(r"^  metric_dimensions = \{\n(.*?)^  \}", text, re.MULTILINE | re.DOTALL)
    assert listed
    assert dimensions
    assert f'metric_namespace = "{contract["namespace"]}"' in text
    assert dict(re.findall(r'(\w+)\s+= "(\w+)"', listed[1])) == {
        key: metric["name"] for key, metric in contract["metrics"].items()
    }
    assert re.findall(r"^    (\w+)\s+=", dimensions[1], re.MULTILINE) == contract["dimensions"]


def test_every_role_is_in_the_table_of_roles() -> None:
    """docs/aws.md says of each role and policy what it may do, and of no other."""
    made = set()
    for folder in MODULES:
        for kind in ("aws_iam_role", "aws_iam_policy"):
            for path in folder.glob("*.tf"):
                block = rf'^resource "{kind}" "\w+" \{{\n.*?^  name +\= ("[^"]+"|\S+)$'
                made |= set(re.findall(block, path.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL))
    names = {re.sub(r"\$\{local\.(name|watch_name)\}", r"local.\1", each).strip('"') for each in made}
    suffixes = {each.replace("local.watch_name", "-watch").removeprefix("local.name") for each in names}
    table = (ROOT / "docs/aws.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `…(-[a-z-]+)`", table, re.MULTILINE)) == suffixes


def test_no_lock_file_is_kept() -> None:
    """It would name the registry and the hashes of one machine's mirror."""
    listed = subprocess.run(["git", "ls-files", "terraform"], cwd=ROOT, check=True, capture_output=True, text=True)
    assert [line for line in listed.stdout.split() if line.endswith((".lock.hcl", ".tfstate"))] == []
