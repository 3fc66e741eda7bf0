"""`nimbus init`: what can be seen is not asked."""

from __future__ import annotations

import gzip
import json
import shutil
from pathlib import Path

import pytest
import spacy
from click.testing import CliRunner, Result
from spacy.tokens import DocBin

import nimbus.demo
from nimbus.cli.init import command
from nimbus.config import load
from nimbus.config.errors import ConfigInvalidError, FileNotWrittenError
from nimbus.projects import look
from nimbus.projects.write import Beginning, ProjectExistsError, name_of, write

PIPELINE = Path(nimbus.demo.__file__).parent / "pipelines" / "support_cnn"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a working folder with a training's two pipelines and some inputs."""
    for name in ("model-best", "model-last"):
        shutil.copytree(PIPELINE, tmp_path / "training" / name)
    (tmp_path / "mails").mkdir()
    for name in ("a", "b"):
        line = json.dumps({"ticket_id": name, "Body": "x", "body": "Hello"})
        (tmp_path / "mails" / f"{name}.jsonl").write_text(line + "\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def init(*arguments: str) -> Result:
    """Call the verb without a terminal."""
    return CliRunner().invoke(command, list(arguments))


def test_everything_is_found_where_there_is_one_of_each(folder: Path) -> None:
    """The best of a training's pipelines, the inputs as a pattern, the fields of text and id."""
    done = init("--schedule", "cron(0 2 * * ? *)", "--time-zone", "Europe/Berlin")
    assert done.exit_code == 0, done.output
    project = load(folder, variables={})
    assert project.pipeline.name == "en_support_cnn"
    assert project.pipeline.source == "training/model-best"
    assert project.input.paths == ("mails/*.jsonl",)
    assert (project.input.text_field, project.input.id_field) == ("body", "ticket_id")
    assert project.schedule is not None
    assert project.schedule.time_zone == "Europe/Berlin"


@pytest.mark.parametrize("ending", [".txt", ".txt.gz", ".spacy", ".tsv"])
def test_whatever_a_run_reads_is_found(ending: str, folder: Path) -> None:
    """Texts without fields have no field of an id; notes beside them, and what pipelines are made of, are none."""
    shutil.rmtree(folder / "mails")
    (folder / "texts").mkdir()
    content = b"text\nHello\n"
    if ending == ".spacy":
        content = DocBin(docs=[spacy.blank("en").make_doc("Hello")]).to_bytes()
    for name in ("a", "b"):
        place = folder / "texts" / f"{name}{ending}"
        place.write_bytes(gzip.compress(content) if ending.endswith(".gz") else content)
    for note in ("requirements.txt", "README.txt", "training/model-last/vocab/words.txt"):
        (folder / note).write_text("x\n", encoding="utf-8")
    done = init()
    assert done.exit_code == 0, done.output
    project = load(folder, variables={})
    assert project.input.paths == (f"texts/*{ending}",)
    assert (project.input.text_field, project.input.id_field) == ("text", None)


def test_a_project_that_is_there_is_kept(folder: Path) -> None:
    """Unless it is said that it may go."""
    init()
    (folder / "nimbus.toml").write_text("# mine\n", encoding="utf-8")
    assert isinstance(init().exception, ProjectExistsError)
    assert (folder / "nimbus.toml").read_text() == "# mine\n"
    assert init("--replace").exit_code == 0


def test_a_file_that_could_not_be_read_is_not_written(folder: Path) -> None:
    """A good one stays as it was, and where there is none, none is left."""
    refused = init("--schedule", "every night")
    assert isinstance(refused.exception, ConfigInvalidError)
    assert not (folder / "nimbus.toml").exists()
    assert init().exit_code == 0
    before = (folder / "nimbus.toml").read_text(encoding="utf-8")
    assert isinstance(init("--replace", "--schedule", "every night").exception, ConfigInvalidError)
    assert (folder / "nimbus.toml").read_text(encoding="utf-8") == before
    assert [path.name for path in folder.glob(".nimbus.toml*")] == []


def test_a_folder_that_cannot_be_written_to_is_told(folder: Path) -> None:
    """In words."""
    beginning = Beginning("support", "training/model-best", ("mails",))
    (folder / "file").touch()
    for place in (folder / "missing", folder / "file"):
        with pytest.raises(FileNotWrittenError, match="cannot be written"):
            write(place, beginning, replace=False)


def test_what_cannot_be_seen_is_named_where_nobody_can_be_asked(folder: Path) -> None:
    """Two that could be it, or none; and the fields that an input has."""
    shutil.copytree(PIPELINE, folder / "other")
    done = init()
    assert done.exit_code == 2
    assert "other, training/model-best" in done.output
    shutil.rmtree(folder / "mails")
    done = init("training/model-best")
    assert done.exit_code == 2
    assert "INPUTS" in done.output
    (folder / "strange.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    done = init("training/model-best")
    assert done.exit_code == 2
    assert "fields 'a', 'b'" in done.output


def test_inputs_in_a_bucket_are_taken_as_they_are_named(folder: Path) -> None:
    """Nothing is asked of AWS to write a file."""
    assert init("training/model-best", "s3://documents/mails/", "--json").exit_code == 0
    project = load(folder, variables={})
    assert (project.input.paths, project.input.text_field) == (("s3://documents/mails/",), "text")


def test_what_is_no_input_is_not_taken_for_one(folder: Path) -> None:
    """Files of the pipeline, hidden folders, bundles, a root with its logs, and what is too deep to be meant."""
    for place in (".hidden", "bundle", "a/b/c/d", "scored/logs"):
        (folder / place).mkdir(parents=True)
        (folder / place / "x.jsonl").write_text('{"text": "a"}\n', encoding="utf-8")
    (folder / "training" / "model-best" / "x.jsonl").write_text('{"text": "a"}\n', encoding="utf-8")
    (folder / "scored" / "live.json").touch()
    assert look.inputs(folder, "training/model-best") == ["mails/*.jsonl"]


@pytest.mark.parametrize(
    ("own", "name"),
    [
        ("en_core_web_trf", "en_core_web_trf"),
        ("en_Support-2", "en_support_2"),
        ("3d", "p_3d"),
        ("x" * 40, "x" * 24),
        ("日本語", "pipeline"),
        ("é", "pipeline"),
        ("a", "p_a"),
    ],
)
def test_a_pipelines_own_name_becomes_one_that_resources_can_have(own: str, name: str) -> None:
    """AWS and Terraform allow fewer characters than spaCy."""
    assert name_of(own) == name
