"""A server of a bundle in a process of its own, for as long as it is under load."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nimbus.adapters import processors
from nimbus_runtime.contract.errors import NimbusError

_READY_SECONDS = 300.0
_STOP_SECONDS = 40.0


@contextmanager
def served(bundle: Path, release: str | None, vcpus: int) -> Iterator[tuple[str, frozenset[int]]]:
    """Serve a bundle on the loopback interface; yield its address, and the processors that are left to others.

    The server has as many workers as `vcpus`, and no more processors where the machine has more.
    """
    mine, others = processors.divided(vcpus)
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder, "log")
        options = ["--host", "127.0.0.1", "--port", "0", "--workers", str(vcpus), "--no-request-log"]
        named = ["--release", release] if release else []
        command = [sys.executable, "-P", "-m", "nimbus_runtime", "serve", "--bundle", str(bundle), *options, *named]
        environment = {name: value for name, value in os.environ.items() if name != "NIMBUS_API_KEYS"}
        with log.open("wb") as out, processors.using(mine):
            process = subprocess.Popen(  # noqa: S603 - our own module, by our own interpreter
                command, stdin=subprocess.DEVNULL, stdout=out, env=environment, start_new_session=True
            )
        try:
            yield _ready(process, log), others
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                try:
                    process.wait(_STOP_SECONDS)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()


def _ready(process: subprocess.Popen[bytes], log: Path) -> str:
    deadline = time.monotonic() + _READY_SECONDS
    while time.monotonic() < deadline:
        events = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
        if process.poll() is not None:
            raise _failed(events)
        listening = next((event for event in events if event["event"] == "listening"), None)
        if listening is not None and _answers(f"http://127.0.0.1:{listening['port']}"):
            return f"http://127.0.0.1:{listening['port']}"
        time.sleep(0.05)
    raise NimbusError("the server is not ready", got=f"nothing within {_READY_SECONDS:.0f} s")


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/ready", timeout=5) as answer:  # noqa: S310 - our own server
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _failed(events: list[dict[str, str]]) -> NimbusError:
    told = next((event for event in events if event["event"] == "failed"), {})
    return NimbusError(
        told.get("what", "the server ended before it was ready"),
        where=told.get("where"),
        got=told.get("got"),
        expected=told.get("expected"),
        remedy=told.get("to do"),
    )
