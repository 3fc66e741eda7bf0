"""What docker is told, by a program in its place that writes down its arguments: no daemon is needed here."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nimbus.adapters.docker import Docker
from nimbus.engines import errors
from nimbus.engines.orders import Architecture, Base, BuildOrder, Login

_PROGRAM = """#!/bin/sh
printf '%s\\n' "$*" >> "{folder}/told"
case "$1 $2" in
    "info --format") echo 28.2.2 ;;
    "buildx version") exit {buildx} ;;
    "image inspect") cat "{folder}/inspected" ;;
    "run --rm") echo '[[3, 11], "2.36", "0o1777"]' ;;
esac
case "$*" in
    *"push registry/y:x") echo "x: digest: sha256:{digest} size: 1" ;;
esac
"""
DIGEST = "4" * 64


def docker(folder: Path, monkeypatch: pytest.MonkeyPatch, *, buildx: int = 0) -> None:
    """Put the program in front of the path."""
    program = folder / "docker"
    program.write_text(_PROGRAM.format(folder=folder, buildx=buildx, digest=DIGEST))
    program.chmod(0o755)
    inspected = {
        "Id": f"sha256:{'1' * 64}",
        "Architecture": "amd64",
        "Size": 5,
        "RepoDigests": [f"python@sha256:{'2' * 64}"],
    }
    (folder / "inspected").write_text(json.dumps([inspected]))
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")


def told(folder: Path) -> list[str]:
    """Return the commands, a line each."""
    return (folder / "told").read_text().splitlines()


def test_docker_without_buildx_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The classic builder knows neither platforms nor one date for all files."""
    docker(tmp_path, monkeypatch, buildx=1)
    found = Docker.find()
    assert (found.usable, found.detail) == (False, "its plugin buildx is not installed")


def test_docker_builds_without_a_network_and_with_one_date(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The base by its digest, the labels, one date; no attestation that would make each build another."""
    docker(tmp_path, monkeypatch)
    engine = Docker()
    base = engine.base("python:3.11-slim", [Architecture.AMD64])
    assert base == Base("python:3.11-slim", f"python@sha256:{'2' * 64}", f"sha256:{'2' * 64}", (3, 11), (2, 36))
    (built,) = engine.build(BuildOrder(tmp_path, "x:1", (Architecture.AMD64,), base, {"nimbus.bundle": "b"}, 7))
    assert built.id == "1" * 64
    (command,) = [line for line in told(tmp_path) if line.startswith("buildx build")]
    for part in (
        *("--network=none", "--provenance=false", "--build-arg=SOURCE_DATE_EPOCH=7", "--platform=linux/amd64"),
        *(f"--build-arg=BASE_IMAGE={base.reference}", "--label=nimbus.bundle=b", "rewrite-timestamp=true"),
    ):
        assert part in command


def test_docker_logs_in_for_one_push_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a folder that goes with it, the password by standard input; the digest is the registry's."""
    docker(tmp_path, monkeypatch)
    assert Docker().push("x:1", "registry/y:x", Login("registry", "AWS", "secret")) == f"sha256:{DIGEST}"
    commands = told(tmp_path)
    assert not [line for line in commands if "secret" in line]
    (login,) = [line for line in commands if " login " in line]
    folder = Path(login.split()[0].partition("=")[2])
    assert not folder.exists()


def test_a_push_that_says_no_digest_has_failed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the exit code: a release names a digest or nothing."""
    docker(tmp_path, monkeypatch)
    with pytest.raises(errors.PushRefusedError):
        Docker().push("x:1", "registry/other:x", None)
