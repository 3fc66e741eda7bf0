"""What clients and documents can do to a server, and that nobody else notices."""

from __future__ import annotations

import contextlib
import json
import resource
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.serving import Server, serving

from . import bundles

_CONNECTIONS = 1000


@pytest.fixture(scope="module")
def server(foreign: bundles.Built) -> Iterator[Server]:
    """Return a server of a bundle that fails on demand, short of patience."""
    options = ("--receive-seconds", "2", "--idle-seconds", "3", "--request-seconds", "20", "--queue-texts", "64")
    with serving(foreign.path, *options, PYTHONPATH=str(foreign.package)) as running:
        yield running


def head(length: int) -> bytes:
    """Return the head of a request whose body has a length."""
    return f"POST /v1/predict HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n".encode()


def undisturbed(server: Server) -> None:
    """Have somebody else ask, and get an answer at once."""
    started = time.monotonic()
    assert server.predict("Anna paid in Berlin")[0]["ents"] is not None
    assert time.monotonic() - started < 10.0


def test_a_slow_client_is_refused_in_time(server: Server) -> None:
    """A body that trickles in holds its own connection only."""
    with server.connect() as slow:
        slow.sendall(head(50) + b'{"te')
        undisturbed(server)
        answer = b"".join(iter(lambda: slow.recv(1000), b""))  # until the server closes
        assert answer.startswith(b"HTTP/1.1 408 ")


def test_a_head_that_never_ends_is_cut_off(server: Server) -> None:
    """One byte now and then does not keep a connection."""
    with server.connect() as slow:
        started = time.monotonic()
        slow.sendall(b"POST /v1/pre")
        with contextlib.suppress(OSError):
            while time.monotonic() - started < 30:
                time.sleep(0.1)
                slow.sendall(b"d")
        assert time.monotonic() - started < 30
    undisturbed(server)


def test_a_huge_body_is_refused_before_it_is_read(server: Server) -> None:
    """By its announced length, or where it has none by what came; memory stays."""
    before = memory(server)
    with server.connect() as large:
        large.sendall(head(10 * 2**30))
        assert large.recv(1000).startswith(b"HTTP/1.1 413 ")
    with server.connect() as chunked, contextlib.suppress(ConnectionError):
        chunked.sendall(b"POST /v1/predict HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(200):  # 200 MB, if anybody took it
            chunked.sendall(b"100000\r\n" + b"x" * 2**20 + b"\r\n")
        pytest.fail("all of it was taken")
    undisturbed(server)
    assert memory(server) - before < 30e6


def test_a_thousand_idle_connections_are_ended(server: Server) -> None:
    """Others are served meanwhile, and the silent ones are cut off."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < _CONNECTIONS + 100:
        pytest.skip(f"this process may open {hard} files only")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, _CONNECTIONS + 100), hard))
    with contextlib.ExitStack() as stack:
        idle = [stack.enter_context(server.connect()) for _ in range(_CONNECTIONS)]
        undisturbed(server)
        for each in idle:
            assert closed(each)


def closed(connection: socket.socket) -> bool:
    """Say whether the other side has ended a connection, or does within a minute."""
    try:
        return connection.recv(1) == b""
    except ConnectionError:
        return True


def test_a_client_that_vanishes_takes_its_texts_with_it(server: Server) -> None:
    """What nobody waits for is not scored: it leaves the queue."""
    body = json.dumps({"texts": ["Anna Berlin order late " * 800] * 40}).encode()
    with server.connect() as leaving:
        leaving.sendall(head(len(body)) + body)
        server.wait(lambda: waiting(server) > 5)
    server.wait(lambda: waiting(server) == 0)
    assert server.events("request")[-1]["status"] == 499
    undisturbed(server)


def test_a_client_that_does_not_read_is_ended(server: Server) -> None:
    """An answer that nobody takes is not kept for ever."""
    body = json.dumps({"texts": ["Anna Berlin order " * 300] * 60}).encode()
    with server.connect() as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.sendall((head(len(body)) + body) * 8)
        time.sleep(1)
        undisturbed(server)
    server.wait(lambda: waiting(server) == 0)


def test_malformed_requests_hurt_nobody(server: Server) -> None:
    """Neither JSON that is none, nor HTTP that is none."""
    for garbage in (b"\x16\x03\x01\x02\x00\x01\x00\x01", b"GET / HTTP/9.9\r\n\r\n", head(-1), b"\0" * 70_000):
        with server.connect() as broken, contextlib.suppress(ConnectionError):
            broken.sendall(garbage)
            broken.recv(1000)
    assert server.ask(body=b'{"text": "a"').status == 400
    undisturbed(server)


def test_more_than_may_wait_is_told_when_to_come_back(server: Server) -> None:
    """429 at once, with the seconds; what waits already is answered."""
    body = json.dumps({"texts": ["Anna Berlin order late " * 100] * 60, "annotations": ["ents"]}).encode()
    statuses: list[tuple[int, str]] = []

    def ask() -> None:
        answer = server.ask(body=body)
        statuses.append((answer.status, answer.headers.get("retry-after", "")))

    asking = [threading.Thread(target=ask) for _ in range(6)]
    for each in asking:
        each.start()
    for each in asking:
        each.join()
    told = [status for status, _ in statuses]
    assert set(told) == {200, 429}
    assert all(int(after) >= 1 for status, after in statuses if status == 429)
    undisturbed(server)


def test_a_document_that_raises_is_its_own_failure(server: Server) -> None:
    """The component is named, the exception's words are not."""
    failed, scored = server.predict("Anna raisezz", "Anna paid in Berlin")
    assert failed["error"] == {"reason": "component-error", "detail": "foreign raised ValueError"}
    assert scored["ents"] is not None
    assert "raisezz" not in server.log.read_text("utf-8")


@pytest.mark.parametrize("word", ["segvzz", "killzz"])
def test_a_document_that_kills_its_worker_is_found(server: Server, word: str) -> None:
    """Its neighbours of other requests are scored by the next worker, and health answers throughout."""
    answers: list[int] = []
    texts = ["Anna Berlin order late " * 400] * 20
    others = threading.Thread(target=lambda: answers.append(server.ask(body={"texts": texts}).status))
    others.start()
    killed, scored = server.predict(f"Anna {word}", "Anna paid in Berlin")
    others.join()
    assert killed["error"]["reason"] == "worker-killed"
    assert scored["ents"] is not None
    assert answers == [200]
    server.wait_ready()


def test_a_document_that_never_ends_is_given_up(foreign: bundles.Built, tmp_path: Path) -> None:
    """Its request is told so in time, its worker is replaced, and others go on."""
    gate = tmp_path / "gate"
    gate.touch()
    environment = {"PYTHONPATH": str(foreign.package), "NIMBUS_TEST_GATE": str(gate)}
    with serving(foreign.path, "--request-seconds", "1.5", "--workers", "2", **environment) as server:
        server.wait(lambda: len(server.events("worker_ready")) == 2)
        assert server.ask(body={"text": "Anna holdzz"}).status == 504
        undisturbed(server)
        server.wait(lambda: server.events("worker_died"))
        server.wait(lambda: len(server.events("worker_ready")) == 3)


def waiting(server: Server) -> float:
    """Return how many texts wait."""
    return figure(server, "waiting_texts")


def memory(server: Server) -> float:
    """Return the memory of all processes of a server."""
    return figure(server, "resident_bytes")


def figure(server: Server, name: str) -> float:
    """Return one of a server's figures."""
    lines = server.ask("/metrics").body.decode().splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith(f"nimbus_serve_{name} "))
