"""One request for predictions, from its head to its answer."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

from fastapi import Request, Response
from pydantic import ValidationError

from nimbus_runtime.contract.annotations import Annotation
from nimbus_runtime.contract.words import plural
from nimbus_runtime.serve import keys
from nimbus_runtime.serve.shapes import Predict
from nimbus_runtime.serve.waiting import Answer

if TYPE_CHECKING:
    from nimbus_runtime.serve.dispatching import Dispatcher
    from nimbus_runtime.serve.settings import ServeSettings

_CLIENT_GONE = 499  # as web servers log it; nobody reads it
_DROPPED = 8  # times the limit of a body: up to there it is read, and dropped
_NAMED = 3  # how many faults of a request are named
_FIELDS = tuple(Predict.model_fields)


class RefusedError(Exception):
    """A request ends here, with this status, reason and words."""

    def __init__(self, status: int, reason: str, detail: str, **headers: str) -> None:
        """Keep the parts."""
        super().__init__(detail)
        self.status, self.reason, self.detail = status, reason, detail
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}

    def response(self) -> Response:
        """Return the answer."""
        return Response(
            json.dumps({"error": {"reason": self.reason, "detail": self.detail}}),
            self.status,
            self.headers,
            "application/json",
        )


@dataclass(frozen=True, slots=True)
class Answering:
    """What all requests share."""

    settings: ServeSettings
    dispatcher: Dispatcher
    release: str
    digest: str
    offered: tuple[Annotation, ...]

    def authorize(self, request: Request) -> None:
        """Let a request in that presents a key; whose it is goes into the log."""
        if not self.settings.keys:
            return
        scheme, _, presented = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            presented = request.headers.get("x-api-key", "")
        name = keys.holder(presented.strip(), self.settings.keys)
        if name is None:
            words = "a key is needed: Authorization: Bearer KEY"
            raise RefusedError(401, "no-key", words, www_authenticate="Bearer", connection="close")
        request.state.log["key"] = name

    async def predict(self, request: Request) -> Response:
        """Answer a request for predictions."""
        self.authorize(request)
        if not self.dispatcher.ready:
            raise RefusedError(503, "not-ready", "no worker is warm yet", retry_after="1", connection="close")
        asked = self._parsed(await self._body(request))
        texts = asked.all_texts
        request.state.log.update(texts=len(texts), characters=sum(map(len, texts)))
        if len(texts) > self.settings.request_texts:
            detail = f"{plural(len(texts), 'text')}; the server takes {self.settings.request_texts} a request"
            raise RefusedError(413, "too-many-texts", detail)
        answers = await self._answers(request, texts, self._annotations(asked))
        status = 200 if any(answer.failure is None for answer in answers) else 422
        return Response(self._document(answers), status, media_type="application/json")

    async def _body(self, request: Request) -> bytes:
        """Return a request's body, which is neither too large nor too slow.

        Of one that is somewhat too large the rest is read and dropped: a client that is still sending
        when the connection ends would see that, and not the answer.
        """
        limit, body, size = self.settings.body_bytes, bytearray(), 0
        large = RefusedError(413, "too-large", f"the server takes {limit:,} bytes a request", connection="close")
        length = request.headers.get("content-length", "0")
        if length.isdecimal() and int(length) > limit * _DROPPED:
            raise large
        try:
            async with asyncio.timeout(self.settings.receive_seconds):
                while True:
                    message = await request.receive()
                    if message["type"] == "http.disconnect":
                        raise RefusedError(_CLIENT_GONE, "client-gone", "the client hung up")
                    part = message.get("body", b"")
                    size += len(part)
                    if size <= limit:
                        body += part
                    elif size > limit * _DROPPED or not message.get("more_body"):
                        raise large
                    if not message.get("more_body"):
                        return bytes(body)
        except TimeoutError:
            detail = f"the request did not arrive within {self.settings.receive_seconds:g} s"
            raise RefusedError(408, "too-slow", detail, connection="close") from None

    def _parsed(self, body: bytes) -> Predict:
        try:
            return Predict.model_validate_json(body)
        except ValidationError as error:
            faults = error.errors(include_url=False, include_context=False, include_input=False)
            words = "; ".join(_fault(fault["loc"], fault["msg"], fault["type"]) for fault in faults[:_NAMED])
            reason = "malformed-json" if faults[0]["type"] == "json_invalid" else "invalid-request"
            raise RefusedError(400, reason, words) from None

    def _annotations(self, asked: Predict) -> tuple[Annotation, ...]:
        if asked.annotations is None:
            return self.offered
        missing = [a.value for a in asked.annotations if a not in {*self.offered, Annotation.TOKENS}]
        if missing:
            words = f"this pipeline does not assign {', '.join(missing)}, but {', '.join(self.offered)}"
            raise RefusedError(400, "no-such-annotation", words)
        return tuple(annotation for annotation in Annotation if annotation in asked.annotations)

    async def _answers(
        self, request: Request, texts: Sequence[str], annotations: tuple[Annotation, ...]
    ) -> list[Answer]:
        """Return the texts' answers; a client that hangs up takes its texts out of the queue."""
        asked = self.dispatcher.ask(texts, annotations)
        if asked is None:
            wait = self.dispatcher.wait_seconds
            detail = f"{plural(self.settings.queue_texts, 'text')} may wait; come back in {wait} s"
            raise RefusedError(429, "busy", detail, retry_after=str(wait))
        gone = asyncio.ensure_future(_hung_up(request))
        try:
            waited = {asked.done, gone, self.dispatcher.failed}
            await asyncio.wait(waited, timeout=self.settings.request_seconds, return_when=asyncio.FIRST_COMPLETED)
            if not asked.done.done():
                if gone.done():
                    raise RefusedError(_CLIENT_GONE, "client-gone", "the client hung up")
                if self.dispatcher.failed.done():
                    raise RefusedError(503, "no-worker", "no worker can be started", connection="close")
                detail = f"not scored within {self.settings.request_seconds:g} s"
                raise RefusedError(504, "timeout", detail, retry_after=str(self.dispatcher.wait_seconds))
        finally:
            gone.cancel()
            self.dispatcher.give_up(asked)
            request.state.log["queued_ms"] = round(asked.queued * 1e3, 1)
        return [answer for answer in asked.answers if answer is not None]

    def _document(self, answers: Sequence[Answer]) -> bytes:
        head = json.dumps({"release": self.release, "bundle_digest": self.digest})[:-1].encode()
        documents = b",".join(_json(answer) for answer in answers)
        return head + b',"documents":[' + documents + b"]}"


def _json(answer: Answer) -> bytes:
    if answer.failure is None:
        return answer.json
    reason, detail = answer.failure
    return json.dumps({"error": {"reason": reason, "detail": detail}}).encode()


def _fault(place: tuple[int | str, ...], words: str, kind: str) -> str:
    """Return a fault in words; a field's name that the client made up is not repeated, but the nearest there is."""
    named = ".".join(str(part) for part in place if isinstance(part, int) or part in _FIELDS)
    if kind == "extra_forbidden":
        near = get_close_matches(str(place[-1]), _FIELDS, n=1)
        did = f"; did you mean {near[0]!r}?" if near else ""
        return f"a field that there is not: the fields are {', '.join(_FIELDS)}{did}"
    return f"{named}: {words}" if named else words


async def _hung_up(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
