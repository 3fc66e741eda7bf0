"""Rules of secure infrastructure, as checkov has them."""

from __future__ import annotations

from .checkov import report
from .tables import TERRAFORM


def test_checkov_finds_nothing_without_a_reason() -> None:
    """Every check passes, or is skipped in its place with the reason."""
    found = report("--directory", TERRAFORM, "--framework", "terraform")
    assert found.failed == set()
    assert found.passed
    assert found.unread == 0
