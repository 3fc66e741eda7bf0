"""Rules of load tests by runs where an environment lets runs wait for each other."""

from __future__ import annotations

import pytest

from nimbus.config.loadtest import BUILT_IN, Profile, Shape, Users
from nimbus.loadtest.errors import LoadTestTargetError
from nimbus.loadtest.turns import in_turn

BATCH = BUILT_IN["batch"]


def test_runs_that_wait_for_each_other_are_submitted_one_at_a_time() -> None:
    """Two at once would measure the pause after which one asks again; said before there is any load."""
    profile, words = in_turn(BATCH, "production", insisted=False)
    assert (profile.rate, profile.shape, profile.seconds) == (1.0, BATCH.shape, BATCH.seconds)
    assert words.startswith('runs of production wait for each other (overlap = "wait" of [schedule])')
    assert words.endswith("one is submitted at a time")
    assert in_turn(profile, "production", insisted=False) == (profile, "")


def test_who_names_a_rate_has_it_and_is_told_what_it_measures() -> None:
    """It may be the waiting that is of interest."""
    profile, words = in_turn(BATCH, "production", insisted=True)
    assert profile == BATCH
    assert "with --rate 2 that is measured" in words


@pytest.mark.parametrize("shape", [Shape.RAMP, Shape.SPIKE])
def test_more_and_more_at_once_are_refused(shape: Shape) -> None:
    """Whatever is asked for, one goes at a time: such a shape finds nothing."""
    with pytest.raises(LoadTestTargetError, match="never more at once"):
        in_turn(Profile(shape=shape, users=Users.BATCH), "production", insisted=True)
