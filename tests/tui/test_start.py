"""Rules of what opening the terminal interface costs, and of the real terminal."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from rich.console import Console
from rich.style import Style
from rich.text import Text

PATIENCE = 240.0
HEAVY = {"alibi_detect", "boto3", "locust", "numpy", "onnx", "onnxruntime", "pyarrow", "scipy", "spacy", "torch"}
_LENIENT = """
[gate]
documents = 40
max_changed = 0.9
max_label_changed = 0.9
max_failures = 0.9
max_slowdown = 1000
max_memory = 1000
max_confidence_shift = 0.9
smallest_effect = 0.5
"""
"""Limits that an identical model keeps, whatever the machine does besides."""

_FRAME = """
import asyncio, sys
from pathlib import Path
from nimbus_tui.api.session import Session
from nimbus_tui.app import NimbusApp

async def go():
    app = NimbusApp(Session(Path({config!r})))
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.pause(2.0)
asyncio.run(go())
print(*sorted(sys.modules))
"""


def roots(code: str) -> set[str]:
    """Return the packages that are loaded after some code has run in a process of its own."""
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return {name.partition(".")[0] for name in done.stdout.split()}


def test_no_heavy_library_is_loaded_to_draw_the_first_frame() -> None:
    """The app and all of its screens are made of Textual and the standard library."""
    found = roots("import sys, nimbus_tui.app\nfor e in nimbus_tui.app.ENTRIES: e.load()\nprint(*sorted(sys.modules))")
    assert {"nimbus_tui", "textual"} <= found
    assert not HEAVY & found


def test_what_the_first_screen_asks_loads_no_more_than_numpy(built: Path) -> None:
    """Records are read beside the event loop, with what reading them takes."""
    found = roots(_FRAME.format(config=str(built / "nimbus.toml")))
    assert "nimbus_tui" in found
    assert HEAVY & found <= {"numpy"}


def test_without_a_terminal_it_says_so(tmp_path: Path) -> None:
    """A pipe gets words and exit code 2; nimbus alone prints its help."""
    command = [sys.executable, "-m", "nimbus.cli.main"]
    done = subprocess.run([*command, "tui"], check=False, capture_output=True, text=True, cwd=tmp_path)
    assert (done.returncode, "needs a terminal" in done.stderr) == (2, True)
    alone = subprocess.run(command, check=False, capture_output=True, text=True, cwd=tmp_path)
    assert (alone.returncode, "Usage" in alone.stdout) == (0, True)


class Terminal:
    """A real terminal, in tmux."""

    def __init__(self, folder: Path, socket: Path) -> None:
        """Open a shell in a folder."""
        self._tmux = ("tmux", "-S", str(socket))
        environment = {**os.environ, "XDG_CONFIG_HOME": str(folder / "settings"), "TERM": "xterm-256color"}
        size = ("-x", "120", "-y", "36")
        command = [*self._tmux, "-f", "/dev/null", "new-session", "-d", *size, "-c", str(folder), "sh"]
        subprocess.run(command, check=True, env=environment)

    def call(self, *arguments: str) -> str:
        """Call tmux."""
        return subprocess.run([*self._tmux, *arguments], check=True, capture_output=True, text=True).stdout

    def keys(self, *keys: str) -> None:
        """Press keys."""
        self.call("send-keys", *keys)

    def until(self, told: Callable[[str], bool]) -> str:
        """Wait until the screen shows something, and return it."""
        end = time.monotonic() + PATIENCE
        while not told(shown := self.call("capture-pane", "-p")):
            assert time.monotonic() < end, shown
            time.sleep(0.1)
        return shown

    def drawn(self, words: str) -> Style:
        """Return how words are drawn that are on the screen; nothing of theirs where they are not yet."""
        shown = Text.from_ansi(self.call("capture-pane", "-e", "-p"))
        place = shown.plain.find(words)
        return Style() if place < 0 else shown.get_style_at_offset(Console(), place)

    def inverted(self, words: str) -> bool:
        """Say whether words are dark on bright ground, as the button is drawn that has the keys."""
        style = self.drawn(words)
        if style.color is None or style.bgcolor is None:
            return False
        return sum(style.bgcolor.get_truecolor()) > sum(style.color.get_truecolor())


@pytest.fixture
def terminal(project: Path, tmp_path: Path) -> Iterator[Terminal]:
    """Return a terminal in a project's folder."""
    if shutil.which("tmux") is None:
        pytest.skip("tmux is not installed")
    opened = Terminal(project, tmp_path / "tmux")
    yield opened
    opened.call("kill-server")


def test_it_opens_resizes_suspends_and_leaves_in_a_real_terminal(terminal: Terminal) -> None:
    """Nimbus alone opens it, a smaller window is fitted, ctrl-z and fg go to the shell and back, ctrl-c leaves."""
    program = f"{sys.executable} -m nimbus.cli.main"
    terminal.keys("set -m; PS1='$ '; clear", "Enter")
    terminal.keys(program, "Enter")
    terminal.until(lambda shown: "Latest changes" in shown and "● en_support" in shown)
    terminal.call("resize-window", "-x", "80", "-y", "24")
    shown = terminal.until(lambda shown: "8 Log" in shown)
    assert max(map(len, shown.splitlines())) <= 80
    terminal.keys("C-z")
    terminal.until(lambda shown: "Latest changes" not in shown)
    terminal.keys("fg", "Enter")
    terminal.until(lambda shown: "Latest changes" in shown)
    terminal.keys("C-c")
    terminal.until(lambda shown: "Latest changes" not in shown and "$" in shown)
    terminal.keys("clear; echo left with $?", "Enter")
    terminal.until(lambda shown: "left with 0" in shown)


_BROKEN = """
from nimbus_tui.screens.section import Section

class Broken(Section):
    def on_mount(self):
        document = "of nobody's business"
        raise LookupError(document)
"""
_ENTERED = """
from nimbus_tui.screens.entry import Entry

ENTRY = Entry(place=9, folder="broken", name="Broken", short="Broken", screen="Broken")
"""
_OPENED = """
import importlib.util, sys
spec = importlib.util.find_spec("nimbus_tui.screens")
spec.submodule_search_locations.append(sys.argv.pop(1))
sys.modules[spec.name] = module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
from nimbus.cli.main import main
main()
"""


def test_when_it_breaks_down_it_fails_and_says_so_in_words(terminal: Terminal, tmp_path: Path) -> None:
    """Exit code 1, what happened and what to do; where it happened is put aside, without what variables held."""
    (tmp_path / "broken").mkdir()
    (tmp_path / "aside").mkdir()
    (tmp_path / "broken" / "__init__.py").write_text(_ENTERED, "utf-8")
    (tmp_path / "broken" / "screen.py").write_text(_BROKEN, "utf-8")
    (tmp_path / "open.py").write_text(_OPENED, "utf-8")
    program = f"TMPDIR={tmp_path}/aside {sys.executable} {tmp_path}/open.py {tmp_path} tui"
    terminal.keys("clear", "Enter")
    terminal.keys(f"{program}; echo left with $?", "Enter")
    terminal.until(lambda shown: "Latest changes" in shown and "● en_support" in shown)
    terminal.keys("9")
    shown = terminal.until(lambda shown: "left with 1" in shown)
    assert "broken down" in shown
    assert "open it again" in shown
    assert "Traceback" not in shown
    (aside,) = (tmp_path / "aside").glob("nimbus-tui-*.txt")
    told = aside.read_text("utf-8")
    assert "broken/screen.py" in told
    assert "LookupError" in told
    assert "nobody" not in f"{shown}{told}"


@contextmanager
def held(local: Path) -> Iterator[None]:
    """Hold the lock under which what is live changes: a deployment waits there with everything else done."""
    with (local / ".staging" / "live.json.lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def test_a_deployment_that_is_stopped_with_ctrl_c_goes_on_when_it_is_started_again(
    terminal: Terminal, project: Path
) -> None:
    """Stopped before its promotion nothing is half live; started again, it does that alone, and nothing twice."""
    file, local = project / "nimbus.toml", project / ".nimbus/local"
    text = file.read_text().replace("max_quarantine = 0.2", "max_quarantine = 0.4")
    file.write_text(f"{text}\n{_LENIENT}")
    before, releases, ledger = (local / "live.json").read_text(), names(local, "releases"), names(local, "ledger")
    with held(local):
        terminal.keys(f"{sys.executable} -m nimbus.cli.main tui", "Enter")
        terminal.until(lambda shown: "● en_support" in shown)
        deploy(terminal)
        terminal.until(lambda shown: "gate" in shown and "promote" in shown)
        terminal.keys("C-c")
        terminal.until(lambda shown: "Still going" in shown)
        terminal.until(lambda _shown: terminal.drawn("Stay").bgcolor != terminal.drawn("Stop it").bgcolor)
        terminal.keys("Down", "Down")
        terminal.until(lambda _shown: terminal.drawn("Stay").bgcolor == terminal.drawn("Leave it").bgcolor)
        terminal.until(lambda _shown: terminal.drawn("Stay").bgcolor != terminal.drawn("Stop it").bgcolor)
        terminal.keys("Enter")
        terminal.until(lambda shown: "Still going" not in shown and "Overview" not in shown)
    (registered,) = names(local, "releases") - releases
    kept = contents(local / "releases", local / "evidence", project / ".nimbus/compiled")
    assert (local / "live.json").read_text() == before

    terminal.keys("clear", "Enter")
    terminal.keys(f"{sys.executable} -m nimbus.cli.main tui", "Enter")
    terminal.until(lambda shown: "● en_support" in shown)
    deploy(terminal)
    terminal.until(lambda shown: "✓ done" in shown)
    terminal.keys("Escape")
    terminal.keys("q")
    assert json.loads((local / "live.json").read_text())["release"] == registered.removesuffix(".json")
    assert names(local, "releases") - releases == {registered}
    assert len(names(local, "ledger") - ledger) == 1
    after = contents(local / "releases", local / "evidence", project / ".nimbus/compiled")
    assert {path: after[path] for path in kept} == kept
    assert not [path for path in set(after) - set(kept) if "shadow" in path.name]


def deploy(terminal: Terminal) -> None:
    """Have the terminal interface deploy."""
    terminal.keys("D")
    terminal.until(lambda shown: "Deploy support to local" in shown and "Cancel" in shown)
    terminal.until(lambda _shown: terminal.inverted("Cancel"))
    terminal.keys("Right")
    terminal.until(lambda _shown: not terminal.inverted("Cancel"))
    terminal.keys("Enter")
    terminal.until(lambda shown: "going for" in shown or "✓ done" in shown)


def names(local: Path, folder: str) -> set[str]:
    """Return the names of what is in a folder of the environment."""
    return {path.name for path in (local / folder).iterdir()}


def contents(*folders: Path) -> dict[Path, int]:
    """Return every file below some folders, and when it was written."""
    return {path: path.stat().st_mtime_ns for folder in folders for path in folder.rglob("*") if path.is_file()}
