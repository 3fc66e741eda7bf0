"""Rules of load tests as typed: real servers, real locust, real runs."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import psutil
import pytest
from tests.faults import bundles, command
from tests.serving import serving
from tests.toolkit.config import projects

from nimbus import assembly, loadtesting
from nimbus.config import load
from nimbus.config.loadtest import Slo
from nimbus.loadtest.run import Trial
from nimbus.loadtest.verdict import judge

from .results import result, step

ROOT = Path(__file__).parents[3]
LOCUSTFILE = ROOT / "loadtest" / "locustfile.py"


def test_a_bundle_is_served_and_measured(plain: bundles.Built, tmp_path: Path) -> None:
    """Every second is told, by several processes together; the report stands beside its JSON; figures agree."""
    (tmp_path / "mails.csv").write_text("n,text\n" + '1,"Anna paid, in Berlin"\n' * 20, encoding="utf-8")
    done = command.nimbus(
        *("loadtest", "--bundle", plain.path, "--profile", "steady", "--rate", "10", "--seconds", "4"),
        *("--processes", "2", "--output", tmp_path, "--json", "--payloads", tmp_path / "mails.csv"),
    )
    assert done.code in (0, 3), done.err  # 3 where a busy machine made the generator late
    lines = [json.loads(line) for line in done.out.splitlines()]
    result = lines.pop()
    assert len(lines) >= 4
    assert {line["event"] for line in lines} == {"second"}
    judged = result["judged"]
    assert 10 < judged["arrivals"] < 70  # 40 are due, at random times
    assert judged["finished"] == judged["arrivals"] == judged["outcomes"]["200"]
    assert judged["p50"] <= judged["p95"] <= judged["p99"] <= judged["p999"]
    target = result["result"]["target"]
    assert target["bundle_digest"].startswith(target["release"].rpartition("-")[2])
    assert target["peak_resident_bytes"] > 1e8
    assert (result["result"]["processes"], result["result"]["payload"]) == (2, {"texts": 1, "own": True})
    assert result["quote"] is None  # what was asked for is not what could be had: a ramp finds that
    page = Path(result["report"])
    assert page.read_text("utf-8").startswith("<!doctype html>")
    assert json.loads(page.with_suffix(".json").read_text("utf-8"))["judged"] == judged


def test_runs_are_submitted_at_once_and_timed_until_published(plain: bundles.Built, tmp_path: Path) -> None:
    """Each is a run of its own, and its documents are counted."""
    texts = tmp_path / "texts.jsonl"
    texts.write_text('{"body": "Anna paid in Berlin"}\n' * 30, encoding="utf-8")
    project = projects.write(tmp_path, 'text_field = "body"\n[loadtest.slo]\nmemory_mb = 1\n')
    done = command.nimbus(
        *("loadtest", "--bundle", plain.path, "--profile", "batch", "--rate", "2", "--seconds", "1"),
        *("--payloads", texts, "--output", tmp_path / "out", "--json", "--config", project),
    )
    assert done.code == 0, done.err
    assert "Memory_mb of [loadtest.slo] is not looked at" in done.err
    judged = json.loads(done.out.splitlines()[-1])["judged"]
    assert judged["outcomes"] == {"published": judged["finished"]}
    assert judged["documents"] == 30 * judged["finished"] > 0


@contextmanager
def stalling(after: float, seconds: float = 2.0) -> Iterator[str]:
    """Run a server that answers at once, but for some seconds once."""
    program = [sys.executable, "-m", "tests.stalling", "--stall-after", str(after), "--stall", str(seconds)]
    with subprocess.Popen(program, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
        finally:
            process.kill()


def by_hand(
    url: str, folder: Path, *users: str, rate: int = 50, seconds: int = 8, file: Path = LOCUSTFILE
) -> dict[str, Any]:
    """Call locust as the documentation says; return the result."""
    program = [sys.executable, "-m", "locust", "-f", str(file), *users]
    told = ["--headless", "--only-summary", "--host", url, "--rate", str(rate), "--seconds", str(seconds)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LOCUST")}
    environment["PYTHONPATH"] = str(LOCUSTFILE.parent)
    subprocess.run([*program, *told, "--result", folder / "r.json"], check=True, env=environment, capture_output=True)
    result: dict[str, Any] = json.loads((folder / "r.json").read_text("utf-8"))
    return result["overall"]


def test_what_a_stall_makes_others_wait_is_counted(tmp_path: Path) -> None:
    """Arrivals that are due meanwhile wait, too; a user who waits before asking again sees one slow answer."""
    with stalling(after=3.0) as url:
        arrivals = by_hand(url, tmp_path)
    with stalling(after=3.0) as url:
        waiting = by_hand(url, tmp_path, "PredictUser", rate=4)
    # 2 s of 8: the truth is 1600, and a busy machine adds to it. Four users see four slow answers, of thousands.
    assert waiting["p95"] < 1200 < arrivals["p95"]


@contextmanager
def listing(asked: list[str]) -> Iterator[str]:
    """Run a server that answers everything with nothing, and lists what is asked for."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # as the library names it
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()

        def do_POST(self) -> None:  # as above
            self.rfile.read(int(self.headers["Content-Length"]))
            self.do_GET()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()


@pytest.mark.parametrize("users", ["ArrivalUser", "PredictUser"])
def test_requests_go_below_the_path_of_an_address(users: str, tmp_path: Path) -> None:
    """A server behind a prefix is asked there, and looked at there."""
    asked: list[str] = []
    with listing(asked) as url:
        by_hand(f"{url}/prefix/", tmp_path, users, rate=3, seconds=2)
    assert set(asked) == {"/prefix/v1/predict", "/prefix/metrics"}


def test_a_server_that_hangs_fails_by_whatever_it_does_not_answer(tmp_path: Path) -> None:
    """Each is waited for until it is given up, however long that is: 15 seconds after the last there was no end yet."""
    with stalling(after=1.0, seconds=600.0) as url:
        hung = by_hand(url, tmp_path, "--exit-code-on-error", "0", "--timeout", "16", rate=20, seconds=3)
    assert hung["finished"] == hung["arrivals"] == sum(hung["outcomes"].values())
    assert hung["failed"] == hung["arrivals"] - hung["outcomes"]["200"] > 0
    assert hung["p99"] > 15_000


def test_a_process_of_the_generator_that_dies_is_no_failure_of_the_server(tmp_path: Path) -> None:
    """The test ends there and says nothing: what the process had asked is neither answered nor failed.

    Another test on this machine, at the port where locust's processes meet by default, has nothing to do with it.
    """
    with stalling(after=0.0, seconds=600.0) as url, ExitStack() as other:
        with suppress(OSError):  # one is there indeed
            other.enter_context(socket.create_server(("127.0.0.1", 5557)))
        told = ("--profile", "steady", "--rate", "40", "--processes", "2", "--seconds", "600", "--output", tmp_path)
        process = command.start("loadtest", "--url", url, *told, "--json")
        assert process.stdout is not None
        while json.loads(process.stdout.readline())["in_flight"] < 80:  # of each, then: one alone has 20 a second
            pass
        master = psutil.Process(process.pid).children()[0]
        master.children()[0].kill()
        done = command.ended(process)
    assert done.code == 3, done.err
    result = json.loads(done.out.splitlines()[-1])
    assert (result["outcome"], result["judged"]["failed"]) == ("unsound", 0)
    assert result["judged"]["lost"] > 0
    assert "1 of 2 processes that made the load ended" in result["reasons"][0]


def test_a_generator_that_is_killed_leaves_words_and_nothing_else(tmp_path: Path) -> None:
    """Its first process gathers what all have counted: without it there is no result, and no evidence."""
    with stalling(after=0.0, seconds=600.0) as url:
        told = ("--profile", "steady", "--rate", "40", "--processes", "2", "--seconds", "600", "--output", tmp_path)
        process = command.start("loadtest", "--url", url, *told, "--json")
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["event"] == "second"
        started = psutil.Process(process.pid).children(recursive=True)
        started[0].kill()
        done = command.ended(process)
    assert (done.code, "ended before there was a result" in done.err) == (1, True), done.err
    assert ("signal SIGKILL" in done.err, "Traceback" in done.err) == (True, False), done.err
    assert len(started) == 3
    psutil.wait_procs(started, timeout=120)
    assert [each for each in started if each.is_running() and each.status() != psutil.STATUS_ZOMBIE] == []
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_cannot_be_asked_is_put_under_no_load(plain: bundles.Built, tmp_path: Path) -> None:
    """Nobody is there, or nobody may ask: that is said at once, and nothing is written as a result."""
    told = ("--profile", "steady", "--seconds", "600", "--output", tmp_path / "out", "--json")
    keys = tmp_path / "keys"
    command.nimbus("serve", "--new-key", "tester", "--keys", keys)
    with serving(plain.path, "--keys-file", str(keys)) as server:
        for url, words in (("http://127.0.0.1:1", "Connection refused"), (server.url, "NIMBUS_API_KEY")):
            done = command.nimbus("loadtest", "--url", url, *told)
            assert (done.code, done.json["error"], words in done.err) == (1, "LoadTestSilentError", True), done.err
    assert [*(tmp_path / "out").iterdir()] == []


def test_what_fails_at_once_is_not_fast(tmp_path: Path) -> None:
    """Failures are counted by what they were, and no time is told of them."""
    failed = by_hand("http://127.0.0.1:1", tmp_path, "--exit-code-on-error", "0", rate=20, seconds=2)
    assert failed["outcomes"] == {"ConnectionRefusedError": failed["finished"]}
    assert [failed[name] for name in ("p50", "p95", "p99", "p999")] == [None] * 4


@pytest.mark.parametrize(
    ("content", "words"),
    [(None, "No such file"), (b'{"body": "x"}\n', "'text'"), (b"\n", "holds no texts"), (b"\xff\n", "not UTF-8")],
)
def test_texts_that_cannot_be_sent_are_refused_at_once(content: bytes | None, words: str, tmp_path: Path) -> None:
    """Before anything is started; locust by hand ends, too, where its users would only fail."""
    if content is not None:
        (tmp_path / "texts").write_bytes(content)
    done = command.nimbus("loadtest", "--url", "http://127.0.0.1:1", "--payloads", "texts", cwd=tmp_path)
    assert (done.code, words in done.err) == (2, True), done.err
    if content is None:
        with pytest.raises(subprocess.CalledProcessError) as raised:
            by_hand("http://127.0.0.1:1", tmp_path, "--payloads", str(tmp_path / "texts"))
        assert b"cannot be read" in raised.value.stderr


def test_users_that_never_come_end_the_test_in_words(tmp_path: Path) -> None:
    """Whatever they fail at: nobody waits for them for ever."""
    file = tmp_path / "failing.py"
    file.write_text(
        "from locustfile import *\nfrom locustfile import ArrivalUser as A\nclass ArrivalUser(A):\n"
        "    def on_start(self):\n        raise OSError('gone')\n",
        encoding="utf-8",
    )
    with pytest.raises(subprocess.CalledProcessError) as raised:
        by_hand("http://127.0.0.1:1", tmp_path, "ArrivalUser", "--patience", "3", file=file)
    assert b"0 of 1 users are there after 3 s" in raised.value.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL, None], ids=str)
def test_nothing_lives_on_of_a_test_that_was_ended(number: int | None, plain: bundles.Built, tmp_path: Path) -> None:
    """Neither locust nor the server that was started for it: at SIGTERM, Ctrl-C, kill -9, or when nobody reads on."""
    told = ("--profile", "steady", "--processes", "2", "--seconds", "600", "--output", tmp_path, "--json")
    process = command.start("loadtest", "--bundle", plain.path, *told)
    assert process.stdout is not None
    assert json.loads(process.stdout.readline())["event"] == "second"
    started = psutil.Process(process.pid).children(recursive=True)
    assert len(started) >= 5  # a server and its worker, three of locust's
    if number is None:
        process.stdout.close()
        process.stdout = None
    else:
        process.send_signal(number)
    code = command.ended(process).code
    assert code == {signal.SIGTERM: 143, signal.SIGINT: 130, signal.SIGKILL: -9, None: 1}[number]
    psutil.wait_procs(started, timeout=240)
    assert [each for each in started if each.is_running() and each.status() != psutil.STATUS_ZOMBIE] == []


def test_what_cannot_be_written_is_said_before_there_is_any_load(tmp_path: Path) -> None:
    """A folder that is none, a table of prices that is none: a test that is over is too late."""
    (tmp_path / "file").touch()
    told = ("loadtest", "--url", "http://127.0.0.1:1", "--profile", "steady", "--seconds", "600")
    done = command.nimbus(*told, "--output", "file", cwd=tmp_path)
    assert (done.code, "no report can be written there" in done.err) == (2, True), done.err
    projects.write(tmp_path, '[prices]\ntable = "file"\n')
    done = command.nimbus(*told, cwd=tmp_path)
    assert (done.code, "not a table of prices" in done.err) == (2, True), done.err


def test_a_test_is_not_lost_because_it_cannot_be_kept(tmp_path: Path) -> None:
    """Where the environment fails once the load is over, the report and the figures are there, and say so."""
    project = load(projects.write(tmp_path))
    asked = loadtesting.Asked(
        "ramp", project.loadtest.chosen("ramp"), project.loadtest, "http://x", environment=assembly.environment(project)
    )
    (tmp_path / ".nimbus").touch()  # where its records should lie
    measured = result(step(1, 5.0), step(2, 20.0))
    tested = Trial("ramp", Slo(), measured, judge(measured, Slo()), "")
    kept = loadtesting.keep(asked, tested, None)
    assert kept.evidence is None
    assert kept.why_not


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--url", "http://x", "--bundle", "b"), "different targets"),
        (("--bundle", "b", "--profile", "nihgt"), "there is no profile"),
        (("--url", "http://x", "--profile", "batch"), "a server has no runs"),
        ((), "nimbus.toml"),
        (("--url", "127.0.0.1:8000"), "http://… or https://…"),
        (("--bundle", "b", "--profile", "batch", "--processes", "4"), "--processes would make no difference to runs"),
        (("--bundle", "b", "--profile", "batch", "--payloads", "none"), "No such file"),
    ],
)
def test_what_cannot_be_tested_is_refused_in_words(arguments: tuple[str, ...], words: str, tmp_path: Path) -> None:
    """Before anything is started."""
    done = command.nimbus("loadtest", *arguments, cwd=tmp_path)
    assert (done.code, words in done.err) == (2, True), done.err
