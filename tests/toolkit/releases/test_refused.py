"""What AWS refuses is told in words, by every verb of releases, and nothing is half done."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from tests.faults import bundles, command

TOML = """
[pipeline]
name = "support"
source = "pipeline"

[input]
paths = ["s3://bucket/inputs/"]

[environments.production]
kind = "aws"

[environments.production.outputs]
region = "eu-west-1"
root = "s3://bucket/support"
repository = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/production/support"
cluster = "arn:aws:ecs:eu-west-1:123456789012:cluster/production"
container = "worker"
task_template = "production-support"
release_family = "production-support-release"
task_role = "arn:aws:iam::123456789012:role/task"
execution_role = "arn:aws:iam::123456789012:role/execution"
state_machine = "arn:aws:states:eu-west-1:123456789012:stateMachine:production-support"
schedule = "production-support/run"
log_group = "/production/support/worker"
architecture = "X86_64"
"""
REFUSALS = {
    "ExpiredToken": (400, "the AWS session has expired"),
    "InvalidAccessKeyId": (403, "AWS does not know these credentials"),
    "AccessDenied": (403, "denie"),
    "PermanentRedirect": (400, "this is in another AWS region"),
    "RequestTimeTooSkewed": (403, "clock"),
}


OTHERS = [
    "runs",
    "logs 20261122T020000Z",
    "cancel 20261122T020000Z",
    "redrive 20261122T020000Z",
    "pause",
    "unpause",
    "prune --yes",
    "show",
    "explain 20261122T020000Z 17",
    "replay 20261122T020000Z 17",
    "promote R --yes",
    "canary status",
    "alarms",
]


@pytest.fixture
def refusing() -> Iterator[ThreadingHTTPServer]:
    """Return a server on loopback that refuses every call with what `code` says."""

    class Handler(BaseHTTPRequestHandler):
        """Refuses in the words of S3, or, where a form is posted, of STS."""

        def do_GET(self) -> None:
            """Refuse."""
            code = server.code  # type: ignore[attr-defined]
            if "X-Amz-Target" in self.headers:
                self._send(code, json.dumps({"__type": code, "message": "no"}))
                return
            words = f"<Error><Code>{code}</Code><Message>no</Message></Error>"
            self._send(code, f"<ErrorResponse>{words}</ErrorResponse>" if self.command == "POST" else words)

        def _send(self, code: str, body: str) -> None:
            self.send_response(REFUSALS[code][0])
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

        do_PUT = do_POST = do_GET  # noqa: N815 - as above

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a project."""
    folder = tmp_path_factory.mktemp("project")
    bundles.build(folder / "built").original.rename(folder / "pipeline")
    (folder / "nimbus.toml").write_text(TOML, encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("verb", "code"),
    [(verb, code) for verb in ("deploy", "rollback", "history") for code in REFUSALS]
    + [(verb, "AccessDenied") for verb in OTHERS],
)
def test_a_refusal_is_told_in_words(verb: str, code: str, refusing: ThreadingHTTPServer, project: Path) -> None:
    """What happened, where, and what to do; exit code 1, and no traceback."""
    refusing.code = code  # type: ignore[attr-defined]
    environment = {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{refusing.server_address[1]}",
        "AWS_ACCESS_KEY_ID": "somebody",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_MAX_ATTEMPTS": "1",
    }
    given = ("--yes",) if verb in {"deploy", "rollback"} else ()
    told = command.nimbus(*verb.split(), "--env", "production", *given, cwd=project, environment=environment)
    assert told.code == 1, told.err + told.out
    assert REFUSALS[code][1] in told.err
    assert "to do:" in told.err
    assert "Traceback" not in told.err
    assert not (project / ".nimbus").exists()  # nothing was compiled for nothing


VERBS = [
    "preflight",
    "rollback --yes",
    "prune --days 30 --yes",
    "show R",
    "run",
    "runs",
    "logs RUN",
    "cancel RUN",
    "alarms",
    "drift report",
    "image scan 123456789012.dkr.ecr.eu-west-1.amazonaws.com/production/support@sha256:" + "a" * 64,
]


@pytest.mark.parametrize("words", VERBS)
def test_a_profile_that_is_not_there_is_told_in_words(words: str, project: Path) -> None:
    """The most common slip of all, whichever service a verb would have asked first."""
    named = () if words.startswith("image") else ("--env", "production")
    slip = {"AWS_PROFILE": "prodution", "AWS_CONFIG_FILE": "/dev/null"}
    told = command.nimbus(*words.split(), *named, cwd=project, environment=slip)
    assert told.code == 1, told.err
    assert "prodution" in told.err + told.out
    assert "AWS_PROFILE" in told.err + told.out
    assert "Traceback" not in told.err
