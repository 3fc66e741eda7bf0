"""What nimbus.toml comes to: which of several places a value is taken from."""

from __future__ import annotations

from pathlib import Path

import pytest

from nimbus.config import Kind, load
from nimbus.config.errors import ConfigNotFoundError
from nimbus.config.image import ImageArchitecture
from nimbus_runtime.contract.annotations import Annotation
from nimbus_runtime.contract.inputs import Fields
from nimbus_runtime.contract.records import Job, OutputFormat

from .projects import write


def test_a_value_is_the_flags_then_the_variables_then_the_environments_then_the_files(tmp_path: Path) -> None:
    """Each place goes before the next, and a value says where it came from."""
    file = write(
        tmp_path,
        """
[output]
max_quarantine = 0.2

[environments.nightly.output]
max_quarantine = 0.3
""",
    )
    variables, flags = {"NIMBUS_OUTPUT_MAX_QUARANTINE": "0.4"}, {"output.max_quarantine": "0.5"}
    read = [
        load(file, variables={}),
        load(file, "nightly", variables={}),
        load(file, "nightly", variables=variables),
        load(file, "nightly", variables=variables, flags=flags),
    ]
    assert [project.output.max_quarantine for project in read] == [0.2, 0.3, 0.4, 0.5]
    assert [project.origins["output.max_quarantine"] for project in read] == [
        f"{file}: output.max_quarantine",
        f"{file}: environments.nightly.output.max_quarantine",
        "NIMBUS_OUTPUT_MAX_QUARANTINE",
        "--set output.max_quarantine",
    ]
    assert load(write(tmp_path), variables={}).output.max_quarantine == 0.1


def test_an_environments_section_changes_the_keys_that_it_names(tmp_path: Path) -> None:
    """The others stay as the file has them."""
    text = 'text_field = "body"\n[environments.nightly.input]\npaths = ["s3://bucket/mails/"]\n'
    project = load(write(tmp_path, text), "nightly", variables={})
    assert project.input.paths == ("s3://bucket/mails/",)
    assert project.input.text_field == "body"


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("NIMBUS_INPUT_PATHS", "a.jsonl, b.jsonl", ("a.jsonl", "b.jsonl")),
        ("NIMBUS_INPUT_PATHS", '["a,b.jsonl"]', ("a,b.jsonl",)),
        ("NIMBUS_INPUT_ID_FIELD", "007", "007"),
        ("NIMBUS_OUTPUT_ANNOTATIONS", "ents,cats", (Annotation.ENTS, Annotation.CATS)),
        ("NIMBUS_OUTPUT_FORMAT", "jsonl", OutputFormat.JSONL),
        ("NIMBUS_TASK_CPU", "4096", 4096),
        ("NIMBUS_IMAGE_BASE", f"python@sha256:{'1' * 64}", f"python@sha256:{'1' * 64}"),
        ("NIMBUS_IMAGE_ARCHITECTURES", "amd64,arm64", (ImageArchitecture.AMD64, ImageArchitecture.ARM64)),
        ("NIMBUS_TASK_SPOT", "false", False),
    ],
)
def test_a_variable_is_read_as_its_keys_type(tmp_path: Path, name: str, text: str, value: object) -> None:
    """Lists are divided by commas, or written as in TOML; a text needs no quotes."""
    _, section, key = name.lower().split("_", 2)
    assert getattr(getattr(load(write(tmp_path), variables={name: text}), section), key) == value


def test_the_file_is_found_from_a_folder_below(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As with git, the working folder or one above it; relative paths start from the file."""
    file = write(tmp_path)
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    project = load(variables={})
    assert project.file == file
    assert project.job() == Job(
        (str(tmp_path / "mails/*.jsonl"),), Fields("text", None), None, OutputFormat.PARQUET, 0.1
    )


def test_without_a_file_the_way_to_one_is_named(tmp_path: Path) -> None:
    """Whoever has none yet learns how it is made."""
    with pytest.raises(ConfigNotFoundError) as refusal:
        load(tmp_path, variables={})
    assert "nimbus init" in str(refusal.value)


def test_the_process_environment_names_file_and_environment(tmp_path: Path) -> None:
    """NIMBUS_CONFIG and NIMBUS_ENV stand for the arguments that are not given."""
    variables = {"NIMBUS_CONFIG": str(write(tmp_path, "[environments.nightly]\n")), "NIMBUS_ENV": "nightly"}
    assert load(variables=variables).environment == "nightly"
    assert load(environment="local", variables=variables).environment == "local"


def test_a_local_environment_is_always_there(tmp_path: Path) -> None:
    """Nothing has to be described to begin."""
    project = load(write(tmp_path), variables={})
    assert project.environment == "local"
    assert project.described.kind is Kind.LOCAL
