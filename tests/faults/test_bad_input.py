"""What is wrong with an input or a call is said by name, and costs nothing but itself."""

from __future__ import annotations

import gzip
import json
import shutil
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from nimbus.adapters.rows import RowFiles
from nimbus.runs.explain import explain
from nimbus_runtime.contract import codec, paths
from nimbus_runtime.contract.documents import Reason, derived_id
from nimbus_runtime.contract.records import Entry, Live, Release
from nimbus_runtime.store import DirectoryStore

from . import bundles, command, texts

WITNESS = "zanzibar"  # stands in the text of every document that fails


def _given(name: str, text: object) -> dict[str, object]:
    return {"id": name, "text": text}


BROKEN = b'{"id": "never read", "text": "zanzibar'
NOT_UTF8 = b'{"id": "never read", "text": "zanzibar \xff"}'
MIXED: list[tuple[dict[str, object] | bytes, Reason | None]] = [
    (_given("first", texts.SCORED), None),
    (NOT_UTF8, Reason.INVALID_UTF8),
    (BROKEN, Reason.INVALID_RECORD),
    (b'["zanzibar"]', Reason.INVALID_RECORD),
    ({"id": "no text", "body": WITNESS}, Reason.MISSING_TEXT),
    (_given("null text", None), Reason.MISSING_TEXT),
    (_given("a list", [WITNESS]), Reason.WRONG_TYPE),
    (_given("a nul", f"{WITNESS}\0"), Reason.NUL),
    (b'{"id": "half a pair", "text": "zanzibar \\ud83d"}', Reason.LONE_SURROGATE),
    (_given("twice", texts.SCORED), None),
    (_given("raises", f"{WITNESS} raisezz"), Reason.COMPONENT_ERROR),
    (_given("unlisted", f"{WITNESS} surprisezz"), Reason.UNLISTED_LABEL),
    (_given("twice", texts.SCORED), None),
    (_given("too long", f"{WITNESS} " + "a" * 1_000_000), Reason.TOO_LONG),
    (_given("last", texts.SCORED), None),
]


class Scenario:
    """One run over a mixed input: refused at first, then published with a larger share."""

    def __init__(self, folder: Path, bundle: bundles.Built) -> None:
        """Run, be refused, and resume."""
        self.root = folder / "root"
        self.input = texts.write(folder / "mixed.jsonl", [record for record, _ in MIXED])
        self.refused = command.run(self.input, "--id-field", "id", root=self.root, bundle=bundle)
        self.unpublished = command.live(self.root)
        (self.run,) = command.names(self.root / "runs")
        self.aside = self.table("--quarantined", "--run", self.run)
        self.explained = explain(DirectoryStore(self.root), RowFiles(), self.run, "null text")
        self.resumed = command.nimbus(
            *("run", self.input, "-o", self.root, "--id-field", "id", "--workers", "1", "--resume"),
            *("--max-quarantine", "100%"),
            bundle=bundle,
        )

    def table(self, *options: str) -> list[dict[str, object]]:
        """Return what `nimbus dataset` lists."""
        files = command.nimbus("dataset", self.root, *options).out.splitlines()
        return [row for file in files for row in pq.read_table(file).to_pylist()]


@pytest.fixture(scope="module")
def mixed(foreign: bundles.Built, tmp_path_factory: pytest.TempPathFactory) -> Scenario:
    """Return the run over the mixed input."""
    return Scenario(tmp_path_factory.mktemp("mixed"), foreign)


def test_too_many_failures_are_refused_by_name_and_accepted_on_demand(mixed: Scenario) -> None:
    """Nothing is published beyond --max-quarantine; a resume with a larger share publishes what was scored."""
    failed = sum(reason is not None for _, reason in MIXED)
    assert (mixed.refused.code, mixed.refused.json["error"]) == (1, "QuarantineExceededError")
    assert mixed.refused.json["got"].startswith(f"{failed} of {len(MIXED)} documents: ")
    assert mixed.unpublished is None
    assert mixed.resumed.code == 0, mixed.resumed.err
    assert "Published run" in mixed.resumed.err
    counts = command.record(mixed.root / "runs" / mixed.run / "run.json")["counts"]
    assert (counts["documents"], counts["quarantined"]) == (len(MIXED), failed)


def test_what_was_set_aside_is_known_before_anything_is_published(mixed: Scenario) -> None:
    """Which documents, where they stand and why; the refusal says how to list them, and how to accept them."""
    assert mixed.aside == mixed.table("--quarantined")
    (found,) = mixed.explained
    assert found.quarantine is not None
    assert (found.quarantine["reason"], found.run.finished, found.published) == (Reason.MISSING_TEXT, "", None)
    assert f"`nimbus dataset {mixed.root} --quarantined --run {mixed.run}` lists them" in mixed.refused.json["to do"]
    assert "accept these with --resume and a larger --max-quarantine" in mixed.refused.json["to do"]


def test_each_document_that_fails_is_quarantined_with_its_reason(mixed: Scenario) -> None:
    """The id is the document's own, or derived where none could be read; the position is its first byte."""
    offset, expected = 0, []
    for line, (record, reason) in zip(mixed.input.read_bytes().splitlines(), MIXED, strict=True):
        if reason is not None:
            own = record["id"] if isinstance(record, dict) else _id_of(line)
            expected.append((own or derived_id("mixed.jsonl", offset, line), offset, reason.value))
        offset += len(line) + 1
    rows = mixed.table("--quarantined")
    assert [(row["id"], row["position"], row["reason"]) for row in rows] == expected
    assert {row["input"] for row in rows} == {"mixed.jsonl"}
    assert all(row["detail"] for row in rows)


def _id_of(line: bytes) -> str | None:
    try:
        value = json.loads(line)
    except ValueError:
        return None
    return value["id"] if isinstance(value, dict) else None


def test_every_reason_but_death_is_met(mixed: Scenario) -> None:
    """The mixed input leaves out none; documents that kill are tested on their own."""
    met = {row["reason"] for row in mixed.table("--quarantined")}
    assert met == {reason.value for reason in Reason} - {Reason.WORKER_KILLED.value}


def test_neighbours_are_scored_and_repeated_ids_kept(mixed: Scenario) -> None:
    """Who shares a batch with a document that fails gets a row; so does each document of a repeated id."""
    rows = mixed.table()
    assert [row["id"] for row in rows] == ["first", "twice", "twice", "last"]
    assert all(set(row["cats"]) == {"complaint", "praise"} for row in rows)  # type: ignore[call-overload]
    (run,) = command.names(mixed.root / "runs")
    duplicates = command.record(mixed.root / "runs" / run / "run.json")["duplicates"]
    assert duplicates == {"ids": 1, "documents": 2, "examples": ["twice"]}
    assert "repeated ids 1, of 2 documents, such as twice" in mixed.resumed.err


def test_no_text_of_a_document_is_written_anywhere(mixed: Scenario) -> None:
    """Neither files nor records nor what was said hold it, though the component's own error quotes it."""
    said = mixed.refused.err + mixed.refused.out + mixed.resumed.err
    assert WITNESS not in said
    for path in filter(Path.is_file, mixed.root.rglob("*")):
        assert WITNESS.encode() not in path.read_bytes()
        if path.suffix == ".parquet":
            assert WITNESS not in str(pq.read_table(path).to_pylist())


@pytest.fixture
def good(tmp_path: Path) -> Path:
    """Return an input without faults."""
    return texts.write(tmp_path / "good.jsonl", [{"text": texts.SCORED, "where": "here"}])


def _missing(folder: Path) -> Path:
    return folder / "none.jsonl"


def _empty_folder(folder: Path) -> Path:
    (folder / "nothing").mkdir()
    return folder / "nothing"


def _other_field(folder: Path) -> Path:
    return texts.write(folder / "in.jsonl", [{"Texts": texts.SCORED, "n": 1}])


def _no_suffix(folder: Path) -> Path:
    return texts.write(folder / "in.unknown", [{"text": texts.SCORED}])


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (_missing, "InputNotFoundError", "none.jsonl"),
        (_empty_folder, "InputNotFoundError", "nothing"),
        (_other_field, "InputSchemaError", "The nearest is 'Texts'"),
        (_no_suffix, "UsageError", "--input-format"),
    ],
)
def test_an_input_that_cannot_be_meant_is_refused(
    plain: bundles.Built, root: Path, tmp_path: Path, make: object, error: str, words: str
) -> None:
    """It is a matter of usage, said before anything is planned."""
    refused = command.run(make(tmp_path), root=root, bundle=plain)  # type: ignore[operator]
    assert (refused.code, refused.json["error"]) == (2, error)
    assert words in refused.err
    assert not root.exists()


def test_what_a_run_cannot_use_is_not_kept(plain: bundles.Built, root: Path, tmp_path: Path) -> None:
    """Neither standard input, nor the folders above; what was there before stays as it was."""
    there = tmp_path / "there"
    there.mkdir()
    for place in (root / "a" / "b", there):
        refused = command.run("-", root=place, bundle=plain, given='{"body": "zanzibar"}\n')
        assert (refused.code, refused.json["error"]) == (2, "InputSchemaError")
    assert not root.exists()
    assert [entry.name for entry in there.rglob("*") if entry.is_file()] == []


def test_a_file_that_may_not_be_read_is_named(plain: bundles.Built, root: Path, good: Path) -> None:
    """Permissions are said to be the cause."""
    good.chmod(0)
    refused = command.run(good, root=root, bundle=plain, preexec_fn=command.obey_permissions)
    assert (refused.code, refused.json["error"]) == (1, "InputUnreadableError")
    assert refused.json["where"] == str(good)
    assert "permissions" in refused.err


def test_a_packed_file_that_breaks_off_stops_the_run_by_name(plain: bundles.Built, root: Path, tmp_path: Path) -> None:
    """Half of a file is never taken for the whole: nothing is published."""
    line = json.dumps({"text": texts.SCORED}).encode() + b"\n"
    packed = gzip.compress(b"".join(line.replace(b"the", b"%d" % n) for n in range(5000)))
    (tmp_path / "in.jsonl.gz").write_bytes(packed[: len(packed) // 2])
    refused = command.run(tmp_path / "in.jsonl.gz", root=root, bundle=plain)
    assert (refused.code, refused.json["error"]) == (1, "InputUnreadableError")
    assert "in.jsonl.gz" in refused.err
    assert "breaks off" in refused.err
    assert command.live(root) is None


def test_an_empty_input_is_a_dataset_of_no_documents(plain: bundles.Built, root: Path, tmp_path: Path) -> None:
    """A day without documents is published like any other, and said to be empty."""
    nothing = texts.write(tmp_path / "in.jsonl", [])
    done = command.run(nothing, root=root, bundle=plain)
    assert (done.code, done.json["documents"], done.json["publication"]) == (0, 0, "published")
    (file,) = command.nimbus("dataset", root).out.splitlines()
    assert pq.read_table(file).num_rows == 0
    assert "what readers see is empty" in command.nimbus("run", nothing, "-b", plain.path, "-o", root).err


@pytest.mark.parametrize(("wanted", "words"), [("ents,nouns", "'nouns'"), ("spans", "ents, cats")])
def test_an_annotation_that_is_not_to_be_had_is_a_matter_of_usage(
    plain: bundles.Built, root: Path, good: Path, wanted: str, words: str
) -> None:
    """The refusal lists those that are."""
    refused = command.run(good, "--annotations", wanted, root=root, bundle=plain)
    assert refused.code == 2
    assert words in refused.err


def test_a_changed_bundle_is_refused(plain: bundles.Built, root: Path, good: Path, tmp_path: Path) -> None:
    """One flipped bit is enough, and the file is named."""
    shutil.copytree(plain.path, tmp_path / "bundle")
    weights = tmp_path / "bundle" / "ner" / "model"
    data = bytearray(weights.read_bytes())
    data[len(data) // 2] ^= 1
    weights.write_bytes(data)
    refused = command.run(good, root=root, bundle=replace(plain, path=tmp_path / "bundle"))
    assert (refused.code, refused.json["error"]) == (1, "BundleInvalidError")
    assert refused.json["where"] == str(weights)


def test_an_input_that_changes_during_a_run_stops_it(foreign: bundles.Built, root: Path, tmp_path: Path) -> None:
    """A run is over the input as it was planned: neither the run nor a resume goes on with another."""
    texts.write(tmp_path / "in" / "a.jsonl", [{"text": "holdzz"}])
    later = texts.write(tmp_path / "in" / "b.jsonl", [{"text": texts.SCORED}])
    command_line = ("run", tmp_path / "in", "-o", root, "--workers", "1", "--json")
    with command.held(tmp_path, *command_line, bundle=foreign) as (process, gate):
        with later.open("ab") as file:
            file.write(b"{}\n")
        gate.open()
        stopped = command.ended(process)
    assert (stopped.code, stopped.json["error"]) == (1, "InputChangedError")
    assert str(later) in stopped.err
    (run,) = command.names(root / "runs")
    ending = command.record(root / "runs" / run / "attempts" / "0001.json")
    assert (ending["ending"], ending["error"]["error"]) == ("failed", "InputChangedError")
    again = command.nimbus(*command_line, "--resume", bundle=foreign)
    assert (again.code, again.json["error"]) == (2, "RunMismatchError")
    assert "b.jsonl" in again.json["got"]
    without = command.nimbus("run", "-o", root, "--resume", "--json", bundle=foreign)
    assert (without.code, without.json["error"]) == (1, "InputChangedError")
    assert command.live(root) is None


def test_a_resume_needs_an_unfinished_run_its_bundle_and_its_settings(
    plain: bundles.Built, foreign: bundles.Built, root: Path, good: Path
) -> None:
    """Nothing begun, nothing left to do, another format and another bundle are each said by name."""
    none = command.run("--resume", root=root)
    assert (none.code, none.json["error"]) == (2, "RunNotFoundError")
    done = command.run(good, root=root, bundle=plain)
    finished = command.run(good, "--resume", root=root, bundle=plain)
    assert (finished.code, finished.json["error"]) == (2, "RunNotFoundError")
    assert done.json["run"] in finished.json["got"]
    (root / "live.json").unlink()
    (root / "runs" / done.json["run"] / "run.json").unlink()
    differing = command.run(good, "--resume", "--format", "jsonl", root=root, bundle=plain)
    assert (differing.code, differing.json["error"]) == (2, "RunMismatchError")
    assert (differing.json["got"], differing.json["expected"]) == ("format jsonl", "format parquet")
    other = command.run("--resume", root=root, bundle=foreign)
    assert (other.code, other.json["error"]) == (2, "RunMismatchError")
    assert str(plain.path) in other.json["expected"]
    assert command.live(root) is None


@pytest.fixture
def piped(foreign: bundles.Built, root: Path, tmp_path: Path) -> command.Ended:
    """Run over standard input, kill the run, and resume it without the input."""
    given = json.dumps({"text": "holdzz"}) + "\n" + json.dumps({"text": texts.SCORED}) + "\n"
    (tmp_path / "stdin").write_text(given, encoding="utf-8")
    with (tmp_path / "stdin").open() as stdin:
        gate = command.Gate(tmp_path / "gate")
        gate.path.touch()
        process = command.start(
            *("run", "-", "-o", root, "--workers", "1"),
            bundle=foreign,
            stdin=stdin,
            environment=gate.environment,
        )
        command.wait_until(gate.reached, "the document waits")
    command.kill_group(process)
    assert command.ended(process).code == -9
    gate.open()
    return command.run("--resume", root=root, bundle=foreign, environment=gate.environment)


def test_standard_input_outlives_a_killed_run(piped: command.Ended, root: Path) -> None:
    """It is kept until its run is published, so that a resume needs no second copy, and not longer."""
    assert (piped.code, piped.json["documents"]) == (0, 2), piped.err
    assert command.names(root / "spool") == []


def test_another_pipeline_s_dataset_is_not_replaced(foreign: bundles.Built, root: Path, tmp_path: Path) -> None:
    """A run by hand would make its bundle the live release: it says whose folder it is, and plans nothing."""
    store = DirectoryStore(root)
    store.create(paths.release("invoices-1"), codec.encode(Release("invoices-1", "digest", "en_invoices", "1.0.0")))
    store.create(paths.LIVE, codec.encode(Live(1, Entry("publish", "ana", "t", "", "x"), "invoices-1", dataset="r")))
    before = command.live(root)
    refused = command.run(texts.write(tmp_path / "in.jsonl", [{"text": "Anna"}]), root=root, bundle=foreign)
    assert (refused.code, refused.json["error"]) == (2, "UsageError")
    assert "another pipeline's" in refused.json["what"]
    assert refused.json["to do"] == "publish in a folder of its own: name another --output"
    assert (command.live(root), store.names(paths.RUNS), store.names(paths.RELEASES)) == (
        before,
        [],
        ["invoices-1.json"],
    )
