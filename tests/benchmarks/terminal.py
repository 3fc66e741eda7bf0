"""What the terminal interface costs: python -m tests.benchmarks.terminal [PROJECT].

First frame: processor seconds from a new process until the first screen is drawn, above those of an empty Textual
app, the two in turns. Idle: the share of a core that a screen takes while nothing happens. Rows: a hundred thousand of
them shown, and paged through. Endurance: how memory grows while every screen is refreshed in turn, and what that would
come to in eight hours of a refresh every three seconds.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from pathlib import Path

_ROUNDS = 7
_EMPTY = """
import asyncio, json, time
from textual.app import App
async def go():
    async with App().run_test(size=(120, 36)) as pilot:
        await pilot.pause()
        print(json.dumps(time.process_time()))
asyncio.run(go())
"""
_OURS = """
import asyncio, json, time
from pathlib import Path
from nimbus_tui.api.session import Session
from nimbus_tui.app import NimbusApp
async def go():
    async with NimbusApp(Session({config})).run_test(size=(120, 36)) as pilot:
        await pilot.pause()
        print(json.dumps(time.process_time()))
asyncio.run(go())
"""
_IDLE = """
import asyncio, json, time
from pathlib import Path
from nimbus_tui.api.session import Session
from nimbus_tui.app import NimbusApp
async def go():
    async with NimbusApp(Session({config})).run_test(size=(120, 36)) as pilot:
        await pilot.pause(10)
        before, began = time.process_time(), time.monotonic()
        await asyncio.sleep(60)
        print(json.dumps((time.process_time() - before) / (time.monotonic() - began)))
asyncio.run(go())
"""
_ROWS = """
import asyncio, json, time
from textual.app import App
from nimbus_tui.widgets.table import Column, Table
class Holding(App):
    def compose(self):
        yield Table([Column("run", 10, grow=1), Column("is", 10)])
async def go():
    app = Holding()
    async with app.run_test(size=(120, 36)) as pilot:
        keys, began = [str(n) for n in range(100_000)], time.process_time()
        app.query_one(Table).show(keys, lambda key: (key, "published"))
        await pilot.pause()
        shown = time.process_time() - began
        began = time.process_time()
        for _ in range(100):
            await pilot.press("pagedown")
        print(json.dumps([shown, (time.process_time() - began) / 100]))
asyncio.run(go())
"""
_ENDURING = """
import asyncio, json, psutil
from pathlib import Path
from nimbus_tui.api.session import Session
from nimbus_tui.app import NimbusApp
async def go():
    app, me, found = NimbusApp(Session({config})), psutil.Process(), []
    async with app.run_test(size=(120, 36)) as pilot:
        for number in range({marks}[-1] + 1):
            await pilot.press(str(number % 8 + 1))
            app.everything_changed()
            await pilot.pause(0.01)
            while app.asks:
                await pilot.pause(0.01)
            if number in {marks}:
                found.append(me.memory_info().rss)
    print(json.dumps(found))
asyncio.run(go())
"""
_MARKS = (500, 1_000, 1_500, 2_000)  # refreshes
_EIGHT_HOURS = 8 * 3600 / 3


def measured(code: str) -> float | list[float]:
    """Return what a new process measures."""
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    found: float | list[float] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> None:
    """Print the figures."""
    config = f"Path({str(Path(sys.argv[1]) / 'nimbus.toml')!r})" if len(sys.argv) > 1 else "None"
    pairs = [(measured(_EMPTY), measured(_OURS.format(config=config))) for _ in range(_ROUNDS)]
    above = sorted(float(ours) - float(empty) for empty, ours in pairs)  # type: ignore[arg-type]
    empty = statistics.median(float(pair[0]) for pair in pairs)  # type: ignore[arg-type]
    print(
        f"first frame   {statistics.median(above):.2f} s of processor time above an empty app's {empty:.2f} s", end=""
    )
    print(f" ({above[0]:.2f} to {above[-1]:.2f}, {_ROUNDS} pairs)")
    print(f"idle          {measured(_IDLE.format(config=config)):.2%} of a core over a minute")
    shown, page = measured(_ROWS)  # type: ignore[misc]
    found: list[float] = measured(_ENDURING.format(config=config, marks=_MARKS))  # type: ignore[assignment]
    told = ", ".join(f"{size / 1e6:.1f} MB after {times:,}" for times, size in zip(_MARKS, found, strict=True))
    grown = (found[-1] - found[-2]) / (_MARKS[-1] - _MARKS[-2])
    print(f"endurance     {told} refreshes: {grown * _EIGHT_HOURS / 1e6:.1f} MB in eight hours at the pace of the last")
    print(f"100,000 rows  shown in {shown:.3f} s of processor time, a page further in {page:.4f} s")


if __name__ == "__main__":
    main()
