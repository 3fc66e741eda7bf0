"""Rules of what screens do: each flow on an environment that was really built, by keys alone."""

from __future__ import annotations

import json
from pathlib import Path

from nimbus.config.loadtest import BUILT_IN
from nimbus_tui.api.session import Session
from nimbus_tui.widgets.table import Table
from tests.tui.conftest import nimbus, write_project
from tests.tui.driving import Driven, drive
from tests.tui.test_rollback_flow import live


def runs_of(project: Path) -> list[str]:
    """Return the names of all runs."""
    return sorted(path.name for path in (project / ".nimbus/local/runs").iterdir())


def test_a_deployment_shows_its_steps_and_what_came_of_it(project: Path) -> None:
    """The plan first, then each step as it ends; the command log has the command line."""
    before = live(project)
    write_project(project, 0.3)

    async def flow(driven: Driven) -> None:
        await driven.until("● en_support", "D Deploy")
        await driven.press("D")
        await driven.asked("Deploy support to local", "compile", "register", "promote", "nimbus deploy")
        await driven.press("right", "enter")
        await driven.until("deploy to local", "preflight", "shadow", "inconclusive", "▲ done, with findings")
        await driven.press("escape", "8")
        await driven.until("Command log", "nimbus deploy", "--yes", "done")

    drive(Session(config=project / "nimbus.toml"), flow)
    assert live(project) == before  # the gate had too few documents to say anything
    assert len(list((project / ".nimbus/local/releases").iterdir())) == 3


def test_what_is_live_already_is_not_offered_to_be_deployed_as_if_it_were_not(built: Path) -> None:
    """The plan says so in words, whatever its steps are."""

    async def flow(driven: Driven) -> None:
        await driven.until("● en_support", "D Deploy")
        await driven.press("D")
        await driven.asked("Deploy support to local", "live already: only its preflight would be repeated")

    drive(Session(config=built / "nimbus.toml"), flow)


def test_a_run_is_started_watched_and_looked_into(project: Path) -> None:
    """S starts it, the list shows it, o what it set aside with id and reason, l what its tasks said."""
    before = runs_of(project)

    async def flow(driven: Driven) -> None:
        await driven.until("● en_support")
        await driven.press("3", "S")
        await driven.asked("Start a run in local", "nimbus run")
        await driven.press("right", "enter")
        await driven.until("run in local", "✓ done")
        await driven.press("escape")
        await driven.until(*(set(runs_of(project)) - set(before)))
        await driven.press("g", "o")
        await driven.until("Set aside", "wrong-type", "[red]not a text[/]\\u202e")
        await driven.press("l")
        await driven.until("Logs", "planned", "committed")

    drive(Session(config=project / "nimbus.toml"), flow)
    assert len(runs_of(project)) == len(before) + 1


def test_a_run_is_cancelled_and_gone_on_with(project: Path) -> None:
    """X asks and stops it, w asks and does what is missing; readers see what they saw until then."""
    runs, local = runs_of(project), project / ".nimbus/local"
    texts = (project / "texts.jsonl").read_text("utf-8")
    (project / "texts.jsonl").write_text(texts * 200, "utf-8")
    nimbus(project, "deploy", "--yes", "--no-gate")  # a release that reads these
    before = live(project)

    async def flow(driven: Driven) -> None:
        await driven.until("● en_support")
        await driven.press("3", "S")
        await driven.asked("Start a run in local")
        await driven.press("right", "enter")
        await driven.until("going for")
        await driven.press("escape")
        await driven.until("running")
        await driven.press("g", "x")
        await driven.asked("Cancel a run in local", "what is committed stays")
        await driven.press("right", "enter")
        await driven.until("Cancelled run")
        await driven.until("■ cancelled")
        (run,) = (local / "runs" / name for name in runs_of(project) if name not in runs)
        ended = json.loads((run / "attempts/0001.json").read_text())
        assert ended["ending"] == "cancelled"
        assert not (run / "run.json").exists()
        assert live(project) == before
        await driven.press("w")
        await driven.asked("Redrive a run in local", "missing", "nimbus redrive")
        await driven.press("escape")
        await driven.until("Runs", gone="Redrive a run in local")
        await driven.press("8")
        await driven.until("Command log", "was stopped", "Cancelled run")

    drive(Session(config=project / "nimbus.toml"), flow)


def test_a_registered_release_is_promoted_and_taken_back(project: Path) -> None:
    """P on the selected release shows what changes; u takes it back. Of what is live, it says so."""
    before = live(project)

    async def flow(driven: Driven) -> None:
        await driven.until("● en_support")
        await driven.press("2")
        await driven.until("Ledger", "publish", "previous")
        await driven.press("P")
        await driven.until("Not done", "this release is live already")
        await driven.press("escape")
        await driven.press("tab", "down")
        await driven.until(f"Release {str(before['previous'])[:10]}", "previous")
        await driven.until("Against what is live", "max_quarantine")
        await driven.press("P")
        await driven.asked("Promote in local", "stays until the next run publishes")
        await driven.press("right", "enter")
        await driven.until("is live.")
        assert live(project)["release"] == before["previous"]
        await driven.press("u")
        await driven.asked("Undo in local")
        await driven.press("right", "enter")
        await driven.until("Rolled back to")

    drive(Session(config=project / "nimbus.toml"), flow)
    assert live(project)["release"] == before["release"]


def test_two_releases_are_compared(project: Path) -> None:
    """M marks one, and any other that is selected is shown against it."""

    async def flow(driven: Driven) -> None:
        await driven.press("2")
        await driven.until("Ledger", "publish")
        await driven.press("tab")
        await driven.until("Evidence")
        await driven.press("m", "down")
        await driven.until("marked", "Against en_support", "0.2 → 0.1")

    drive(Session(config=project / "nimbus.toml"), flow, size=(160, 60))


def test_the_schedule_is_paused_and_goes_on(project: Path) -> None:
    """P asks, and what it did is in sight on the first line; u lets it go on."""

    async def flow(driven: Driven) -> None:
        await driven.until("● en_support")
        await driven.press("3")
        await driven.until("published")
        await driven.press("p")
        await driven.asked("Pause the schedule of local")
        await driven.press("right", "enter")
        await driven.until("schedule paused", "· paused")
        await driven.press("u")
        await driven.asked("Unpause the schedule")
        await driven.press("right", "enter")
        await driven.until("The schedule goes on", gone="schedule paused")

    drive(Session(config=project / "nimbus.toml"), flow)


def test_preflight_is_shown_as_it_was_and_as_it_is(project: Path) -> None:
    """What the live release's found first; n checks now, and what failed says what to do."""
    (project / "texts.jsonl").unlink()

    async def flow(driven: Driven) -> None:
        await driven.press("7")
        await driven.until("of the live release", "✓ ok")
        await driven.press("n")
        await driven.until("✗ failed", "→")

    drive(Session(config=project / "nimbus.toml"), flow)


def test_drift_shows_features_then_and_now(project: Path) -> None:
    """Without a baseline it says how to make one; with one, each feature has its verdict and its distribution."""
    settings = (project / "nimbus.toml").read_text("utf-8")
    (project / "nimbus.toml").write_text(f"{settings}\n[drift]\ndocuments = 50\n", "utf-8")

    async def flow(driven: Driven) -> None:
        await driven.press("4")
        await driven.until("b makes a baseline of the published run")
        await driven.press("b")
        await driven.asked("Make a baseline in local", "nimbus drift baseline")
        await driven.press("right", "enter")
        await driven.until("drift baseline", "✓ done")
        await driven.press("escape")
        await driven.until("length in characters", "then", "now", "No drift")
        await driven.press("H")
        await driven.agree("nimbus drift report", "--html")
        await driven.until("✓ done")
        (baseline,) = (project / ".nimbus/local/baselines").glob("*.json")
        baseline.unlink()
        await driven.press("escape", "n")
        await driven.until("nothing to compare this run with", "b makes a baseline of the published run")

    drive(Session(config=project / "nimbus.toml"), flow)
    assert "No drift" in (project / "drift.html").read_text("utf-8")


def test_load_tests_of_two_releases_are_watched_kept_and_compared_and_one_is_stopped(project: Path) -> None:
    """Seconds are drawn as they pass; m marks a result to compare others with; x stops a test, which keeps nothing."""
    text = (project / "nimbus.toml").read_text("utf-8")
    profile = '[loadtest.profiles.brief]\nshape = "steady"\nrate = 2.0\nseconds = 4.0\n'
    (project / "nimbus.toml").write_text(f"{text}\n{profile}", "utf-8")
    before = live(project)
    first, second = (str(before[name]) for name in ("release", "previous"))
    beside = [f"1.0.0-{name.rsplit('-', 1)[1][:4]}" for name in (second, first)]

    async def measure(driven: Driven, results: int) -> None:
        await driven.press("G", "enter")
        await driven.agree("Load test in local", "nimbus loadtest")
        await driven.until("Results by release", "brief: done", "p95", "documents/s")
        await driven.eventually(lambda: len(driven.app.screen.query_one("#results", Table).keys) == results)

    async def stop(driven: Driven) -> None:
        await driven.press("g", *["down"] * list(BUILT_IN).index("soak"), "enter")
        await driven.agree("Load test in local", "nimbus loadtest", "--profile soak")
        await driven.until("load test soak: going", "p95", "in flight")
        await driven.press("x")
        await driven.until("■ load test soak: was stopped")
        await driven.press("x")
        await driven.until("No load test goes.")

    session = Session(config=project / "nimbus.toml")

    async def flow(driven: Driven) -> None:
        await driven.press("5")
        await driven.until("brief", "No load test is kept")
        await measure(driven, 1)
        await driven.press("R")
        await driven.agree("Roll back in local")
        await driven.until("Rolled back to")
        await measure(driven, 2)
        await driven.press("tab", "g", "m")
        await driven.until("»  en_support")
        await driven.press("down")
        await driven.until("Compared", "the selected one against the marked one", "p99", "%")
        assert any(all(name in line for name in beside) for line in driven.screen.splitlines()), driven.screen
        await driven.press("m", "m", "tab")
        await driven.until("Now", "brief: done", gone="»  en_support")
        await stop(driven)

    drive(session, flow)
    kept = project / ".nimbus/local/evidence"
    assert all(len(list((kept / release).glob("loadtest-*"))) == 1 for release in (first, second))
    assert session.running[-1].process.poll() is not None  # and with it its generator and its server


def test_an_environment_of_this_machine_needs_no_infrastructure(project: Path) -> None:
    """The screen says so, and how to describe one that does."""

    async def flow(driven: Driven) -> None:
        await driven.press("6")
        await driven.until("needs no infrastructure", "nimbus infra init")

    drive(Session(config=project / "nimbus.toml"), flow)


def test_an_empty_folder_offers_the_demo(tmp_path: Path, monkeypatch: object) -> None:
    """Its project can be deployed at once."""
    monkeypatch.chdir(tmp_path)  # type: ignore[attr-defined]

    async def flow(driven: Driven) -> None:
        await driven.until("Welcome to Nimbus", "Try the demo", "Begin a project")
        await driven.press("enter")
        await driven.until("nothing live yet", "D compiles the pipeline of nimbus.toml", gone="Welcome to Nimbus")

    drive(Session(), flow)
    assert (tmp_path / "nimbus-demo" / "nimbus.toml").is_file()


def test_another_environment_is_chosen(project: Path) -> None:
    """E lists them; the first line says where one is."""

    async def flow(driven: Driven) -> None:
        await driven.until("in local")
        await driven.press("e")
        await driven.until("Environments", "staging")
        await driven.press("down", "enter")
        await driven.until("in staging", "protected")

    drive(Session(config=project / "nimbus.toml"), flow)


def test_what_is_shown_can_be_copied_as_a_command(project: Path) -> None:
    """Y takes the command line of the screen, c what is selected."""
    found: list[str] = []

    async def flow(driven: Driven) -> None:
        await driven.until("● en_support")
        driven.app.copy_to_clipboard = found.append  # type: ignore[method-assign, assignment]
        await driven.press("2")
        await driven.until("Ledger", "Evidence")
        await driven.press("y", "c")

    drive(Session(config=project / "nimbus.toml", env="local"), flow)
    assert found[0].startswith("nimbus history --env local --config ")
    assert found[1] == live(project)["release"]


def test_a_damaged_record_is_told_in_words(project: Path) -> None:
    """The screen stays, and says what stands where; mended, it goes on by itself."""
    place = project / ".nimbus/local/live.json"
    whole = place.read_text()

    async def flow(driven: Driven) -> None:
        await driven.until("● en_support")
        place.write_text(json.dumps({"schema_version": 99}))
        await driven.press("r")
        await driven.until("cannot read this Live record", "schema version 99", "to do")
        place.write_text(whole)
        await driven.press("r")
        await driven.until("● en_support", "Latest changes", gone="cannot read")

    drive(Session(config=project / "nimbus.toml"), flow)


def test_a_canary_is_given_a_share_and_dropped(project: Path) -> None:
    """C chooses the share; the first line and the list say so; u drops it again, and so does C."""
    before = live(project)

    async def flow(driven: Driven) -> None:
        await driven.until("● en_support")
        await driven.press("2")
        await driven.until("Ledger", "publish")
        await driven.press("tab", "down")
        await driven.until("Against what is live")
        await driven.press("C")
        await driven.until("Canary of", "is the promotion itself")
        await driven.press("down", "enter")
        await driven.asked("Canary in local", "Give it 25 %", "nimbus promote", "--canary 25")
        await driven.press("right", "enter")
        await driven.until("canary 25 %", "25 % of the shards, the rest is by", "in which it does well")
        assert live(project)["release"] == before["release"]
        await driven.press("up", "P")
        await driven.until("Not done", "another release is in its canary")
        await driven.press("escape", "down", "u")
        await driven.asked("Drop the canary in local")
        await driven.press("right", "enter")
        await driven.until("The canary was dropped", gone="25 % of the shards")
        assert "canary 25 %" not in driven.screen
        assert live(project)["candidate"] is None
        await driven.press("escape", "u")
        await driven.agree("Canary in local", "Give it 25 %")
        await driven.until("canary 25 %", "25 % of the shards, the rest is by")
        await driven.press("escape", "C")
        await driven.until("Canary of", "Drop it")
        await driven.press("end", "enter")
        await driven.agree("Drop the canary in local", "25 %", "nimbus canary drop")
        await driven.until("The canary was dropped", gone="25 % of the shards")
        assert "canary 25 %" not in driven.screen

    drive(Session(config=project / "nimbus.toml"), flow)
    assert live(project)["candidate"] is None
