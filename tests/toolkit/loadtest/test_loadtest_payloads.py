"""Rules of the texts that are sent: the user's own, of any format that a run reads, or a refusal in words."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import spacy
from spacy.tokens import DocBin
from tests.toolkit.config import projects

from nimbus.adapters import payloads
from nimbus.config import load
from nimbus.loadtesting import Asked
from nimbus_runtime.contract.errors import InputSchemaError, UsageError

TEXTS = ["Anna paid, twice", 'in "Berlin"\non Monday', "zwei"]
_CSV = 'n,body\n1,"Anna paid, twice"\n2,"in ""Berlin""\non Monday"\n3,\n4,zwei\n'


def _write(folder: Path) -> None:
    (folder / "a.csv").write_text(_CSV, encoding="utf-8")
    (folder / "b.csv.gz").write_bytes(gzip.compress(_CSV.encode()))
    lines = [json.dumps({"body": text}) for text in TEXTS]
    (folder / "c.jsonl").write_text("\n".join([*lines, '{"body": 7}', "no JSON"]), encoding="utf-8")
    pq.write_table(pa.table({"body": TEXTS}), folder / "d.parquet")
    nlp = spacy.blank("en")
    DocBin(docs=[nlp.make_doc(text) for text in TEXTS]).to_disk(folder / "e.spacy")


@pytest.mark.parametrize("name", ["a.csv", "b.csv.gz", "c.jsonl", "d.parquet", "e.spacy", "c*"])
def test_texts_are_read_as_a_run_reads_them(name: str, tmp_path: Path) -> None:
    """By the field of the project, quotes and line ends and all; empty ones and what a run would not score are none."""
    _write(tmp_path)
    source = str(tmp_path / name)
    assert not payloads.is_lines(source)
    payloads.check([source], "body", None)
    payloads.write([source], "body", None, tmp_path / "out")
    lines = (tmp_path / "out").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line) for line in lines] == [{payloads.FIELD: text} for text in TEXTS]


def test_what_holds_no_texts_is_refused_in_words(tmp_path: Path) -> None:
    """A table without the field names those that it has, and one that is empty is no load."""
    _write(tmp_path)
    with pytest.raises(InputSchemaError, match="no field 'text'") as raised:
        payloads.check([str(tmp_path / "a.csv")], "text", None)
    assert "'body'" in str(raised.value.got)
    (tmp_path / "f.csv").write_text("body\n\n", encoding="utf-8")
    (tmp_path / "g.jsonl").write_text('{"body": 7}\n', encoding="utf-8")
    for name, got in (("f.csv", "1 files without any"), ("g.jsonl", "the text field holds int")):
        with pytest.raises(UsageError, match="no texts to send") as refused:
            payloads.check([str(tmp_path / name)], "body", None)
        assert str(refused.value.got).startswith(got)


def test_the_projects_own_input_may_be_sent(tmp_path: Path) -> None:
    """By the name of its section, wherever its files are."""
    projects.write(tmp_path, '[loadtest]\npayloads = "[input]"\n')
    project = load(tmp_path, variables={})
    asked = Asked("ramp", project.loadtest.chosen(), project.loadtest, project=project)
    assert asked.payloads == (str(tmp_path / "mails/*.jsonl"),)
