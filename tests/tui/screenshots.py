"""Pictures of every screen on the demo's data: python -m tests.tui.screenshots FOLDER [PROJECT].

PROJECT is one that was built before; without it, one is built now, which takes minutes.
"""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from textual.pilot import Pilot

from nimbus import demo
from nimbus_tui.api.session import Session
from nimbus_tui.app import NimbusApp
from nimbus_tui.keys import Settings
from nimbus_tui.screens import ENTRIES
from nimbus_tui.themes import CONTRAST, DARK, LIGHT
from tests.tui.conftest import nimbus, write_project

SIZES = {"wide": (150, 44), "usual": (110, 34), "narrow": (80, 24)}
THEMES = {DARK.name: tuple(SIZES), LIGHT.name: tuple(SIZES), CONTRAST.name: ("usual",)}
SHOTS = {entry.folder: [str(number + 1)] for number, entry in enumerate(ENTRIES)} | {
    "loadtests": ["5", "tab"],
    "preflight": ["7", "j"],
    "rollback": ["1", "R"],
    "shards": ["3", "s"],
    "logs": ["3", "l"],
    "aside": ["3", "o"],
    "help": ["1", "question_mark"],
    "deploy": ["2", "D"],
}
BUILT = (
    ("deploy", "--yes", "--no-gate", "--reason", "first of the year"),
    ("run", "--env", "local", "--quiet"),
    ("drift", "baseline"),
    ("deploy", "--yes", "--no-gate", "--reason", "tolerates more"),
)
"""What stands in the command log, as if it had been done from there."""
_PATIENCE = 120.0  # seconds, until a screen has its answers
_BLANK, _CELL = "&#160;", 12.2  # as Textual draws them
_LEADING = re.compile(
    r'x="(?P<x>[\d.]+)" y="(?P<y>[\d.]+)" textLength="(?P<length>[\d.]+)"'
    r"(?P<rest>[^>]*>)(?P<blanks>(?:&#160;)+)(?=[^&<\s])"
)
_QUIET = 5  # looks in a row that find nothing on its way


def build(folder: Path) -> Path:
    """Build a project with two releases, runs of each, a drift and a load test."""
    texts = [json.loads(line) for line in demo.TEXTS.read_text("utf-8").splitlines()]
    write_project(folder, 0.1)
    _write(folder, [*texts, {"id": "t-0601", "text": 5}])
    nimbus(folder, "deploy", "--yes", "--no-gate", "--reason", "first of the year")
    for _ in range(2):
        nimbus(folder, "run", "--env", "local", "--quiet")
    nimbus(folder, "drift", "baseline")
    write_project(folder, 0.2)
    nimbus(folder, "deploy", "--yes", "--no-gate", "--reason", "tolerates more")
    longer = [
        {**text, "text": f"{text['text']} {texts[-n]['text']}"} if n % 3 == 0 else text for n, text in enumerate(texts)
    ]
    _write(folder, [*longer, {"id": "t-0601", "text": 5}, {"id": "t-0602"}])
    nimbus(folder, "run", "--env", "local", "--quiet")
    brief = '[loadtest.profiles.brief]\nshape = "steady"\nrate = 4.0\nseconds = 12.0\n'
    file = folder / "nimbus.toml"
    file.write_text(f"{file.read_text('utf-8')}\n{brief}", "utf-8")
    nimbus(folder, "loadtest", "--profile", "brief", codes=(0, 3))
    return folder


def _write(folder: Path, texts: list[dict[str, object]]) -> None:
    (folder / "texts.jsonl").write_text("".join(json.dumps(text) + "\n" for text in texts), "utf-8")


async def settled(app: NimbusApp, pilot: Pilot[None]) -> None:
    """Wait until every question of the screen has its answer."""
    end = time.monotonic() + _PATIENCE
    quiet = 0
    while quiet < _QUIET:
        assert time.monotonic() < end, "the screen does not settle"
        await pilot.pause(0.1)
        loading = [each for each in app.screen.query(".-loading") if each.region.area and each.visible]
        quiet = quiet + 1 if not app.asks and not loading else 0


async def pictures(project: Path, folder: Path, size: str, theme: str) -> None:
    """Write every screen in one size and theme."""
    session = Session(project / "nimbus.toml")
    for command in BUILT:
        session.note(("nimbus", *command), "done", "good")
    app = NimbusApp(session, Settings(theme))
    async with app.run_test(size=SIZES[size]) as pilot:
        for name, keys in SHOTS.items():
            for key in keys:
                await pilot.press(key)
                await settled(app, pilot)
            svg = app.export_screenshot(title="nimbus")
            svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)  # which would come from the network
            svg = _LEADING.sub(_indented, svg)
            file = folder / f"{name}-{size}-{theme.removeprefix('nimbus-')}.svg"
            file.write_text(svg, "utf-8")
            if len(app.screen_stack) > 1:
                await pilot.press("escape")


def _indented(found: re.Match[str]) -> str:
    """Return a text that begins with its first letter: not every program keeps the blanks before it."""
    blanks = len(found["blanks"]) // len(_BLANK) * _CELL
    x, length = float(found["x"]) + blanks, float(found["length"]) - blanks
    return f'x="{x:g}" y="{found["y"]}" textLength="{length:g}"{found["rest"]}'


def draw(project: Path, folder: Path) -> None:
    """Write all of them, and as PNG where there is a program for it."""
    folder.mkdir(parents=True, exist_ok=True)
    for theme, sizes in THEMES.items():
        for size in sizes:
            asyncio.run(pictures(project, folder, size, theme))
    for file in folder.glob("*.svg") if shutil.which("rsvg-convert") else ():
        subprocess.run(["rsvg-convert", file, "-o", file.with_suffix(".png")], check=True)


def main() -> None:
    """Build and draw."""
    to = Path(sys.argv[1])
    if len(sys.argv) > 2:
        draw(Path(sys.argv[2]), to)
        return
    with tempfile.TemporaryDirectory(prefix="nimbus-screenshots-") as scratch:
        draw(build(Path(scratch)), to)


if __name__ == "__main__":
    main()
