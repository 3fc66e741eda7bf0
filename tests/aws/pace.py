"""How long the local AWS waits where AWS does."""

from __future__ import annotations

import time
from types import SimpleNamespace

from moto.stepfunctions.parser.asl.component.common.retry import retrier_decl

from tests.aws.replacements import Replacement


class Pace:
    """Shortens the pauses before retries of a state, so that a test of a patient machine is quick."""

    def __init__(self) -> None:
        self.retry_pause = 1.0
        """What the pause before a retry is multiplied with."""
        self._before = Replacement(retrier_decl, "time", retrier_decl.time)

    def apply(self) -> None:
        """Take over the pauses."""
        retrier_decl.time = SimpleNamespace(sleep=lambda seconds: time.sleep(seconds * self.retry_pause))

    def undo(self) -> None:
        """Give them back."""
        setattr(self._before.owner, self._before.name, self._before.value)

    def reset(self) -> None:
        """Wait as long as AWS does."""
        self.retry_pause = 1.0
