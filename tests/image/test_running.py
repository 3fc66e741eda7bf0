"""What the built image does, run as in production: read-only, without privileges, with limits, without a network."""

from __future__ import annotations

import json
import signal
import subprocess
import urllib.request
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from nimbus.adapters import serving
from nimbus_runtime import live
from nimbus_runtime.contract import codec, paths
from nimbus_runtime.contract.records import Plan, Run
from tests.faults import bundles, command, texts

from .containers import HARDENED, RUN, Container, events
from .fixtures import BuiltImage

LONG = "late " * 6000  # more characters than a chunk takes, so a chunk of its own


@pytest.fixture(scope="module")
def foreign(tmp_path_factory: pytest.TempPathFactory) -> bundles.Built:
    """Return a bundle with a component that hoards or waits on certain words."""
    folder = tmp_path_factory.mktemp("foreign")
    return bundles.build_foreign(bundles.build(folder / "plain"), folder)


@pytest.fixture
def container(built_image: BuiltImage, foreign: bundles.Built, tmp_path: Path) -> Container:
    """Return the image, over an empty root, with the component that fails in the bundle's place."""
    return Container(built_image.tag, foreign, tmp_path / "data")


def neighbours(name: str, count: int) -> list[dict[str, object]]:
    """Return documents that are scored."""
    return [{"id": f"{name}{number}", "text": texts.SCORED} for number in range(count)]


def dataset(container: Container) -> Run:
    """Return the run's dataset, which is published."""
    present = live.read(container.store)
    assert present is not None
    assert present.dataset == RUN
    return codec.decode(Run, container.store.read(paths.dataset(RUN)) or b"", RUN)


def healthy(name: str) -> bool:
    """Say whether a running container's health check passes."""
    check = ["podman", "exec", name, "python3", "-P", "-m", "nimbus_runtime", "health"]
    return subprocess.run(check, check=False, capture_output=True).returncode == 0


def test_the_image_checks_itself(podman: str, built_image: BuiltImage) -> None:
    """`self-check` verifies the bundle, scores a text, and says which versions and which processor these are."""
    run = [podman, "run", "--rm", *HARDENED, "--network=none", built_image.tag, "self-check"]
    done = subprocess.run(run, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["bundle_digest"] == built_image.record.bundle_digest
    checks = dict.fromkeys(("processor", "scratch", "bundle", "scoring"), "ok")
    assert {check["name"]: check["outcome"] for check in told["checks"]} == checks
    assert told["processor"]["features"]
    assert {"python", "nimbus-runtime", "spacy", "onnxruntime", "pyarrow"} <= told["versions"].keys()


def test_a_bundle_that_was_changed_fails_the_check(podman: str, built_image: BuiltImage, tmp_path: Path) -> None:
    """Whatever lies in the bundle's place is verified before anything of it is opened."""
    (tmp_path / "bundle.json").write_bytes((built_image.bundle / "bundle.json").read_bytes())
    run = [podman, "run", "--rm", *HARDENED, f"--volume={tmp_path}:/bundle:ro", built_image.tag, "self-check"]
    done = subprocess.run(run, check=False, capture_output=True, text=True)
    assert done.returncode == 1
    outcomes = {check["name"]: check["outcome"] for check in json.loads(done.stdout)["checks"]}
    assert (outcomes["bundle"], outcomes["scoring"]) == ("failed", "skipped")


def test_a_task_publishes_without_a_network_or_a_right(container: Container) -> None:
    """A small run is planned, scored, committed and published by one task, and writes its root alone."""
    container.deploy(neighbours("a", 3), neighbours("b", 2))
    done = container.run("plan")
    assert done.returncode == 0, done.stdout + done.stderr
    assert events(done)[-1]["event"] == "planned"
    run = dataset(container)
    assert (run.counts.scored, run.counts.quarantined) == (5, 0)
    assert sorted(path.name for path in container.folder.iterdir()) == ["inputs", "root"]


def test_a_task_calls_nobody(container: Container, tmp_path: Path) -> None:
    """A process that connected, or sent a datagram, would be killed on the spot: none is, though there is a network."""
    calls = ["connect", "sendto", "sendmsg", "sendmmsg"]
    rule = {"names": calls, "action": "SCMP_ACT_KILL_PROCESS", "args": []}
    filters = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [rule]}
    profile = tmp_path / "seccomp.json"
    profile.write_text(json.dumps(filters), encoding="utf-8")
    options = ("--network=host", f"--security-opt=seccomp={profile}")
    container.deploy(neighbours("a", 3))
    calling = "import socket; socket.socket().connect(('127.0.0.1', 9))"
    entry = [*container.command("-c", *options, "--entrypoint=python3"), calling]
    killed = subprocess.run(entry, check=False, capture_output=True)
    assert killed.returncode == 128 + signal.SIGSYS
    done = container.run("plan", *options)
    assert done.returncode == 0, done.stdout + done.stderr
    assert not [event for event in events(done) if event["event"] == "worker_died"]
    assert dataset(container).counts.scored == 3
    plan = codec.decode(Plan, container.store.read(paths.plan(RUN)) or b"", RUN)
    assert plan.settings.gemm_measured is not None


def test_a_document_that_takes_the_containers_memory_is_found(container: Container) -> None:
    """The kernel takes the worker and not the supervisor, which sets the document aside and says why."""
    container.deploy([*neighbours("a", 2), {"id": "hoard", "text": f"{LONG} hoardzz"}, *neighbours("b", 2)])
    done = container.run("plan")
    assert done.returncode == 0, done.stdout + done.stderr
    run = dataset(container)
    assert run.counts.reasons == {"worker-killed": 1}
    files = [container.folder / "root/runs" / RUN / "data" / file.file for file in (*run.quarantine, *run.rows)]
    aside, *scored = [pq.read_table(file).to_pylist() for file in files]
    assert [row["id"] for row in aside] == ["hoard"]
    assert "signal SIGKILL, as when memory runs out" in str(aside[0]["detail"])
    assert [row["id"] for rows in scored for row in rows] == ["a0", "a1", "b0", "b1"]


def test_sigterm_amid_a_shard_keeps_what_is_committed(container: Container) -> None:
    """The task ends in order with 143 before anybody kills it, and the next one does what is missing, and no more."""
    container.deploy(neighbours("a", 3), [*neighbours("b", 2), {"id": "hold", "text": "holdzz"}])
    gate = command.Gate(container.folder / "gate")
    gate.path.touch()
    name = f"nimbus-test-{container.folder.parent.name}"
    stopping = container.command("plan", f"--name={name}", NIMBUS_TEST_GATE="/data/gate", NIMBUS_WORKERS="1")
    process = subprocess.Popen(stopping, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        command.wait_until(lambda: gate.reached() or process.poll() is not None, "a document waits at the gate")
        assert healthy(name)
        subprocess.run(["podman", "stop", "--time=120", name], check=True, capture_output=True)
        out, err = process.communicate(timeout=240)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 143, out + err
    assert "SIGTERM" in out
    commits = sorted((container.folder / "root/runs" / RUN / "commits").rglob("*.json"))
    assert len(commits) == 1
    before = commits[0].read_bytes()
    gate.open()
    done = container.run("plan", NIMBUS_TEST_GATE="/data/gate")
    assert done.returncode == 0, done.stdout + done.stderr
    assert [event["shard"] for event in events(done) if event["event"] == "committed"] == [1]
    assert commits[0].read_bytes() == before
    assert dataset(container).counts.scored == 6


def test_a_server_is_healthy_once_it_answers(podman: str, built_image: BuiltImage, tmp_path: Path) -> None:
    """`serve` runs as hardened as a task does, its health check asks it, and SIGTERM ends it in order."""
    name = f"nimbus-test-{tmp_path.parent.name}-{tmp_path.name}"
    options = [*HARDENED, "--network=none", f"--name={name}", "--env=NIMBUS_SERVE_PORT=8123"]
    process = subprocess.Popen(
        [podman, "run", "--rm", *options, built_image.tag, "serve", "--open"], stderr=subprocess.PIPE
    )
    try:
        command.wait_until(lambda: process.poll() is not None or healthy(name), "the server is healthy")
        assert process.poll() is None, process.communicate()
    finally:
        subprocess.run([podman, "stop", "--time=120", name], check=False, capture_output=True)
        process.communicate(timeout=240)
    assert process.returncode == 0


def test_an_image_is_served_for_a_load_test(podman: str, built_image: BuiltImage) -> None:
    """On as many processors as it is given, for this machine alone, and named as the release; nothing of it stays."""
    before = containers(podman)
    with serving.contained(Path(podman).name, built_image.tag, "support-1", 1) as served:
        assert served.image
        assert served.address.startswith("http://127.0.0.1:")
        with urllib.request.urlopen(f"{served.address}/metrics", timeout=240) as answer:  # noqa: S310 - on the loopback interface
            told = answer.read().decode()
    assert 'release="support-1"' in told
    assert "nimbus_serve_cpus 1.0" in told
    assert "nimbus_serve_workers 1.0" in told
    assert containers(podman) == before


def containers(podman: str) -> set[str]:
    """Return the containers of load tests that there are."""
    told = ["ps", "--all", "--filter=name=nimbus-loadtest-", "--format={{.Names}}"]
    return set(subprocess.run([podman, *told], check=True, capture_output=True, text=True).stdout.split())
