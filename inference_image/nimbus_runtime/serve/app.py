"""The application: its addresses, and what every answer carries."""

from __future__ import annotations

import json
import re
import secrets
import time
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException

from nimbus_runtime.serve import log, metrics, page, shapes
from nimbus_runtime.serve.answering import Answering, RefusedError

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


def make(answering: Answering, figures: metrics.Metrics) -> ASGIApp:
    """Return the application."""
    app = FastAPI(
        title=f"Nimbus: {answering.release}",
        version=answering.digest[:12],
        summary="Annotates texts with a compiled spaCy pipeline.",
        openapi_tags=[{"name": "predict"}, {"name": "operation"}],
        docs_url=None,  # its pages load scripts from elsewhere
        redoc_url=None,
    )
    predict = {
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": {"$ref": "#/components/schemas/Predict"}, "examples": shapes.EXAMPLES}
            },
        }
    }
    if answering.settings.keys:
        predict["security"] = [{"key": []}]  # type: ignore[assignment]

    @app.post(
        "/v1/predict",
        tags=["predict"],
        summary="Annotate one text or many",
        responses={200: {"model": shapes.Predicted}, **shapes.REFUSALS},
        openapi_extra=predict,
    )
    async def _predict(request: Request) -> Response:
        return await answering.predict(request)

    @app.get("/health", tags=["operation"], summary="Whether the process answers, and with how many workers")
    async def _health() -> Response:
        dispatcher = answering.dispatcher
        status = "degraded" if dispatcher.degraded else "alive"
        return _told(200, status=status, workers=dispatcher.warm, wanted=answering.settings.workers)

    @app.get("/ready", tags=["operation"], summary="Whether a worker is warm", responses={503: {}})
    async def _ready() -> Response:
        ready = answering.dispatcher.ready
        return _told(200 if ready else 503, status="ready" if ready else "warming up", release=answering.release)

    @app.get("/metrics", tags=["operation"], summary="Figures for Prometheus", response_class=Response)
    async def _metrics(request: Request) -> Response:
        answering.authorize(request)
        return Response(figures.text(), media_type=metrics.CONTENT_TYPE)

    @app.get("/docs", include_in_schema=False)
    async def _docs() -> Response:
        return Response(page.page(app.openapi()), headers=page.headers(), media_type="text/html")

    @app.exception_handler(RefusedError)
    async def _refused(_: Request, error: RefusedError) -> Response:
        return error.response()

    @app.exception_handler(HTTPException)
    async def _http(_: Request, error: HTTPException) -> Response:
        reason = error.detail.lower().replace(" ", "-")
        return RefusedError(error.status_code, reason, error.detail, **dict(error.headers or {})).response()

    _describe(app, answering)
    return Recorded(app, answering, figures)


def _told(code: int, **values: str | int) -> Response:
    return Response(json.dumps(values), code, media_type="application/json")


def _describe(app: FastAPI, answering: Answering) -> None:
    """Add to the description what the routes do not say: the request, which is read by hand, and the key."""
    described = app.openapi()
    components: dict[str, Any] = described.setdefault("components", {})
    schema = shapes.Predict.model_json_schema(ref_template="#/components/schemas/{model}")
    components.setdefault("schemas", {}).update({**schema.pop("$defs", {}), "Predict": schema})
    if answering.settings.keys:
        components["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}


class Recorded:
    """Wraps the application: who answered goes into every answer, what happened into log and metrics."""

    def __init__(self, app: ASGIApp, answering: Answering, figures: metrics.Metrics) -> None:
        """Wrap `app`."""
        self._app, self._figures, self._log = app, figures, answering.settings.log_requests
        told = {"x-nimbus-release": answering.release, "x-nimbus-bundle": answering.digest}
        self._headers = [(name.encode(), value.encode()) for name, value in told.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, status = time.monotonic(), 500
        told: dict[str, object] = {"request": _request_id(scope)}
        scope["state"]["log"] = told

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                name = (b"x-request-id", str(told["request"]).encode())
                message["headers"] = [*message.get("headers", ()), *self._headers, name]
            await send(message)

        try:
            await self._app(scope, receive, sending)
        finally:
            if scope["path"] == "/v1/predict":
                seconds = time.monotonic() - started
                self._figures.requests.labels(str(status)).inc()
                self._figures.seconds.observe(seconds)
                if self._log:
                    log.say("request", **told, status=status, ms=round(seconds * 1e3, 1))


def _request_id(scope: Scope) -> str:
    given = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"x-request-id"), "")
    return given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(8)
