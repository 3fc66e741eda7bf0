"""Rules of what a server answers."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import signal
import threading
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import psutil
import pytest
from tests.faults import command
from tests.fixtures.search_path import PRODUCTION, on_path
from tests.serving import Server, serving

from nimbus.demo import TEXTS
from nimbus_runtime.contract.bundle import MANIFEST
from nimbus_runtime.serve import keys

WORDS = "Hildegard from Wuppertal owes 4711"


def alike(document: dict[str, Any], other: dict[str, Any]) -> bool:
    """Say whether two documents have the same annotations, scores but for their last bits."""
    same = {**document, "cats": None} == {**other, "cats": None}
    return same and document["cats"] == pytest.approx(other["cats"], abs=1e-5)


def test_one_text_or_many(server: Server) -> None:
    """Both forms give the same document, in the order of the texts."""
    (one,) = server.ask(body={"text": "Anna paid in Berlin."}).json["documents"]
    first, second = server.predict("Anna paid in Berlin.", "The parcel came late.")
    assert alike(one, first)
    assert [entity["label"] for entity in one["ents"]] == ["PERSON", "PLACE"]
    assert second["token_starts"] == [0, 4, 11, 16, 20]


def test_annotations_are_those_of_a_run(server: Server, bundle: Path, tmp_path: Path) -> None:
    """The same columns and values as `nimbus run` publishes, whatever shares a batch."""
    lines = TEXTS.read_text("utf-8").splitlines()[::3]
    texts = [json.loads(line)["text"] for line in lines]
    (tmp_path / "texts.jsonl").write_text("\n".join(lines), encoding="utf-8")
    done = command.nimbus(
        "run",
        tmp_path / "texts.jsonl",
        "--bundle",
        bundle,
        "-o",
        tmp_path / "root",
        "--format",
        "jsonl",
        "--json",
        "--gemm",
        "numpy",
    )
    assert done.code == 0, done.err
    files = command.nimbus("dataset", tmp_path / "root").out.split()
    rows = [json.loads(line) for file in files for line in Path(file).read_text("utf-8").splitlines()]
    served = [each for at in range(0, len(texts), 60) for each in server.predict(*texts[at : at + 60])]
    assert len(rows) == len(served) == 200
    for row, document in zip(rows, served, strict=True):
        assert alike(document, {name: row[name] for name in row.keys() - {"id", "metadata", "bundle_digest"}})


def test_a_text_is_answered_alike_alone_and_in_company(server: Server) -> None:
    """Who shares a batch changes nothing but the last bits of scores, as in a run."""
    texts = [f"Order {n} to Paris was broken, said Tom Smith." for n in range(40)]
    (alone,) = server.predict(texts[7])
    assert alike(alone, server.predict(*texts)[7])


def test_only_the_annotations_that_were_asked_for(server: Server) -> None:
    """Offsets of tokens come with what belongs to tokens."""
    assert set(server.predict("Anna", annotations=["ents"])[0]) == {"ents", "input_hash"}
    assert set(server.predict("Anna", annotations=["tags"])[0]) == {"token_starts", "token_ends", "tags", "input_hash"}
    assert "deps" in server.ask(body={"text": "a", "annotations": ["deps"]}).json["error"]["detail"]


def test_every_answer_says_what_scored_it(server: Server, bundle: Path) -> None:
    """Release and digest are in the headers of errors too; a request keeps the id that it came with."""
    digest = hashlib.sha256((bundle / MANIFEST).read_bytes()).hexdigest()
    answer = server.ask(body={"text": "Anna"}, x_request_id="job-7")
    assert answer.json["bundle_digest"] == digest
    assert answer.json["release"] == f"en_support_trf-1.0.0-{digest[:12]}"
    for each in (answer, server.ask(body=b"{"), server.ask("/nowhere")):
        assert each.headers["x-nimbus-bundle"] == digest
        assert each.headers["x-nimbus-release"] == answer.json["release"]
    assert answer.headers["x-request-id"] == "job-7"
    assert server.ask(body={"text": "a"}, x_request_id='"><b>').headers["x-request-id"].isalnum()


def test_a_field_that_there_is_not_is_answered_with_those_there_are(server: Server) -> None:
    """The nearest is named; the client's own name is not repeated."""
    detail = server.ask(body={"txt": "a"}).json["error"]["detail"]
    assert detail.startswith("a field that there is not: the fields are text, texts, annotations; did you mean 'text'?")
    assert "txt" not in detail


@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [
        (b"", 400, "malformed-json"),
        (b"{", 400, "malformed-json"),
        (b"\xff\xfe", 400, "malformed-json"),
        (b'{"text": "\\ud800"}', 400, "malformed-json"),
        (b"[" * 5000, 400, "malformed-json"),
        (b"[]", 400, "invalid-request"),
        (b"{}", 400, "invalid-request"),
        (b'{"text": "a", "texts": ["b"]}', 400, "invalid-request"),
        (b'{"texts": []}', 400, "invalid-request"),
        (b'{"texts": ["a", null]}', 400, "invalid-request"),
        (b'{"text": "a", "languge": "en"}', 400, "invalid-request"),
        (b'{"text": "a", "annotations": ["nonsense"]}', 400, "invalid-request"),
        (json.dumps({"texts": ["a"] * 65}).encode(), 413, "too-many-texts"),
        (json.dumps({"text": "a" * 2**20}).encode(), 413, "too-large"),
    ],
)
def test_what_is_no_request_is_refused_in_words(server: Server, body: bytes, status: int, reason: str) -> None:
    """With a reason that a program can read, and never the request's own text."""
    answer = server.ask(body=body)
    assert (answer.status, answer.json["error"]["reason"]) == (status, reason)
    assert "languge" not in answer.json["error"]["detail"]


def test_texts_that_cannot_be_scored_have_the_reasons_of_a_run(server: Server) -> None:
    """The others of the request are scored; where none is, the status says so."""
    long = server.predict("a" * 20_001, "Anna", "a\0b", "")
    assert [each.get("error", {}).get("reason") for each in long] == ["too-long", None, "nul-character", None]
    assert server.ask(body={"text": "\0"}).status == 422


def test_the_description_has_examples_that_work(server: Server) -> None:
    """What /openapi.json shows can be sent, and its answer is described."""
    described = server.ask("/openapi.json").json
    content = described["paths"]["/v1/predict"]["post"]["requestBody"]["content"]["application/json"]
    for example in content["examples"].values():
        assert server.ask(body=example["value"]).status == 200
    assert content["schema"]["$ref"].removeprefix("#/components/schemas/") in described["components"]["schemas"]
    assert set(server.predict("Anna")[0]) <= set(described["components"]["schemas"]["Document"]["properties"])


def test_the_page_for_people_needs_nothing_from_elsewhere(server: Server) -> None:
    """It opens without a network: its own style and script by their hashes, examples to copy, and nothing to load."""
    answer = server.ask("/docs")
    page, rules = answer.body.decode(), answer.headers["content-security-policy"]
    assert rules.startswith("default-src 'none'; ")
    for tag in ("style", "script"):
        (own,) = re.findall(f"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        assert base64.b64encode(hashlib.sha256(own.encode()).digest()).decode() in rules
    assert re.findall(r"(?:src|href|action)=[^ >]*|@import|url\(|https?:", page) == ['href="openapi.json"']
    for shown in ("POST /v1/predict", "Anna paid in Berlin.", "curl -s", "Predicted", "429 Too many texts wait"):
        assert shown in page


def test_metrics_count_what_happened(server: Server) -> None:
    """Texts, requests by status, batches, processor time and memory of all processes."""

    def figures() -> dict[str, float]:
        lines = [line for line in server.ask("/metrics").body.decode().splitlines() if not line.startswith("#")]
        return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}

    before = figures()
    server.predict("Anna " * 1000, "Berlin", "\0")
    after = figures()

    def grown(name: str) -> float:
        return after[f"nimbus_serve_{name}"] - before.get(f"nimbus_serve_{name}", 0.0)

    assert grown('requests_total{status="200"}') == 1
    assert grown('texts_total{outcome="scored"}') == 2
    assert grown('texts_total{outcome="nul-character"}') == 1
    assert grown("tokens_total") == 1001
    assert grown("cpu_seconds_total") > 0
    assert after["nimbus_serve_workers"] == 1
    assert after["nimbus_serve_peak_resident_bytes"] > 50e6


def test_without_a_key_nothing_is_told_but_health(bundle: Path) -> None:
    """Predictions and metrics need one; either header carries it, and the log says whose it was."""
    secret, key = keys.make("nightly")
    with serving(bundle, NIMBUS_API_KEYS=f"{key.name}:{key.sha256}") as server:
        refused = server.ask(body={"text": "Anna"})
        assert (refused.status, refused.headers["www-authenticate"]) == (401, "Bearer")
        for hostile in (
            "Bearer nimbus_wrong",
            "Bearer",
            "Bearer  ",
            f"Basic {secret}",
            secret,
            "Bearer " + "x" * 20_000,
            "é",
        ):
            assert server.ask(body={"text": "Anna"}, authorization=hostile).status == 401
        assert server.ask(body={"text": "Anna"}, x_api_key=f"{key.name}:{key.sha256}").status == 401  # what is kept
        assert server.ask("/metrics").status == 401
        assert server.ask("/health").status == 200
        assert server.ask(body={"text": "Anna"}, authorization=f"Bearer {secret}").status == 200
        assert server.ask(body={"text": "Anna"}, x_api_key=secret).status == 200
        assert server.ask("/openapi.json").json["components"]["securitySchemes"]
        assert [event.get("key") for event in server.events("request")] == [*[None] * 9, "nightly", "nightly"]
        assert secret not in server.log.read_text("utf-8")


def test_no_text_is_logged(bundle: Path) -> None:
    """Neither of a request that is scored, nor of one that fails, nor of one that cannot be read."""
    with serving(bundle) as server:
        server.predict(WORDS, "\0" + WORDS)
        server.ask(body={"texts": [WORDS, None]})
        server.ask(body=f'{{"text": "{WORDS}'.encode())
        server.ask(f"/{WORDS.split(maxsplit=1)[0]}")
        server.end()
        logged = server.log.read_text("utf-8")
    assert not [word for word in WORDS.split() if word in logged]
    assert len(logged.splitlines()) > 5


def run_first(folder: Path, code: str) -> None:
    """Have Python run something first wherever it looks into a folder, and what it would have run otherwise."""
    otherwise = (PRODUCTION / "sitecustomize.py").read_text("utf-8")
    (folder / "sitecustomize.py").write_text(otherwise + code, encoding="utf-8")


# Holds a worker before it opens anything.
_HOLD = """
import os, sys, time
while "serve-worker" in sys.orig_argv and os.path.exists(os.environ["HELD"]):
    time.sleep(0.01)
"""


def test_ready_comes_after_warm_up_and_health_before(bundle: Path, tmp_path: Path) -> None:
    """A load balancer sends nothing to a server that would have it wait; who asks anyway is told when to come back."""
    run_first(tmp_path, _HOLD)
    (tmp_path / "held").touch()
    with serving(bundle, ready=False, PYTHONPATH=on_path(tmp_path), HELD=str(tmp_path / "held")) as server:
        assert server.ask("/health").status == 200
        early = server.ask("/ready"), server.ask(body={"text": "Anna"})
        assert [answer.status for answer in early] == [503, 503]
        assert early[1].headers["retry-after"] == "1"
        (tmp_path / "held").unlink()
        server.wait_ready()
        assert server.predict("Anna")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_after_what_it_has_accepted(bundle: Path, number: int) -> None:
    """A request in hand is answered, the exit code is 0, and no worker is left."""
    with serving(bundle) as server:
        answers: list[int] = []
        body = {"texts": ["Anna paid in Berlin and in Paris . " * 60] * 40, "annotations": ["ents"]}
        asking = threading.Thread(target=lambda: answers.append(server.ask(body=body).status))
        asking.start()
        server.wait(lambda: b"waiting_texts 0.0" not in server.ask("/metrics").body)
        assert server.end(number) == 0
        asking.join()
        assert answers == [200]
        (worker,) = server.events("worker_ready")
        assert not Path(f"/proc/{worker['worker']}").exists()


def test_a_server_that_can_start_no_worker_ends_in_words(bundle: Path) -> None:
    """It does not live on with nobody who scores: whoever watches it starts another."""
    with serving(bundle) as server, closing(HTTPConnection("127.0.0.1", server.port, timeout=240)) as connection:
        (worker,) = server.events("worker_ready")
        if not hasattr(psutil.Process, "rlimit"):
            pytest.skip("this system limits no other process's files")
        connection.request("GET", "/health")
        assert connection.getresponse().read()  # it is one that was let in
        psutil.Process(server.process.pid).rlimit(psutil.RLIMIT_NOFILE, (3, 3))  # no pipe to a new process
        os.kill(worker["worker"], signal.SIGKILL)
        connection.request("POST", "/v1/predict", b'{"text": "Anna"}')
        assert connection.getresponse().status == 503  # at once: what cannot come is not waited for
        assert server.process.wait(240) == 1
        (failed,) = server.events("failed")
        assert failed["what"] == "worker processes end before they are warm"
        assert failed["got"] == "Too many open files"


# As above: here it ends a worker before it opens anything.
_LOSE = """
import os, signal, sys
if "serve-worker" in sys.orig_argv and os.path.exists(os.environ["LOST"]):
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_server_goes_on_with_the_workers_that_are_warm(bundle: Path, tmp_path: Path) -> None:
    """One that cannot be started is tried again and again, health, log and metrics say so; without any it ends."""
    run_first(tmp_path, _LOSE)
    lost = tmp_path / "lost"
    with serving(bundle, "--workers", "2", PYTHONPATH=on_path(tmp_path), LOST=str(lost)) as server:
        server.wait(lambda: server.ask("/health").json == {"status": "alive", "workers": 2, "wanted": 2})
        first, second = (event["worker"] for event in server.events("worker_ready"))
        lost.touch()
        os.kill(first, signal.SIGKILL)
        server.wait(lambda: server.events("degraded"))
        assert server.ask("/health").json == {"status": "degraded", "workers": 1, "wanted": 2}
        assert server.ask("/ready").status == 200
        assert server.predict("Anna")
        figures = server.ask("/metrics").body.decode()
        assert "nimbus_serve_workers 1.0" in figures
        assert "nimbus_serve_workers_wanted 2.0" in figures
        assert "nimbus_serve_degraded 1.0" in figures
        told = server.events("degraded")[0]
        assert (told["workers"], told["wanted"], told["cause"]) == (1, 2, "SIGKILL")
        lost.unlink()
        server.wait(lambda: server.ask("/health").json == {"status": "alive", "workers": 2, "wanted": 2})
        lost.touch()
        os.kill(second, signal.SIGKILL)
        os.kill(server.events("worker_ready")[-1]["worker"], signal.SIGKILL)
        assert server.process.wait(240) == 1
        (failed,) = server.events("failed")
        assert failed["what"] == "worker processes end before they are warm"


def test_a_bundle_that_cannot_be_opened_is_an_error_in_words(tmp_path: Path) -> None:
    """The server ends with exit code 1 and says why."""
    with pytest.raises(AssertionError, match="this is not a bundle"), serving(tmp_path):
        pass
