"""Rules of panels with nothing to show, and of answers that change: what is said, what is selected, what is kept."""

from __future__ import annotations

import asyncio
import gc
import itertools
import threading
from collections import Counter
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from textual.timer import Timer
from textual.widget import Widget
from textual.worker import Worker

from nimbus.runs.overview import Standing
from nimbus_tui.api import infrastructure, loadtests, overview, releases, runs
from nimbus_tui.api.attention import attention
from nimbus_tui.api.glance import LookAround
from nimbus_tui.api.log import WhatWasDone
from nimbus_tui.api.questions import Question
from nimbus_tui.api.session import Logged
from nimbus_tui.messages import Answered, Go
from nimbus_tui.plain import middle
from nimbus_tui.screens import ENTRIES
from nimbus_tui.screens.overview import drawing
from nimbus_tui.widgets import text
from nimbus_tui.widgets.panel import Panel
from nimbus_tui.widgets.table import Table
from tests.tui import made_up
from tests.tui.driving import Driven, drive

_NOISE = 3  # what one answer is made of
SIZES = [(80, 24), (200, 60)]
FIRST_STEPS = {
    "overview": "D compiles the pipeline of nimbus.toml",
    "releases": "D compiles the pipeline of nimbus.toml",
    "runs": "S starts one",
    "drift": "b makes a baseline",
    "loadtests": "S starts the selected profile",
    "infrastructure": "needs no infrastructure",
    "preflight": "n checks now",
    "commandlog": "whatever you do appears here",
}


async def opened(driven: Driven, number: int) -> None:
    """Open a screen, and wait for its answers."""
    await driven.press(str(number + 1))
    await driven.pilot.pause()
    await driven.quiet()


def said(driven: Driven) -> dict[str, str]:
    """Return what each panel in sight says, by its title."""
    lines = driven.screen.splitlines()
    found = {}
    for panel in driven.app.screen.query(Panel):
        area = panel.region
        if panel.is_on_screen and area.area:
            inside = [line[area.x + 1 : area.right - 1] for line in lines[area.y + 1 : area.bottom - 1]]
            found[str(panel.border_title)] = " ".join(" ".join(inside).split())
    return found


async def says(driven: Driven, name: str, *words: str) -> None:
    """Wait until a screen's panels say these words, and none says nothing."""

    def so() -> bool:
        told = said(driven)
        return all(told.values()) and all(word in " ".join(told.values()) for word in words)

    await driven.eventually(so, name)


@pytest.mark.parametrize("size", SIZES)
def test_what_is_refused_is_said_on_every_screen_with_what_to_do(size: tuple[int, int]) -> None:
    """What happened, where and what to do stand in one panel; the others say that nothing is known; keys go on."""

    async def flow(driven: Driven) -> None:
        for number, entry in enumerate(ENTRIES):
            await opened(driven, number)
            await says(driven, entry.name, "the role may not read this bucket", "sign in with a role that may")
        await driven.press("question_mark")
        await driven.until("Everywhere")

    drive(made_up.session({}), flow, size=size)


@pytest.mark.parametrize("size", SIZES)
def test_what_is_empty_says_what_to_do_first(size: tuple[int, int]) -> None:
    """No panel in sight is blank where nothing was ever deployed, and the first step is named."""

    async def flow(driven: Driven) -> None:
        for number, entry in enumerate(ENTRIES):
            await opened(driven, number)
            await says(driven, entry.name, FIRST_STEPS[entry.folder])

    drive(made_up.session(made_up.NOTHING), flow, size=size)


def test_what_is_on_its_way_holds_nobody_up() -> None:
    """Until answers come every screen says so, can be left and helps; when they come, it shows them."""
    session = made_up.Withheld(Path("nimbus.toml"), "production")

    async def flow(driven: Driven) -> None:
        for number, entry in enumerate(ENTRIES):
            await driven.press(str(number + 1))
            await driven.until(f"{number + 1} {entry.name}", "loading …")
            await says(driven, entry.name)
        await driven.press("question_mark")
        await driven.until("Everywhere")
        await driven.press("escape", "3")
        session.given.set()
        await driven.until("20261125T020000Z", gone="loading …")

    try:
        drive(session, flow)
    finally:
        session.given.set()


def test_what_a_change_would_do_is_waited_for_in_sight_and_can_be_given_up() -> None:
    """Until it is known the keys that follow do nothing; esc gives it up, and no dialog comes after that."""
    session = made_up.Withheld(Path("nimbus.toml"), "production")

    async def flow(driven: Driven) -> None:
        await driven.eventually(lambda: driven.app.focused is not None)
        await driven.press("D")
        await driven.until("finding out what it would do")
        theme = driven.app.theme
        await driven.press("3", "t", "u")
        assert driven.app.theme == theme
        await driven.press("escape")
        await driven.until("1 Overview", gone="finding out")
        await driven.press("R")
        await driven.until("finding out what it would do")
        session.given.set()
        await driven.asked("Roll back in production", "Cancel")
        assert "Deploy support" not in driven.screen

    try:
        drive(session, flow)
    finally:
        session.given.set()


@pytest.mark.parametrize("key", ["R", "D"])
@pytest.mark.parametrize("size", [(40, 10), (80, 24)])
def test_what_is_asked_for_stays_in_sight_however_small_the_window(size: tuple[int, int], key: str) -> None:
    """The name to type, the reason and both buttons; what is proposed, other ways and the command line scroll."""

    async def flow(driven: Driven) -> None:
        await driven.eventually(lambda: driven.app.focused is not None)
        await driven.press(key)
        await driven.asked("in production" if key == "R" else "to production")
        dialog = driven.app.screen.query_one("#dialog")
        for name in ("#typed", "#reason", "#no", "#yes"):
            asked = driven.app.screen.query_one(name)
            await driven.eventually(lambda asked=asked: asked.region in dialog.content_region, name)  # type: ignore[misc]
        body = driven.app.screen.query_one("#dialog-body")
        await driven.eventually(lambda: body.size.height >= 4)
        for _ in range(40):
            await driven.press("j")
        await driven.until("$ nimbus")
        await driven.press(*"production", "enter")
        await driven.eventually(lambda: getattr(driven.app.focused, "id", None) == "yes")

    drive(made_up.session(), flow, size=size)


def test_a_very_small_window_says_what_is_live_and_what_needs_attention_first() -> None:
    """What has no room goes; a side of a run has the window for itself, with the keys, and esc gives it back."""

    async def flow(driven: Driven) -> None:
        await driven.until("production", "-2.1.0-9c41", "Needs attention", "Alarm drift", gone="Latest changes")
        await driven.eventually(lambda: getattr(driven.app.focused, "id", None) == "attention")
        await driven.press("3")
        await driven.until("Runs", "20261127T020000Z")
        await driven.eventually(lambda: not driven.app.asks and not driven.app.section.resting)  # type: ignore[union-attr]
        await driven.press("s")
        await driven.until("Shards of run", "part-0.jsonl")
        await driven.eventually(lambda: getattr(driven.app.focused, "id", None) == "shards")
        await driven.press("escape")
        await driven.until("20261126T020000Z", gone="Shards of run")
        await driven.eventually(lambda: getattr(driven.app.focused, "id", None) == "runs")
        await driven.press("5")
        await driven.until("Now", "load test steady: going", gone="Profiles")

    drive(made_up.session(), flow, size=(40, 10))


class Restless(made_up.MadeUp):
    """Answers differently by turns: what is there, that nothing is, that it is refused."""

    def answer(self, question: Question[Any]) -> Any:  # noqa: ANN401 - any question's
        """Answer by turns."""
        turns: itertools.cycle[Mapping[type, object]] = self.__dict__.setdefault(
            "_turns", itertools.cycle([made_up.ANSWERS, made_up.NOTHING, {}])
        )
        self.answers = next(turns) if self.restless else made_up.ANSWERS
        return deepcopy(super().answer(question))  # or keeping it would not show

    restless = True


def living() -> Counter[str]:
    """Return how many values, widgets, timers, workers, tasks and failures live, by their kind."""
    gc.collect()
    kept = (Widget, Timer, Worker, asyncio.Task, threading.Thread, BaseException, FrameType)
    return Counter(
        type(item).__qualname__
        for item in gc.get_objects()
        if isinstance(item, kept) or str(type(item).__module__).startswith("nimbus")
    )


def test_refreshing_keeps_nothing() -> None:
    """After every screen has been asked again and again, no more values, widgets, timers and tasks live than before."""
    session = Restless(Path("nimbus.toml"), "production")

    async def flow(driven: Driven) -> None:
        async def refreshed(times: int) -> Counter[str]:
            for session.restless in (*[True] * times, False):
                for number in range(len(ENTRIES)):
                    await opened(driven, number)
                    driven.app.everything_changed()
            driven.app.clear_notifications()  # which would go by themselves, later
            await opened(driven, 0)
            return living()

        driven.app.action_freeze()
        first = await refreshed(3)
        last = await refreshed(6)
        assert {kind: count for kind, count in (last - first).items() if count > _NOISE} == {}

    drive(session, flow, size=(80, 24))


async def again(driven: Driven, *keys: str) -> None:
    """Press keys, and wait for what is asked because of them."""
    for key in keys:
        await driven.press(key)
        await driven.pilot.pause()
        await driven.quiet()


def copies(driven: Driven) -> list[str]:
    """Return a list that whatever is copied is added to."""
    found: list[str] = []
    driven.app.copy_to_clipboard = found.append  # type: ignore[method-assign, assignment]
    return found


def test_a_new_plan_that_changes_nothing_takes_the_place_of_one_that_did() -> None:
    """It says so, what stands is beside it, and refreshing goes on."""
    answers = dict(made_up.ANSWERS)

    async def flow(driven: Driven) -> None:
        await again(driven, "6", "n", "j", "j")
        answers[infrastructure.WhatWouldChange] = infrastructure.Plan((), (), made_up.PLAN.time)
        await again(driven, "n", "r", "c")
        await driven.until("Everything is as it is described", "state_machine")

    drive(made_up.session(answers), flow)


def test_only_a_plan_that_is_shown_is_applied() -> None:
    """Where planning again failed, the plan of before is not proposed; why it failed stays in sight."""
    answers = dict(made_up.ANSWERS)

    async def flow(driven: Driven) -> None:
        await again(driven, "6", "n")
        await driven.until("module.pipeline")
        del answers[infrastructure.WhatWouldChange]
        await again(driven, "n", "r")
        await driven.until("the role may not read this bucket", gone="module.pipeline")
        await again(driven, "A")
        await driven.until("There is nothing to apply")

    drive(made_up.session(answers), flow)


def test_what_an_apply_makes_comes_into_sight() -> None:
    """The list goes there by itself, and stays where somebody looks at another resource."""
    names = [f"aws_sqs_queue.queue{number:02d}" for number in range(90)]
    plan = infrastructure.Plan(
        tuple(infrastructure.Resource("", name, "create") for name in names), (("create", 90),), made_up.PLAN.time
    )

    async def make(driven: Driven, number: int) -> None:
        done = {name: infrastructure.Step("created", ended=True, seconds=1.0, failed=False) for name in names[:number]}
        goes = infrastructure.Step("creating", ended=False, seconds=None, failed=False)
        applying = infrastructure.Applying("going", made_up.NOW.timestamp(), {**done, names[number]: goes}, ())
        assert driven.app.section is not None
        driven.app.section.post_message(Answered(infrastructure.HowApplied(), applying))

    async def flow(driven: Driven) -> None:
        await again(driven, "6", "n")
        await driven.until("queue00", gone="queue70")
        await make(driven, 70)
        await driven.until("queue70", "◐ creating", "70 of 90", gone="queue00")
        await driven.press("j")
        await driven.until("queue00", gone="queue70")
        await make(driven, 80)
        await driven.until("queue00", "80 of 90", gone="queue80")

    drive(made_up.session({**made_up.ANSWERS, infrastructure.WhatWouldChange: plan}), flow)


@pytest.mark.parametrize(("view", "question"), [("o", runs.WhatWasSetAside), ("l", runs.WhatWasSaid)])
def test_a_run_without_rows_after_one_with_some_has_none_to_copy(view: str, question: type) -> None:
    """Its side says that there are none, and nothing of the run before can be copied."""
    answers = dict(made_up.ANSWERS)

    async def flow(driven: Driven) -> None:
        await again(driven, "3", view, "tab", "j", "j", "tab")
        answers[question] = ()
        found = copies(driven)
        await again(driven, "j", "tab", "c")
        await driven.until("nothing to copy")
        assert not found

    drive(made_up.session(answers), flow)


def test_what_is_new_does_not_move_the_selection() -> None:
    """A command that was given meanwhile, and a load test that has ended, leave the cursor where it was."""
    answers = dict(made_up.ANSWERS)
    log, loads = made_up.ANSWERS[WhatWasDone], made_up.LOADS

    async def flow(driven: Driven) -> None:
        found = copies(driven)
        await again(driven, "8", "j", "c")
        answers[WhatWasDone] = (Logged("2026-11-27T09:29:07+00:00", ("nimbus", "new"), "done"), *log)  # type: ignore[misc]
        await again(driven, "r", "c")
        await driven.until("nimbus new")
        await again(driven, "5", "tab", "j", "c")
        fresh = replace(loads.past[0], time="2026-11-27T09:29:07+00:00", words="new")
        answers[loadtests.HowLoadTests] = replace(loads, past=(fresh, *loads.past))
        await again(driven, "r", "c")
        answers[loadtests.HowLoadTests] = replace(loads, past=())
        await again(driven, "r", "c")
        assert found == [text.command(log[1].command)] * 2 + [loads.past[1].words] * 2  # type: ignore[index]

    drive(made_up.session(answers), flow)


async def moved(driven: Driven, *keys: str) -> str:
    """Press keys; return the release that Releases has selected and shows."""
    await again(driven, *keys)
    section = driven.app.section
    assert section is not None
    found = str(section.copied())
    await driven.until(f"Release {middle(found, 40)}", gone="loading …")
    return found


def test_keys_of_releases_act_on_the_row_under_the_cursor() -> None:
    """In a filtered ledger, in a canary's row, in the list beside it: what is selected is what the row says."""

    async def flow(driven: Driven) -> None:
        await opened(driven, 1)
        assert await moved(driven) == made_up.NEW  # the canary's
        assert await moved(driven, "j") == made_up.LIVE
        assert await moved(driven, "tab") == made_up.LIVE  # the first by its name
        assert await moved(driven, "j", "j") == made_up.OLD
        assert await moved(driven, "tab", "tab") == made_up.LIVE
        assert await moved(driven, "slash", *"2.0.3", "enter") == made_up.OLD
        await driven.press("P")
        await driven.until("Not done")  # what was asked for is made up, and refused

    drive(made_up.session(), flow)


def test_what_is_named_is_selected_when_a_screen_is_opened_for_the_first_time() -> None:
    """A change, a release and a run have the cursor, and are what keys act on."""

    async def flow(driven: Driven) -> None:
        await opened(driven, 0)
        for section, key, found in (
            ("releases", "38", made_up.OLD),
            ("releases", made_up.NEW, made_up.NEW),
            ("runs", made_up.NAMES[2], made_up.NAMES[2]),
        ):
            driven.app.post_message(Go(section, key))
            await again(driven)
            await driven.eventually(lambda key=key: isinstance(at := driven.app.focused, Table) and at.key == key)  # type: ignore[misc]
            assert driven.app.section is not None
            assert driven.app.section.copied() == found

    drive(made_up.session(), flow)


class Refusing(made_up.MadeUp):
    """Refuses what is known of one release."""

    def answer(self, question: Question[Any]) -> Any:  # noqa: ANN401 - any question's
        """Refuse it, or answer."""
        if question == releases.WhatOf(made_up.OLD):
            raise deepcopy(self.refusal)
        return super().answer(question)


def test_a_release_that_is_refused_shows_nothing_of_another() -> None:
    """Its name stands above why it cannot be shown, whatever is drawn again."""
    session = Refusing(Path("nimbus.toml"), "production")

    async def flow(driven: Driven) -> None:
        await opened(driven, 1)
        assert await moved(driven, "tab", "j", "j") == made_up.OLD
        await driven.until("the role may not read this bucket", gone="pipeline   en_support")
        section = driven.app.section
        assert section is not None
        section.heard(releases.HowCanary(), made_up.CANARY)
        section.heard(releases.WhatOf(made_up.NEW), session.answer(releases.WhatOf(made_up.NEW)))
        await driven.pilot.pause()
        await driven.until("the role may not read this bucket", gone="pipeline   en_support")

    drive(session, flow)


@pytest.mark.parametrize("number", range(len(ENTRIES)))
def test_what_was_refused_is_shown_again_when_it_answers(number: int) -> None:
    """Every panel says what it did before, though nothing has changed meanwhile."""
    answers = dict(made_up.ANSWERS)

    async def flow(driven: Driven) -> None:
        await opened(driven, number)
        before = said(driven)
        held = {kind: answers.pop(kind) for kind in list(answers) if kind is not LookAround}
        await again(driven, "r")
        await driven.eventually(lambda: said(driven) != before or ENTRIES[number].folder == "commandlog")
        answers.update(held)
        await again(driven, "r", "r")
        await driven.eventually(lambda: said(driven) == before)

    drive(made_up.session(answers), flow)


@pytest.mark.parametrize(("view", "word"), [("s", "17"), ("o", "wrong-type"), ("l", "interrupted")])
def test_a_filter_is_for_the_list_that_had_the_keys(view: str, word: str) -> None:
    """Enter gives it the keys, esc shows all of it again; the list of runs is as it was."""

    async def flow(driven: Driven) -> None:
        await again(driven, "3", view)
        shown = driven.app.screen.query_one("#runs", Table)
        await again(driven, "tab")
        table = driven.app.focused
        assert isinstance(table, Table)
        whole = len(table.keys)
        await again(driven, "slash", *word)
        assert 0 < len(table.keys) < whole
        assert len(shown.keys) == len(made_up.NAMES)
        await again(driven, "enter")
        assert driven.app.focused is table
        await again(driven, "tab", "escape")
        assert len(table.keys) == whole
        await again(driven, "escape", "slash", *"fail")
        assert len(shown.keys) == 1
        await again(driven, "escape")
        assert len(shown.keys) == len(made_up.NAMES)

    drive(made_up.session(), flow)


def test_following_logs_begins_with_the_first_f() -> None:
    """It opens them and follows; the second one stays where one is."""

    async def flow(driven: Driven) -> None:
        await again(driven, "3", "f")
        await driven.until("· following")
        await again(driven, "f")
        await driven.until("Logs", gone="· following")

    drive(made_up.session(), flow)


def test_a_list_is_asked_for_again_though_what_is_in_sight_changed_meanwhile() -> None:
    """The answer to what was asked before is the screen's, and the next time is set."""
    session = made_up.Withheld(Path("nimbus.toml"), "production")
    session.given.set()

    async def flow(driven: Driven) -> None:
        await opened(driven, 2)
        section = driven.app.section
        assert section is not None
        section.close()
        session.given.clear()
        section.ask()
        await driven.eventually(lambda: driven.app.asks)
        ended = replace(made_up.RUNS[0], standing=Standing.PUBLISHED)
        section.heard(runs.WhichRuns(("x",), latest=1), runs.Listed((), {ended.run: ended}))
        await driven.press("j")
        await driven.pilot.pause()
        session.given.set()
        await driven.eventually(lambda: not driven.app.asks)
        await driven.until("running 38 %")
        assert section._timer is not None  # noqa: SLF001 - nothing else tells

    try:
        drive(session, flow)
    finally:
        session.given.set()


class Many(made_up.MadeUp):
    """Has very many runs, and withholds what it is asked of those in sight."""

    names = tuple(f"20261127T{number:06d}Z" for number in range(3_000))

    def answer(self, question: Question[Any]) -> Any:  # noqa: ANN401 - any question's
        """Keep what is asked of runs in sight, and answer when it is given."""
        if isinstance(question, runs.WhichRuns) and question.latest == 1:
            self.looked.append(question.looked_at)
            assert self.given.wait(300.0)
            known = {name: replace(made_up.RUNS[1], run=name) for name in question.looked_at}
            return runs.Listed(self.names, known)
        if isinstance(question, runs.WhichRuns):
            return runs.Listed(self.names, {})
        return super().answer(question)

    @property
    def looked(self) -> list[tuple[str, ...]]:
        """Return what was looked at, by question."""
        found: list[tuple[str, ...]] = self.__dict__.setdefault("_looked", [])
        return found

    @property
    def given(self) -> threading.Event:
        """Return what is waited for."""
        event: threading.Event = self.__dict__.setdefault("_given", threading.Event())
        return event


def test_paging_through_very_many_runs_looks_at_those_where_it_ends() -> None:
    """One question goes at a time; the next is about what is in sight by then."""
    session = Many(Path("nimbus.toml"), "production")

    async def flow(driven: Driven) -> None:
        await driven.press("3")
        await driven.eventually(lambda: bool(session.looked))
        driven.app.action_freeze()
        await driven.press(*["pagedown"] * 20)
        await driven.pilot.pause()
        assert len(session.looked) == 1
        table = driven.app.screen.query_one("#runs", Table)
        session.given.set()
        await driven.eventually(lambda: any(table.key in looked for looked in session.looked))
        await driven.eventually(lambda: not driven.app.asks)
        assert sum(map(len, session.looked)) < 200

    try:
        drive(session, flow)
    finally:
        session.given.set()


def test_when_a_run_is_due_always_has_its_zone() -> None:
    """Where room is short, the zone gets few letters and how far it is goes."""
    state = made_up.ANSWERS[overview.HowItIs]
    for width in range(24, 100):
        lines = drawing.runs(state, made_up.NOW, width).plain.splitlines()  # type: ignore[arg-type]
        told = next(line for line in lines if line.startswith("next"))
        assert "Sat 28 Nov 02:00 CET" in told or "Sat 28 Nov 02:00 Europe/Berlin  in" in told
    assert "in 15 h" in "\n".join(lines)


def test_a_last_run_that_found_no_documents_needs_attention() -> None:
    """What readers see is empty then, though nothing has failed."""
    last = next(run for run in made_up.RUNS if run.standing is Standing.PUBLISHED)
    assert not [item for item in attention(made_up.PRESENT, [last]) if item.short == "no documents"]
    found = attention(made_up.PRESENT, [replace(last, documents=0, quarantined=0)])
    assert ("warn", "no documents", last.run) in [(item.tone, item.short, item.key) for item in found]
