"""A real registry on loopback that wants a login, and lines to it: one that breaks, one that holds an upload."""

from __future__ import annotations

import contextlib
import itertools
import json
import shutil
import socket
import subprocess
import threading
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.faults.command import wait_until

_SETTINGS = """
version: 0.1
log: {{level: error}}
storage: {{filesystem: {{rootdirectory: {folder}/data}}}}
http: {{addr: "127.0.0.1:0"}}
auth: {{htpasswd: {{realm: test, path: {folder}/users}}}}
"""
_MANIFESTS = "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json"


@dataclass(frozen=True, slots=True)
class LocalRegistry:
    """Where the registry listens, and who may push."""

    address: str
    user: str
    password: str

    def tags(self, repository: str) -> list[str]:
        """Return the tags of a repository."""
        return list((self.ask(f"{repository}/tags/list") or {}).get("tags") or ())

    def manifest(self, repository: str, tag: str) -> bytes:
        """Return what a tag stands for."""
        return self._read(f"{repository}/manifests/{tag}") or b""

    def ask(self, path: str) -> dict[str, Any] | None:
        """Return what the registry says at a path of its API, None where it has nothing."""
        read = self._read(path)
        told: dict[str, Any] | None = None if read is None else json.loads(read)
        return told

    def _read(self, path: str) -> bytes | None:
        request = urllib.request.Request(f"http://{self.address}/v2/{path}", headers={"Accept": _MANIFESTS})
        token = b64encode(f"{self.user}:{self.password}".encode()).decode()
        request.add_header("Authorization", f"Basic {token}")
        try:
            with urllib.request.urlopen(request) as answer:  # noqa: S310 - as above
                content: bytes = answer.read()
                return content
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return None
            raise


@contextlib.contextmanager
def registry(folder: Path, user: str, password: str) -> Iterator[LocalRegistry]:
    """Serve an empty registry; a machine without the program skips."""
    program, hasher = shutil.which("docker-registry") or shutil.which("registry"), shutil.which("htpasswd")
    if program is None or hasher is None:
        pytest.skip("needs a registry: Debian's docker-registry and apache2-utils")
    (folder / "users").write_bytes(
        subprocess.run([hasher, "-nbB", user, password], check=True, capture_output=True).stdout
    )
    (folder / "settings.yml").write_text(_SETTINGS.format(folder=folder), encoding="utf-8")
    process = subprocess.Popen([program, "serve", folder / "settings.yml"], stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: process.poll() is not None or _ports(process.pid), "the registry listens")
        (port,) = _ports(process.pid)
        yield LocalRegistry(f"127.0.0.1:{port}", user, password)
    finally:
        process.terminate()
        process.wait()


@contextlib.contextmanager
def breaking(address: str, after: int) -> Iterator[str]:
    """Lead to a registry by a line that is cut for good once so many bytes were sent."""
    host, _, port = address.partition(":")
    with socket.create_server(("127.0.0.1", 0)) as server:
        left = [after]
        threading.Thread(target=_accept, args=(server, (host, int(port)), left), daemon=True).start()
        yield f"127.0.0.1:{server.getsockname()[1]}"


@dataclass(slots=True)
class Line:
    """A line to a registry on which one upload comes to its end, and whatever would end after it waits.

    So a push stands still with something in the registry, and with no manifest. `let_go` cuts what waits.
    """

    address: str
    waits: threading.Event
    free: threading.Event

    def let_go(self) -> None:
        """Let everything pass that is sent from now on."""
        self.free.set()


@contextlib.contextmanager
def holding(address: str) -> Iterator[Line]:
    """Lead to a registry by a line that holds."""
    host, _, port = address.partition(":")
    with socket.create_server(("127.0.0.1", 0)) as server:
        line = Line(f"127.0.0.1:{server.getsockname()[1]}", threading.Event(), threading.Event())
        ended = itertools.count()

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    near, _ = server.accept()
                    far = socket.create_connection((host, int(port)))
                    threading.Thread(target=_hold, args=(near, far, line, ended), daemon=True).start()
                    threading.Thread(target=_carry, args=(far, near, None), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        try:
            yield line
        finally:
            line.let_go()


def _hold(near: socket.socket, far: socket.socket, line: Line, ended: Iterator[int]) -> None:
    """Carry requests, each of which begins what is received: an engine waits for the answer to the one before."""
    with contextlib.suppress(OSError):
        while data := near.recv(1 << 16):
            if data.startswith(b"PUT ") and not line.free.is_set() and next(ended) > 0:
                line.waits.set()
                line.free.wait()
                break
            far.sendall(data)
    for end in (near, far):
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


def _accept(server: socket.socket, target: tuple[str, int], left: list[int]) -> None:
    with contextlib.suppress(OSError):
        while True:
            near, _ = server.accept()
            if left[0] <= 0:
                near.close()
                continue
            far = socket.create_connection(target)
            threading.Thread(target=_carry, args=(near, far, left), daemon=True).start()
            threading.Thread(target=_carry, args=(far, near, None), daemon=True).start()


def _carry(source: socket.socket, sink: socket.socket, left: list[int] | None) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(1 << 16):
            if left is not None:
                left[0] -= len(data)
                if left[0] <= 0:
                    break
            sink.sendall(data)
    for end in (source, sink):
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


def _ports(pid: int) -> list[int]:
    """Return the ports at which a process listens."""
    opened = psutil.Process(pid).net_connections("tcp")
    return [each.laddr.port for each in opened if each.status == psutil.CONN_LISTEN]
