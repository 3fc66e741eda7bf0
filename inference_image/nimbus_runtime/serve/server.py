"""Listens until SIGTERM or Ctrl-C, then answers what it has accepted and ends."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import resource
import signal
import socket
from collections.abc import Callable

from nimbus_runtime.bundle import read_manifest
from nimbus_runtime.contract.bundle import Manifest
from nimbus_runtime.contract.errors import UsageError
from nimbus_runtime.serve import log
from nimbus_runtime.serve.settings import ServeSettings

_KEEP_ALIVE = 75  # longer than load balancers keep a connection: the one who reuses it must be the one who ends it
_BACKLOG = 2048


def serve(settings: ServeSettings, listening: Callable[[str], None] = lambda _address: None) -> None:
    """Serve until told to end; `listening` is told the address."""
    manifest, digest = read_manifest(settings.bundle)
    release = settings.release or manifest.release(digest)
    _raise_limit_of_files()
    with bind(settings) as bound, contextlib.suppress(KeyboardInterrupt):
        host, port = bound.getsockname()[:2]
        shown = f"[{host}]" if ":" in host else host
        log.say("listening", host=host, port=port, release=release, bundle_digest=digest)
        listening(f"http://{shown}:{port}")
        asyncio.run(_serve(settings, bound, manifest, digest, release))
    log.say("ended")


async def _serve(settings: ServeSettings, bound: socket.socket, manifest: Manifest, digest: str, release: str) -> None:
    import uvicorn  # noqa: PLC0415 - `--help` needs none of it

    from nimbus_runtime.serve import app  # noqa: PLC0415 - as above
    from nimbus_runtime.serve.answering import Answering  # noqa: PLC0415 - as above
    from nimbus_runtime.serve.connections import BoundedConnection  # noqa: PLC0415 - as above
    from nimbus_runtime.serve.dispatching import Dispatcher  # noqa: PLC0415 - as above
    from nimbus_runtime.serve.metrics import Metrics  # noqa: PLC0415 - as above

    figures = Metrics(release, digest, _cores())
    dispatcher = Dispatcher(settings, digest, figures)
    answering = Answering(settings, dispatcher, release, digest, manifest.annotations)
    BoundedConnection.silent_seconds = settings.idle_seconds
    logging.getLogger("uvicorn.error").handlers = [log.Warnings(logging.WARNING)]
    server = uvicorn.Server(
        uvicorn.Config(
            app.make(answering, figures),
            http=BoundedConnection,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_keep_alive=_KEEP_ALIVE,
            timeout_graceful_shutdown=int(settings.request_seconds) + 1,
            backlog=_BACKLOG,
        )
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)  # the server's library raises them once more when it has ended
    working = asyncio.ensure_future(dispatcher.run())
    serving = asyncio.ensure_future(server.serve([bound]))
    try:
        await asyncio.wait({serving, dispatcher.failed}, return_when=asyncio.FIRST_COMPLETED)
        if dispatcher.failed.done():
            server.should_exit = True
            await serving
            await dispatcher.failed
    finally:
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)


def bind(settings: ServeSettings) -> socket.socket:
    """Return the socket that is listened at.

    It says that it is TCP: only then does asyncio send what is written at once, and no answer waits for the client to
    acknowledge its head.
    """
    try:
        family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
        bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((settings.host, settings.port))
        bound.listen(_BACKLOG)  # who comes before the application is there waits for it
    except OSError as error:
        raise UsageError(
            "cannot listen there",
            where=f"{settings.host}:{settings.port}",
            got=error.strerror or type(error).__name__,
            remedy="end what listens there already, or choose another --port or --host",
        ) from None
    return bound


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _raise_limit_of_files() -> None:
    """Let every connection have a file descriptor, as many as the system allows."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
