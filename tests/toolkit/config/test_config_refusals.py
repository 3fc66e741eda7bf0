"""What nimbus.toml is refused for, and in which words."""

from __future__ import annotations

from pathlib import Path

import pytest

from nimbus.config import errors, load
from nimbus_runtime.contract.errors import UsageError

from .projects import write


def refusal(file: Path, cls: type[UsageError], environment: str | None = None, **variables: str) -> UsageError:
    """Return the error that reading a file gives."""
    with pytest.raises(cls) as raised:
        load(file, environment, variables=variables)
    return raised.value


@pytest.mark.parametrize(
    ("text", "near", "where"),
    [
        ("[imput]\n", "input", "nimbus.toml"),
        ("text_fild = 'body'\n", "text_field", "input.text_fild"),
        ("[output]\nmax_quarantene = 0.1\n", "max_quarantine", "output.max_quarantene"),
        ("[environments.nightly]\nprotcted = true\n", "protected", "environments.nightly.protcted"),
        ("[environments.nightly.inputs]\npaths = ['a']\n", "input", "environments.nightly.inputs"),
        ("[environments.nightly.task]\ncpus = 512\n", "cpu", "environments.nightly.task.cpus"),
    ],
)
def test_an_unknown_key_is_refused_with_the_nearest_known(tmp_path: Path, text: str, near: str, where: str) -> None:
    """In a section, in an environment that is not even wanted, and where a section is misspelt."""
    error = refusal(write(tmp_path, text), errors.ConfigUnknownKeyError)
    assert error.remedy == f"did you mean {near!r}?"
    assert str(error.where).endswith(where)


def test_a_misspelt_variable_is_refused_and_one_of_others_is_not(tmp_path: Path) -> None:
    """A variable of a section that no key has would do nothing, silently."""
    error = refusal(write(tmp_path), errors.ConfigUnknownKeyError, NIMBUS_INPUT_PATH="a.jsonl")
    assert error.remedy == "did you mean 'NIMBUS_INPUT_PATHS'?"
    load(write(tmp_path), variables={"NIMBUS_BUNDLE": "/bundle", "NIMBUS_SCHEDULED_TIME": "now", "INPUT_PATH": "a"})


@pytest.mark.parametrize(
    ("text", "expected", "where"),
    [
        ("[output]\nmax_quarantine = 1.5\n", "from 0 to 1", "output.max_quarantine"),
        ("[output]\nmax_quarantine = nan\n", "from 0 to 1", "output.max_quarantine"),
        ("[output]\nmax_quarantine = '5%'\n", "a number", "output.max_quarantine"),
        ("[output]\nannotations = ['ent']\n", "did you mean 'ents'?", "output.annotations"),
        ("[output]\nannotations = []\n", "at least one", "output.annotations"),
        ("[task]\ncpu = true\n", "a whole number", "task.cpu"),
        ("[task]\nspot = 1\n", "true or false", "task.spot"),
        ("text_field = ['body']\n", "text", "input.text_field"),
        ("[[output]]\n", "a table", "output"),
        ("[environments]\nnightly = 1\n", "a table", "environments.nightly"),
        ("[environments.p.outputs]\nroot = '/tmp'\n", "region = … (Region)", "environments.p.outputs"),
        ("[schedule]\n", "expression = …", "schedule"),
        ("[environments.p]\nroot = ''\n", "not empty", "environments.p.root"),
        ("text_field = ' '\n", "not empty", "input.text_field"),
    ],
)
def test_a_wrong_value_says_what_is_allowed_and_where_it_stands(
    tmp_path: Path, text: str, expected: str, where: str
) -> None:
    """So that nobody has to look for either."""
    error = refusal(write(tmp_path, text), errors.ConfigInvalidError)
    assert expected in str(error.expected)
    assert str(error.where).endswith(where)
    assert error.remedy


def test_a_file_that_is_named_and_is_not_there_is_named(tmp_path: Path) -> None:
    """Not that this folder has none, which nobody asked."""
    error = refusal(tmp_path / "nope.toml", errors.ConfigNotFoundError)
    assert (error.what, error.where) == ("there is no file nope.toml", str(tmp_path / "nope.toml"))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[schedule]\nexpression = 'cron(0 2 * * *)'\n", "5 fields, not six"),
        ("[schedule]\nexpression = 'rate(1 days)'\ntime_zone = 'Berlin'\n", "Europe/Berlin"),
        ("[environments.p]\nterraform = 'infra'\n", 'kind = "aws"'),
        ("[environments.p]\nkind = 'aws'\nroot = 'here'\n", "leave it out"),
    ],
)
def test_what_cannot_be_together_is_refused_in_words(tmp_path: Path, text: str, words: str) -> None:
    """Values that are each allowed may still not go together."""
    assert words in refusal(write(tmp_path, text), errors.ConfigInvalidError).what


def test_what_a_variable_gives_is_refused_by_the_variables_name(tmp_path: Path) -> None:
    """The file is not where to look."""
    assert refusal(write(tmp_path), errors.ConfigInvalidError, NIMBUS_TASK_CPU="many").where == "NIMBUS_TASK_CPU"


def test_a_missing_section_is_named(tmp_path: Path) -> None:
    """With the key that it begins with."""
    error = refusal(write(tmp_path, smallest=""), errors.ConfigInvalidError)
    assert error.what == "pipeline, input are missing"
    assert str(error.expected).startswith("[pipeline]")


def test_a_file_of_a_later_version_is_refused_before_its_keys(tmp_path: Path) -> None:
    """What it means by them is not known here."""
    error = refusal(write(tmp_path, smallest="schema_version = 2\n[future]\n"), errors.ConfigNewerError)
    assert "later version of Nimbus" in error.what
    assert error.got == "schema_version = 2"


@pytest.mark.parametrize("text", ["[pipeline\n\n", "a = 1\na = 2\n\n", "\x00"])
def test_what_is_no_toml_is_refused_with_the_place(tmp_path: Path, text: str) -> None:
    """The parser's own words name the line."""
    assert "line" in refusal(write(tmp_path, smallest=text), errors.ConfigUnreadableError).what


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    """A file that is something else entirely."""
    (tmp_path / "nimbus.toml").write_bytes(b"\xff\xfe\x00")
    refusal(tmp_path, errors.ConfigUnreadableError)


def test_an_unknown_environment_is_refused_with_those_there_are(tmp_path: Path) -> None:
    """Whoever mistypes it sees what to type."""
    error = refusal(
        write(tmp_path, "[environments.nightly]\n"), errors.EnvironmentUnknownError, environment="production"
    )
    assert error.expected == "one of local, nightly"


@pytest.mark.parametrize("name", ["Support", "a", "x" * 25, "support-release", "2nd", "a--b"])
def test_a_pipelines_name_is_one_that_resources_can_have(tmp_path: Path, name: str) -> None:
    """Terraform's module refuses the same."""
    refusal(
        write(tmp_path, smallest=f"[pipeline]\nname = '{name}'\nsource = 'a'\n[input]\npaths = ['a']\n"),
        errors.ConfigInvalidError,
    )
