"""The published JSON Schema: current, and of one mind with what reads the file."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner

from nimbus.cli.config import command
from nimbus.config.project import NAMES
from nimbus.config.schema import json_schema

from .projects import write

PUBLISHED = Path(__file__).parents[3] / "docs" / "nimbus.schema.json"


def test_the_published_schema_is_current() -> None:
    """`nimbus config schema > docs/nimbus.schema.json` was called after the last change."""
    done = CliRunner().invoke(command, ["schema"])
    assert PUBLISHED.read_text(encoding="utf-8") == done.stdout
    assert json.loads(done.stdout) == json_schema()


def test_the_schema_knows_every_section_and_nothing_else() -> None:
    """In an environment nothing of a section is required: it only changes what the file has."""
    schema = json_schema()
    assert list(schema["properties"]) == ["schema_version", *NAMES, "environments"]
    assert schema["additionalProperties"] is False
    assert schema["required"] == ["pipeline", "input"]
    environment = schema["properties"]["environments"]["additionalProperties"]
    assert "required" not in environment["properties"]["input"]
    assert schema["properties"]["input"]["required"] == ["paths"]
    assert schema["properties"]["output"]["properties"]["max_quarantine"] == {
        "type": "number",
        "minimum": 0,
        "maximum": 1,
        "description": "Share of the documents that may fail.",
        "default": 0.1,
    }


def test_what_holds_is_shown_with_where_it_was_given(tmp_path: Path) -> None:
    """As lines that are TOML again, and as JSON."""
    file = write(tmp_path, "[environments.nightly.task]\ncpu = 512\n")
    done = CliRunner().invoke(
        command, ["show", "--config", str(file), "--env", "nightly"], env={"NIMBUS_TASK_SPOT": "false"}
    )
    assert 'kind = "local"  # default' in done.stdout
    assert 'root = ".nimbus/nightly"  # default' in done.stdout
    assert "protected = false  # default" in done.stdout
    assert "cpu = 512  # environments.nightly.task.cpu" in done.stdout
    assert "spot = false  # NIMBUS_TASK_SPOT" in done.stdout
    assert "memory = 4096  # default" in done.stdout
    done = CliRunner().invoke(command, ["show", "--config", str(file), "--json"])
    told = json.loads(done.stdout)
    assert told["input"]["paths"] == ["mails/*.jsonl"]
    assert told["described"] == {"kind": "local", "protected": False, "root": ".nimbus/local"}


def test_a_value_can_be_set_for_one_call(tmp_path: Path) -> None:
    """It goes before everything else; a key that does not exist is refused with the nearest that does."""
    file = str(write(tmp_path))
    done = CliRunner().invoke(
        command, ["show", "--config", file, "--set", "task.cpu=512", "--set", "input.paths=a.csv,b.csv"]
    )
    assert "cpu = 512  # --set task.cpu" in done.stdout
    assert 'paths = ["a.csv", "b.csv"]  # --set input.paths' in done.stdout
    done = CliRunner().invoke(command, ["show", "--config", file, "--set", "task.cpus=512"])
    assert "task.cpu" in str(done.exception)
    assert CliRunner().invoke(command, ["show", "--config", file, "--set", "task.cpu"]).exit_code == 2
