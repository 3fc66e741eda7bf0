"""A candidate beside live on real inputs: what is planted is found, and nothing else."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from tests.faults import command
from tests.fixtures import canaries, candidates
from tests.toolkit.promotion import environments, worse

from nimbus import assembly, promoting
from nimbus.releases import live as live_states
from nimbus.releases import promote
from nimbus_runtime import evidence, live
from nimbus_runtime.contract.records import Live, OutputFormat

WORD = re.compile(r"\w{3,}")


@pytest.fixture(scope="module")
def cnn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the demo's CNN as a bundle."""
    return worse.build(tmp_path_factory.mktemp("cnn"), "support_cnn")


@pytest.fixture(scope="module")
def beside_cnn(cnn: Path, tmp_path_factory: pytest.TempPathFactory) -> environments.Local:
    """Return a project in which it is live."""
    project, _ = environments.begin(tmp_path_factory.mktemp("project") / "cnn", cnn, worse.texts())
    project.set("\n[gate]\nmax_changed = 0.1\n")
    return project


def shadowed(project: environments.Local, bundle: Path, name: str | None, *more: str) -> dict[str, Any]:
    """Register a bundle as a release, let it run in the shadow, and return the figures."""
    if name is not None:
        canaries.register(project.store, name, bundle)
    ended = project.nimbus("shadow", bundle if name is None else name, "--documents", "200", "--json", *more)
    assert ended.code == 0, ended.err
    found: dict[str, Any] = ended.json["shadow"]
    return found


def gated(project: environments.Local, name: str) -> tuple[int, str, dict[str, str]]:
    """Return the gate's exit code, verdict, and each rule's."""
    ended = project.nimbus("gate", name, "--json")
    gate = ended.json["gate"]
    return ended.code, gate["verdict"], {rule["name"]: rule["verdict"] for rule in gate["rules"]}


def test_an_identical_model_shows_zero_flips(beside_cnn: environments.Local, cnn: Path) -> None:
    """Not one, in any component; nor does it shift any score; and every rule but that of time says promote."""
    found = shadowed(beside_cnn, cnn, "same")
    assert found["sampled"] == pytest.approx(200, abs=10)
    assert found["scored_again"]
    assert found["changed"]["count"] == 0
    assert {c["name"]: c["changed"]["count"] for c in found["components"]} == {"textcat": 0, "ents": 0, "tags": 0}
    assert all(shift["difference"] == 0 for shift in found["shifts"])
    assert found["repeated"]["count"] == 0
    _, _, rules = gated(beside_cnn, "same")
    assert {verdict for rule, verdict in rules.items() if rule != "time a character"} == {"promote"}


def test_a_planted_label_swap_is_found(beside_cnn: environments.Local, tmp_path: Path) -> None:
    """By label and as cells of the matrix; other labels do not change, and spans keep their ends."""
    found = shadowed(beside_cnn, worse.build(tmp_path, "support_cnn", swap=True), "swapped")
    by_name = {component["name"]: component for component in found["components"]}
    entities = {part["name"]: part["changed"]["share"] for part in by_name["ents"]["labels"]}
    assert (entities["PERSON"], entities["ORG"], entities["PLACE"]) == (pytest.approx(1), pytest.approx(1), 0)
    flips = {
        (cell["live"], cell["candidate"]) for cell in by_name["textcat"]["matrix"] if cell["live"] != cell["candidate"]
    }
    assert {("refund", "praise"), ("praise", "refund")} <= flips
    assert by_name["tags"]["changed"]["count"] == 0
    (spans,) = found["entities"]
    assert (spans["partial"], spans["missing"], spans["extra"]) == (0, 0, 0)
    assert spans["label"] > 0
    code, verdict, rules = gated(beside_cnn, "swapped")
    assert (code, verdict, rules["ents: changed"], rules["ents: labels"]) == (3, "hold", "hold", "hold")


def test_a_ten_times_slower_bundle_is_found(beside_cnn: environments.Local, tmp_path: Path) -> None:
    """It says the same, and is held for its time."""
    found = shadowed(beside_cnn, worse.build(tmp_path, "support_cnn", times=10.0), "slow")
    assert found["changed"]["count"] == 0
    assert found["speed"]["low"] > 3
    assert found["projection"]["candidate_seconds"] > 3 * found["projection"]["live_seconds"]
    code, verdict, rules = gated(beside_cnn, "slow")
    assert (code, verdict, rules["time a character"]) == (3, "hold", "hold")
    assert {rules["textcat: changed"], rules["failing documents"]} == {"promote"}


def test_a_truncated_tokenizer_is_found(tmp_path: Path) -> None:
    """Words fall into more pieces, and what the heads say of them changes."""
    bundle = worse.build(tmp_path / "trf", "support_trf")
    project, _ = environments.begin(tmp_path / "project", bundle, worse.texts())
    found = shadowed(project, worse.truncated(bundle, tmp_path / "truncated"), "truncated")
    shifts = {shift["name"]: shift for shift in found["shifts"]}
    assert shifts["pieces"]["low"] > 0.1 * shifts["pieces"]["live"]
    assert found["changed"]["low"] > 0.2
    assert gated(project, "truncated")[1] == "hold"


@pytest.mark.parametrize("output_format", list(OutputFormat))
def test_live_s_published_rows_stand_for_it_where_its_bundle_is_gone(
    cnn: Path, tmp_path: Path, output_format: OutputFormat
) -> None:
    """The candidate alone is scored; an identical one shows zero flips."""
    copy = shutil.copytree(cnn, tmp_path / "copy")
    project, run = environments.begin(tmp_path / "project", copy, worse.texts(), output_format)
    shutil.rmtree(copy)
    found = shadowed(project, cnn, None)
    assert (found["run"], found["scored_again"], found["speed"]["same_machine"]) == (run.run, False, False)
    assert found["changed"]["count"] == 0
    assert found["components"][0]["changed"]["of"] == found["sampled"]


def test_inputs_that_changed_since_are_scored_as_they_are(cnn: Path, tmp_path: Path) -> None:
    """By both, since no run has published them; without live's bundle there is nothing to compare with."""
    project, _ = environments.begin(tmp_path / "project", cnn, worse.texts())
    lines = worse.texts().read_text(encoding="utf-8").splitlines()[:150]
    (project.inputs / "texts.jsonl").write_text("\n".join(lines), encoding="utf-8")
    found = shadowed(project, cnn, None)
    assert (found["run"], found["sampled"], found["documents"]) == (None, 150, 150)
    (project.store.root / "releases" / "v1.json").unlink()
    copy = shutil.copytree(cnn, tmp_path / "copy")
    canaries.register(project.store, "v1", copy)
    shutil.rmtree(copy)
    ended = project.nimbus("shadow", cnn, "--json")
    assert (ended.code, ended.json["error"]) == (1, "NothingToCompareError")
    assert "Traceback" not in ended.err


def test_a_live_release_that_has_not_published_yet_is_told(cnn: Path, tmp_path: Path) -> None:
    """The last run is another's: what stands in the way is said, and a deployment is held, not failed."""
    project, _ = environments.begin(tmp_path / "project", cnn, worse.texts())
    copy = candidates.build(tmp_path / "copy")
    present = canaries.register(project.store, "v2", copy)
    shutil.rmtree(copy)
    live.decide(project.store, canaries.state(project.store.root), live.entry("promote", "ana"), _promoted_v2)
    ended = project.nimbus("shadow", cnn, "--json")
    assert (ended.code, ended.json["error"]) == (1, "NothingPublishedError")
    assert "v2" in ended.json["got"]
    candidate = canaries.register(project.store, "v3", cnn)
    read = assembly.project(config=project.folder / "nimbus.toml")
    verdict = promoting.judge(assembly.environment(read), read, lambda: None)(candidate, present)
    assert verdict.outcome is promote.Outcome.INCONCLUSIVE
    assert "has published no run yet, and its bundle is not on this machine" in verdict.why
    assert not promoting.live_is_here(assembly.environment(read), read)


def _promoted_v2(present: Live | None) -> Live:
    return live_states.promoted(present, "v2")


def test_no_text_gets_into_the_figures(beside_cnn: environments.Local, tmp_path: Path) -> None:
    """Neither into the evidence nor onto the screen: ids, labels and numbers alone."""
    bundle = worse.build(tmp_path, "support_cnn", swap=True)
    canaries.register(beside_cnn.store, "told", bundle)
    shown = beside_cnn.nimbus("shadow", "told", "--documents", "100")
    kept = evidence.latest(beside_cnn.store, "told", "shadow")
    assert kept is not None
    told = json.dumps(kept.body) + shown.out
    documents = [json.loads(line) for line in worse.texts().read_text(encoding="utf-8").splitlines()]
    for document in documents:
        words = WORD.findall(document["text"])
        for first, second, third in zip(words, words[1:], words[2:], strict=False):
            assert f"{first} {second} {third}" not in told


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("nowhere",), "BundleNotHereError"),
        (("v1", "--live", "nowhere"), "BundleInvalidError"),
    ],
)
def test_what_cannot_be_compared_is_said_in_words(
    beside_cnn: environments.Local, arguments: tuple[str, ...], error: str
) -> None:
    """With a class, and without a traceback."""
    ended = beside_cnn.nimbus("shadow", *arguments, "--json")
    assert (ended.code in (1, 2), ended.json["error"]) == (True, error)
    assert "Traceback" not in ended.err


def test_a_gate_names_what_it_lacks(beside_cnn: environments.Local, cnn: Path) -> None:
    """No evidence is no promotion."""
    canaries.register(beside_cnn.store, "unknown", cnn)
    ended = beside_cnn.nimbus("gate", "unknown", "--json")
    assert (ended.code, ended.json["gate"]["verdict"]) == (3, "inconclusive")
    assert ended.json["gate"]["missing"] == ["shadow: none yet"]


def test_a_shadow_that_is_asked_to_end_leaves_no_text_behind(
    beside_cnn: environments.Local, cnn: Path, tmp_path: Path
) -> None:
    """SIGTERM, as Ctrl-C: the folder with the sample is removed, and nothing is kept."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    environment = {"TMPDIR": str(scratch)}
    config = ("--config", beside_cnn.folder / "nimbus.toml")
    process = command.start("shadow", cnn, "--documents", "600", "--json", *config, environment=environment)
    command.wait_until(lambda: list(scratch.glob("nimbus-shadow-*/sample/*.jsonl")), "the sample is written")
    process.terminate()
    ended = command.ended(process)
    assert (ended.code, ended.json["error"]) == (143, "RunTerminatedError")
    assert list(scratch.iterdir()) == []


def test_live_s_bundle_is_found_among_what_was_compiled(cnn: Path, tmp_path: Path) -> None:
    """As for an environment on AWS, whose root holds no bundles: it then scores the sample again."""
    copy = shutil.copytree(cnn, tmp_path / "copy")
    project, _ = environments.begin(tmp_path / "project", copy, worse.texts())
    shutil.copytree(copy, project.folder / ".nimbus" / "compiled" / "support_cnn-1")
    shutil.rmtree(copy)
    assert shadowed(project, cnn, None)["scored_again"]


def test_ids_and_labels_of_others_stay_on_their_line(tmp_path: Path) -> None:
    """Neither an escape nor a line's end of an id or of a label reaches the terminal."""
    live = candidates.build(tmp_path / "live")
    other = candidates.build(tmp_path / "other", version="2.0.0", person="O\x1b[31mRG\nhold")
    lines = [{"id": f"\x1b]0;x\x07<script>{n}\npromote", "text": f"Anna in Berlin {n}"} for n in range(40)]
    texts = tmp_path / "texts.jsonl"
    texts.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    project, _ = environments.begin(tmp_path / "project", live, texts)
    canaries.register(project.store, "v2", other)
    said = [project.nimbus("shadow", "v2"), project.nimbus("gate", "v2")]
    assert [ended.code for ended in said] == [0, 3]
    for ended in said:
        assert not [c for c in ended.out + ended.err if not c.isprintable() and c != "\n"]
        assert "\npromote" not in ended.out.replace("\npromote ", "")
