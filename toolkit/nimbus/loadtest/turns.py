"""Runs at once where an environment lets them wait for each other: there is never more than one."""

from __future__ import annotations

from dataclasses import replace

from nimbus.config.loadtest import Profile, Shape
from nimbus.loadtest.errors import LoadTestTargetError


def in_turn(profile: Profile, environment: str, *, insisted: bool) -> tuple[Profile, str]:
    """Return the profile with one run at a time, and words for it.

    Several would measure the pauses between their questions whose turn it is. `insisted` says that the
    rate is the user's own word: then that is what they get.
    """
    told = f'runs of {environment} wait for each other (overlap = "wait" of [schedule])'
    if profile.shape not in {Shape.STEADY, Shape.SOAK}:
        raise LoadTestTargetError(
            f"{told}: there are never more at once",
            got=f"shape {profile.shape.value}",
            expected="steady or soak",
            remedy='name another --profile, or set overlap = "allow" and apply that',
        )
    if profile.rate <= 1:
        return profile, ""
    if insisted:
        return profile, f"{told}, and ask again after five minutes: with --rate {profile.rate:g} that is measured"
    return replace(profile, rate=1.0), f"{told}: one is submitted at a time"
