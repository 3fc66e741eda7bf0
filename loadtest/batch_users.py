"""Users who submit runs, several at once, and wait until each is published."""

from __future__ import annotations

import json
import shlex
import time
import uuid

from gevent import subprocess
from locust import User, constant, task

from figures import LOCAL
from stepping import CURRENT

# Superseded: a later one of these runs was published first. Replaced: one was published since.
_GOOD = {"published", "superseded", "replaced"}
_WORDS = 80  # of what went wrong


class BatchUser(User):
    """Calls a command that submits a run and ends when it is published, again and again.

    In the command, {run} becomes a name that no other call has.
    """

    wait_time = constant(0)

    @task
    def submit(self) -> None:
        """Submit one run; how long it took is counted to its publication."""
        step = CURRENT.step
        if step is None or time.monotonic() > step.began + step.seconds:
            time.sleep(0.2)
            return
        command = shlex.split(self.environment.parsed_options.submit)
        if not command:
            raise SystemExit("--submit is missing: the command that submits a run")
        began = time.monotonic()
        LOCAL.step(step.number).arrived(0.0)
        named = [part.replace("{run}", uuid.uuid4().hex[:12]) for part in command]
        done = subprocess.run(named, check=False, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        seconds = time.monotonic() - began
        told = _told(done.stdout)
        outcome = _outcome(told, done.returncode)
        scored = told.get("scored")
        documents = scored if isinstance(scored, int) else 0
        good = outcome in _GOOD
        LOCAL.step(step.number).end(outcome, seconds, documents, good=good)
        self.environment.events.request.fire(
            request_type="RUN",
            name="submit to published",
            response_time=seconds * 1e3,
            response_length=len(done.stdout),
            exception=None if good else RuntimeError(outcome),
            context={},
        )


def _outcome(told: dict[str, object], code: int) -> str:
    """Return what became of a run: whether it was published, or what went wrong."""
    named = (told.get(name) for name in ("publication", "error", "status"))
    return next((str(words)[:_WORDS] for words in named if words), f"exit code {code}")


def _told(output: bytes) -> dict[str, object]:
    """Return the JSON object on the last line of what the command wrote."""
    lines = output.splitlines()
    try:
        told = json.loads(lines[-1]) if lines else {}
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}
