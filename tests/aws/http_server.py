"""moto's HTTP server on a port that the operating system chooses, with a recorder in front."""

from __future__ import annotations

import io
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import Any

from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

from tests.aws.fargate.local_fargate import LocalFargate
from tests.aws.fargate.metadata import PATH, answer
from tests.aws.faults import Faults
from tests.aws.identities import Identities
from tests.aws.recorder import Call, Recorder, Request
from tests.aws.refusals import Refused

_SINGLE = ("ec2", "iam")
"""Services that answer one call at a time, so that a call that is repeated finds what the first was answered."""
_REMEMBERED = 5_000


class _Quiet(WSGIRequestHandler):
    """Logs nothing: the recorder has it."""

    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002 - werkzeug's name
        """Say nothing."""


@dataclass(frozen=True)
class _Answer:
    status: str
    headers: list[tuple[str, str]]
    body: bytes


class _Answers:
    """What calls were answered, for clients that missed it and ask again.

    On a busy machine Terraform's provider now and then does; moto then says that what it made was there before. S3 is
    left out: what clients make of a lost answer there is ours to test.
    """

    def __init__(self) -> None:
        self._answers: OrderedDict[str, _Answer] = OrderedDict()
        self._lock = threading.Lock()

    def given(self, environ: dict[str, Any]) -> _Answer | None:
        """Return what an earlier attempt of this call was answered."""
        if environ.get("HTTP_AMZ_SDK_REQUEST", "attempt=1").startswith("attempt=1;"):
            return None
        with self._lock:
            return self._answers.get(environ.get("HTTP_AMZ_SDK_INVOCATION_ID", ""))

    def keep(self, environ: dict[str, Any], answer: _Answer) -> None:
        """Remember an answer that was no refusal."""
        if answer.status.startswith("2"):
            with self._lock:
                self._answers[environ.get("HTTP_AMZ_SDK_INVOCATION_ID", "")] = answer
                if len(self._answers) > _REMEMBERED:
                    self._answers.popitem(last=False)


class Recorded:
    """A WSGI application whose calls are noted once they are answered."""

    def __init__(
        self,
        application: Any,  # noqa: ANN401 - WSGI
        recorder: Recorder,
        identities: Identities,
        fargate: LocalFargate,
        faults: Faults,
    ) -> None:
        """Stand in front of moto's application."""
        self._application = application
        self._faults = faults
        self._fargate = fargate
        self._recorder = recorder
        self._identities = identities
        self._answers = _Answers()
        self._alone = {service: threading.Lock() for service in _SINGLE}

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer, and note what was asked."""
        if environ["PATH_INFO"].startswith(PATH):
            status, body = answer(self._fargate, environ["PATH_INFO"])
            start_response(status, [("Content-Type", "application/json")])
            return [body]
        call = _request(environ).call(self._identities, 0)
        if call is None or call.service == "s3":
            return self._noted(call, environ, start_response)
        with self._alone.get(call.service, nullcontext()):
            given = self._answers.given(environ)
            if given is None:
                told: list[Any] = []
                body = b"".join(self._noted(call, environ, lambda *rest: told.append(rest)))
                given = _Answer(told[-1][0], told[-1][1], body)
                self._answers.keep(environ, given)
        start_response(given.status, given.headers)
        return [given.body]

    def _noted(self, call: Call | None, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        """Answer a call, and note it."""
        answered: list[int] = []

        def noting(status: str, *rest: Any) -> Any:  # noqa: ANN401 - WSGI
            answered.append(int(status.split(maxsplit=1)[0]))
            return start(status, *rest)

        if call is None:
            return self._application(environ, noting)  # type: ignore[no-any-return]
        try:
            return self._refused(call, environ, noting) or self._application(environ, noting)
        finally:
            self._recorder.add(replace(call, status=answered[-1] if answered else 500))

    def _refused(self, call: Call, environ: dict[str, Any], start: Callable[..., Any]) -> list[bytes] | None:
        fault = self._faults.take(Refused, lambda one: one.service in {None, call.service})
        if fault is None:
            return None
        protocol = environ.get("HTTP_SMITHY_PROTOCOL", "")
        kind, body = fault.answer(call.service, protocol, environ.get("HTTP_X_AMZ_TARGET", ""))
        headers = [("Content-Type", kind), ("Content-Length", str(len(body)))]
        start(f"{fault.status} Refused", [*headers, ("smithy-protocol", protocol)] if protocol else headers)
        return [body]


class HttpServer:
    """Serves from threads of this process until it is stopped."""

    def __init__(self, recorder: Recorder, identities: Identities, fargate: LocalFargate, faults: Faults) -> None:
        """Take a port; `start` serves."""
        application = Recorded(DomainDispatcherApplication(create_backend_app), recorder, identities, fargate, faults)
        self._server = make_server("127.0.0.1", 0, application, threaded=True, request_handler=_Quiet)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, name="local-aws", daemon=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        """Where AWS_ENDPOINT_URL must point."""

    def start(self) -> None:
        """Answer from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Answer no more."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def _request(environ: dict[str, Any]) -> Request:
    length = int(environ.get("CONTENT_LENGTH") or 0)
    body = environ["wsgi.input"].read(length) if length else b""
    if length:
        environ["wsgi.input"] = io.BytesIO(body)
    return Request(
        method=environ["REQUEST_METHOD"],
        path=environ.get("PATH_INFO", "/"),
        query=environ.get("QUERY_STRING", ""),
        authorization=environ.get("HTTP_AUTHORIZATION", ""),
        target=environ.get("HTTP_X_AMZ_TARGET", ""),
        copies="HTTP_X_AMZ_COPY_SOURCE" in environ,
        body=body,
    )
