"""What tests of configuration share."""

from __future__ import annotations

import os

import pytest


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the variables of whoever tests out of the tests."""
    for name in os.environ:
        if name.startswith("NIMBUS_"):
            monkeypatch.delenv(name)
