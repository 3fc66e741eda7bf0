"""How often a screen asks again: soon while something happens, ever more seldom while nothing does."""

from __future__ import annotations

from dataclasses import dataclass

_GROWTH = 1.5
_AFTER_FAILURE = 4.0  # seconds: whoever refuses is not pressed


@dataclass(slots=True)
class Pace:
    """Seconds until the next question, between the least and the most."""

    least: float = 2.0
    most: float = 30.0
    wait: float = 0.0

    def after(self, *, changed: bool = False, failed: bool = False) -> float:
        """Return how long to wait after an answer: the least where it brought something new."""
        if changed:
            self.wait = self.least
        else:
            floor = max(self.least, _AFTER_FAILURE) if failed else self.least
            self.wait = min(self.most, max(floor, self.wait * _GROWTH))
        return self.wait

    def hurry(self) -> None:
        """Begin again at the least, because somebody did something."""
        self.wait = 0.0
