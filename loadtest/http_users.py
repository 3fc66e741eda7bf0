"""Users over HTTP: arrivals that come when they are due, and people who wait for one answer after the other.

Arrivals do not wait for each other. Each is timed from when it was *due*, so that what a stalled
server makes others wait is counted, too; a user who waits for an answer first would not even ask.
"""

from __future__ import annotations

import random
import time
from typing import Any
from urllib.parse import urlsplit

import gevent
from geventhttpclient import HTTPClient
from locust import FastHttpUser, User, constant, events, task

import payloads
from figures import LOCAL
from stepping import CURRENT

PATH = "/v1/predict"


def headers(options: Any) -> dict[str, str]:  # noqa: ANN401 - locust's parsed options
    """Return the headers of every request."""
    told = {"Content-Type": "application/json"}
    return told | ({"Authorization": f"Bearer {options.api_key}"} if options.api_key else {})


def bodies(options: Any, index: int) -> payloads.Payloads:  # noqa: ANN401 - as above
    """Return the bodies of one user, other ones than its neighbours'."""
    texts = payloads.read(options.payloads, options.text_field) if options.payloads else None
    wanted = [name.strip() for name in options.annotations.split(",") if name.strip()]
    seed = options.seed * 1000 + index
    return payloads.Payloads(texts, options.words, options.spread, options.texts, seed, wanted)


@events.init.add_listener
def _check(environment: Any, **_: Any) -> None:  # noqa: ANN401 - locust's own
    """End where texts cannot be read: users that fail at that would be missed in silence."""
    options = environment.parsed_options
    if options.payloads:
        try:
            payloads.read(options.payloads, options.text_field)
        except (OSError, ValueError) as error:
            raise SystemExit(f"the texts of {options.payloads} cannot be read: {error}") from None


class ArrivalUser(User):
    """Sends requests at the rate of the present step, at random times; one a process is enough."""

    _next_index = 0

    def on_start(self) -> None:
        """Prepare what is sent."""
        options = self.environment.parsed_options
        runner = self.environment.runner
        index = getattr(runner, "worker_index", 0) * 100 + ArrivalUser._next_index
        ArrivalUser._next_index += 1
        self._chance = random.Random(options.seed * 7919 + index)
        self._bodies = bodies(options, index)
        self._most = options.in_flight
        self._timeout = options.timeout
        self._path = urlsplit(self.host).path.rstrip("/") + PATH
        self._in_flight = 0
        self._client = HTTPClient.from_url(
            self.host,
            headers=headers(options),
            concurrency=self._most,
            connection_timeout=options.timeout,
            network_timeout=options.timeout,
        )

    @task
    def arrive(self) -> None:
        """Send what is due in the present step, then wait for the next."""
        step = CURRENT.step
        if step is None:
            gevent.sleep(0.02)
            return
        rate = step.rate / max(1, step.sharing)
        due = step.began
        while CURRENT.step is step:
            due += self._chance.expovariate(rate)
            if due >= step.began + step.seconds:
                self._until_next(step)
                return
            wait = due - time.monotonic()
            if wait > 0:
                gevent.sleep(wait)
            if CURRENT.step is not step:
                return
            self._send(step.number, due)

    def _until_next(self, step: object) -> None:
        while CURRENT.step is step:
            gevent.sleep(0.02)

    def _send(self, step: int, due: float) -> None:
        if self._in_flight >= self._most:
            LOCAL.step(step).drop()
            self._fire("arrival dropped", 0.0, 0, ConnectionError("too many requests in flight"))
            return
        LOCAL.step(step).arrived(max(0.0, time.monotonic() - due))
        self._in_flight += 1
        gevent.spawn(self._ask, step, due)

    def _ask(self, step: int, due: float) -> None:
        body, documents = self._bodies.next()
        size, good, failure = 0, False, None
        try:
            with gevent.Timeout(self._timeout, TimeoutError):  # of the whole: an answer may drip
                answer = self._client.post(self._path, body=body)
                size = len(answer.read())
            outcome, good = str(answer.status_code), answer.status_code == 200
            failure = None if good else ConnectionError(f"status {outcome}")
        except Exception as error:  # noqa: BLE001 - whatever goes wrong is an outcome
            outcome, failure = type(error).__name__, error
        finally:
            self._in_flight -= 1
        seconds = time.monotonic() - due
        LOCAL.step(step).end(outcome, seconds, documents, good=good)
        self._fire(PATH, seconds, size, failure)

    def _fire(self, name: str, seconds: float, size: int, failure: Exception | None) -> None:
        """Tell locust, for its own tables."""
        self.environment.events.request.fire(
            request_type="POST",
            name=name,
            response_time=seconds * 1e3,
            response_length=size,
            exception=failure,
            context={},
        )


class PredictUser(FastHttpUser):
    """A person who asks, waits for the answer, and asks again: name it on the command line to have it."""

    wait_time = constant(0)

    def __init__(self, environment: Any) -> None:  # noqa: ANN401 - locust's own
        """Ask below the address's path, and wait for an answer as long as arrivals do."""
        self.host = (self.host or "").rstrip("/")
        self.connection_timeout = self.network_timeout = environment.parsed_options.timeout
        super().__init__(environment)

    def on_start(self) -> None:
        """Prepare what is sent."""
        self._bodies = bodies(self.environment.parsed_options, id(self) % 1000)

    @task
    def predict(self) -> None:
        """Ask once; nothing is asked between two steps."""
        step = CURRENT.step
        if step is None or time.monotonic() > step.began + step.seconds:
            gevent.sleep(0.02)
            return
        body, documents = self._bodies.next()
        began = time.monotonic()
        LOCAL.step(step.number).arrived(0.0)
        answer = self.client.post(PATH, data=body, headers=headers(self.environment.parsed_options))
        good = answer.status_code == 200
        LOCAL.step(step.number).end(str(answer.status_code), time.monotonic() - began, documents, good=good)
