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
from pathlib import Path

from nimbus import demo
from nimbus_tui.api.session import Session
from nimbus_tui.app import NimbusApp
from nimbus_tui.keys import Settings
from nimbus_tui.screens import ENTRIES
from tests.tui.conftest import nimbus, write_project

SIZES = {"wide": (150, 44), "usual": (110, 34), "narrow": (80, 24)}
THEMES = ("nimbus-dark", "nimbus-light")
_SETTLED = 6.0  # seconds, until a screen has its answers


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


async def picture(project: Path, keys: list[str], size: tuple[int, int], theme: str) -> str:
    """Return a screen as SVG, after keys were pressed."""
    app = NimbusApp(Session(project / "nimbus.toml"), Settings(theme))
    async with app.run_test(size=size) as pilot:
        await pilot.pause(1.0)
        for key in keys:
            await pilot.press(key)
            await pilot.pause(0.5)
        await pilot.pause(_SETTLED)
        svg = app.export_screenshot(title="nimbus")
    return re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)  # which would come from the network


def pictures(project: Path, folder: Path) -> None:
    """Write all of them, and as PNG where there is a program for it."""
    folder.mkdir(parents=True, exist_ok=True)
    shots = {entry.folder: [str(number + 1)] for number, entry in enumerate(ENTRIES)}
    shots |= {
        "rollback": ["R"],
        "logs": ["3", "l"],
        "aside": ["3", "o"],
        "help": ["question_mark"],
        "deploy": ["2", "D"],
    }
    for theme in THEMES:
        for name, size in SIZES.items():
            for shot, keys in shots.items():
                file = folder / f"{shot}-{name}-{theme.removeprefix('nimbus-')}.svg"
                file.write_text(asyncio.run(picture(project, keys, size, theme)), "utf-8")
                if shutil.which("rsvg-convert"):
                    subprocess.run(["rsvg-convert", file, "-o", file.with_suffix(".png")], check=True)


def main() -> None:
    """Build and draw."""
    to = Path(sys.argv[1])
    if len(sys.argv) > 2:
        pictures(Path(sys.argv[2]), to)
        return
    with tempfile.TemporaryDirectory(prefix="nimbus-screenshots-") as scratch:
        pictures(build(Path(scratch)), to)


if __name__ == "__main__":
    main()
