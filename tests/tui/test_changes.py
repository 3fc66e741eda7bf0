"""Rules of what is asked and changed while something else goes on: keys come faster than answers."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from textual import events

from nimbus import assembly
from nimbus_runtime import evidence, live
from nimbus_runtime.contract import paths
from nimbus_runtime.contract.errors import UsageError
from nimbus_runtime.contract.records import Live
from nimbus_tui.answering import _ANEW
from nimbus_tui.api import drift, loadtests, overview, releases, runs, verbs
from nimbus_tui.api.beginning import BeginDemo
from nimbus_tui.api.glance import Glance, LookAround
from nimbus_tui.api.proposals import Done, Proposal
from nimbus_tui.api.questions import Question
from nimbus_tui.api.session import Session
from nimbus_tui.api.verbs import Verb
from nimbus_tui.messages import Ask, Propose, Start
from nimbus_tui.widgets.filter import Filter
from nimbus_tui.widgets.table import Table
from tests.tui import made_up
from tests.tui.driving import Driven, drive

TWO = """
[environments.alpha]
root = ".nimbus/alpha"

[environments.beta]
root = ".nimbus/beta"
protected = true
"""


class Steered(made_up.MadeUp):
    """A session whose answers a test gives, and may hold back."""

    steer: Callable[[Question[Any], str | None], object] | None = None

    def answer(self, question: Question[Any]) -> Any:  # noqa: ANN401 - any question's
        """Return what the test gives, or what was made up."""
        given = self.steer(question, self.env) if self.steer is not None else None
        return super().answer(question) if given is None else given


def steered(steer: Callable[[Question[Any], str | None], object] | None = None) -> Steered:
    """Return a session whose answers `steer` may give, from a question and the environment that is shown."""
    session = Steered(Path("nimbus.toml"), "production")
    session.answers, session.steer = dict(made_up.ANSWERS), steer
    return session


def unprotected(perform: Callable[[str], Done]) -> Proposal:
    """Return a rollback that wants no name typed."""
    return replace(made_up.ROLLBACK, typed=None, perform=perform)


@pytest.fixture
def two(tmp_path: Path) -> Path:
    """Return a project with two environments, one of them protected."""
    file: Path = BeginDemo(tmp_path).ask(Session())
    file.write_text(file.read_text("utf-8") + TWO, "utf-8")
    return file


class Slow:
    """A question during which another environment is chosen."""

    def __init__(self, question: Question[Proposal], shown: Session) -> None:
        """Wrap a question."""
        self.question, self.shown = question, shown

    def ask(self, session: Session) -> Proposal:
        """Have the environment opened, another one shown, and the question answered."""
        session.environment()
        self.shown.switch("beta")
        return self.question.ask(session)


@pytest.mark.parametrize("question", [releases.WhatDeployment(), runs.WhatStart(), drift.WhatBaseline()])
def test_a_proposal_is_of_the_environment_in_which_it_was_asked_for(question: Question[Proposal], two: Path) -> None:
    """What it says and what it would do name the same one, whichever is shown meanwhile."""
    session = Session(two, "alpha")
    found = session.answer(Slow(question, session))
    assert isinstance(found.perform, Verb)
    assert "alpha" in found.title
    assert ("alpha" in found.command, "alpha" in found.perform.command, found.typed) == (True, True, None)
    assert session.environment().name == "beta"


@pytest.mark.parametrize(
    "question", [runs.WhatStart(), drift.WhatBaseline(), loadtests.WhatLoadTest("batch"), releases.WhatDeployment()]
)
def test_whatever_changes_a_protected_environment_wants_its_name(question: Question[Proposal], two: Path) -> None:
    """Runs, baselines and load tests that publish as much as deployments; elsewhere nothing is typed."""
    text = two.read_text("utf-8")
    two.write_text(f'{text}\n[loadtest.profiles.batch]\nshape = "steady"\nusers = "batch"\n', "utf-8")
    assert Session(two, "beta").answer(question).typed == "beta"
    assert Session(two, "alpha").answer(question).typed is None


def test_what_was_proposed_for_an_environment_goes_when_it_is_left() -> None:
    """Neither its dialog appears in the other one, nor what would undo the last change there."""
    planned, asked = threading.Event(), threading.Event()

    def steer(question: Question[Any], env: str | None) -> object:
        if isinstance(question, releases.WhatRollback) and env == "production" and not question.undoing:
            asked.set()
            assert planned.wait(300.0)
        return None

    session = steered(steer)

    async def flow(driven: Driven) -> None:
        await driven.until("in production")
        await driven.press("R")
        await driven.until("finding out what it would do")
        await driven.eventually(asked.is_set)
        await driven.app._switch("production", "staging")  # noqa: SLF001 - as if it was chosen before that was in sight
        assert len(driven.app.screen_stack) == 1
        planned.set()
        await driven.eventually(lambda: not driven.app.asks)
        assert len(driven.app.screen_stack) == 1
        await driven.press("u")
        await driven.until("There is nothing to undo")

    try:
        drive(session, flow)
    finally:
        planned.set()


def test_an_environment_is_not_left_while_something_is_changed_there() -> None:
    """It is said so; what was done is logged and can be undone where it was done."""
    begun, ended = threading.Event(), threading.Event()

    def perform(reason: str) -> Done:
        del reason
        begun.set()
        assert ended.wait(300.0)
        return Done("Rolled back to OLD.", releases.WhatRollback("x", undoing=True))

    session = steered()
    session.answers = {**made_up.ANSWERS, releases.WhatRollback: unprotected(perform)}

    async def flow(driven: Driven) -> None:
        await driven.until("in production")
        await driven.press("R")
        await driven.agree("Roll back in production")
        await driven.eventually(begun.is_set)
        await driven.press("R")
        await driven.until("A change is being made")
        await driven.press("escape", "e")
        await driven.until("Environments", "staging")
        await driven.press("up", "enter")
        await driven.until("A change is being made")
        assert session.env == "production"
        ended.set()
        await driven.until("Rolled back to OLD.", "Press u to undo")
        assert [entry.outcome for entry in session.log] == ["Rolled back to OLD."]

    try:
        drive(session, flow)
    finally:
        ended.set()


class Hanging:
    """A change that ends when a test says so: refused once where it should be, and then done."""

    def __init__(self, *refusals: str) -> None:
        """Begin with nothing asked of it."""
        self.begun, self.ended = threading.Event(), threading.Event()
        self.refusals = list(refusals)

    def __call__(self, reason: str) -> Done:
        """Wait, and be done."""
        del reason
        self.begun.set()
        assert self.ended.wait(300.0)
        if self.refusals:
            raise UsageError(self.refusals.pop())
        return Done("Rolled back to OLD.", releases.WhatRollback("x", undoing=True))

    async def begin(self, driven: Driven) -> None:
        """Have it begun, and quitting asked about."""
        self.begun.clear()
        self.ended.clear()
        await driven.press("R")
        await driven.agree("Roll back in production")
        await driven.eventually(self.begun.is_set)
        await driven.press("q", "ctrl+c")
        await driven.until("Still being done: Roll back in production", "Wait no longer")


@pytest.fixture
def hanging() -> Iterator[Hanging]:
    """Return a change that hangs until its test is over, at the latest."""
    change = Hanging()
    yield change
    change.ended.set()


def hung(change: Hanging) -> Steered:
    """Return a session in which a rollback hangs."""
    session = steered()
    session.answers = {**made_up.ANSWERS, releases.WhatRollback: unprotected(change)}
    return session


def test_leaving_may_wait_for_a_change_that_is_being_made(hanging: Hanging) -> None:
    """It is asked; the app goes once the change is done; where it was refused, the app stays and says why."""
    hanging.refusals.append("somebody else was faster")
    left: list[dict[str, object]] = []

    async def flow(driven: Driven) -> None:
        await driven.until("in production")
        driven.app.exit = lambda **given: left.append(given)  # type: ignore[method-assign, assignment]
        await hanging.begin(driven)
        await driven.press("down", "enter")
        hanging.ended.set()
        await driven.until("somebody else was faster", gone="Still being done")
        assert not left
        await driven.press("escape")
        await hanging.begin(driven)
        await driven.press("down", "enter")
        assert not left
        hanging.ended.set()
        await driven.eventually(lambda: bool(left))

    drive(hung(hanging), flow)
    assert [str(given["message"]) for given in left] == ["Rolled back to OLD."]


def test_a_change_that_hangs_can_be_left(hanging: Hanging) -> None:
    """At once, with its command line and what tells later whether it was done left in the terminal."""
    session = hung(hanging)
    left: list[dict[str, object]] = []

    async def flow(driven: Driven) -> None:
        await driven.until("in production")
        driven.app.exit = lambda **given: left.append(given)  # type: ignore[method-assign, assignment]
        await hanging.begin(driven)
        await driven.press("end", "enter")
        await driven.eventually(lambda: bool(left))
        assert not hanging.ended.is_set()

    drive(session, flow)
    told = str(left[0]["message"])
    assert "Not waited for: nimbus rollback --env production" in told
    assert "may be done all the same, or not: nimbus history --env production --config nimbus.toml tells" in told
    assert "not waited for" in session.log[0].outcome


def test_a_change_that_hangs_holds_no_other_up(hanging: Hanging) -> None:
    """Given up on, it makes way for another change and another environment; what came of it is told when it ends."""
    session = hung(hanging)

    async def flow(driven: Driven) -> None:
        await driven.until("in production")
        await hanging.begin(driven)
        await driven.press("down", "down", "enter")
        await driven.until("Not waited for", "nimbus history")
        await driven.press("R")
        await driven.asked("Roll back in production")
        await driven.press("escape", "e")
        await driven.until("Environments", "staging")
        await driven.press("up", "enter")
        await driven.eventually(lambda: session.env == "staging")
        hanging.ended.set()
        await driven.until("Rolled back to OLD.")
        await driven.press("u")  # nothing of another environment
        await driven.until("There is nothing to undo")

    drive(session, flow)
    assert [entry.outcome.partition(":")[0] for entry in session.log] == ["not waited for", "Rolled back to OLD."]


def test_whether_to_wait_is_asked_no_more_once_a_change_is_done(hanging: Hanging) -> None:
    """The question goes by itself, and the app stays."""

    async def flow(driven: Driven) -> None:
        await driven.until("in production")
        await hanging.begin(driven)
        hanging.ended.set()
        await driven.until("Press u to undo", gone="Still being done")
        assert len(driven.app.screen_stack) == 1

    drive(hung(hanging), flow)


def test_the_cursor_goes_through_very_many_rows_and_more_is_asked_where_it_rests() -> None:
    """What a run should cost and what is known of a release are asked once, for the row where the cursor stays."""
    keys = [str(number) for number in range(1_000)]
    asked: list[str] = []

    def steer(question: Question[Any], env: str | None) -> object:
        del env
        if isinstance(question, runs.WhatQuoted | releases.WhatOf):
            asked.append(question.release if isinstance(question, runs.WhatQuoted) else question.name)
        if isinstance(question, runs.WhichRuns):
            known = {key: replace(made_up.RUNS[1], run=key, release=f"release {key}") for key in keys}
            return runs.Listed(tuple(keys), known)
        if isinstance(question, releases.WhichReleases):
            listed = made_up.ANSWERS[releases.WhichReleases]
            assert isinstance(listed, releases.Releases)
            return replace(listed, names=tuple(f"release {key}" for key in keys))
        return None

    async def flow(driven: Driven) -> None:
        for number, name in (("3", "runs"), ("2", "names")):
            await driven.press(number)
            await driven.until("release 0" if name == "runs" else "release 999")
            await driven.press("tab" if name == "names" else "r")
            await driven.eventually(lambda: bool(asked) and not driven.app.asks and not resting(driven))
            asked.clear()
            table = driven.app.screen.query_one(f"#{name}", Table)
            for _ in range(900):
                table.action_move(1)
            wanted = table.key or ""
            await driven.eventually(lambda: bool(asked) and not driven.app.asks and not resting(driven))
            assert asked == [wanted if wanted.startswith("release") else f"release {wanted}"]
            asked.clear()

    drive(steered(steer), flow)


def resting(driven: Driven) -> bool:
    """Say whether something is still to be asked about what the cursor is on."""
    return driven.app.section is None or driven.app.section.resting


def test_a_second_proposal_waits_for_the_first() -> None:
    """One dialog at a time, and it is said why."""
    session = steered()

    async def flow(driven: Driven) -> None:
        await driven.press("R")
        await driven.asked("Roll back in production")
        driven.app.post_message(Propose(releases.WhatDeployment()))
        await driven.until("Another change is proposed")
        assert len(driven.app.screen_stack) == 2

    drive(session, flow)


def test_the_first_line_never_tells_of_an_environment_that_was_left() -> None:
    """What was found out about it and comes late is dropped; another can be chosen before anything is known."""
    held = threading.Event()

    def steer(question: Question[Any], env: str | None) -> object:
        if isinstance(question, LookAround) and env == "production":
            assert held.wait(300.0)
        seen = made_up.ANSWERS[LookAround]
        assert isinstance(seen, Glance)
        return replace(seen, environment=str(env), protected=False) if isinstance(question, LookAround) else None

    session = steered(steer)

    async def flow(driven: Driven) -> None:
        await driven.until("Latest changes")
        await driven.press("e")
        await driven.until("Environments", "staging")
        await driven.press("up", "enter")
        await driven.until("in staging")
        held.set()
        await driven.eventually(lambda: not driven.app.asks)
        assert "in staging" in driven.screen

    try:
        drive(session, flow)
    finally:
        held.set()


def test_what_is_asked_after_a_change_is_not_answered_by_what_began_before() -> None:
    """The older answer is dropped, and the newer one shown."""
    asked, held = threading.Event(), threading.Event()
    seen = made_up.ANSWERS[LookAround]
    assert isinstance(seen, Glance)
    told = iter([replace(seen, summary="as it was"), *[replace(seen, summary="as it is")] * 99])
    shown = []

    def steer(question: Question[Any], env: str | None) -> object:
        del env
        if not isinstance(question, LookAround):
            return None
        answer = next(told)
        if not asked.is_set():
            asked.set()
            assert held.wait(300.0)
        return answer

    async def flow(driven: Driven) -> None:
        await driven.eventually(asked.is_set)
        driven.app.everything_changed()
        await driven.eventually(lambda: _ANEW in driven.app._asked.values())  # noqa: SLF001 - nothing else tells
        draw = driven.app.status._draw  # noqa: SLF001 - nothing else tells

        def drawn() -> None:
            if driven.app.status.glance is not None:
                shown.append(driven.app.status.glance.summary)
            draw()

        driven.app.status._draw = drawn  # type: ignore[method-assign]  # noqa: SLF001 - as above
        held.set()
        await driven.until("as it is")

    try:
        drive(steered(steer), flow)
    finally:
        held.set()
    assert set(shown) == {"as it is"}


@pytest.mark.parametrize(
    "keys", [("enter", "enter"), ("escape", "escape"), ("d", "d", "d"), ("right", "enter", "enter")]
)
def test_keys_that_come_twice_in_a_dialog_answer_once(keys: tuple[str, ...]) -> None:
    """A dialog that has answered takes no more keys, however fast they come."""
    session = steered()
    session.answers = {**made_up.ANSWERS, releases.WhatRollback: unprotected(lambda _reason: Done("Done once."))}

    async def flow(driven: Driven) -> None:
        for opener, opened in (
            ("R", "Roll back in production"),
            ("e", "Environments"),
            ("question_mark", "Everywhere"),
        ):
            await driven.press(opener)
            await driven.until(opened)
            await driven.eventually(lambda: not driven.app.asks)
            for key in keys:
                driven.app.post_message(events.Key(key, key if len(key) == 1 else None))
            await driven.pilot.pause()
            while driven.app._busy or len(driven.app.screen_stack) > 1:  # noqa: SLF001 - a dialog may be on its way
                await driven.press("escape")
            await driven.until("? Help", gone=opened)

    drive(session, flow)
    assert len(session.log) <= 1


def test_ctrl_c_quits_from_every_dialog() -> None:
    """As it does everywhere else."""
    for opener, opened in (("R", "Roll back in production"), ("e", "Environments"), ("question_mark", "Everywhere")):

        async def flow(driven: Driven, opener: str = opener, opened: str = opened) -> None:
            await driven.until("in production")
            await driven.press(opener)
            await driven.until(opened)
            await driven.press("ctrl+c")
            await driven.eventually(lambda: driven.app._exit)  # noqa: SLF001 - nothing else tells

        drive(steered(), flow)


def test_a_filter_goes_with_its_screen() -> None:
    """Whoever comes back sees all rows again; what was typed last filters no other screen."""

    async def flow(driven: Driven) -> None:
        await driven.press("3")
        await driven.until("20261125T020000Z")
        await driven.press("slash", *"fail")
        await driven.until("1 of 5")
        await driven.press("enter")
        await driven.eventually(lambda: isinstance(driven.app.focused, Table))
        await driven.press("2")
        await driven.until("Ledger")
        await driven.press("3")
        await driven.until("cancelled", gone="1 of 5")
        assert driven.app.query_one(Filter).value == ""

    drive(steered(), flow)


def test_what_was_done_before_a_deployment_is_not_undone_after_it() -> None:
    """`u` takes back the last change, or says that it cannot."""
    session = steered()
    undo = releases.WhatRollback("x", undoing=True)
    session.answers = {
        **made_up.ANSWERS,
        releases.WhatRollback: unprotected(lambda _reason: Done("Rolled back.", undo)),
    }

    async def flow(driven: Driven) -> None:
        await driven.press("R")
        await driven.agree("Roll back in production")
        await driven.until("Press u to undo")
        driven.app.post_message(Start(Verb("deploy to production", ("nimbus", "--version"), shown_elsewhere=True)))
        await driven.until("deploy to production: done")
        await driven.press("u")
        await driven.until("There is nothing to undo")

    drive(session, flow)


def test_read_only_begins_no_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a folder without one nothing is offered that writes, and nothing is written."""
    monkeypatch.chdir(tmp_path)

    async def flow(driven: Driven) -> None:
        await driven.until("Welcome to Nimbus", "Quit", gone="Try the demo")
        driven.app.post_message(Ask(driven.app.screen, BeginDemo(tmp_path / "nimbus-demo")))
        await driven.until("nothing is written")

    drive(Session(read_only=True), flow)
    assert not list(tmp_path.iterdir())


def test_what_never_changes_is_read_once(two: Path) -> None:
    """Of a ledger that grows only its end is read; another ledger in its place is read whole."""
    session = Session(two, "alpha")
    store = assembly.open_environment(session.environment())

    def go_on(release: str) -> None:
        def change(before: Live | None) -> Live:
            return Live(1 if before is None else before.sequence + 1, live.entry("promote", "ada"), release)

        live.update(store, change)

    def told() -> list[str]:
        return [change.state.release for change in session.answer(releases.WhichReleases()).changes]

    for release in ("v1", "v2", "v3"):
        go_on(release)
    assert told() == ["v3", "v2", "v1"]
    (Path(session.environment().root) / "ledger" / "00000001.json").unlink()
    go_on("v4")
    assert told() == ["v4", "v3", "v2", "v1"]
    session.reopen()
    assert told() == ["v4", "v3", "v2"]


def test_the_next_runs_are_told_in_the_zone_of_the_schedule(two: Path) -> None:
    """What is due at two in Berlin is due at two, whatever the hour is in Greenwich."""
    two.write_text(two.read_text("utf-8").replace('"UTC"', '"Europe/Berlin"'), "utf-8")
    timing = Session(two, "alpha").answer(overview.HowItIs()).timing
    assert timing is not None
    assert {f"{due:%H:%M}" for due in timing.upcoming} == {"02:00"}


def test_results_of_load_tests_are_read_once_and_listed_once_while_one_goes(two: Path) -> None:
    """What is found out elsewhere meanwhile is there when the test has ended."""
    session = Session(two, "alpha")
    store = assembly.open_environment(session.environment())
    store.create(paths.release("v1"), b"{}")

    def told() -> list[str]:
        return [result.profile for result in session.answer(loadtests.HowLoadTests()).past]

    def kept(profile: str) -> None:
        evidence.write(store, "v1", "loadtest", {"profile": profile}, outcome="ok", actor="ada")

    kept("first")
    assert told() == ["first"]
    for file in (Path(session.environment().root) / "evidence").rglob("*.json"):
        file.write_text("{}")
    running = verbs.start(Verb("load test steady", ("nimbus", "--version")))
    session.running.append(running)
    assert told() == ["first"]
    kept("second")
    assert told() == ["first"]
    running.process.wait()
    running.poll()
    assert told() == ["second", "first"]
    running.forget()


def test_what_a_verb_says_is_removed_when_nobody_can_read_it_any_more() -> None:
    """Its folder goes with the app."""
    session = steered()

    async def flow(driven: Driven) -> None:
        driven.app.post_message(Start(Verb("something", ("nimbus", "--version"))))
        await driven.until("something: done")
        assert session.running[0].folder.is_dir()

    drive(session, flow)
    assert not session.running[0].folder.exists()
