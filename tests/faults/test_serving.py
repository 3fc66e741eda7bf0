"""What clients and documents can do to a server, and that nobody else notices."""

from __future__ import annotations

import contextlib
import json
import resource
import select
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.fixtures.search_path import on_path
from tests.serving import Server, serving

from . import bundles
from .command import Gate

_CONNECTIONS = 1000


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Gate:
    """Return the gate that holds the server's only worker while it is shut."""
    return Gate(tmp_path_factory.mktemp("gate") / "gate")


@pytest.fixture(scope="module")
def server(foreign: bundles.Built, gate: Gate) -> Iterator[Server]:
    """Return a server of a bundle that fails on demand, with much patience."""
    options = ("--receive-seconds", "60", "--idle-seconds", "60", "--request-seconds", "120", "--queue-texts", "64")
    environment = {"PYTHONPATH": on_path(foreign.package), **gate.environment}
    with serving(foreign.path, *options, **environment) as running:
        yield running


@pytest.fixture(scope="module")
def hasty(foreign: bundles.Built) -> Iterator[Server]:
    """Return a server that is short of patience with clients."""
    options = ("--receive-seconds", "5", "--idle-seconds", "5", "--request-seconds", "120")
    with serving(foreign.path, *options, PYTHONPATH=on_path(foreign.package)) as running:
        yield running


@contextmanager
def busy(server: Server, gate: Gate) -> Iterator[None]:
    """Have the server's worker hold at a text for a while, which is answered in the end."""
    answers: list[int] = []
    gate.path.with_suffix(".reached").unlink(missing_ok=True)
    gate.path.touch()
    asking = threading.Thread(target=lambda: answers.append(server.ask(body={"text": "Anna holdzz"}).status))
    asking.start()
    try:
        server.wait(gate.reached)
        yield
    finally:
        gate.open()
        asking.join()
    assert answers == [200]


def head(length: int) -> bytes:
    """Return the head of a request whose body has a length."""
    return f"POST /v1/predict HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n".encode()


def undisturbed(server: Server) -> None:
    """Have somebody else ask, and get an answer."""
    assert server.predict("Anna paid in Berlin")[0]["ents"] is not None


def test_a_slow_client_is_refused_in_time(hasty: Server) -> None:
    """A body that trickles in holds its own connection only."""
    with hasty.connect() as slow:
        slow.sendall(head(50) + b'{"te')
        undisturbed(hasty)
        answer = b"".join(iter(lambda: slow.recv(1000), b""))  # until the server closes
        assert answer.startswith(b"HTTP/1.1 408 ")


def test_a_head_that_never_ends_is_cut_off(hasty: Server) -> None:
    """One byte now and then does not keep a connection."""
    with hasty.connect() as slow:
        undisturbed(hasty)
        slow.sendall(b"POST /v1/pre")
        hasty.wait(lambda: not taken(slow, b"d"))
    undisturbed(hasty)


def taken(connection: socket.socket, data: bytes) -> bool:
    """Send to a connection, and say whether it still stands."""
    time.sleep(0.1)
    try:
        connection.sendall(data)
    except ConnectionError:
        return False
    return True


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


def test_a_thousand_idle_connections_are_ended(hasty: Server) -> None:
    """Others are served meanwhile, and the silent ones are cut off."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < _CONNECTIONS + 100:
        pytest.skip(f"this process may open {hard} files only")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, _CONNECTIONS + 100), hard))
    with contextlib.ExitStack() as stack:
        idle = [stack.enter_context(hasty.connect()) for _ in range(_CONNECTIONS)]
        undisturbed(hasty)
        for each in idle:
            assert closed(each)


def closed(connection: socket.socket) -> bool:
    """Say whether the other side has ended a connection, or does before it is given up."""
    try:
        return connection.recv(1) == b""
    except ConnectionError:
        return True


def test_a_client_that_vanishes_takes_its_texts_with_it(server: Server, gate: Gate) -> None:
    """What nobody waits for is not scored: it leaves the queue while the worker is still at something else."""
    body = json.dumps({"texts": ["Anna Berlin order late"] * 40}).encode()
    with busy(server, gate):
        with server.connect() as leaving:
            leaving.sendall(head(len(body)) + body)
            server.wait(lambda: waiting(server) == 40)
        server.wait(lambda: waiting(server) == 0)
        server.wait(lambda: server.events("request")[-1]["status"] == 499)
    undisturbed(server)


def test_a_client_that_does_not_read_is_ended(hasty: Server) -> None:
    """An answer that nobody takes is not kept for ever: the server ends the connection, and answers others."""
    described = len(hasty.ask("/openapi.json").body)
    asked = b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n" * (2**24 // described)  # more than the system keeps for it
    with socket.socket() as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.connect(("127.0.0.1", hasty.port))
        ended = select.poll()
        ended.register(deaf, 0)  # errors and ends are told all the same
        deaf.sendall(asked)
        undisturbed(hasty)
        hasty.wait(lambda: bool(ended.poll(0)))
    undisturbed(hasty)


def test_malformed_requests_hurt_nobody(server: Server) -> None:
    """Neither JSON that is none, nor HTTP that is none."""
    for garbage in (b"\x16\x03\x01\x02\x00\x01\x00\x01", b"GET / HTTP/9.9\r\n\r\n", head(-1), b"\0" * 70_000):
        with server.connect() as broken, contextlib.suppress(ConnectionError):
            broken.sendall(garbage)
            broken.recv(1000)
    assert server.ask(body=b'{"text": "a"').status == 400
    undisturbed(server)


def test_more_than_may_wait_is_told_when_to_come_back(server: Server, gate: Gate) -> None:
    """429 at once, with the seconds; what waits already is answered."""
    answers: list[int] = []
    body = {"texts": ["Anna Berlin order late"] * 60}
    with busy(server, gate):
        waits = threading.Thread(target=lambda: answers.append(server.ask(body=body).status))
        waits.start()
        server.wait(lambda: waiting(server) == 60)
        refused = server.ask(body=body)
        assert (refused.status, refused.json["error"]["reason"]) == (429, "busy")
        assert int(refused.headers["retry-after"]) >= 1
        assert answers == []
    waits.join()
    assert answers == [200]


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
    environment = {"PYTHONPATH": on_path(foreign.package), "NIMBUS_TEST_GATE": str(gate)}
    with serving(foreign.path, "--request-seconds", "20", "--workers", "2", **environment) as server:
        server.wait(lambda: len(server.events("worker_ready")) == 2)
        assert server.ask(body={"text": "Anna holdzz"}).status == 504
        undisturbed(server)
        server.wait(lambda: server.events("worker_died"))
        server.wait(lambda: len(server.events("worker_ready")) >= 3)


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
