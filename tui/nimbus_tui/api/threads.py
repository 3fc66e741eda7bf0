"""Runs what waits beside the event loop, in threads that hold nobody up at the end."""

from __future__ import annotations

import asyncio
import importlib
import threading
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")

# Two threads that import modules which import each other may see one that is half made.
_IMPORTING = threading.Lock()
_FIRST = (
    "nimbus.assembly.runs",
    "nimbus.assembly.schedules",
    "nimbus.deploying",
    "nimbus.releasing",
    "nimbus.releases.promote",
    "nimbus.releases.rollback",
    "nimbus.releases.show",
)


async def aside(call: Callable[[], Result]) -> Result:
    """Return what a call returns. A call that is given up on runs on, and its result is dropped."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Result] = loop.create_future()

    def settle(result: Result | None, error: BaseException | None) -> None:
        if future.cancelled():
            return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(result)  # type: ignore[arg-type]

    def run() -> None:
        result, error = None, None
        try:
            with _IMPORTING:
                for module in _FIRST:
                    importlib.import_module(module)
            result = call()
        except BaseException as raised:  # noqa: BLE001 - whatever it is belongs to who waits
            error = raised
        try:
            loop.call_soon_threadsafe(settle, result, error)
        except RuntimeError:  # the loop has ended meanwhile
            return

    threading.Thread(target=run, daemon=True, name="nimbus-aside").start()
    return await future
