"""Load for a Nimbus server, or for an environment's runs.

    locust -f loadtest/locustfile.py --headless --host http://127.0.0.1:8000 --shape ramp --rate 5 --seconds 10
    locust -f loadtest/locustfile.py BatchUser --headless --shape steady --rate 3 --submit "nimbus run … --json"

ArrivalUser is used where none is named. `nimbus loadtest` calls this, and says what came of it.
"""

from __future__ import annotations

from typing import Any

from locust import events

import options  # noqa: F401 - declares the options
from batch_users import BatchUser
from http_users import ArrivalUser, PredictUser
from steering import Steering

__all__ = ["ArrivalUser", "BatchUser", "PredictUser", "Steering"]


@events.init.add_listener
def _choose(environment: Any, **_: Any) -> None:  # noqa: ANN401 - locust's own
    if not getattr(environment.parsed_options, "user_classes", None):
        environment.user_classes = [ArrivalUser]
