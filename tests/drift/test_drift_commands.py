"""Rules of `nimbus drift`: exit codes, words for what is wrong, and nothing from outside that could steer anything."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from nimbus.cli.drift import command
from nimbus_runtime.contract.drift import Level, Thresholds
from nimbus_runtime.contract.errors import NimbusError
from nimbus_runtime.drift import baselines
from nimbus_runtime.drift.watch import watch
from nimbus_runtime.store import DirectoryStore, Store

from .roots import RELEASE, World, add_run, baseline, rows

HOSTILE = (
    "<script>alert(1)</script>",
    "\x1b[31mred\x1b]0;title\x07",
    "\u202eevil",
    "'\"><img src=x onerror=alert(1)>",
    "</title><style>*{display:none}</style>",
    "&lt;b&gt; javascript:alert(1)",
    "a" * 5000,
)


def call(*arguments: object) -> Result:
    """Call `nimbus drift`; failures in words are raised."""
    done = CliRunner().invoke(command, [str(argument) for argument in arguments])
    if isinstance(done.exception, NimbusError):
        raise done.exception
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done


@pytest.fixture
def drifted(root: DirectoryStore) -> Path:
    """Return a root with a baseline, a run like it, and a run with longer texts, all watched."""
    good = add_run(root, rows(800, 1))
    baseline(root, good)
    for day, world in ((1, World()), (2, World(length=6.5))):
        watch(root, add_run(root, rows(800, 10 + day, world), day=day))
    return root.root


def test_material_drift_ends_with_findings(drifted: Path) -> None:
    """Exit code 3, for scripts; a run without drift ends with 0."""
    material = call("report", drifted)
    assert material.exit_code == 3
    assert material.stdout.startswith("Material drift: length in characters")
    calm = call("report", drifted, "--run", "20261103T020000Z")
    assert calm.exit_code == 0
    assert calm.stdout.startswith("No drift")


def test_a_bucket_is_reported_on_as_a_folder_is(store: Store) -> None:
    """Nothing is read but by the store."""
    baseline(store, add_run(store, rows(600, 1)))
    add_run(store, rows(600, 2, World(length=6.5)), day=1)
    done = call("report", store.location)
    assert (done.exit_code, done.stdout.partition(":")[0]) == (3, "Material drift")


def test_json_is_one_object_with_the_whole_report(drifted: Path) -> None:
    """Verdict, effects with intervals, since when, documents by id, and what to do."""
    done = call("report", drifted, "--json")
    found = json.loads(done.stdout)
    assert (done.exit_code, found["verdict"], found["schema_version"]) == (3, "material", 1)
    assert found["since"] == "20261104T020000Z"
    (longer,) = [each for each in found["comparison"]["findings"] if each["feature"] == "characters"]
    assert longer["low"] < longer["effect"] < longer["high"]
    assert (longer["reference"], longer["current"]) == (800, 800)
    assert len(found["drivers"]) == 20
    assert all(driver["id"].startswith("12-") for driver in found["drivers"])
    assert any("nimbus drift export" in line for line in found["advice"])
    assert any("nimbus rollback" in line for line in found["advice"])


def test_history_tells_each_run(drifted: Path) -> None:
    """As it was found when the run ended."""
    assert [line.split()[3] for line in call("history", drifted).stdout.splitlines()] == ["none", "material"]
    runs = json.loads(call("history", drifted, "--json").stdout)["runs"]
    assert [each["level"] for each in runs] == ["none", "material"]


def test_a_rollback_is_advised_where_drift_began_with_a_release(root: DirectoryStore) -> None:
    """It names the release to return to."""
    good = add_run(root, rows(800, 1))
    baseline(root, good)
    watch(root, add_run(root, rows(800, 2), day=1))
    newer = replace(RELEASE, release="support-2")
    add_run(root, rows(800, 3, World(length=6.5)), day=2, release=newer)
    done = call("report", root.root, "--json")
    assert any("release support-2" in line and "support-1" in line for line in json.loads(done.stdout)["advice"])


def test_a_baseline_of_a_range_of_runs(root: DirectoryStore) -> None:
    """Names sort as times do; either end may be left open."""
    for day in range(4):
        add_run(root, rows(600, day), day=day)
    made = json.loads(call("baseline", root.root, "--run", "20261103..20261104", "--name", "two", "--json").stdout)
    assert made["runs"] == ["20261103T020000Z", "20261104T020000Z"]
    assert len(json.loads(call("baseline", root.root, "--last", 3, "--json").stdout)["runs"]) == 3
    listed = json.loads(call("baseline", root.root, "--list", "--json").stdout)["baselines"]
    assert listed[0]["name"] == "two"


def test_a_report_says_where_its_baseline_is_among_what_it_compares(root: DirectoryStore) -> None:
    """The same runs cannot differ; more than these differ the less; some of them in common says nothing."""
    first, second, _ = (add_run(root, rows(600, day), day=day) for day in range(3))
    said = {
        "one": (baseline(root, second, name="one"), "--run", second.run, "nothing can differ"),
        "two": (baseline(root, first, second, name="two"), "--last", 2, None),
        "all": (baseline(root, first, second, name="all"), "--last", 3, "differ the less"),
    }
    for name, (_, option, value, words) in said.items():
        notes = "".join(
            json.loads(call("report", root.root, "--baseline", name, option, value, "--json").stdout)["notes"]
        )
        assert [each for each in ("nothing can differ", "differ the less") if each in notes] == [words] * bool(words)


def test_limits_are_those_of_the_project_around(
    root: DirectoryStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder that is named is held to them too; outside of a project the defaults hold."""
    add_run(root, rows(200, 1))
    with pytest.raises(NimbusError, match="too few documents"):
        call("baseline", root.root)
    (tmp_path / "nimbus.toml").write_text(
        '[pipeline]\nname = "support"\nsource = "model"\n[input]\npaths = ["in.jsonl"]\n[drift]\ndocuments = 100\n',
        encoding="utf-8",
    )
    monkeypatch.chdir(tmp_path)
    call("baseline", root.root, "--name", "own")
    assert baselines.named(root, "own", "support").thresholds == Thresholds(documents=100)


def test_runs_of_different_bundles_make_no_baseline(root: DirectoryStore) -> None:
    """Their predictions are not comparable."""
    add_run(root, rows(600, 1))
    add_run(root, rows(600, 2), day=1, release=replace(RELEASE, release="other", bundle_digest="c" * 64))
    with pytest.raises(NimbusError, match="different bundles"):
        call("baseline", root.root, "--run", "..")


def test_what_is_missing_is_said_in_words(root: DirectoryStore, tmp_path: Path) -> None:
    """No folder, no run, no baseline, no such baseline: what to do stands beside it."""
    with pytest.raises(NimbusError, match="no such folder"):
        call("report", tmp_path / "nowhere")
    with pytest.raises(NimbusError, match="no finished run"):
        call("report", root.root)
    run = add_run(root, rows(600, 1))
    with pytest.raises(NimbusError, match="nothing to compare") as caught:
        call("report", root.root)
    assert "nimbus drift baseline" in str(caught.value.remedy)
    baseline(root, run)
    with pytest.raises(NimbusError, match="no such baseline") as caught:
        call("report", root.root, "--baseline", "goof")
    assert "good" in str(caught.value.expected)
    with pytest.raises(NimbusError, match="no such run"):
        call("report", root.root, "--run", "../../etc")
    other = replace(RELEASE, release="support-2", bundle_digest="c" * 64)
    add_run(root, rows(600, 2), day=1, release=other)
    with pytest.raises(NimbusError, match="no baseline of its own"):
        call("report", root.root)
    assert call("report", root.root, "--baseline", "good").exit_code == 0


def test_few_documents_are_said_to_be_few(root: DirectoryStore) -> None:
    """A verdict, not an alarm: exit code 0."""
    baseline(root, add_run(root, rows(600, 1)))
    add_run(root, rows(30, 2, World(length=9)), day=1)
    done = call("report", root.root)
    assert done.exit_code == 0
    assert done.stdout.startswith("Insufficient data: 30 documents")


@pytest.mark.parametrize("quarantined", [0, 700])
def test_a_run_that_scored_nothing_is_insufficient_data(root: DirectoryStore, tmp_path: Path, quarantined: int) -> None:
    """The reason says so, in every form of a report; its own watch finds the same, and it counts with others."""
    baseline(root, add_run(root, rows(600, 1)))
    found = watch(root, add_run(root, [], day=1, quarantined=quarantined))
    assert found is not None
    assert (found.level, found.current) == (Level.INSUFFICIENT, 0)
    done = call("report", root.root, "--html", tmp_path / "report.html")
    assert done.exit_code == 0
    assert done.stdout.startswith("Insufficient data: the run scored no documents.")
    assert "scored no documents" in (tmp_path / "report.html").read_text("utf-8")
    assert json.loads(call("report", root.root, "--json").stdout)["verdict"] == "insufficient data"
    both = "Material drift: quarantined documents" if quarantined else "No drift"
    assert call("report", root.root, "--last", "2").stdout.startswith(both)


class Tags(HTMLParser):
    """Collects what a browser would build of a page."""

    def __init__(self) -> None:
        """Begin with nothing."""
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag and its attributes."""
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        """Note text."""
        self.text += data


@pytest.fixture
def hostile(root: DirectoryStore) -> Path:
    """Return a root whose ids and labels try everything."""
    baseline(root, add_run(root, rows(800, 1)))
    worlds = World(
        length=6.5,
        labels={HOSTILE[0]: 0.5, HOSTILE[1]: 0.3, HOSTILE[3]: 0.2},
        categories={HOSTILE[4]: 0.6, HOSTILE[2]: 0.4},
    )
    ids = [f"{HOSTILE[number % len(HOSTILE)]}{number}" for number in range(800)]
    add_run(root, rows(800, 2, worlds, ids), day=1)
    return root.root


def test_a_page_is_one_offline_file_whatever_the_ids(hostile: Path, tmp_path: Path) -> None:
    """No script, no address, no handler, no foreign style; at most 300 KB."""
    page = tmp_path / "report.html"
    assert call("report", hostile, "--html", page).exit_code == 3
    text = page.read_text(encoding="utf-8")
    assert len(text.encode()) <= 300_000
    seen = Tags()
    seen.feed(text)
    assert not seen.tags & {"script", "img", "iframe", "link", "object", "form", "a", "base", "image", "use"}
    assert not {name for name in seen.attributes if name.startswith("on")} | (
        seen.attributes & {"src", "href", "style"}
    )
    assert "alert(1)" in seen.text
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]", text)
    assert not re.search(r"(https?:)?//", text)
    assert text.count("<style>") == 1
    assert "default-src 'none'" in text


def test_a_terminal_shows_hostile_ids_as_escapes(hostile: Path) -> None:
    """Nothing moves the cursor, sets a title or turns the direction round."""
    done = call("report", hostile)
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f\u202a-\u202e]", done.stdout)
    assert "\\x1b[31m" in done.stdout


def test_a_report_writes_nothing_into_the_root(drifted: Path) -> None:
    """Who may only read may report."""
    before = sorted(drifted.rglob("*"))
    call("report", drifted)
    call("history", drifted)
    assert sorted(drifted.rglob("*")) == before
