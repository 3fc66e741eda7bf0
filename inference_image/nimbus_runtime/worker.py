"""A worker process: opens a bundle, then scores the shards that its supervisor names.

Orders come as JSON lines on standard input, events go as JSON lines to the file descriptor named
on the command line. When the supervisor is gone, so is the worker.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any, TextIO

from nimbus_runtime import warned
from nimbus_runtime.bundle import Bundle, load, verify
from nimbus_runtime.contract import codec, paths
from nimbus_runtime.contract.annotations import Annotation
from nimbus_runtime.contract.errors import (
    BundleInvalidError,
    BundleUnsupportedError,
    NimbusError,
    RunNotFoundError,
)
from nimbus_runtime.contract.records import Counts, Plan
from nimbus_runtime.scorer import Care, Scorer
from nimbus_runtime.store import Store, open_store

_PR_SET_PDEATHSIG = 1
_FIRST_VICTIM = "1000"  # of the kernel, when memory runs out: the worker goes, its supervisor stays
_PROGRESS_SECONDS = 0.2


class Events:
    """Where a worker says what it does; a scorer's watcher."""

    def __init__(self, stream: TextIO) -> None:
        """Write to the supervisor's pipe."""
        self._stream = stream
        self._last = 0.0

    def send(self, kind: str, **values: Any) -> None:  # noqa: ANN401 - any JSON value
        """Send one event."""
        self._stream.write(json.dumps({"event": kind, **values}) + "\n")
        self._stream.flush()

    def begin(self, first: int, count: int) -> None:
        """Say which documents of the shard are in hand."""
        self.send("begin", first=first, count=count)

    def rest(self, source: str, position: int | None) -> None:
        """Say that no document is in hand, and how far the input was scored."""
        self.send("rest", input=source, position=position)

    def progress(self, counts: Counts, position: int) -> None:
        """Say how far the shard is, a few times a second."""
        now = time.monotonic()
        if now - self._last >= _PROGRESS_SECONDS:
            self._last = now
            self.send("progress", documents=counts.documents, quarantined=counts.quarantined, position=position)


def main(bundle_path: str, event_descriptor: int) -> None:
    """Serve a supervisor until it closes standard input."""
    _depend_on_supervisor()
    warned.once_each()
    sys.modules.setdefault("torch", None)  # type: ignore[arg-type]  # thinc imports it wherever it is
    events = Events(os.fdopen(event_descriptor, "w", encoding="utf-8"))
    try:
        bundle = verify(Path(bundle_path))
        _serve(bundle, events)
    except NimbusError as error:
        events.send("error", error=error.to_json())
    except BrokenPipeError:
        return


def _serve(bundle: Bundle, events: Events) -> None:
    from nimbus_runtime.components.gemm import use_gemm  # noqa: PLC0415 - imports spaCy

    nlp = load(bundle)
    events.send("ready")
    scorer: Scorer | None = None
    for line in sys.stdin:
        order = json.loads(line)
        if "run" in order:
            store = open_store(order["root"])
            plan = _plan(store, order["run"])
            release = order["release"] or plan.release
            _check(bundle, plan, release)
            use_gemm(nlp, plan.settings.gemm)
            scorer = Scorer(nlp, bundle.manifest, plan, store, order["attempt"], release)
        elif scorer is not None:
            care = Care({int(n): why for n, why in order["left_out"].items()}, range(*order["singly"]))
            commit = scorer.score(order["shard"], events, care)
            events.send("committed", shard=commit.shard, commit=json.loads(codec.encode(commit)))


def _plan(store: Store, run: str) -> Plan:
    data = store.read(paths.plan(run))
    if data is None:
        raise RunNotFoundError("this run has no plan", where=f"{store.location}/{paths.plan(run)}")
    return codec.decode(Plan, data, paths.plan(run))


def _check(bundle: Bundle, plan: Plan, release: str) -> None:
    if bundle.digest != plan.digest_of(release):
        raise BundleInvalidError(
            "the bundle is not the one that the run was planned with",
            where=str(bundle.path),
            got=bundle.digest,
            expected=plan.digest_of(release),
            remedy="resume the run with the bundle it was planned with, or start a new run",
        )
    if release != plan.release:
        _check_columns(bundle, plan)


def _check_columns(bundle: Bundle, plan: Plan) -> None:
    """Refuse a candidate whose rows would not be of live's schema."""
    manifest, settings = bundle.manifest, plan.settings
    missing = {*settings.annotations} - {*manifest.annotations, Annotation.TOKENS}
    other = Annotation.CATS in settings.annotations and plan.candidate and manifest.cats != plan.candidate.cats
    if missing or other:
        raise BundleUnsupportedError(
            "the candidate's rows would have other columns than live's",
            where=str(bundle.path),
            got=f"no {', '.join(sorted(missing))}" if missing else f"categories {', '.join(manifest.cats)}",
            expected="what live's rows hold",
            remedy="promote it at once, without a canary: the next dataset then has its columns",
        )


def _depend_on_supervisor() -> None:
    """End with the supervisor, and go first when memory runs out."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        with contextlib.suppress(OSError):
            Path("/proc/self/oom_score_adj").write_text(_FIRST_VICTIM)
