"""Rules of text from anybody, through every screen and dialog: whatever it holds, it shows harmlessly."""

from __future__ import annotations

import dataclasses
import unicodedata
from collections.abc import Mapping
from enum import Enum
from typing import Any

from nimbus_runtime.contract.errors import NimbusError
from nimbus_tui.api.proposals import Proposal
from nimbus_tui.screens import ENTRIES
from tests.tui import made_up
from tests.tui.driving import Driven, drive

HEAD = "\x1b[2J\u202e[red]"
TAIL = (
    "\x1b]0;title\x07[@click=app.exit]now[/] [bold red]evil\u2066\r\n\t\x00\x9b31m\ud800"
    + "e\u0301" * 50
    + "家族👨‍👩‍👧 <script> $(reboot) "
    + "x" * 3_000
)
HOSTILE = HEAD + TAIL
TIMES = {"time", "started", "ended", "finished", "scheduled_time", "since", "live_since", "created"}
OURS = {"health", "tone", "section", "going", "color", "factor"}
"""Fields that hold no text from outside."""
DIALOGS = ("R", "question_mark", "colon", "e", "D")
KEYS = {"releases": ("tab", "down", "m", "down", "C"), "runs": ("o", "s", "l"), "infrastructure": ("n", "j", "A")}


def spoilt(value: Any, name: str = "") -> Any:  # noqa: ANN401 - any answer
    """Return a value in which every text from outside is hostile."""
    if name in TIMES | OURS or isinstance(value, Enum):
        return value
    if isinstance(value, str):
        return f"{HEAD}{value}{TAIL}" if value else value
    if isinstance(value, (tuple, list)):
        return type(value)(spoilt(item, name) for item in value)
    if isinstance(value, dict):
        return {spoilt(key): spoilt(item) for key, item in value.items()}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {field.name: spoilt(getattr(value, field.name), field.name) for field in dataclasses.fields(value)}
        return type(value)(**fields)
    return value


def harmless(driven: Driven) -> None:
    """Check that nothing on the screen steers a terminal, brings a link of its own, or leaves its line."""
    width = driven.app.size.width
    for strip in driven.app.screen._compositor.render_strips(driven.app.size):  # noqa: SLF001 - nothing else tells
        assert strip.cell_length == width, strip.text
        for segment in strip:
            assert all(unicodedata.category(letter)[0] != "C" for letter in segment.text), repr(segment.text)
            meta = segment.style.meta if segment.style is not None else {}
            assert "@click" not in meta, segment


async def looked_at(driven: Driven) -> None:
    """Check every screen, what is opened on it, and every dialog."""
    for number, entry in enumerate(ENTRIES):
        for key in (str(number + 1), *KEYS.get(entry.folder, ()), *DIALOGS):
            await driven.press(key)
            await driven.pilot.pause()
            await driven.quiet()
            harmless(driven)
            if key in DIALOGS or len(driven.app.screen_stack) > 1:
                await driven.press("escape")


def answers(found: Mapping[type, object]) -> dict[type, object]:
    """Return hostile answers; a proposal is made of hostile parts as well."""
    spoiled: dict[type, object] = {}
    for question, answer in found.items():
        if isinstance(answer, Proposal):
            spoiled[question] = dataclasses.replace(
                answer,
                title=HOSTILE,
                verb=HOSTILE,
                command=("nimbus", HOSTILE),
                facts=spoilt(answer.facts),
                differences=spoilt(answer.differences),
                warning=HOSTILE,
                typed=HOSTILE,
            )
        else:
            spoiled[question] = spoilt(answer)
    return spoiled


def test_whatever_ids_labels_logs_and_reasons_hold_shows_harmlessly() -> None:
    """Every text of every answer is hostile; every screen stands, and nothing of it reaches the terminal as it was."""
    drive(made_up.session(answers(made_up.ANSWERS)), looked_at, size=(100, 30))


def test_whatever_a_failure_says_shows_harmlessly() -> None:
    """Panels, dialogs and the lines that pop up included."""
    session = made_up.session({})
    session.refusal = NimbusError(HOSTILE, where=HOSTILE, got=HOSTILE, expected=HOSTILE, remedy=HOSTILE)
    drive(session, looked_at, size=(100, 30))


def test_a_long_text_is_cut_and_the_rest_of_its_line_stays_in_sight() -> None:
    """A name of thousands of characters takes neither the line's other facts nor the screen's."""

    async def flow(driven: Driven) -> None:
        await driven.press("3")
        await driven.until("running 38 %", "312,501", "834,120", "70,110", "cancelled")

    drive(made_up.session(answers(made_up.ANSWERS)), flow, size=(140, 40))
