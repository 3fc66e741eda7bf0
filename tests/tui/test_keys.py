"""Rules of keys and of the mouse, on a made-up environment: what each does, on every screen."""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from textual.binding import Binding
from textual.command import CommandPalette
from textual.geometry import Offset

from nimbus_runtime.contract.errors import UsageError
from nimbus_tui import keys, palette
from nimbus_tui.api.log import WhatWasDone
from nimbus_tui.api.proposals import Proposal
from nimbus_tui.api.questions import Question
from nimbus_tui.api.session import Logged
from nimbus_tui.keys import Settings
from nimbus_tui.screens import ENTRIES
from nimbus_tui.widgets.table import Table
from tests.tui import made_up
from tests.tui.driving import PATIENCE, Driven, drive
from tests.tui.pictures import settled

OPENED = {
    "overview": "Needs attention",
    "releases": "Ledger",
    "runs": "Run 20261127T020000Z",
    "drift": "labels of ner",
    "loadtests": "Results by release",
    "infrastructure": "Nothing was planned",
    "preflight": "s3://acme/texts refuses",
    "commandlog": "what came of it",
}
"""What says that a screen is open."""


class Asked(made_up.MadeUp):
    """Keeps what was asked."""

    def answer(self, question: Question[Any]) -> Any:  # noqa: ANN401 - any question's
        """Keep the question, and answer it."""
        self.questions.append(question)
        return super().answer(question)

    @property
    def questions(self) -> list[object]:
        """Return what was asked so far."""
        found: list[object] = self.__dict__.setdefault("_questions", [])
        return found

    @property
    def changes(self) -> list[object]:
        """Return the changes that were proposed."""
        return [asked for asked in self.questions if isinstance(self.answers.get(type(asked)), Proposal)]


def at(driven: Driven, words: str) -> Offset:
    """Return where words stand on the screen."""
    lines = driven.screen.splitlines()
    row = next(number for number, line in enumerate(lines) if words in line)
    return Offset(lines[row].index(words), row)


async def clicked(driven: Driven, words: str, times: int = 1) -> None:
    """Click on words, where they stand once everything has its place."""
    await settled(driven.app, driven.pilot)
    await driven.pilot.click(offset=at(driven, words), times=times)


async def becomes(driven: Driven, so: Callable[[], bool]) -> None:
    """Wait until something is so."""
    end = time.monotonic() + PATIENCE
    while not so():
        assert time.monotonic() < end, driven.screen
        await driven.pilot.pause(0.02)


def test_digits_brackets_and_clicks_open_every_screen() -> None:
    """Each way shows the screen, and its list gets the keys."""

    async def flow(driven: Driven) -> None:
        await driven.until(OPENED["overview"])
        for number, entry in enumerate(ENTRIES):
            await driven.press(str(number + 1))
            await driven.until(OPENED[entry.folder])
        for entry in ENTRIES:
            await driven.press("right_square_bracket")
            await driven.until(OPENED[entry.folder])
        for entry in reversed(ENTRIES[:-1]):
            await driven.press("left_square_bracket")
            await driven.until(OPENED[entry.folder])
        for number, entry in enumerate(ENTRIES):
            await clicked(driven, f"{number + 1} {entry.name}")
            await driven.until(OPENED[entry.folder])
            if entry.folder != "infrastructure":  # whose list is empty at first
                assert isinstance(driven.app.focused, Table), entry.name

    drive(made_up.session(), flow)


def test_rows_buttons_and_the_last_line_take_clicks() -> None:
    """A click selects a row, a second one opens it, a button answers, and a key of the last line is pressed by it."""

    async def flow(driven: Driven) -> None:
        await driven.press("3")
        await driven.until(OPENED["runs"])
        await clicked(driven, "20261125T020000Z")
        await driven.until("Run 20261125T020000Z", "a worker ran out of memory")
        await driven.press("1")
        await driven.until(OPENED["overview"])
        await clicked(driven, "20261125T020000Z failed", times=2)
        await driven.until("Run 20261125T020000Z")
        await clicked(driven, "R Roll back")
        await driven.asked("Roll back in production")
        await clicked(driven, "Cancel")
        await driven.until("? Help", gone="Roll back in production")
        await clicked(driven, "? Help")
        await driven.until("Everywhere")

    drive(made_up.session(), flow)


def test_filtering_is_left_by_esc_and_kept_by_enter() -> None:
    """A slash takes what is typed, at once; enter gives the keys to the rows; esc shows all of them again."""

    async def flow(driven: Driven) -> None:
        await driven.press("3")
        await driven.until(OPENED["runs"])
        await driven.press("slash", *"fail")
        await driven.until("1 of 5", gone="cancelled")
        await driven.press("enter")
        await becomes(driven, lambda: isinstance(driven.app.focused, Table))
        await driven.until("1 of 5")
        await driven.press("escape")
        await driven.until("cancelled", gone="1 of 5")

    drive(made_up.session(), flow)


def test_esc_goes_back_one_step_at_a_time() -> None:
    """Out of a dialog, out of a side of a run, back to the list; and nowhere from there."""

    async def flow(driven: Driven) -> None:
        await driven.press("3")
        await driven.until(OPENED["runs"])
        await driven.press("l")
        await driven.until("Logs", "committed")
        await driven.press("tab", "question_mark")
        await driven.until("Everywhere")
        await driven.press("escape")
        await driven.until("committed", gone="Everywhere")
        await driven.press("escape")
        await driven.until("documents/s", gone="committed")
        await becomes(driven, lambda: getattr(driven.app.focused, "id", None) == "runs")
        await driven.press("escape")
        await driven.until("documents/s")

    drive(made_up.session(), flow)


def test_copying_takes_what_is_selected_and_the_command_line() -> None:
    """On every screen y takes a command line of nimbus; c takes the selected thing, where there is one."""

    async def flow(driven: Driven) -> None:
        found: list[str] = []
        driven.app.copy_to_clipboard = found.append  # type: ignore[method-assign, assignment]
        for number, entry in enumerate(ENTRIES):
            await driven.press(str(number + 1))
            await driven.until(OPENED[entry.folder])
            await driven.press("y")
            await becomes(driven, lambda: bool(found))
            assert found.pop().startswith("nimbus "), entry.name
            if entry.folder != "infrastructure":
                await driven.press("c")
                await becomes(driven, lambda: bool(found))
                assert found.pop(), entry.name

    drive(made_up.session(), flow)


def test_help_names_every_key_of_the_screen_and_of_the_app() -> None:
    """What a key does is said in words for every screen."""

    async def flow(driven: Driven) -> None:
        for number, entry in enumerate(ENTRIES):
            await driven.press(str(number + 1))
            await driven.until(OPENED[entry.folder])
            await driven.press("question_mark")
            await driven.until("Everywhere", "In lists")
            section = driven.app.section
            assert section is not None
            for binding in [*section.BINDINGS, *driven.app.BINDINGS]:
                assert isinstance(binding, Binding)
                assert (binding.tooltip or binding.description) in driven.screen, (entry.name, binding)
            await driven.press("escape")
            await driven.until(OPENED[entry.folder], gone="Everywhere")

    drive(made_up.session(), flow, size=(120, 80))


def test_the_palette_holds_every_action_and_does_it() -> None:
    """Whatever a key does has a name there, with its key; and is done from there."""

    async def flow(driven: Driven) -> None:
        for number, entry in enumerate(ENTRIES):
            await driven.press(str(number + 1))
            await driven.until(OPENED[entry.folder])
            section = driven.app.section
            assert section is not None
            named = {command.title for command in driven.app.get_system_commands(driven.app.screen)}
            for binding in [*section.BINDINGS, *driven.app.BINDINGS]:
                assert isinstance(binding, Binding)
                if binding.action != "command_palette":
                    assert palette.title(binding) in named, (entry.name, binding)
        await driven.press("colon")
        await becomes(driven, lambda: isinstance(driven.app.screen, CommandPalette))
        await driven.press(*"roll back release")
        await driven.until("Roll back release and data", gone="Another environment")
        await driven.press("enter")
        await driven.asked("Roll back in production")

    drive(made_up.session(), flow)


def test_keys_are_what_the_settings_say(tmp_path: Path) -> None:
    """A changed key works, is shown on the last line and in help, and the one it had does nothing."""
    file = tmp_path / "tui.toml"
    file.write_text('theme = "nimbus-light"\n[keys]\n"app.rollback" = "ctrl+r"\n"releases.promote" = "M"\n', "utf-8")

    async def flow(driven: Driven) -> None:
        await driven.press("2")
        await driven.until(OPENED["releases"], "^r Roll back", "M Promote")
        await driven.press("R", "P", "question_mark")
        await driven.until("Everywhere", "ctrl+r")
        await driven.press("escape", "ctrl+r")
        await driven.asked("Roll back in production")

    drive(made_up.session(), flow, settings=keys.read(file))


WRONG = [
    "theme = 5",
    "[keys]\nx = 1",
    "theme = ",
    '[keys]\n"app.rolback" = "f9"',
    '[keys]\n"runs.cancel" = "Ctrl+X"',
    '[keys]\n"runs.cancel" = ""',
    '[keys]\n"app.rollback" = "r"',
    '[keys]\n"runs.cancel" = "u"',
    '[keys]\n"runs.cancel" = "f9"\n"app.undo" = "f9"',
    '[keys]\n"table.down" = "f9,j,question_mark"',
    '[keys]\n"confirm.d" = "g"',
]
"""Settings that are refused: no TOML, no such thing to do, no such key, a key that does something else there."""


@pytest.mark.parametrize("wrong", WRONG)
def test_settings_that_cannot_be_read_are_named(wrong: str, tmp_path: Path) -> None:
    """The file, what stands in it, and what to do."""
    file = tmp_path / "tui.toml"
    file.write_text(wrong, "utf-8")
    with pytest.raises(UsageError) as raised:
        keys.read(file)
    assert {"where", "got", "expected", "to do"} <= dict(raised.value.parts()).keys()


@pytest.mark.parametrize(
    "right",
    [
        '"app.rollback" = "r"\n"app.refresh" = "R"',
        '"runs.cancel" = "ctrl+x,?"\n"app.help" = "f1"',
        '"runs.cancel" = "D"',
        '"table.down" = "n,down"\n"drift.compare" = "N"\n"preflight.check" = "N"\n"infrastructure.plan" = "plus"',
    ],
)
def test_keys_that_change_places_or_meet_nowhere_are_taken(right: str, tmp_path: Path) -> None:
    """Two may swap, and a key of one screen may be another's on the next."""
    file = tmp_path / "tui.toml"
    file.write_text(f"[keys]\n{right}\n", "utf-8")
    assert keys.read(file).keys


def test_dialogs_name_their_keys_as_they_are_set() -> None:
    """What stands in a dialog is what works there."""

    async def flow(driven: Driven) -> None:
        await driven.press("R")
        await driven.asked("f5 takes the release alone back", "f6 copies")
        await driven.press("f5")
        await driven.asked("f5 takes the release alone back")

    drive(made_up.session(), flow, settings=Settings(keys={"confirm.d": "f5", "confirm.copy": "f6"}))


def test_hints_name_keys_as_they_are_set() -> None:
    """Where nothing is, beside a run that failed, and what undoes: the key that works, not the one delivered."""
    chosen = {"overview.deploy": "f5", "runs.start": "f6", "runs.redrive": "f7", "runs.logs": "f8,l", "app.undo": "f9"}

    async def empty(driven: Driven) -> None:
        await driven.until("f5 compiles the pipeline", "f5 deploys the pipeline", gone="D compiles")
        await driven.press("u")
        await driven.press("f9")
        await driven.until("f9 takes back")
        await driven.press("3")
        await driven.until("f6 starts one", "D on Releases")

    async def failed(driven: Driven) -> None:
        await driven.press("3")
        await driven.until(OPENED["runs"])
        await driven.press("j", "j")
        await driven.until("f7 does what is missing", "f8 shows what its tasks said")

    drive(made_up.session(made_up.NOTHING), empty, settings=Settings(keys=chosen))
    drive(made_up.session(), failed, settings=Settings(keys=chosen))


@pytest.mark.parametrize("words", ["canary", "promote", "back to"])
def test_an_action_is_found_by_the_word_of_its_key(words: str) -> None:
    """The palette has it, however it says in full what it does."""

    async def flow(driven: Driven) -> None:
        await driven.press("2")
        await driven.until(OPENED["releases"])
        titles = [command.title.lower() for command in driven.app.get_system_commands(driven.app.screen)]
        assert any(title.startswith(words) for title in titles)

    drive(made_up.session(), flow)


def test_a_command_line_is_copied_as_it_is() -> None:
    """However long, and whatever letters it has: only what is drawn is made harmless and cut."""
    line = ("nimbus", "drift", "export", "--to", "\u200dtexts 家族👨\u200d👩/" + "x" * 3_000)
    session = made_up.session({**made_up.ANSWERS, WhatWasDone: (Logged("2026-11-27T09:21:07+00:00", line, "done"),)})
    found: list[str] = []

    async def flow(driven: Driven) -> None:
        driven.app.copy_to_clipboard = found.append  # type: ignore[method-assign, assignment]
        await driven.press("8")
        await driven.until(OPENED["commandlog"])
        await driven.until("nimbus drift export")
        await driven.press("c", "y")
        await becomes(driven, lambda: len(found) == 2)

    drive(session, flow)
    assert [tuple(shlex.split(copied)) for copied in found] == [line, line]


def test_read_only_refuses_every_key_that_changes_something() -> None:
    """Whatever key is pressed, no change is proposed and nothing is started; the palette offers none."""
    session = Asked(Path("nimbus.toml"), "production", read_only=True)

    async def flow(driven: Driven) -> None:
        for number, entry in enumerate(ENTRIES):
            await driven.press(str(number + 1))
            await driven.until(OPENED[entry.folder], "read-only")
            section = driven.app.section
            assert section is not None
            pressed = [key for binding in section.BINDINGS if isinstance(binding, Binding) for key in [binding.key]]
            for key in [*pressed, "R", "u"]:
                await driven.press(*key.split(","))
                assert len(driven.app.screen_stack) == 1, (entry.name, key)
            offered = {command.title for command in driven.app.get_system_commands(driven.app.screen)}
            acting = {
                palette.title(binding)
                for binding in section.BINDINGS
                if isinstance(binding, Binding) and binding.action.partition("(")[0] in section.CHANGES
            }
            assert not offered & (acting | {"Roll back release and data", "Undo the last change"})
            await driven.press("escape", "escape")
        await becomes(driven, lambda: not driven.app.asks)

    drive(session, flow)
    assert session.questions
    assert not session.changes
    assert not session.running


def test_every_key_that_proposes_a_change_is_named_as_one() -> None:
    """Where changes are allowed, no key outside CHANGES of a screen leads to one: so read-only leaves none out."""
    session = Asked(Path("nimbus.toml"), "production")

    async def flow(driven: Driven) -> None:
        for number, entry in enumerate(ENTRIES):
            await driven.press(str(number + 1))
            await driven.until(OPENED[entry.folder])
            section = driven.app.section
            assert section is not None
            for binding in section.BINDINGS:
                assert isinstance(binding, Binding)
                if binding.action.partition("(")[0] not in section.CHANGES:
                    await driven.press(*binding.key.split(","))
            await becomes(driven, lambda: not driven.app.asks)
            assert len(driven.app.screen_stack) == 1, entry.name
            await driven.press("escape", "escape")

    drive(session, flow)
    assert session.questions
    assert not session.changes
    assert not session.running


def test_without_colour_nothing_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """With NO_COLOR every cell is grey, and marks and words say what colours said."""
    monkeypatch.setenv("NO_COLOR", "1")

    async def flow(driven: Driven) -> None:
        for number, entry in enumerate(ENTRIES):
            await driven.press(str(number + 1))
            await driven.until(OPENED[entry.folder])
            for strip in driven.app.screen._compositor.render_strips(driven.app.size):  # noqa: SLF001 - nothing else tells
                for segment in strip:
                    for color in (segment.style.color, segment.style.bgcolor) if segment.style else ():
                        assert color is None or len(set(color.get_truecolor())) == 1, (entry.name, segment)
        await driven.press("3")
        await driven.until("● ", "✗ ", "■ ", "published", "failed", "cancelled")

    drive(made_up.session(), flow, settings=Settings())
