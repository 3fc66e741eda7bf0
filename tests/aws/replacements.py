"""Attributes of moto that are replaced while the local AWS is up, and put back afterwards, each mend by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.aws.local_aws import LocalAws

_ABSENT = object()


@dataclass(frozen=True)
class Replacement:
    """`owner.name` is `value` for a while."""

    owner: Any
    name: str
    value: object


@dataclass(frozen=True)
class Mend:
    """One difference between moto and AWS, and what makes it good."""

    name: str
    replacements: Callable[[LocalAws], Sequence[Replacement]]
    """Called when the mend is applied, so that what it wraps is what the mends before it left."""


@dataclass
class Mending:
    """The mends that are in force."""

    mends: Sequence[Mend]
    local_aws: LocalAws
    _undo: list[Replacement] = field(default_factory=list)

    def apply(self, *, without: str | None = None) -> None:
        """Put every mend in force, or all but one."""
        for mend in self.mends:
            if mend.name != without:
                for replacement in mend.replacements(self.local_aws):
                    self._replace(replacement)

    def undo(self) -> None:
        """Leave moto as it was."""
        while self._undo:
            before = self._undo.pop()
            if before.value is _ABSENT:
                delattr(before.owner, before.name)
            else:
                setattr(before.owner, before.name, before.value)

    @contextmanager
    def lifted(self, name: str) -> Iterator[None]:
        """All mends but one, so that a test sees what moto does without it."""
        if name not in {mend.name for mend in self.mends}:
            raise ValueError(f"no mend is named {name!r}")
        self.undo()
        self.apply(without=name)
        try:
            yield
        finally:
            self.undo()
            self.apply()

    def _replace(self, replacement: Replacement) -> None:
        before = vars(replacement.owner).get(replacement.name, _ABSENT)
        self._undo.append(Replacement(replacement.owner, replacement.name, before))
        setattr(replacement.owner, replacement.name, replacement.value)
