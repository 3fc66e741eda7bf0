"""The present step: one process decides it, all of them follow."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from locust import events
from locust.runners import MasterRunner


@dataclass(frozen=True)
class Present:
    """A step that goes on in this process; `sharing` is how many users share its rate."""

    number: int
    rate: float
    seconds: float
    sharing: int
    began: float


class Current:
    """What all users look at."""

    step: Present | None = None


CURRENT = Current()


@events.init.add_listener
def _follow(environment: Any, runner: Any, **_: Any) -> None:  # noqa: ANN401 - locust's own
    if not isinstance(runner, MasterRunner) and runner is not None:
        runner.register_message("nimbus-step", _begin)
    del environment


def _begin(environment: Any, msg: Any, **_: Any) -> None:  # noqa: ANN401 - as above
    del environment
    told = msg.data
    if told is None:
        CURRENT.step = None
        return
    CURRENT.step = Present(told["number"], told["rate"], told["seconds"], told["sharing"], time.monotonic())
