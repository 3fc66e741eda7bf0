"""The root configuration that `nimbus infra init` writes: whole, in step with nimbus.toml, and its owner's."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from nimbus.assembly import infra
from nimbus.cli.infra import command
from nimbus.config import Project, load
from nimbus.config.errors import ConfigInvalidError, FileNotWrittenError
from nimbus.infra import root
from nimbus.infra.errors import InfraUsageError
from nimbus.infra.root import Settings

FILE = """
[pipeline]
name = "en_support"
source = "training/model-best"

[input]
paths = ["mails/*.jsonl", "s3://documents/mails/2026/*.jsonl", "s3://documents/mails/2026/x.jsonl.gz", "s3://other", "s3://more/mails"]
"""
SCHEDULE = "\n[schedule]\nexpression = 'cron(0/15 * * * ? *)'\n"


def project(folder: Path, text: str = SCHEDULE) -> Project:
    """Return a project with an environment on AWS."""
    (folder / "nimbus.toml").write_text(FILE + text + "[environments.production]\nkind = 'aws'\n", encoding="utf-8")
    return load(folder, "production", variables={})


def variables(folder: Path, text: str = SCHEDULE) -> dict[str, Any]:
    """Return what Terraform is told of a project."""
    told: dict[str, Any] = json.loads(root.variables(project(folder, text)))
    return told


def test_what_nimbus_toml_says_reaches_terraform(tmp_path: Path) -> None:
    """Schedule, size, and where in S3 the inputs lie; local inputs are no location."""
    told = variables(tmp_path, SCHEDULE + "overlap = 'allow'\n[task]\ncpu = 4096\nmemory = 8192\n")
    assert told["environment"] == "en-support-production"
    assert told["schedule_expression"] == "cron(0/15 * * * ? *)"
    assert (told["cpu"], told["memory"], told["overlap"]) == (4096, 8192, "allow")
    assert told["input_locations"] == ["s3://documents/mails/2026/", "s3://other/", "s3://more/mails/"]
    assert told["force_destroy"] is False


def test_what_may_be_a_file_or_a_folder_is_granted_as_both() -> None:
    """With a format in nimbus.toml a file needs no suffix; without one, it is a folder that has none.

    What only begins alike, in/export-secret/, is not granted with either.
    """
    paths = ("s3://documents/in/export", "s3://documents/in/mails/", "s3://documents/in/1.jsonl")
    assert root.locations(paths) == ["s3://documents/in/export/", "s3://documents/in/mails/", "s3://documents/in/"]
    found = root.locations(paths, any_name=True)
    either = ["s3://documents/in/export", "s3://documents/in/export/"]
    assert found == [*either, "s3://documents/in/mails/", "s3://documents/in/"]


@pytest.mark.parametrize(
    ("pipeline", "environments"),
    [
        ("customer_support_tickets", ("staging", "production")),
        ("support_ticket_triage", ("preview", "production", "production-of-the-east", "production-of-the-west")),
        ("en_support", ("production_of__the_north", "production_of__the_south")),
    ],
)
def test_environments_whose_names_are_cut_share_nothing(
    tmp_path: Path, pipeline: str, environments: tuple[str, ...]
) -> None:
    """Neither resources nor a state: what is done to one must not be done to the other."""
    sections = "".join(f"[environments.{name}]\nkind = 'aws'\n" for name in environments)
    text = FILE.replace("en_support", pipeline) + SCHEDULE + sections
    (tmp_path / "nimbus.toml").write_text(text, encoding="utf-8")
    projects = [load(tmp_path, name, variables={}) for name in environments]
    names = [root.name(each) for each in projects]
    states = [root.files(each, Settings("eu-west-1", (), "states"), infra.modules())["backend.tf"] for each in projects]
    assert (len(set(names)), len(set(states))) == (len(environments), len(environments))
    assert all(re.fullmatch("[a-z][a-z0-9]*(-[a-z0-9]+)*", name) and len(name) <= 24 for name in names), names


@pytest.mark.parametrize(
    ("expression", "interval", "longest", "allowance"),
    [
        ("cron(0/15 * * * ? *)", 15, 15, 7),
        ("cron(0 2 * * ? *)", 1440, 1440, 240),
        ("cron(0 2 ? * MON-FRI *)", 1440, 4320, 240),
        ("cron(0/30 9-17 ? * MON-FRI *)", 30, 3810, 15),
        ("cron(0 2 1,2 * ? *)", 1440, 43200, 240),
        ("cron(0 2 29 2 ? *)", 527040, 527040, 240),
        ("cron(0 2,3 * * ? *)", 60, 1380, 30),
        ("rate(1 minutes)", 5, 5, 2),
        ("rate(6 days)", 8640, 8640, 240),
        ("at(2027-01-31T02:00:00)", 527040, 527040, 240),
    ],
)
def test_an_alarm_allows_less_than_the_shortest_time_between_runs(
    tmp_path: Path, expression: str, interval: int, longest: int, allowance: int
) -> None:
    """Else a run that is missed would be told of after the next was due. Over a weekend none is missed."""
    told = variables(tmp_path, f"\n[schedule]\nexpression = '{expression}'\n")
    assert (told["interval_minutes"], told["allowance_minutes"]) == (interval, allowance)
    assert told["longest_interval_minutes"] == longest


@pytest.mark.parametrize("rate", ["rate(7 days)", "rate(168 hours)"])
def test_a_rate_that_nothing_would_watch_is_refused(tmp_path: Path, rate: str) -> None:
    """The module refuses it too, and says so only after a minute."""
    with pytest.raises(InfraUsageError, match="stay away") as refused:
        variables(tmp_path, f"\n[schedule]\nexpression = '{rate}'\n")
    assert "cron(0 2 ? * MON *)" in str(refused.value)


def test_without_a_schedule_nothing_is_written_for_aws(tmp_path: Path) -> None:
    """The module needs one, and says so only after a minute."""
    with pytest.raises(InfraUsageError, match="needs a schedule"):
        variables(tmp_path, "\n")


def test_what_was_changed_by_hand_is_left_and_what_nimbus_toml_owns_is_not(tmp_path: Path) -> None:
    """Writing again changes nothing; an upgrade takes the modules alone."""
    wanted = root.files(project(tmp_path), Settings("eu-west-1"), infra.modules())
    folder = tmp_path / "infra"
    assert set(root.write(folder, wanted, upgrade=False).written) == set(wanted)
    assert root.write(folder, wanted, upgrade=False) == root.Written((), tuple(wanted), ())
    for place in ("main.tf", "modules/platform/main.tf", root.VARIABLES):
        (folder / place).write_text("# mine\n", encoding="utf-8")
    again = root.write(folder, wanted, upgrade=False)
    assert again.changed == ("main.tf", "modules/platform/main.tf")
    assert again.written == (root.VARIABLES,)
    assert root.write(folder, wanted, upgrade=True).written == ("modules/platform/main.tf",)


def test_the_modules_come_without_their_tests_and_states(tmp_path: Path) -> None:
    """What a checkout has beside them stays there."""
    wanted = root.files(project(tmp_path), Settings("eu-west-1", ("nlp@example.com",), "states"), infra.modules())
    assert "modules/pipeline/state_machine.asl.json.tftpl" in wanted
    assert not [place for place in wanted if "tests/" in place or ".terraform/" in place or "tfstate" in place]
    assert 'bucket       = "states"' in wanted["backend.tf"]
    assert 'notification_emails = ["nlp@example.com"]' in wanted["terraform.tfvars"]


def test_init_describes_an_environment_that_is_not_yet(tmp_path: Path) -> None:
    """The block is appended; what stands in the file stays, comments too."""
    file = tmp_path / "nimbus.toml"
    file.write_text("# ours\n" + FILE + SCHEDULE, encoding="utf-8")
    arguments = ["init", "--env", "production", "--config", str(file), "--region", "eu-west-1", "--json"]
    first = json.loads(CliRunner().invoke(command, arguments).stdout)
    assert (first["described"], first["folder"]) == (True, str(tmp_path / "infra" / "production"))
    assert first["protected"] is True
    assert file.read_text().startswith("# ours\n")
    assert load(file, "production", variables={}).described.protected is True
    again = json.loads(CliRunner().invoke(command, arguments).stdout)
    assert (again["described"], again["written"]) == (False, [])
    elsewhere = CliRunner().invoke(command, [*arguments, "--region", "us-east-1"])
    assert isinstance(elsewhere.exception, InfraUsageError)
    assert elsewhere.exception.got == "us-east-1, where that file says eu-west-1"
    unnamed = CliRunner().invoke(command, [*arguments[:5], "--json"], env={"AWS_REGION": "us-east-1"})
    assert json.loads(unnamed.stdout)["changed_by_hand"] == []


def test_init_leaves_a_file_alone_that_nothing_can_be_added_to(tmp_path: Path) -> None:
    """Environments that are written in one line: it is said, and the file stays what it was."""
    file = tmp_path / "nimbus.toml"
    text = "environments = { lab = { root = 'lab' } }\n" + FILE + SCHEDULE
    file.write_text(text, encoding="utf-8")
    done = CliRunner().invoke(command, ["init", "--env", "production", "--config", str(file), "--region", "eu-west-1"])
    assert isinstance(done.exception, ConfigInvalidError)
    assert done.exception.remedy
    assert file.read_text(encoding="utf-8") == text


def test_what_cannot_be_written_is_told(tmp_path: Path) -> None:
    """Files of the root configuration, and the variables: in words."""
    (tmp_path / root.VARIABLES).mkdir()
    with pytest.raises(FileNotWrittenError, match="cannot be written"):
        root.write(tmp_path, {root.VARIABLES: "{}"}, upgrade=False)
    with pytest.raises(FileNotWrittenError, match="cannot be written"):
        root.write_variables(tmp_path, "{}")


def test_without_a_region_and_nobody_to_ask_it_is_named_as_missing(tmp_path: Path) -> None:
    """In CI nothing hangs."""
    project(tmp_path)
    done = CliRunner().invoke(
        command,
        ["init", "--env", "production", "--config", str(tmp_path), "--no-input"],
        env={"AWS_REGION": None, "AWS_DEFAULT_REGION": None},
    )
    assert done.exit_code == 2
    assert "--region" in done.output
