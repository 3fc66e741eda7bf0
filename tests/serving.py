"""A server in processes of its own, for the tests of whatever speaks to one."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_PATIENCE = 240.0


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer of any status."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:  # noqa: ANN401 - whatever it says
        """Return the body as JSON."""
        return json.loads(self.body)


@dataclass(slots=True)
class Server:
    """A server on a port of the loopback interface, and what it says on its standard output."""

    process: subprocess.Popen[bytes]
    log: Path
    port: int = 0

    @property
    def url(self) -> str:
        """Return its address."""
        return f"http://127.0.0.1:{self.port}"

    def events(self, kind: str) -> list[dict[str, Any]]:
        """Return what it has logged of a kind."""
        lines = self.log.read_text("utf-8").splitlines()
        return [event for event in map(json.loads, lines) if event["event"] == kind]

    def ask(self, path: str = "/v1/predict", body: object = None, **headers: str) -> Answered:
        """Send a request; the body is bytes as they are, or JSON."""
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(self.url + path, data, named)  # noqa: S310 - our own server
        try:
            with urllib.request.urlopen(request, timeout=_PATIENCE) as answer:  # noqa: S310 - as above
                return Answered(answer.status, dict(answer.headers), answer.read())
        except urllib.error.HTTPError as error:
            return Answered(error.code, dict(error.headers), error.read())

    def predict(self, *texts: str, **more: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - any field
        """Return the documents of some texts."""
        answer = self.ask(body={"texts": list(texts), **more})
        assert answer.status == 200, answer
        documents: list[dict[str, Any]] = answer.json["documents"]
        return documents

    def connect(self) -> socket.socket:
        """Return a connection that has said nothing yet."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=_PATIENCE)

    def wait_ready(self) -> None:
        """Wait until a worker is warm."""
        self.wait(lambda: self.ask("/ready").status == 200)

    def wait(self, condition: Any) -> None:  # noqa: ANN401 - a function without arguments
        """Wait until something is so."""
        deadline = time.monotonic() + _PATIENCE
        while not condition():
            assert self.process.poll() is None, self.log.read_text("utf-8")
            assert time.monotonic() < deadline, self.log.read_text("utf-8")
            time.sleep(0.02)

    def end(self, number: int = signal.SIGTERM) -> int:
        """Ask it to end and return its exit code."""
        self.process.send_signal(number)
        return self.process.wait(_PATIENCE)


@contextlib.contextmanager
def serving(bundle: Path, *options: str, ready: bool = True, **environment: str) -> Iterator[Server]:
    """Serve a bundle on a free port of the loopback interface, with one worker unless told otherwise."""
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder, "log")
        told = ["--host", "127.0.0.1", "--port", "0", "--workers", "1", "--gemm", "numpy", *options]
        command = [sys.executable, "-P", "-m", "nimbus_runtime", "serve", "--bundle", str(bundle), *told]
        with log.open("wb") as out:
            process = subprocess.Popen(command, stdout=out, env={**os.environ, **environment})
        server = Server(process, log)
        try:
            server.wait(lambda: server.events("listening"))
            server.port = server.events("listening")[0]["port"]
            if ready:
                server.wait_ready()
            yield server
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()
