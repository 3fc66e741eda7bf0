"""A server of a bundle in a process of its own, or of an image in a container, for as long as it is under load."""

from __future__ import annotations

import http
import http.client
import json
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from nimbus.adapters import engine_process, following, processors
from nimbus_runtime.contract.errors import NimbusError, UsageError

_READY_SECONDS = 300.0
_STOP_SECONDS = 40.0
_ASK_SECONDS = 10.0


# As Fargate runs it; the host's own network, since a proxy in between would be measured, too.
_HARDENED = ("--read-only", "--tmpfs=/tmp", "--cap-drop=ALL", "--security-opt=no-new-privileges", "--network=host")


@dataclass(frozen=True, slots=True)
class Served:
    """A server on the loopback interface, and the processors that it leaves to others."""

    address: str
    others: frozenset[int]
    image: bool = False


@contextmanager
def served(bundle: Path, release: str | None, vcpus: int) -> Iterator[Served]:
    """Serve a bundle with as many workers as `vcpus`, and no more processors where the machine has more."""
    command = [sys.executable, "-P", "-m", "nimbus_runtime", "serve", "--bundle", str(bundle)]
    mine, others = processors.divided(vcpus)
    with _running([*command, *_told(release, vcpus)], mine) as address:
        yield Served(address, others)


@contextmanager
def contained(engine: str, image: str, release: str, vcpus: int) -> Iterator[Served]:
    """Serve an image that is here as `served` does a bundle: in a container, hardened as tasks are."""
    if sys.platform != "linux":
        raise UsageError(
            "an image is put under load on Linux only",
            got=sys.platform,
            remedy="name its bundle with --bundle, or a server of it with --url",
        )
    name = f"nimbus-loadtest-{secrets.token_hex(4)}"
    mine, others = processors.divided(vcpus)
    pinned = [f"--cpuset-cpus={','.join(map(str, sorted(mine)))}"] if mine else []
    command = [engine, "run", "--rm", f"--name={name}", *_HARDENED, *pinned, image, "serve"]
    try:
        with _running([*command, *_told(release, vcpus)], mine) as address:
            yield Served(address, others, image=True)
    finally:
        engine_process.run(engine, "rm", "--force", name)


def _told(release: str | None, vcpus: int) -> list[str]:
    options = ["--host", "127.0.0.1", "--port", "0", "--workers", str(vcpus), "--no-request-log"]
    return [*options, *(["--release", release] if release else [])]


@contextmanager
def _running(command: Sequence[str], mine: frozenset[int]) -> Iterator[str]:
    """Run a server on some processors, and yield its address once it is warm."""
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder, "log")
        environment = {name: value for name, value in os.environ.items() if name != "NIMBUS_API_KEYS"}
        with log.open("wb") as out, processors.using(mine):
            process = subprocess.Popen(  # noqa: S603 - our own module, by our own interpreter, or an engine that was found
                command,
                stdin=subprocess.DEVNULL,
                stdout=out,
                env=environment,
                start_new_session=True,
                preexec_fn=following.parent(),  # noqa: PLW1509 - a call of the system and nothing else
            )
        try:
            yield _ready(process, log)
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
    raise NimbusError(
        "the server is not ready",
        got=f"nothing within {_READY_SECONDS:.0f} s",
        remedy="try it alone: `nimbus serve` says what it waits for",
    )


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/ready", timeout=5) as answer:  # noqa: S310 - our own server
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def about(address: str) -> tuple[str | None, str | None] | None:
    """Return the bundle's digest and the release that a server says it serves; None where nothing answers."""
    request = urllib.request.Request(f"{address}/health", headers={"User-Agent": "nimbus-loadtest"})  # noqa: S310 - http(s)
    try:
        with urllib.request.urlopen(request, timeout=_ASK_SECONDS) as answer:  # noqa: S310 - as above
            told = answer.headers
    except urllib.error.HTTPError as error:
        told = error.headers
    except (OSError, ValueError, http.client.HTTPException):
        return None
    return told.get("x-nimbus-bundle"), told.get("x-nimbus-release")


def refusal(address: str, key: str | None) -> tuple[str, str, str] | None:
    """Say why a server cannot be asked: what it is, what it said, and what to do; None where nothing is in the way.

    A server that is not of Nimbus may know neither of the two questions.
    """
    for path in ("/ready", "/metrics"):
        headers = {"User-Agent": "nimbus-loadtest", **({"Authorization": f"Bearer {key}"} if key else {})}
        request = urllib.request.Request(address + path, headers=headers)  # noqa: S310 - http(s)
        try:
            with urllib.request.urlopen(request, timeout=_ASK_SECONDS):  # noqa: S310 - as above
                continue
        except urllib.error.HTTPError as error:
            status, ours = error.code, "x-nimbus-bundle" in error.headers
        except (OSError, ValueError, http.client.HTTPException) as error:
            cause = getattr(error, "reason", error)
            got = getattr(cause, "strerror", None) or str(cause) or type(cause).__name__
            return "nobody answers at the address", got, "check the address, and that the server runs"
        if status == http.HTTPStatus.SERVICE_UNAVAILABLE:
            return "the server is not ready", f"status {status}", f"wait until {address}/ready answers 200"
        if ours and status == http.HTTPStatus.UNAUTHORIZED:
            got = "a key that it does not know" if key else "no key"
            return "the server wants a key", got, "put one of its keys into NIMBUS_API_KEY"
    return None


def _failed(events: list[dict[str, str]]) -> NimbusError:
    told = next((event for event in events if event["event"] == "failed"), {})
    return NimbusError(
        told.get("what", "the server ended before it was ready"),
        where=told.get("where"),
        got=told.get("got"),
        expected=told.get("expected"),
        remedy=told.get("to do"),
    )
