"""Runs `nimbus` in a process that is killed before it changes the world in a way that it was not yet allowed to.

    python -m tests.faults.doomed ALLOWED verb …

ALLOWED is a file with a change a line. What Python itself tells of what a program does (its audit events) says what is
about to be changed: nothing of Nimbus is exchanged. The change that it died of is added to the file.
"""

from __future__ import annotations

import os
import re
import signal
import sys
from pathlib import Path
from typing import Any

_RECORDS = ("live.json", "ledger", "releases", "evidence")
_FOLDERS = ("bundles", "compiled")
_TARGET = re.compile(rb"X-Amz-Target: \w+\.((?!Describe|Get|List|Batch)\w+)")


def change(event: str, arguments: tuple[Any, ...]) -> str | None:
    """Return in words what is about to be changed, None for what changes nothing that matters."""
    if event in {"os.link", "os.rename", "os.mkdir"}:
        parts = str(os.fspath(arguments[0 if event == "os.mkdir" else 1])).split("/")
        if ".nimbus" not in parts:
            return None
        folder = next((part for part in _FOLDERS if part in parts[:-1]), None)
        return _record(parts) if folder is None else f"{event} {folder}"
    if event == "http.client.send" and isinstance(arguments[1], bytes):
        head = arguments[1].partition(b"\r\n\r\n")[0]
        target = _TARGET.search(head)
        if target:
            return target[1].decode()
        if head.startswith(b"PUT "):
            return _record(head.split()[1].decode().partition("?")[0].split("/"))
    return None


def _record(parts: list[str]) -> str | None:
    found = next((part for part in parts if part in _RECORDS), None)
    if found == "evidence":
        return f"evidence {parts[-1].partition('-')[0]}" if parts[-1].endswith(".json") else None
    return found


def main() -> None:
    """Run, or die."""
    place = Path(sys.argv[1])
    allowed = set(place.read_text(encoding="utf-8").splitlines())
    sys.argv = ["nimbus", *sys.argv[2:]]

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        what = change(event, arguments)
        if what is not None and what not in allowed:
            allowed.add(what)
            with place.open("a", encoding="utf-8") as file:
                file.write(f"{what}\n")
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)
    from nimbus.cli.main import main as nimbus  # noqa: PLC0415 - what it does while it is imported counts as well

    nimbus()


if __name__ == "__main__":
    main()
