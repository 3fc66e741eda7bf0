"""What a mark means, the same on every screen: so that nothing is said by colour alone."""

from __future__ import annotations

LIVE = "●"
"""What readers see, or what is as it should be."""
BESIDE = "○"
"""There, and of no account now: what was live before, a run that published nothing, a check that was skipped."""
WAITS, GOES = "◌", "◐"
PASSED, FAILED = "✓", "✗"
LOOK = "▲"
"""Done, with something to look at."""
STOPPED = "■"
"""Somebody ended it."""
NOTED = "◆"
"""To know: a canary, a profile that the project has chosen."""
MARKED = "»"
"""Others are compared with it."""
UNKNOWN = "·"
