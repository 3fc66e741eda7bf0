"""Rules of compile, inspect and verify on the command line: exit codes, JSON, colour, and no traceback ever."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.toolkit.compile import saved

Run = Callable[..., "subprocess.CompletedProcess[str]"]
ESCAPE = "\x1b[31m"


@pytest.fixture(scope="session")
def bundle(trf: Path, nimbus: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a bundle that the command line compiled."""
    output = tmp_path_factory.mktemp("bundles") / "bundle"
    result = nimbus("compile", trf, "--output", output)
    assert result.returncode == 0, result.stderr
    assert result.stdout == f"{output}\n"
    return output


@pytest.fixture(scope="session")
def refused(trf: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a pipeline that does not compile, whose names would steer a terminal."""
    pipeline = saved.copy(trf, tmp_path_factory.mktemp("refused") / "pipeline")

    def change(config: saved.Json) -> None:
        config["components"]["ner"]["factory"] = f"my{ESCAPE}ner\nline"

    saved.change_config(pipeline, change)
    return saved.change_meta(pipeline, name=f"x{ESCAPE}\n", labels={"tagger": [f"A{ESCAPE}", "B\r\n"]})


def failure(result: subprocess.CompletedProcess[str], code: int) -> str:
    """Return what a failed call said, which is words in a known form and nothing on stdout."""
    assert result.returncode == code, result.stderr
    assert "Traceback" not in result.stderr
    assert result.stdout == ""
    assert result.stderr.startswith("Error: ")
    assert "to do:" in result.stderr
    assert "\x1b" not in result.stderr
    return result.stderr


def only_object(result: subprocess.CompletedProcess[str]) -> saved.Json:
    """Return the one JSON object on stdout."""
    assert result.stdout.count("\n") == 1
    value: saved.Json = json.loads(result.stdout)
    assert value["schema_version"] == 1
    return value


def test_compile_gives_one_json_object(trf: Path, bundle: Path, nimbus: Run, tmp_path: Path) -> None:
    """`compile --json` says where the bundle is, what it is, and whether it was there already."""
    result = nimbus("compile", trf, "--output", bundle, "--json")
    assert result.returncode == 0
    value = only_object(result)
    digest = value["digest"]
    assert value | {"seconds": 0} == {
        **value,
        "schema_version": 1,
        "bundle": str(bundle),
        "digest": digest,
        "pipeline": "en_trf",
        "version": "0.0.0",
        "precision": "fp32",
        "annotations": value["annotations"],
        "size": sum(len(data) for name, data in saved.contents(bundle).items() if name != "bundle.json"),
        "seconds": 0,
        "unchanged": True,
    }
    assert {"ents", "tags"} <= set(value["annotations"])
    assert not list(tmp_path.iterdir())


def test_inspect_tells_a_pipeline_from_its_bundle(trf: Path, bundle: Path, nimbus: Run) -> None:
    """`inspect --json` lists the components of both; a digest is a bundle's alone."""
    pipeline = only_object(nimbus("inspect", trf, "--json"))
    compiled = only_object(nimbus("inspect", bundle, "--json"))
    assert (pipeline["kind"], compiled["kind"]) == ("pipeline", "bundle")
    assert pipeline["compiles"]
    assert (pipeline["digest"], len(compiled["digest"])) == (None, 64)
    names = [[component["name"] for component in value["components"]] for value in (pipeline, compiled)]
    assert names == [["transformer", "tagger", "ner"]] * 2
    assert compiled["components"][1]["labels"] == ["A", "D", "N", "P", "V"]


def test_verify_gives_digest_and_files(bundle: Path, nimbus: Run) -> None:
    """`verify --json` gives the digest that inspect gives; without --json the digest is all of stdout."""
    value = only_object(nimbus("verify", bundle, "--json"))
    assert value["files"] == len(saved.contents(bundle)) - 1
    assert nimbus("verify", bundle).stdout == value["digest"] + "\n"
    assert only_object(nimbus("inspect", bundle, "--json"))["digest"] == value["digest"]


def test_inspect_ends_with_3_where_something_would_not_compile(refused: Path, nimbus: Run) -> None:
    """A refusal is a finding: exit code 3, the reason and the remedy beside the component."""
    result = nimbus("inspect", refused, "--json")
    assert result.returncode == 3
    value = only_object(result)
    assert not value["compiles"]
    (refusal,) = [c["refusal"] for c in value["components"] if c["refusal"] is not None]
    assert refusal["error"] == "CompileRefusedError"
    assert refusal["to do"]
    prose = nimbus("inspect", refused)
    assert prose.returncode == 3
    assert refusal["to do"] in prose.stdout


def test_names_cannot_steer_a_terminal(refused: Path, nimbus: Run, tmp_path: Path) -> None:
    """Control characters in names, versions, factories and labels are escaped, and stay on their line."""
    prose = nimbus("inspect", refused)
    assert "\x1b" not in prose.stdout
    assert "\r" not in prose.stdout
    lines = prose.stdout.splitlines()
    assert lines[0].startswith(r"pipeline en_x\x1b[31m\n 0.0.0")
    assert any(r"A\x1b[31m, B\r\n" in line for line in lines)
    assert r"my\x1b[31mner" in failure(nimbus("compile", refused, "--output", tmp_path / "out"), 1)


def test_a_name_with_control_characters_compiles_in_words(cnn: Path, tmp_path: Path, nimbus: Run) -> None:
    """The name that a pipeline gives itself is escaped also when all goes well."""
    pipeline = saved.change_meta(saved.copy(cnn, tmp_path / "pipeline"), version=f"1{ESCAPE}")
    result = nimbus("compile", pipeline, "--output", tmp_path / "bundle")
    assert result.returncode == 0
    assert "\x1b" not in result.stderr
    assert r"1\x1b[31m" in result.stderr


def test_a_refused_pipeline_ends_with_1(refused: Path, nimbus: Run, tmp_path: Path) -> None:
    """What cannot be compiled fails with words, as JSON too, and writes nothing."""
    failure(nimbus("compile", refused, "--output", tmp_path / "out"), 1)
    result = nimbus("compile", refused, "--output", tmp_path / "out", "--json")
    assert result.returncode == 1
    value = only_object(result)
    assert value["error"] == "CompileRefusedError"
    assert {"what", "where", "got", "expected", "to do"} <= value.keys()
    assert not list(tmp_path.iterdir())


def test_wrong_usage_ends_with_2(cnn: Path, nimbus: Run, tmp_path: Path) -> None:
    """A pipeline that is not there, an output that is taken and a missing option are the caller's to mend."""
    for verb, more in (("compile", ["--output", tmp_path / "out"]), ("inspect", [])):
        words = failure(nimbus(verb, tmp_path / "nowhere", *more), 2)
        assert str(tmp_path / "nowhere") in words
    (tmp_path / "taken").write_text("")
    failure(nimbus("compile", cnn, "--output", tmp_path / "taken"), 2)
    missing = nimbus("compile", cnn)
    assert missing.returncode == 2
    assert "--output" in missing.stderr


@pytest.mark.parametrize("damage", ["no folder", "no bundle", "file", "extra", "missing", "manifest", "truncated"])
def test_a_bundle_that_is_not_whole_ends_with_1(bundle: Path, nimbus: Run, tmp_path: Path, damage: str) -> None:
    """`verify` fails with the place and what to do, whatever is wrong."""
    damaged = saved.copy(bundle, tmp_path / "bundle")
    match damage:
        case "no folder":
            damaged = tmp_path / "nowhere"
        case "no bundle":
            (damaged / "bundle.json").unlink()
        case "file":
            damaged = damaged / "config.cfg"
        case "extra":
            (damaged / f"extra{ESCAPE}").write_text("")
        case "missing":
            (damaged / "config.cfg").unlink()
        case "manifest":
            (damaged / "bundle.json").write_text("{}")
        case _:
            (damaged / "transformer" / "encoder.onnx").write_bytes(b"")
    assert str(damaged) in failure(nimbus("verify", damaged), 1)


def test_an_unlisted_name_that_is_not_text_is_said_in_words(bundle: Path, nimbus: Run, tmp_path: Path) -> None:
    """A file name of bytes that are no UTF-8 is escaped like any other."""
    damaged = saved.copy(bundle, tmp_path / "bundle")
    Path(f"{damaged}/\udcff").write_text("")
    assert r"\udcff" in failure(nimbus("verify", damaged), 1)
    assert nimbus("verify", damaged, "--json").returncode == 1


@pytest.mark.parametrize("named", ["n" * 300, ""])
def test_impossible_names_are_said_in_words(nimbus: Run, tmp_path: Path, named: str) -> None:
    """No name of a pipeline or of a bundle ends in a traceback."""
    failure(nimbus("inspect", named, cwd=tmp_path), 2)
    failure(nimbus("verify", named, cwd=tmp_path), 1)
    failure(nimbus("compile", named, "--output", "out", cwd=tmp_path), 2)


@pytest.mark.parametrize("environment", [{"NO_COLOR": "1"}, {"TERM": "dumb"}, {}])
def test_colour_is_for_terminals_that_want_it(bundle: Path, environment: dict[str, str]) -> None:
    """On a terminal prose is bold; NO_COLOR and a dumb terminal leave it plain."""
    inherited = {key: value for key, value in os.environ.items() if key != "NO_COLOR"} | {"TERM": "xterm"}
    ours, theirs = pty.openpty()
    with os.fdopen(ours, "rb", buffering=0) as terminal:
        subprocess.run(
            [sys.executable, "-m", "nimbus.cli.main", "verify", str(bundle)],
            env=inherited | environment,
            stdout=subprocess.DEVNULL,
            stderr=theirs,
            check=True,
        )
        os.close(theirs)
        assert (b"\x1b" in terminal.read(4096)) == (not environment)
