"""Pictures of every screen and dialog on a made-up environment: what they show changes only when somebody means it to.

After a change that was meant: make test ARGS='tests/tui/test_pictures.py --snapshot-update', and read the diff.
"""

from __future__ import annotations

import asyncio
import functools
import subprocess
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import cast

import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode
from textual.pilot import Pilot

from nimbus.config.errors import ConfigNotFoundError
from nimbus_tui.api.session import Session
from nimbus_tui.api.verbs import Running, Verb
from nimbus_tui.app import NimbusApp
from nimbus_tui.screens import ENTRIES
from nimbus_tui.themes import CONTRAST, DARK, LIGHT
from tests.tui import made_up
from tests.tui.driving import Patient
from tests.tui.pictures import look, picture, settled

LOOKS = (DARK.name, LIGHT.name)
NARROW = (*LOOKS, CONTRAST.name)
SIZES = {"narrow": (80, 24), "usual": (120, 40), "wide": (200, 60)}
SCREENS = {entry.folder: (str(number + 1),) for number, entry in enumerate(ENTRIES)}
VIEWS = {
    **SCREENS,
    "overview-guide": ("1", "tab", "enter"),
    "infrastructure-plan": ("6", "n", "j"),
    "releases-compared": ("2", "tab", "m", "down"),
    "releases-canary": ("2", "C"),
    "runs-aside": ("3", "o"),
    "runs-shards": ("3", "s"),
    "runs-logs": ("3", "l"),
    "runs-filtered": ("3", *"/fail", "enter"),
    "loadtests-compared": ("5", "tab", "m", "down"),
    "rollback": ("1", "R"),
    "deployment": ("1", "D"),
    "help": ("3", "question_mark"),
    "palette": ("2", "colon"),
    "environments": ("1", "e"),
}
"""What is pressed to see something; afterwards esc is pressed until it is left."""
STATES: dict[str, Mapping[type, object]] = {"empty": made_up.NOTHING, "refused": {}}
"""Environments in which nothing is, and in which nothing may be read."""


class TextFile(SingleFileSnapshotExtension):
    """Keeps a picture in a file of its own, whose changes can be read."""

    file_extension = "txt"
    _write_mode = WriteMode.TEXT


@pytest.fixture
def kept(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    """Return the picture that is kept for this test."""
    return snapshot.use_extension(TextFile)


Flow = Callable[[NimbusApp, Pilot[None]], Awaitable[None]]


def staged(session: Session, size: tuple[int, int], flow: Flow) -> None:
    """Open the app in a size, let it settle, and go through it; from then on it asks only when it is told to."""

    async def go() -> None:
        app = NimbusApp(session)
        app.animation_level = "none"
        async with app.run_test(size=size):
            pilot = Patient(app)
            app.action_freeze()
            await settled(app, pilot)
            await flow(app, pilot)

    asyncio.run(go())


async def taken(app: NimbusApp, pilot: Pilot[None], *again: str) -> str:
    """Return a picture of what is on the screen in dark and in light, and where it is narrow in high contrast.

    A dialog is opened again in each, by the same key: what it says may have the ink of when it was opened.
    """
    themes, looks = NARROW if app.size.width == SIZES["narrow"][0] else LOOKS, {}
    for theme in sorted(themes, key=lambda name: name != app.theme):
        if theme != app.theme:
            app.theme = theme
            if again and len(app.screen_stack) > 1:
                await pilot.press("escape")
                await settled(app, pilot)
                await pilot.press(*again)
        looks[theme] = look(await settled(app, pilot))
    return picture([looks[theme] for theme in themes])


def walk(session: Session, size: tuple[int, int], views: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """Go through views, and return a picture of each."""
    found = {}

    async def flow(app: NimbusApp, pilot: Pilot[None]) -> None:
        for name, keys in views.items():
            for key in keys:
                await pilot.press(key)
                await settled(app, pilot)
            found[name] = await taken(app, pilot, keys[-1])
            await pilot.press("escape", "escape")

    staged(session, size, flow)
    return found


@functools.cache
def views_in(size: str) -> dict[str, str]:
    """Return a picture of every view in a size."""
    return walk(made_up.session(), SIZES[size], VIEWS)


@functools.cache
def screens_of(state: str) -> dict[str, str]:
    """Return a picture of every screen in an environment where nothing is, or nothing may be read."""
    return walk(made_up.session(STATES[state]), SIZES["narrow"], SCREENS)


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("size", SIZES)
def test_a_view_looks_as_it_did(size: str, view: str, kept: SnapshotAssertion) -> None:
    """Its words, and the style of each cell in every theme."""
    assert views_in(size)[view] == kept


@pytest.mark.parametrize("size", ["narrow", "wide"])
def test_a_screen_that_gets_another_size_looks_as_one_that_was_opened_in_it(size: str) -> None:
    """Its texts are fitted again, whatever they were fitted to before."""
    changed, opened = {}, {}

    async def change(app: NimbusApp, pilot: Pilot[None]) -> None:
        for name, keys in SCREENS.items():
            await pilot.resize_terminal(*SIZES["usual"])
            await pilot.press(*keys)
            await settled(app, pilot)
            await pilot.resize_terminal(*SIZES[size])
            changed[name] = look(await settled(app, pilot)).lines

    async def see(app: NimbusApp, pilot: Pilot[None]) -> None:
        for name, keys in SCREENS.items():
            await pilot.press(*keys)
            opened[name] = look(await settled(app, pilot)).lines

    staged(made_up.session(), SIZES["usual"], change)
    staged(made_up.session(), SIZES[size], see)
    assert changed == opened


@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize("state", STATES)
def test_a_screen_that_has_nothing_to_show_says_so_as_it_did(state: str, screen: str, kept: SnapshotAssertion) -> None:
    """Each panel says why it is empty, and what to do."""
    assert screens_of(state)[screen] == kept


@pytest.mark.parametrize("size", SIZES)
def test_a_deployment_that_failed_looks_as_it_did(size: str, kept: SnapshotAssertion, tmp_path: Path) -> None:
    """Its steps, how it ended, and the command line."""
    words = [
        "compile     done, 94.4 MB",
        "image       done",
        "error: the role may not push to support",
        "to do: sign in",
    ]
    found = []

    async def flow(app: NimbusApp, pilot: Pilot[None]) -> None:
        verb = Verb("deploy to production", ("nimbus", "deploy", "--confirm", "production"))
        app.follow(Running(verb, cast("subprocess.Popen[bytes]", None), tmp_path, 0.0, code=1, lines=words))
        await settled(app, pilot)
        found.append(await taken(app, pilot))

    staged(made_up.session(), SIZES[size], flow)
    assert found[0] == kept


@pytest.mark.parametrize("size", SIZES)
def test_the_welcome_looks_as_it_did(size: str, kept: SnapshotAssertion) -> None:
    """Where there is no project, the demo is offered, and a project of one's own."""
    session = made_up.session({})
    session.refusal = ConfigNotFoundError("there is no nimbus.toml")
    found = []

    async def flow(app: NimbusApp, pilot: Pilot[None]) -> None:
        found.append(await taken(app, pilot))

    staged(session, SIZES[size], flow)
    assert found[0] == kept
