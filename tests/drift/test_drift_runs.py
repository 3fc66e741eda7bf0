"""Rules of drift from end to end: a dev set at compile, runs by the real command line, and no text left anywhere."""

from __future__ import annotations

import json
import random
import shutil
import string
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from nimbus import assembly, drifting
from nimbus_runtime.bundle import Bundle, verify
from nimbus_runtime.contract.drift import Thresholds
from nimbus_runtime.contract.errors import DriftError
from nimbus_runtime.drift import baselines, devset
from nimbus_runtime.store import DirectoryStore
from tests.faults import bundles, command

from . import roots

_GRAM = 8
_WORDS = "in a field's name somebody says this"
_LETTERS = "".join(set(string.ascii_lowercase) - set("aeiouy"))


def write(path: Path, documents: int, words: int, seed: int, **fields: object) -> list[str]:
    """Write texts of words that stand nowhere else; return the texts."""
    chance = random.Random(seed)
    texts = [
        " ".join(
            "".join(chance.choices(_LETTERS, k=chance.randint(3, 11))) for _ in range(chance.randint(words, 2 * words))
        )
        for _ in range(documents)
    ]
    lines = [json.dumps({"id": f"{seed}-{number}", "text": text, **fields}) + "\n" for number, text in enumerate(texts)]
    path.write_text("".join(lines), encoding="utf-8")
    return texts


def grams(text: str) -> set[str]:
    """Return every run of eight characters."""
    return {text[at : at + _GRAM] for at in range(len(text) - _GRAM + 1)}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> bundles.Built:
    """Return a small bundle that was compiled with a dev set."""
    folder = tmp_path_factory.mktemp("bundle")
    plain = bundles.build(folder)
    write(folder / "dev.jsonl", 520, 8, 1)
    done = command.nimbus("compile", plain.original, "--output", plain.path, "--dev", folder / "dev.jsonl", "--json")
    assert done.code == 0, done.err
    assert (done.json["dev_documents"], done.json["unchanged"]) == (520, True)
    return plain


def test_from_a_dev_set_to_a_sample_for_annotation(built: bundles.Built, tmp_path: Path) -> None:
    """Runs are compared with the dev set; a changed one is found, shown and exported; no text is kept."""
    root, calm, odd = tmp_path / "root", tmp_path / "calm.jsonl", tmp_path / "odd.jsonl"
    texts = write(calm, 520, 8, 2, amount=1, colour="red")
    texts += write(odd, 520, 30, 3, amount="1", **{_WORDS: 1})
    ended = [command.run(file, "--id-field", "id", root=root, bundle=built) for file in (calm, odd)]
    assert [each.json["drift"] for each in ended] == ["none", "material"], ended[0].err
    page, target = tmp_path / "page.html", tmp_path / "sample.jsonl"
    report = command.nimbus("drift", "report", root, "--html", page, "--json")
    assert (report.code, report.json["verdict"]) == (3, "material")
    assert report.json["baseline"]["source"] == "dev"
    assert "Fields of the records are not compared: a dev set's are not" in report.json["comparison"]["note"]
    made = command.nimbus("drift", "baseline", root, "--run", ended[0].json["run"], "--name", "calm")
    against = command.nimbus("drift", "report", root, "--baseline", "calm", "--html", page, "--json")
    assert (made.code, against.code) == (0, 3), made.err + against.err
    material = {each["feature"] for each in against.json["comparison"]["findings"] if each["level"] == "material"}
    named = {"field colour", "string amount"}
    assert named < material
    assert {feature[:7] for feature in material if "field" in feature} == {"field c", "field #"}
    assert {panel["title"] for panel in against.json["panels"]} >= {"fields of the documents"}
    assert "documents whose amount is a string" in page.read_text(encoding="utf-8")
    shown = command.nimbus("drift", "report", root)
    history = command.nimbus("drift", "history", root)
    exported = command.nimbus("drift", "export", root, "--to", target, "--size", "40", "--json")
    assert exported.json == {
        "schema_version": 1,
        "target": str(target),
        "documents": 40,
        "missing": 0,
        "unread_inputs": [],
    }

    written = "\n".join(
        [each.out + each.err for each in (*ended, report, made, against, shown, history, exported)]
        + [page.read_text(encoding="utf-8")]
        + [_readable(path) for path in sorted(root.rglob("*")) if path.is_file()]
    )
    assert _WORDS not in written
    leaked = grams(written) & set().union(*map(grams, texts))
    assert not {gram for gram in leaked if set(gram) <= set(_LETTERS)}
    by_text = {text: f"2-{number}" for number, text in enumerate(texts[:520])}
    by_text |= {text: f"3-{number}" for number, text in enumerate(texts[520:])}
    lines = [json.loads(line) for line in target.read_text(encoding="utf-8").splitlines()]
    assert all(by_text[line["text"]] == line["meta"]["document_id"] for line in lines)
    assert len({line["text"] for line in lines}) == 40


def test_an_export_reads_texts_that_lie_elsewhere_and_refuses_others(built: bundles.Built, tmp_path: Path) -> None:
    """Moved inputs are named; texts are found wherever they stand by now, and one that was changed is counted.

    The ids are derived, from places among others: all of them are others now.
    """
    root, source, other = tmp_path / "root", tmp_path / "texts.jsonl", tmp_path / "other.jsonl"
    write(source, 520, 8, 4)
    write(other, 4, 8, 5)
    assert command.run(source, other, root=root, bundle=built).code == 0
    arguments = ("drift", "export", root, "--tool", "doccano", "--task", "cats", "--size", "10", "--json")
    everything = ("drift", "export", root, "--task", "cats", "--size", "524", "--json", "--to")
    gone = other.read_text(encoding="utf-8")
    other.unlink()
    lines = source.read_text(encoding="utf-8").splitlines(keepends=True)
    source.write_text("".join([json.dumps({"id": "4-0", "text": "another"}) + "\n", *lines[1:]]), encoding="utf-8")
    rest = command.nimbus(*everything, tmp_path / "rest.jsonl")
    assert (rest.code, rest.json["documents"], rest.json["missing"]) == (0, 519, 5), rest.err
    assert rest.json["unread_inputs"] == ["other.jsonl"]
    assert "5 are no longer in the inputs, of which 1 cannot be read: other.jsonl" in rest.err
    assert "another" not in (tmp_path / "rest.jsonl").read_text(encoding="utf-8")
    moved = tmp_path / "moved.jsonl"
    first = json.dumps({"id": "4-0", "text": "first"})
    moved.write_text("".join([f"{first}\n", *reversed(lines), gone]), encoding="utf-8")
    source.unlink()
    lost = command.nimbus(*arguments, "--to", tmp_path / "a.jsonl")
    assert lost.code != 0
    assert "--input" in lost.json["to do"]
    found = command.nimbus(*arguments, "--to", tmp_path / "b.jsonl", "--input", moved)
    assert (found.code, found.json["documents"]) == (0, 10), found.err
    (first, *_) = (json.loads(line) for line in (tmp_path / "b.jsonl").read_text(encoding="utf-8").splitlines())
    assert first["label"] in (["complaint"], ["praise"])
    write(moved, 520, 9, 4)
    changed = command.nimbus(*arguments, "--to", tmp_path / "c.jsonl", "--input", moved)
    assert changed.code == 1
    assert not (tmp_path / "c.jsonl").exists()


@dataclass(frozen=True)
class Compiled:
    """What was compiled already."""

    bundle: Bundle

    def find(self) -> Bundle:
        """Return it."""
        return self.bundle

    compile = find


def test_a_dev_set_is_kept_and_adopted_before_anything_is_live(built: bundles.Built, tmp_path: Path) -> None:
    """A first deployment compiles and keeps it; where it is damaged, a deployment ends in words and nothing is live."""
    write(tmp_path / "dev.jsonl", 520, 8, 5)
    (tmp_path / "nimbus.toml").write_text(
        f'[pipeline]\nname = "support"\nsource = "{built.original}"\n[input]\npaths = ["dev.jsonl"]\nid_field = "id"\n'
        '[drift]\ndev = "dev.jsonl"\n[environments.one]\nroot = "one"\n[environments.two]\nroot = "two"\n',
        encoding="utf-8",
    )
    arguments = ("deploy", "--config", tmp_path, "--yes", "--json", "--env")
    done = command.nimbus(*arguments, "one")
    assert done.code == 0, done.err
    assert "found as it was" not in next(line for line in done.err.splitlines() if "compile" in line)
    kept = baselines.every(DirectoryStore.reading(tmp_path / "one"))
    assert [baseline.release for baseline in kept] == [done.json["release"]]
    (sample,) = (tmp_path / ".nimbus" / "compiled").glob("*.dev/baselines/data/*")
    sample.write_bytes(b"PAR1 not really")
    refused = command.nimbus(*arguments, "two")
    assert (refused.code, refused.json["error"]) == (1, "DriftError")
    assert not (tmp_path / "two" / "live.json").exists()


def test_a_dev_set_has_the_limits_of_the_project(built: bundles.Built, tmp_path: Path) -> None:
    """Kept beside a bundle, and made the baseline of a release by those of the project that deploys it."""
    limits = "documents = 100\ndistance = 0.03\n"
    write(tmp_path / "dev.jsonl", 200, 8, 5)
    (tmp_path / "nimbus.toml").write_text(
        '[pipeline]\nname = "support"\nsource = "model"\n[input]\npaths = ["in.jsonl"]\nid_field = "id"\n'
        '[schedule]\nexpression = "rate(1 days)"\ntime_zone = "Europe/Berlin"\n'
        f'[drift]\ndev = "dev.jsonl"\n{limits}',
        encoding="utf-8",
    )
    project = assembly.project(config=tmp_path / "nimbus.toml")
    wanted = Thresholds(documents=100, distance=0.03, time_zone="Europe/Berlin")
    copied = shutil.copytree(built.path, tmp_path / "bundle")
    bundle = verify(copied)
    assert drifting.WithDevSet(Compiled(bundle), project).find() is None
    assert drifting.WithDevSet(Compiled(bundle), project).compile() == bundle
    assert drifting.WithDevSet(Compiled(bundle), project).find() == bundle
    store = DirectoryStore(tmp_path / "root")
    kept = devset.adopt(store, "support-1", bundle)
    assert kept is not None
    assert (kept.thresholds, kept.parts[0].documents) == (wanted, 200)
    lower = replace(wanted, distance=0.02)
    deployed = devset.adopt(DirectoryStore(tmp_path / "other"), "support-1", bundle, lower)
    assert deployed is not None
    assert deployed.thresholds == lower


@pytest.mark.parametrize(("damage", "said"), [(None, "missing"), (b"PAR1 not really", "damaged")])
def test_a_damaged_dev_set_becomes_no_baseline(
    built: bundles.Built, tmp_path: Path, damage: bytes | None, said: str
) -> None:
    """Nothing is written under a name that is another content's, and the run that found it says so."""
    copied = shutil.copytree(built.path, tmp_path / "bundle")
    beside = shutil.copytree(devset.beside(built.path), devset.beside(copied))
    (sample,) = (beside / "baselines" / "data").iterdir()
    sample.unlink() if damage is None else sample.write_bytes(damage)
    store = DirectoryStore(tmp_path / "root")
    with pytest.raises(DriftError, match=said) as caught:
        devset.adopt(store, "support-1", verify(copied))
    assert sample.name in str(caught.value.where)
    assert roots.files(tmp_path / "root") == {}
    texts = tmp_path / "texts.jsonl"
    write(texts, 3, 8, 6)
    done = command.nimbus("run", texts, "-b", copied, "-o", tmp_path / "out")
    assert done.code == 0, done.err
    assert f"Drift is unknown: a file of the dev set that is kept beside the bundle is {said}" in done.err


def _readable(path: Path) -> str:
    """Return what a file of a root says: tables as their values."""
    if path.suffix == ".parquet":
        return str(pq.read_table(path).to_pylist())
    return path.read_text(encoding="utf-8", errors="replace")
