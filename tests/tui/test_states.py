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

from nimbus_tui.api import infrastructure, loadtests, runs
from nimbus_tui.api.log import WhatWasDone
from nimbus_tui.api.questions import Question
from nimbus_tui.api.session import Logged
from nimbus_tui.screens import ENTRIES
from nimbus_tui.widgets import text
from nimbus_tui.widgets.panel import Panel
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
    while driven.app.asks:
        await driven.pilot.pause(0.02)
    await driven.pilot.pause()


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


@pytest.mark.parametrize("size", SIZES)
def test_what_is_refused_is_said_on_every_screen_with_what_to_do(size: tuple[int, int]) -> None:
    """What happened, where and what to do stand in one panel; the others say that nothing is known; keys go on."""

    async def flow(driven: Driven) -> None:
        for number, entry in enumerate(ENTRIES):
            await opened(driven, number)
            told = " ".join(said(driven).values())
            assert "the role may not read this bucket" in told, (entry.name, told)
            assert "sign in with a role that may" in told, (entry.name, told)
            assert all(said(driven).values()), (entry.name, said(driven))
        await driven.press("question_mark")
        await driven.until("Everywhere")

    drive(made_up.session({}), flow, size=size)


@pytest.mark.parametrize("size", SIZES)
def test_what_is_empty_says_what_to_do_first(size: tuple[int, int]) -> None:
    """No panel in sight is blank where nothing was ever deployed, and the first step is named."""

    async def flow(driven: Driven) -> None:
        for number, entry in enumerate(ENTRIES):
            await opened(driven, number)
            assert FIRST_STEPS[entry.folder] in " ".join(said(driven).values()), (entry.name, said(driven))
            assert all(said(driven).values()), (entry.name, said(driven))

    drive(made_up.session(made_up.NOTHING), flow, size=size)


def test_what_is_on_its_way_holds_nobody_up() -> None:
    """Until answers come every screen says so, can be left and helps; when they come, it shows them."""
    session = made_up.Withheld(Path("nimbus.toml"), "production")

    async def flow(driven: Driven) -> None:
        for number, entry in enumerate(ENTRIES):
            await driven.press(str(number + 1))
            await driven.until(f"{number + 1} {entry.name}", "loading …")
            assert all(said(driven).values()), (entry.name, said(driven))
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
        while driven.app.asks:
            await driven.pilot.pause(0.02)
        await driven.pilot.pause()


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
